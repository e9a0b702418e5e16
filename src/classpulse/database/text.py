"""Text of a database that does not know what its bytes mean."""

import asyncpg

_JSONB_VERSION = b"\1"


async def read_any_bytes(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make a session of an ``SQL_ASCII`` database read what is no UTF-8 as U+FFFD.

    Nothing is known of the bytes there; driver and server would refuse the whole answer.
    """
    if not _is_unknown(connection):
        return
    for name in ("text", "varchar", "bpchar", "name", "json"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=str.encode, decoder=_decoded, format="binary"
        )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda text: _JSONB_VERSION + text.encode(),
        decoder=lambda data: _decoded(data[1:]),
        format="binary",
    )
    await connection.execute("set client_encoding = 'SQL_ASCII'")


def _is_unknown(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(connection.get_settings().server_encoding == "SQL_ASCII")


def _decoded(data: bytes) -> str:
    return bytes(data).decode("utf-8", "replace")
