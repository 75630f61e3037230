"""The command line: a file or a folder for each verb, imported when the verb is used.

It holds a click command of the same name. Errors of the library become one message without a
traceback: exit code 1, and 2 for wrong usage. Those of `diff` and `check` are verdicts: 0 same,
1 safe, 2 breaking, 3 could not tell, whatever the reason. `doctor` exits with 1 where something
has to be mended.
"""

from __future__ import annotations

import ast
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextvars import copy_context
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Final

import click

from vtiger_orm.errors import VtigerError, suggest

from .. import __version__
from ..text.terminal import say
from ._everywhere import with_common_options
from ._work import explained

_AS_MET: Final = (
    "whoami",
    "init",
    "pull",
    "generate",
    "check",
    "diff",
    "names",
    "customise",
    "migrate",
    "serve",
    "demo",
    "query",
    "limits",
    "doctor",
    "export",
    "sync",
    "import",
    "shell",
    "docs",
    "guide",
    "completion",
)
"""As people meet them; others follow in the order of their names."""

_JUDGES: Final = frozenset({"check", "diff"})
"""Verbs whose exit code is a verdict: 0 same, 1 safe, 2 breaking."""
_COULD_NOT_TELL: Final = 3


_EXIT_CODES: Final = """\
Exit codes: 0 done, 1 it failed and says why, 2 wrong usage, 130 broken off. Those of check and
diff are verdicts: 0 same, 1 safe, 2 breaking, 3 could not tell. doctor: 1 when something is wrong.
"""


class Verbs(click.Group):
    """The verbs that have a file here. Listing them imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        found = _sources()
        known = [name for name in _AS_MET if name in found]
        return known + sorted(found.keys() - known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        try:
            module = import_module(f"{__name__}.{_stem(cmd_name)}")
        except ImportError as error:
            raise explained(cmd_name, error) from error
        command: click.Command = getattr(module, _stem(cmd_name))
        if not getattr(command, "has_common_options", False):
            with_common_options(command).has_common_options = True  # type: ignore[attr-defined]  # a mark
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        verbs = self.list_commands(ctx)
        if args and args[0] not in verbs and not args[0].startswith("-"):
            close = suggest(args[0], verbs)
            hint = f" Did you mean '{close}'?" if close else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, from the first line of each file's docstring."""
        rows = [(name, _summary(name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _sources() -> dict[str, Path]:
    """The file that holds each verb."""
    here = Path(__file__).parent
    modules = {file.stem.rstrip("_"): file for file in here.glob("[!_]*.py")}
    return modules | {file.parent.name.rstrip("_"): file for file in here.glob("*/__init__.py")}


def _stem(verb: str) -> str:
    """The name of a verb's file and of its command there: words of Python get an underscore."""
    return f"{verb}_" if iskeyword(verb) else verb


def _summary(name: str) -> str:
    doc = ast.get_docstring(ast.parse(_sources()[name].read_text(encoding="utf-8"))) or ""
    line = doc.partition("\n")[0]
    told = line.partition(": ")[2] or line
    return told[:1].upper() + told[1:]


@click.group(
    cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES
)
@click.version_option(__version__, prog_name="vtiger-orm")
def cli() -> None:
    """A typed ORM for Vtiger CRM, generated from what the CRM says about itself.

    The usual way: `vtiger-orm pull --url URL` writes a snapshot of the CRM's schema,
    `vtiger-orm generate` makes a typed package of it, `vtiger-orm check` proves in CI that both
    still belong together. `vtiger-orm demo` shows everything on a built-in CRM.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    judges = next((each for each in given if not each.startswith("-")), "") in _JUDGES
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            # A context of its own, in which the profile is chosen.
            code: object = copy_context().run(
                cli.main, args=given, prog_name="vtiger-orm", standalone_mode=False
            )
    except click.ClickException as error:
        _tell(error)
        return _COULD_NOT_TELL if judges else error.exit_code
    except click.Abort:
        click.echo("Aborted.", err=True)
        return 130
    except (VtigerError, OSError) as error:
        click.secho("Error: ", fg="red", bold=True, err=True, nl=False)
        say(error, err=True)
        return _COULD_NOT_TELL if judges else 1
    except Exception:
        if not judges:
            raise
        traceback.print_exc()  # whose own exit code would say that all is well
        return _COULD_NOT_TELL
    return code if isinstance(code, int) else 0


def _tell(error: click.ClickException) -> None:
    """One line; wrong usage says where the options are listed."""
    told = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        stop = "" if told.endswith((".", "?")) else "."
        told = f"{told}{stop} See: {error.ctx.command_path} --help"
    click.secho("Error: ", fg="red", bold=True, err=True, nl=False)
    say(told, err=True)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    click.secho("Warning: ", fg="yellow", err=True, nl=False)
    say(message, err=True)
