"""What the process of :mod:`drawer` runs: files from stdin, drawn to stdout, until stdin ends."""

import contextlib
import os
import pickle
import sys
import traceback
from typing import IO

_LENGTH = 8
_PIECE = 1024 * 1024


def main() -> None:
    """One file after the other. One that fails is told by a length of 0."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # what a library prints must not end up among the pages
    os.dup2(2, 1)
    with contextlib.suppress(OSError):
        os.nice(5)  # streams come first
    while len(head := source.read(_LENGTH)) == _LENGTH:
        asked = source.read(int.from_bytes(head, "big"))
        try:
            # from the server that started us, by a pipe that nobody else has
            drawn = pickle.loads(asked).finish()  # noqa: S301
        except Exception:
            traceback.print_exc()
            sink.write(bytes(_LENGTH))
        else:
            with drawn:
                _send(drawn, sink)
        sink.flush()


def _send(drawn: IO[bytes], sink: IO[bytes]) -> None:
    size = drawn.seek(0, os.SEEK_END)
    drawn.seek(0)
    sink.write(size.to_bytes(_LENGTH, "big"))
    while piece := drawn.read(_PIECE):
        sink.write(piece)


if __name__ == "__main__":
    main()
