import anyio

from classpulse.serve.auth.passwords import hash_password, verify_password


async def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    first, second = await hash_password("secret"), await hash_password("secret")
    assert first.startswith("$argon2id$")
    assert first != second
    assert await verify_password(first, "secret")
    assert not await verify_password(first, "Secret")


async def test_nobody_has_no_password() -> None:
    assert not await verify_password(None, "")
    assert not await verify_password("not a hash", "secret")


async def test_hashing_leaves_the_event_loop_free() -> None:
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = anyio.current_time()
            await anyio.sleep(0.001)
            longest = max(longest, anyio.current_time() - before)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        start = anyio.current_time()
        for _ in range(3):
            await hash_password("secret")
        one = (anyio.current_time() - start) / 3
        tasks.cancel_scope.cancel()
    assert longest < max(one, 0.05)
