"""The steps of the demo, in order, and what is printed about each."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import importlib
import logging
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from rich.text import Text

from vtiger_orm import QuerySet, Record, Session
from vtiger_orm.errors import MissingExtra, NotLoaded

from ..config import Config
from ..live.pull import pull_into
from ..project import Project
from .snippets import APPLICATION, ASYNC, CORRECT, MISSPELT, SNIPPETS, Snippet

_MOST_STATEMENTS: Final = 4
_MOST_ROWS: Final = 5
_MOST_COLUMNS: Final = 4
_WIDEST_STATEMENT: Final = 240


class Story:
    """Pull, generate, check and use one CRM inside `folder`, telling about it on `console`."""

    def __init__(self, console: Console, session: Session, folder: Path) -> None:
        self.console = console
        self.session = session
        self.folder = folder
        self.step = 0

    def tell(self, *, read_only: bool) -> None:
        """The whole story; with `read_only` nothing is written to the CRM.

        Raises whatever the library raises; the folder is the caller's to remove.
        """
        schema = self._pull()
        self._generate(schema)
        self._type_check()
        self._use(read_only)

    # Steps

    def _pull(self) -> Path:
        self._title("pull", "describe every module of the CRM into a snapshot")
        schema = self.folder / "vtiger-schema"
        with self._timed(), self.session.count_calls() as calls:
            snapshot = pull_into(schema, self.session, console=self.console)
        self._say(f"{len(snapshot.modules)} modules in {calls.count} calls, no secrets, no dates")
        return schema

    def _generate(self, schema: Path) -> None:
        self._title("generate", "snapshot and names.lock to a typed package, offline")
        project = Project.of(Config(), schema=schema, output=self.folder / "crm")
        with self._timed():
            result = project.generate()
        files = len(result.changes.written)
        self._say(f"{result.modules} modules, {files} files; again it gives the same bytes")

    def _type_check(self) -> None:
        self._title("mypy --strict", "an application of yours against the package, no plugin")
        self._show(APPLICATION)
        with self._timed():
            good = self._mypy("application.py", APPLICATION)
        self._say(good[-1], "green")
        bad = self._mypy("misspelt.py", APPLICATION.replace(CORRECT, MISSPELT))
        self._say(f"The same with {MISSPELT!r}:")
        for line in bad[:-1]:
            self._say(line, "red")

    def _mypy(self, name: str, text: str) -> list[str]:
        (self.folder / name).write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--no-color-output", name],
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        if "No module named mypy" in done.stderr:
            raise MissingExtra("The demo's type check", "all")
        return done.stdout.strip().splitlines()

    def _use(self, read_only: bool) -> None:
        self._title("use", "each queryset, the statements it became, and what they brought")
        package = _import(self.folder)
        package.configure(session=self.session)
        names: dict[str, Any] = {"date": date, "connect": lambda: self.session}
        names.update((name, getattr(package, name)) for name in ("Accounts", "Contacts"))
        for snippet in SNIPPETS:
            if not (snippet.writes and read_only):
                self._run(snippet, names)
        self._run(ASYNC, names)
        if "ada" in names:
            names["ada"].delete()

    def _run(self, snippet: Snippet, names: dict[str, Any]) -> None:
        self.console.print(f"\n  [bold]{escape(snippet.title)}[/]")
        self._show(snippet.code)
        with self.session.count_calls() as calls, _statements() as statements:
            value = _value(snippet.code, names)
            if isinstance(value, QuerySet):
                value = list(value)
        for statement in statements[:_MOST_STATEMENTS]:
            self._say(_shortened(statement), "cyan")
        if len(statements) > _MOST_STATEMENTS:
            self._say(f"... and {len(statements) - _MOST_STATEMENTS} more", "cyan")
        for line in _described(value):
            self._say(line)
        each = ", ".join(f"{number} {name}" for name, number in sorted(calls.operations.items()))
        self._say(f"{_plural(calls.count, 'call')}: {each}", "dim")

    # Printing

    def _title(self, name: str, what: str) -> None:
        self.step += 1
        self.console.print(f"\n[bold magenta]{self.step}  {name}[/]  [dim]{what}[/]")

    def _say(self, line: str, style: str = "") -> None:
        """Text that may come from the CRM: never markup, no control characters."""
        safe = "".join(char if char.isprintable() else " " for char in line)
        self.console.print(Text("     " + safe, style=style), soft_wrap=True)

    def _show(self, code: str) -> None:
        syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
        text = syntax.highlight(textwrap.indent(code.rstrip(), "     "))
        self.console.print(text, soft_wrap=True)

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._say(f"{time.perf_counter() - started:.1f} s", "dim")


class _Kept(logging.Handler):
    """Keeps the text of each statement that is sent."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextlib.contextmanager
def _statements() -> Iterator[list[str]]:
    logger = logging.getLogger("vtiger_orm.statements")
    level, handler = logger.level, _Kept()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield handler.texts
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _import(folder: Path) -> ModuleType:
    """The package that was just generated; names of an earlier one are forgotten first."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "crm"]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    return importlib.import_module("crm")


def _value(code: str, names: dict[str, Any]) -> Any:
    """Run a snippet of ours; the value of its last expression."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    body = compile(tree, "<demo>", "exec", flags=flags)
    value = compile(ast.Expression(last.value), "<demo>", "eval", flags=flags)
    _execute(body, names)
    return _execute(value, names)


def _execute(code: CodeType, names: dict[str, Any]) -> Any:
    result = eval(code, names)
    if asyncio.iscoroutine(result):
        return asyncio.run(_awaited(result))
    return result


async def _awaited(coroutine: Any) -> Any:
    return await coroutine


def _described(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value[:_MOST_ROWS]:
            yield _line(each)
        if len(value) > _MOST_ROWS:
            yield f"... {len(value)} in all"
    elif isinstance(value, dict):
        for name, change in value.items():
            yield f"{name}: {change}"
    else:
        yield _line(value)


def _line(value: Any) -> str:
    if isinstance(value, Record) and "account_id" in value.model_fields_set:
        account = getattr(value, "account_id", None)
        with contextlib.suppress(NotLoaded):
            return f"{value!r} of {account.loaded!r}" if account else repr(value)
    return repr(value)


def _shortened(statement: str) -> str:
    """A statement with its long list of columns left out, and cut where it is long still."""
    columns, found, rest = statement.partition(" from ")
    if found and columns.count(",") > _MOST_COLUMNS:
        first = ",".join(columns.split(",")[:_MOST_COLUMNS])
        statement = f"{first},... {columns.count(',') + 1} columns from {rest}"
    if len(statement) <= _WIDEST_STATEMENT:
        return statement
    return statement[:_WIDEST_STATEMENT] + " ..."


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
