"""How far long work has come: a bar on a terminal, plain lines elsewhere. On stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

Advance = Callable[[str], None]


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Advance]:
    """Call what this yields once for each piece of the work, with the name of the piece."""
    if not sys.stderr.isatty():
        yield lambda piece: click.echo(f"{title}: {piece}", err=True)
        return
    columns = [TextColumn("{task.description}"), BarColumn()]
    with Progress(
        *columns,
        *([MofNCompleteColumn()] if total is not None else []),
        TextColumn("{task.fields[piece]}"),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=total, piece="")
        yield lambda piece: bar.update(task, advance=1, piece=piece)
