"""A connection URL counts to the letter, or is refused by name."""

import secrets
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from classpulse.address import Address, AddressError
from classpulse.database.connection import connect
from classpulse.errors import DatabaseError, SettingError
from classpulse.serve.snapshot import open_pool
from classpulse.settings import Settings

pytestmark = pytest.mark.reliability("options of the connection URL")

SHOW = "select current_setting($1)"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u@h/d", (("h", ""),)),
        ("postgres://h:1/d", (("h", "1"),)),
        ("postgresql://a:1,b:2/d", (("a", "1"), ("b", "2"))),
        ("postgresql://u:p@/d?host=a,b&port=1,2", (("a", "1"), ("b", "2"))),
        ("postgresql:///d?host=a,b&port=7", (("a", "7"), ("b", "7"))),
        ("postgresql://u@[::1]:5/d", (("[::1]", "5"),)),
        ("postgresql:///d?host=::1", (("[::1]", ""),)),
        ("postgresql://%2Ftmp%2Fpg/d", (("/tmp/pg", ""),)),
        ("postgresql:///d?host=/tmp/pg&port=5", (("/tmp/pg", "5"),)),
        ("postgresql:///d", ()),
    ],
)
def test_hosts_are_found_wherever_they_are_written(url: str, hosts: Any) -> None:
    address = Address.parse(url)
    assert address.hosts == hosts
    assert address.options["dbname"] == "d"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("schema=public", "schema"),
        ("statement_timeout=5", "statement_timeout"),
        ("channel_binding=require", "channel_binding=require"),
        ("gssencmode=require", "gssencmode=require"),
        ("load_balance_hosts=random", "load_balance_hosts"),
        ("sslmode=on", "sslmode"),
        ("sslrootcert=/nowhere/root.crt", "sslrootcert"),
        ("sslmode=prefer&sslnegotiation=direct", "sslnegotiation"),
        ("target_session_attrs=writable", "target_session_attrs"),
        ("connect_timeout=soon", "connect_timeout"),
        ("host=a,b&port=1,2,3", "ports"),
        ("port=0", "ports"),
        ("sslmode", "sslmode"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name_before_anything_starts(
    query: str, named: str
) -> None:
    for name in ("DATABASE_URL", "CLASSPULSE_LISTEN_URL"):
        with pytest.raises(SettingError, match=f"^{name}: expected ") as refused:
            Settings.from_environment({name: f"postgresql://u:secret@h/d?{query}"})
        assert named in str(refused.value)
        assert "secret" not in str(refused.value)
        assert "\n" not in str(refused.value)


def test_two_signs_of_at_are_refused_without_the_password() -> None:
    with pytest.raises(AddressError, match="%40") as refused:
        Address.parse("postgresql://u:sec@ret@h/d")
    assert "ret" not in str(refused.value).replace("written", "")


@pytest.mark.parametrize(
    "query", ["channel_binding=prefer", "gssencmode=disable", "keepalives=1&keepalives_idle=9"]
)
async def test_an_option_that_asks_for_nothing_more_is_taken(database_url: str, query: str) -> None:
    connection = await connect(f"{database_url}?{query}", application_name="test")
    await connection.close()


async def test_every_character_of_a_password_counts(cluster: Any, database_url: str) -> None:
    role = f"o'neil@{secrets.token_hex(4)}"
    password = "p@ss/w:rd%#?&=+ ü'\"\\[]$"
    quoted = '"' + role + '"'
    await _as_admin(cluster, f"create role {quoted} login password $word${password}$word$")
    try:
        parts = urlsplit(database_url)
        place = f"{parts.hostname}:{parts.port}{parts.path}"
        user, secret = quote(role, safe=""), quote(password, safe="")
        for url in (
            f"postgresql://{user}:{secret}@{place}",
            f"postgresql://{place}?user={user}&password={secret}",
        ):
            connection = await connect(url, application_name="test")
            assert await connection.fetchval("select current_user") == role
            await connection.close()
            async with open_pool(url, pooled=False) as pool:
                assert await pool.fetch_val("select current_user") == role
    finally:
        await _as_admin(cluster, f"drop role {quoted}")


async def test_options_of_the_session_count_on_every_connection(database_url: str) -> None:
    url = (
        f"{database_url}?application_name=school&options=-c%20statement_timeout%3D9s"
        "&connect_timeout=10"
    )
    connection = await connect(
        url, application_name="test", server_settings={"statement_timeout": "1s"}
    )
    assert await connection.fetchval(SHOW, "application_name") == "school"
    assert await connection.fetchval(SHOW, "statement_timeout") == "9s"
    await connection.close()
    async with open_pool(url, pooled=False) as pool:
        for name, value in (("application_name", "school"), ("statement_timeout", "9s")):
            assert await pool.fetch_val(f"select current_setting('{name}')") == value


async def test_what_the_projector_needs_stands_against_the_address(database_url: str) -> None:
    connection = await connect(
        f"{database_url}?options=-c%20statement_timeout%3D9s",
        application_name="test",
        server_settings={"statement_timeout": "0"},
        firm=True,
    )
    assert await connection.fetchval(SHOW, "statement_timeout") == "0"
    await connection.close()


async def test_the_first_host_that_answers_as_asked_is_taken(database_url: str) -> None:
    parts = urlsplit(database_url)
    userinfo, _, host = parts.netloc.rpartition("@")
    for hosts in (f"127.0.0.1:1,{host}", f"{host},127.0.0.1:1"):
        url = parts._replace(netloc=f"{userinfo}@{hosts}").geturl()
        for attributes in ("any", "primary", "read-write", "prefer-standby"):
            asked = f"{url}?target_session_attrs={attributes}"
            connection = await connect(asked, application_name="test")
            await connection.close()
            async with open_pool(asked, pooled=False) as pool:
                assert await pool.fetch_val("select 1") == 1
        with pytest.raises(DatabaseError, match=r"127\.0\.0\.1:1.*target_session_attrs"):
            await connect(f"{url}?target_session_attrs=standby", application_name="test")


async def _as_admin(cluster: Any, statement: str) -> None:
    admin = await asyncpg.connect(cluster.url)
    await admin.execute(statement)
    await admin.close()
