"""Rows that wait for their file to be made, so that no database connection waits with them."""

import tempfile
from collections.abc import Iterator
from typing import Any

import msgspec

# What is smaller stays in memory, what is larger goes to the disk.
IN_MEMORY = 1024 * 1024
_LENGTH = 4


class RowBuffer:
    """Batches of plain values (text, numbers, booleans, none), read once in the order written."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (see close)

    def write(self, batch: list[list[Any]]) -> None:
        packed = msgspec.msgpack.encode(batch)
        self._file.write(len(packed).to_bytes(_LENGTH, "big"))
        self._file.write(packed)

    def batches(self) -> Iterator[list[list[Any]]]:
        """Everything that was written."""
        self._file.seek(0)
        while length := self._file.read(_LENGTH):
            yield msgspec.msgpack.decode(self._file.read(int.from_bytes(length, "big")))

    def close(self) -> None:
        self._file.close()
