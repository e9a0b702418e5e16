"""Failed sign-ins and those that wait: bounded for all processes, and fair."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import httpx2
import pytest
from event_log import until

from classpulse.serve.auth import sessions
from classpulse.serve.limits.turns import AT_A_TIME, WAITING_PER_ADDRESS, NoRoom, Turns
from serve.conftest import PASSWORD, Client, serving
from serve.live import Live, listening

LOGIN = "/api/v1/auth/login"


def login(
    client: Client, email: str = "ann@north.school", password: str = PASSWORD, **headers: str
) -> Awaitable[httpx2.Response]:
    return client.http.post(LOGIN, json={"email": email, "password": password}, headers=headers)


async def test_an_account_is_guarded_in_all_processes_and_from_all_addresses(
    school_url: str,
) -> None:
    behind = {"forwarded_allow": ("10.0.0.1",)}
    async with serving(school_url, **behind) as first, serving(school_url, **behind) as second:
        for number in range(10):
            process = first if number % 2 else second
            address = {"X-Forwarded-For": f"192.0.2.{number}"}
            answer = await login(process, password="wrong", **address)
            assert answer.status_code == 401
        for process in (first, second):
            refused = await login(process, **{"X-Forwarded-For": "192.0.2.99"})
            assert refused.status_code == 429
            assert refused.headers["content-type"] == "application/problem+json"
            assert 880 < int(refused.headers["retry-after"]) <= 900
            # others at the addresses that it was guessed from
            other = await login(process, "bob@north.school", **{"X-Forwarded-For": "192.0.2.1"})
            assert other.status_code == 200


async def test_an_account_that_does_not_exist_is_refused_like_one_that_does(
    school_url: str,
) -> None:
    async with serving(school_url, login_limit=(2, 0)) as client:
        answers = {
            email: [(await login(client, email, "wrong")) for _ in range(4)]
            for email in ("ann@north.school", "nobody@north.school")
        }
        codes = [[one.status_code for one in some] for some in answers.values()]
        assert codes == [[401, 401, 429, 429]] * 2


async def test_an_address_that_sprays_is_refused(school_url: str) -> None:
    async with serving(school_url, login_limit=(10, 5)) as client:
        codes = [
            (await login(client, f"teacher{n}@north.school", "password1")).status_code
            for n in range(7)
        ]
        assert codes == [401] * 5 + [429] * 2


async def test_who_signs_in_has_failed_at_nothing(school_url: str) -> None:
    async with serving(school_url, login_limit=(3, 3)) as client:
        for _ in range(5):
            assert (await login(client)).status_code == 200
        assert (await login(client, password="wrong")).status_code == 401
        assert (await login(client)).status_code == 200


async def test_the_form_says_it_in_words(school_url: str) -> None:
    async with serving(school_url, login_limit=(1, 0)) as client:
        sent = {"email": "ann@north.school", "password": "wrong"}
        await client.http.post("/login", data=sent)
        refused = await client.http.post("/login", data=sent | {"password": PASSWORD})
        assert refused.status_code == 429
        assert "Too many failed sign-ins for this account. Try again in 15 minutes." in refused.text
        assert "<form" in refused.text
        assert int(refused.headers["retry-after"]) > 0


async def leave_at_once(live: Live, number: int) -> None:
    body = json.dumps({"email": f"a{number}@north.school", "password": "wrong"}).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(
        f"POST {LOGIN} HTTP/1.1\r\nHost: school.test\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_attempts_whose_clients_left_cost_nothing(
    school_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = sessions.verify_password

    async def counted(stored: str | None, password: str) -> bool:
        checked.append(password)
        return await verify(stored, password)

    monkeypatch.setattr(sessions, "verify_password", counted)
    async with listening(school_url) as live:
        await asyncio.gather(*(leave_at_once(live, number) for number in range(400)))
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{live.port}") as http:
            answer = await http.post(
                LOGIN, json={"email": "ann@north.school", "password": PASSWORD}
            )
        assert answer.status_code == 200, answer.text
        # those that had begun before they left, and ours
        assert len(checked) <= 3 * AT_A_TIME
        failed = await live.app.state.database.fetch_all(
            "select moments from classpulse.failed_sign_ins where cardinality(moments) > 0"
        )
        assert len(failed) <= 3 * AT_A_TIME


async def test_a_crowd_of_guessers_does_not_keep_others_out(school_url: str) -> None:
    async with listening(school_url, forwarded_allow=("127.0.0.1",)) as live:
        address = f"http://127.0.0.1:{live.port}"
        limits = httpx2.Limits(max_connections=100)
        async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=30) as http:

            def attempt(email: str, password: str, from_: str) -> Awaitable[httpx2.Response]:
                return http.post(
                    LOGIN,
                    json={"email": email, "password": password},
                    headers={"X-Forwarded-For": from_},
                )

            crowd = [
                asyncio.ensure_future(attempt(f"a{n}@north.school", "wrong", "192.0.2.1"))
                for n in range(60)
            ]
            turns = live.app.state.limits.sign_ins._turns
            await until(lambda: len(turns) == AT_A_TIME + WAITING_PER_ADDRESS)
            ours = asyncio.ensure_future(attempt("ann@north.school", PASSWORD, "192.0.2.2"))
            done, _ = await asyncio.wait([*crowd, ours], return_when=asyncio.ALL_COMPLETED)
            codes = [one.result().status_code for one in crowd]
            assert ours.result().status_code == 200
            assert set(codes) == {401, 429}
            # those who found no room were told at once, with a time to come back
            assert codes.count(429) >= 60 - 2 * (AT_A_TIME + WAITING_PER_ADDRESS)
            assert all(
                "retry-after" in one.result().headers
                for one in crowd
                if one.result().status_code == 429
            )
            assert len(done) == 61


async def stays() -> bool:
    return False


async def test_turns_are_fair_and_bounded() -> None:
    turns, order = Turns(), []
    free = asyncio.Event()

    async def hold(address: str, account: str) -> None:
        async with turns.turn(address, account, stays):
            order.append((address, account))
            await free.wait()

    running = [asyncio.create_task(hold("crowd", f"first{n}")) for n in range(AT_A_TIME)]
    await asyncio.sleep(0)
    crowd = [asyncio.create_task(hold("crowd", f"c{n}")) for n in range(WAITING_PER_ADDRESS)]
    await asyncio.sleep(0)
    with pytest.raises(NoRoom):
        await hold("crowd", "one more")
    alone = asyncio.create_task(hold("alone", "a"))
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(*running, *crowd, alone)
    assert order[AT_A_TIME] == ("alone", "a")
    assert len(order) == AT_A_TIME + WAITING_PER_ADDRESS + 1
    assert len(turns) == 0


async def test_those_who_left_make_room() -> None:
    turns = Turns()
    free = asyncio.Event()
    left = False

    async def gone() -> bool:
        return left

    async def hold(account: str) -> None:
        async with turns.turn("crowd", account, gone):
            await free.wait()

    count = AT_A_TIME + WAITING_PER_ADDRESS
    crowd = [asyncio.create_task(hold(f"c{n}")) for n in range(count)]
    await asyncio.sleep(0)
    with pytest.raises(NoRoom):
        await hold("one more")
    left = True
    late = asyncio.create_task(hold("one more"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(turns) == 1
    free.set()
    await asyncio.gather(*crowd, late)
    assert len(turns) == 0


async def test_a_turn_that_nobody_takes_is_the_next_ones() -> None:
    turns = Turns()
    left: set[Any] = set()

    async def gone() -> bool:
        return asyncio.current_task() in left

    free = asyncio.Event()

    async def hold(address: str) -> None:
        async with turns.turn(address, address, gone):
            await free.wait()

    running = [asyncio.create_task(hold(f"r{n}")) for n in range(AT_A_TIME)]
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(hold(f"w{n}")) for n in range(5)]
    await asyncio.sleep(0)
    for task in waiting[:3]:
        task.cancel()
    free.set()
    await asyncio.gather(*running, *waiting[3:])
    async with turns.turn("later", "later", stays):
        assert len(turns) == 1
