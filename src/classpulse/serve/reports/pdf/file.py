"""A report to print: the rows are held here, and laid out by :mod:`pdf_pages`."""

from types import TracebackType
from typing import IO, Self

from classpulse.serve.reports.content import Content, Row

MEDIA_TYPE = "application/pdf"
# More than anybody prints, and still made in seconds.
MOST_ROWS = 5000


class PdfFile:
    """Rows in, pages out. It holds them all until they are laid out: see :data:`MOST_ROWS`.

    Laying out takes seconds: :class:`drawer.Drawer` has it done elsewhere.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._rows: list[Row] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rows.clear()

    def write(self, rows: list[Row]) -> None:
        self._rows += rows

    def finish(self) -> IO[bytes]:
        """The file, from its start, to be closed by the one who sends it."""
        # Fonts and typesetting are loaded where pages are laid out, not in every server.
        from classpulse.serve.reports.pdf.pages import drawn

        return drawn(self._content, self._rows)
