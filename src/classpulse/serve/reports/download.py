"""``GET …/reports/download``: a report as a file, written down before it leaves."""

import os
from collections import Counter
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Protocol, Self

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classpulse.serve.auth.caller import ENDED, viewer_of
from classpulse.serve.auth.scope import viewer_by_id
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import read_query
from classpulse.serve.problems import Problem, unauthorized
from classpulse.serve.reports import csv_file, xlsx_file
from classpulse.serve.reports.attachment import Attachment, file_name
from classpulse.serve.reports.content import Content, Report
from classpulse.serve.reports.disclosures import Disclosure, record
from classpulse.serve.reports.draft import Draft
from classpulse.serve.reports.list_report import list_report
from classpulse.serve.reports.pdf import file as pdf_file
from classpulse.serve.reports.report_query import Format, ReportQuery, report_of
from classpulse.serve.reports.student_report import student_report
from classpulse.serve.snapshot import Reader, Row, snapshot


class File(Protocol):
    """A format: rows in, a file out. Left by an error, it leaves nothing behind."""

    def __init__(self, content: Content) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def write(self, rows: list[Row]) -> None: ...
    def finish(self) -> IO[bytes]: ...


_FILES: dict[Format, tuple[type[File], str, int | None]] = {
    "csv": (csv_file.CsvFile, csv_file.MEDIA_TYPE, None),
    "xlsx": (xlsx_file.XlsxFile, xlsx_file.MEDIA_TYPE, xlsx_file.MOST_ROWS),
    "pdf": (pdf_file.PdfFile, pdf_file.MEDIA_TYPE, pdf_file.MOST_ROWS),
}


async def _download(request: Request) -> Response:
    viewer = await viewer_of(request)
    asked = read_query(request, ReportQuery)
    report = report_of(asked)
    state = request.app.state
    async with state.report_limits.turn(asked.format):
        # of what HEAD asks for nothing leaves but its name and size
        leaves = request.method != "HEAD"
        return await _made(request, viewer, asked, report, leaves=leaves)


async def _made(
    request: Request, viewer: Viewer, asked: ReportQuery, report: Report, *, leaves: bool
) -> Response:
    state = request.app.state
    kind, media_type, most = _FILES[asked.format]
    rows: Counter[int] = Counter()
    with ExitStack() as stack:
        async with snapshot(state.database) as reader:
            # the rights of the moment that is reported, not of the one that it was asked for in
            viewer = await _viewer_in(reader, viewer)
            making = await _draft(reader, viewer, asked, report)
            content = making.content
            _check_length(content, asked.format, most)
            # Writing is done in threads: the event loop has streams to serve.
            file = stack.enter_context(await anyio.to_thread.run_sync(kind, content))
            async for batch in making.batches:
                rows.update(row["section_id"] for row in batch)
                await anyio.to_thread.run_sync(file.write, batch)
        if isinstance(file, pdf_file.PdfFile):
            ready = await state.report_limits.drawer.finish(file, request.is_disconnected)
        else:
            ready = await anyio.to_thread.run_sync(file.finish)
        size = ready.seek(0, os.SEEK_END)
        ready.seek(0)
        if leaves:
            disclosure = Disclosure(
                viewer=viewer,
                report=report,
                format=asked.format,
                filters=asked.given(),
                student_id=asked.student_id,
                as_of=content.stamp.as_of,
                schools=making.schools,
            )
            await record(state.database, disclosure, rows)
    name = file_name(content.title, content.stamp.local_made.date(), asked.format)
    return Attachment(ready, name=name, media_type=media_type, size=size)


async def _viewer_in(reader: Reader, viewer: Viewer) -> Viewer:
    now = await viewer_by_id(reader, viewer.educator_id, viewer.token)
    if now is None:
        raise unauthorized(ENDED)
    return now


async def _draft(reader: Reader, viewer: Viewer, asked: ReportQuery, report: Report) -> Draft:
    if asked.student_id is not None:
        return await student_report(reader, viewer, asked.student_id)
    return await list_report(reader, viewer, asked, report)


def _check_length(content: Content, form: Format, most: int | None) -> None:
    tables = [*content.before, *content.after]
    if form == "pdf":
        rows = content.total + sum(len(t.as_printed().rows) for t in tables if t.on_page)
    else:
        rows = max([content.total, *(len(table.rows) for table in tables)])
    if most is not None and rows > most:
        others = {"pdf": "format=xlsx or format=csv", "xlsx": "format=csv"}[form]
        raise Problem(
            422,
            f"A report in {form.upper()} holds at most {most:,} rows, and this one has {rows:,}: "
            f"filter it, or take {others}.",
        )


routes = [Route("/reports/download", _download)]
