"""The command ``classpulse``: one file a command, each imported only when it is called for."""

import importlib
import os
import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn

import click

from classpulse import __version__
from classpulse.errors import ClasspulseError

# command → module and function
COMMANDS = {
    "demo": "demo:demo",
    "serve": "serve:serve",
    "project": "project:project",
    "migrate": "migrate:migrate",
    "uninstall": "uninstall:uninstall",
    "verify": "verify:verify",
    "simulate": "simulate:simulate",
    "check": "check:check",
    "token": "token:token",
    "epoch": "epoch:epoch",
    "educator": "educator:educator",
    "psql": "psql:psql",
    "url": "url:url",
    "prove": "prove:prove",
}


def _remember(context: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given:
        context.meta["debug"] = True


_DEBUG = click.Option(
    ["--debug"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember,
    help="Show the traceback of an error.",
)


class Commands(click.Group):
    """The group of commands. ``--help`` and ``--version`` load none or little of the rest."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, function = COMMANDS[name].split(":")
        command: click.Command = getattr(
            importlib.import_module(f"classpulse.cli.{module}"), function
        )
        for part in (command, *getattr(command, "commands", {}).values()):
            if _DEBUG not in part.params:
                part.params.append(_DEBUG)
        return command


@click.group(
    cls=Commands,
    params=[_DEBUG],
    invoke_without_command=True,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def classpulse(context: click.Context) -> None:
    """Live student performance for educators, straight from Postgres.

    The commands use the database of DATABASE_URL; without it, an embedded Postgres in the data
    directory (CLASSPULSE_DATA_DIR): the running one, or started for as long as needed.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> NoReturn:
    """The program ``classpulse``."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup has the second one ignored
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    # a shell has it ignored in what it starts in the background, where it still means: end
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line, for its exit code. An error is one line on stderr and a 2."""
    context = None
    try:
        with classpulse.make_context("classpulse", list(arguments)) as context:
            result = classpulse.invoke(context)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except (KeyboardInterrupt, click.Abort):
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # the reader has gone, as in `classpulse url | head -c 0`; nothing may be flushed to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:  # the outermost boundary: whatever it is, it gets one line
        if "--debug" in arguments if context is None else context.meta.get("debug"):
            traceback.print_exc()
        click.echo(f"classpulse: {_sentence(error)}", err=True)
        return 2


def _sentence(error: BaseException) -> str:
    """What went wrong and what to do, on one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx is not None else "classpulse"
        return _one_line(f"{error.format_message().rstrip('.')} (see {path} --help)")
    if isinstance(error, click.ClickException):
        return _one_line(error.format_message())
    if isinstance(error, ClasspulseError):
        return _one_line(str(error))
    return _one_line(f"{type(error).__name__}: {error} (the same with --debug shows where)")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _leave(number: int, _: FrameType | None) -> None:
    """End as if by an exception, so that what was started is stopped."""
    raise SystemExit(128 + number)
