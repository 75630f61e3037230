"""What the guide takes from the code itself, as Markdown: settings, verbs, errors, lookups."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Final, TypeAlias

import click

import vtiger_orm
from vtiger_orm import errors as raised
from vtiger_orm.calls import support
from vtiger_orm.conditions.lookups import LOOKUPS, SHAPES, Lookup
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.session import Session
from vtiger_orm.session.settings import SessionSettings

from ..config import Config

_SENTENCE: Final = re.compile(r"(?<=[.:])\s+(?=[A-Z`])")

VARIABLES: Final = {
    "VTIGER_URL": "Address of the CRM, as it opens in a browser, without index.php.",
    "VTIGER_USERNAME": "User name; VTIGER_USERNAME_STAGING for the profile staging.",
    "VTIGER_ACCESS_KEY": "Access key of that user (My Preferences), or `keyring:SERVICE`; "
    "VTIGER_ACCESS_KEY_STAGING for the profile staging.",
    "VTIGER_PROFILE": "The profile of [tool.vtiger-orm.profiles] that the command line uses.",
    "VTIGER_BUDGET": 'Calls that sessions allow themselves: "60/minute, 20000/day".',
    "VTIGER_WAREHOUSE": "Database that `vtiger-orm sync` writes to.",
    "VTIGER_ALLOW_HTTP": "1 lets the access key travel to an http:// address.",
    "VTIGER_SERVE_KEY": "Access key of the CRM that `vtiger-orm serve` runs.",
}
"""Every environment variable that is read; a test compares them with the code."""


def _row(*cells: str) -> str:
    """A row of a table; a bar would end a cell, also within code."""
    return "| " + " | ".join(" ".join(each.split()).replace("|", "\\|") for each in cells) + " |"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [_row(*head), _row(*("---" for _ in head)), *(_row(*each) for each in rows)]
    return "\n".join(lines)


# -- settings --------------------------------------------------------------------------------


@cache
def settings() -> str:
    """Every key of [tool.vtiger-orm]."""
    docs = _documented(Config)

    def rows() -> Iterator[tuple[str, ...]]:
        for name, each in Config.model_fields.items():
            key = each.alias or name
            default = each.get_default(call_default_factory=True)
            shown = "" if default in (None, {}, ()) else f"`{_toml(default)}`"
            yield f"`{key}`", shown, docs.get(name, "")

    return _table(("key", "default", "meaning"), rows())


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def _documented(of: type) -> dict[str, str]:
    """Attribute -> the docstring below it."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(of))).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for name, doc in zip(tree.body, tree.body[1:]):
        match name, doc:
            case (
                ast.AnnAssign(target=ast.Name(id=attribute)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[attribute] = text
    return found


@cache
def environment() -> str:
    """Every environment variable."""
    return _table(
        ("variable", "meaning"), ((f"`{name}`", text) for name, text in VARIABLES.items())
    )


@cache
def session_settings() -> str:
    """Every argument of a session, with what is said of it where it is declared, else in the
    docstring of the session."""
    docs = _documented(SessionSettings)
    sentences = _SENTENCE.split(" ".join((inspect.getdoc(Session) or "").split()))

    def rows() -> Iterator[tuple[str, ...]]:
        for name, each in inspect.signature(Session.__init__).parameters.items():
            if name in ("self", "package"):
                continue
            default = "" if each.default is inspect.Parameter.empty else f"`{each.default!r}`"
            told = [text for text in sentences if re.search(rf"`{name}`|\b{name}=", text)]
            yield f"`{name}`", default, re.sub("``", "`", docs.get(name, "")) or " ".join(told)

    return _table(("argument", "default", "meaning"), rows())


@cache
def testing_settings() -> str:
    """The settings and fixtures of the pytest plugin."""
    from vtiger_orm.testing import plugin

    text = (inspect.getdoc(plugin) or "").partition("Fixtures:")[2]
    text = re.sub(r"^`(\w+)`\n    ", r"- `\1`: ", text, flags=re.M)
    return re.sub(r"``([^`]+)``", r"`\1`", text.replace("\n    ", " "))


@cache
def loggers() -> str:
    """What is logged, from the docstring of the module that does."""
    from vtiger_orm.session import logs

    lines = (inspect.getdoc(logs) or "").split("\n")
    marks = [number for number, line in enumerate(lines) if line.startswith("===")]
    ends = [match.start() for match in re.finditer(r"=+", lines[marks[0]])]
    cut = [
        tuple(
            re.sub(r"``([^`]+)``", r"`\1`", line[begin:end].strip())
            for begin, end in zip(ends, [*ends[1:], None])
        )
        for line in lines
    ]
    return _table(cut[marks[0] + 1], iter(cut[marks[1] + 1 : marks[2]]))


@cache
def faults() -> str:
    """What can go wrong on purpose in tests."""
    from vtiger_orm.emulator import faults as known

    def rows() -> Iterator[tuple[str, ...]]:
        for name, each in vars(known).items():
            own = inspect.isclass(each) and each.__module__ == known.__name__
            if own and "apply" in vars(each) and name not in ("Fault", "Faults"):
                yield f"`{name}`", (inspect.getdoc(each) or "").split("\n\n")[0]

    return _table(("fault", "what happens"), rows())


# -- command line ----------------------------------------------------------------------------


@cache
def command_line(verbs: click.Group) -> str:
    """Every verb with its help, as click has it."""
    parts = []
    with click.Context(verbs, info_name="vtiger-orm") as context:
        for verb in verbs.list_commands(context):
            command = verbs.get_command(context, verb)
            if command is None:
                continue
            with click.Context(command, info_name=verb, parent=context) as inner:
                parts.append(f"## {verb}\n\n{_help(command)}\n\n{_options(command, inner)}")
    return "\n\n".join(parts)


def _help(command: click.Command) -> str:
    """A command's help: what is set apart there by \\b are lines of code."""
    text = inspect.cleandoc(command.help or "")
    return re.sub(
        r"^\x08\n(.*?)(?=\n\n|\Z)",
        lambda match: "```console\n" + match[1] + "\n```",
        text,
        flags=re.S | re.M,
    )


def _options(command: click.Command, context: click.Context) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for each in command.get_params(context):
            record = each.get_help_record(context)
            if record is not None:
                yield f"`{record[0]}`", record[1]

    return _table(("option", "meaning"), rows())


# -- errors, lookups, operations -------------------------------------------------------------


@cache
def errors() -> str:
    """Every class that is raised: when, and what to do."""

    def rows() -> Iterator[tuple[str, ...]]:
        for each, depth in _tree(raised.VtigerError, 0):
            doc = re.sub(r"``([^`]+)``", r"`\1`", inspect.getdoc(each) or "")
            outcome, above = each.outcome, getattr(each.__bases__[0], "outcome", None)
            new = outcome is not None and outcome is not above  # else it is that of the class above
            told = f"{outcome.fate}, {outcome.again}" if new and outcome is not None else ""
            yield f"{'· ' * depth}`{each.__name__}`", doc, told

    return _table(("class", "when", "outcome"), rows())


_Error: TypeAlias = "type[raised.VtigerError]"


def _tree(of: _Error, depth: int) -> Iterator[tuple[_Error, int]]:
    yield of, depth
    for each in of.__subclasses__():
        if each.__module__ == raised.__name__ and each.__bases__[0] is of:
            yield from _tree(each, depth + 1)


@cache
def lookups() -> str:
    """Which lookup works on which kind of field."""
    families = [each for each in LOOKUPS if LOOKUPS[each]]
    kinds = {
        family: ", ".join(kind.value for kind in Kind if kind.family is family)
        for family in families
    }

    def rows() -> Iterator[tuple[str, ...]]:
        for each in Lookup:
            works = [str(family.value) for family in families if each in LOOKUPS[family]]
            yield f"`{each.value}`", SHAPES[each].value, ", ".join(works)

    def families_rows() -> Iterator[tuple[str, ...]]:
        for family in families:
            yield family.value, kinds[family]

    return "\n\n".join(
        (
            _table(("lookup", "takes", "kinds of fields"), rows()),
            _table(("kind of field", "types of the CRM"), families_rows()),
        )
    )


@cache
def operations() -> str:
    """What the manuals describe, and how it is offered."""
    return support.table()


# -- the API ---------------------------------------------------------------------------------

_ROOMS: Final = {
    "models": "Models, querysets and relations",
    "records": "Records and references",
    "conditions": "Conditions",
    "aggregates": "Aggregates",
    "session": "Sessions",
    "writing": "Writing",
    "feed": "Changes",
    "frames": "Frames and files",
    "package": "The generated package",
    "values": "Values",
    "calls": "Outcomes",
    "errors": "Errors",
    "metadata": "What is known of a CRM",
}


@cache
def api() -> dict[str, str]:
    """Title of a page -> its Markdown: every public name, with signature and docstring."""
    pages: dict[str, list[str]] = {}
    for name in sorted(vtiger_orm.__all__, key=str.lower):
        each = getattr(vtiger_orm, name)
        room = str(getattr(each, "__module__", "")).split(".")[1:2]
        title = _ROOMS.get(room[0] if room else "", "Everything else")
        pages.setdefault(title, []).append(_entry(name, each))
    order = [*_ROOMS.values(), "Everything else"]
    return {title: "\n\n".join(pages[title]) for title in order if title in pages}


def _entry(name: str, each: object) -> str:
    parts = [f"## {name}", _doc(each)]
    if inspect.isclass(each):
        parts += [_method(name, method, value) for method, value in _members(each)]
    return "\n\n".join(part for part in parts if part)


def _members(of: type) -> Iterator[tuple[str, object]]:
    """Public methods and properties that are its own or of a base of ours."""
    if issubclass(of, raised.VtigerError):
        return
    for name, value in inspect.getmembers_static(of):
        owner = next((base for base in of.__mro__ if name in vars(base)), of)
        ours = owner.__module__.startswith("vtiger_orm")
        known = isinstance(value, property | staticmethod | classmethod | FunctionType)
        if not name.startswith("_") and ours and known:
            yield name, value


def _method(of: str, name: str, value: object) -> str:
    doc = _doc(value if not isinstance(value, staticmethod | classmethod) else value.__func__)
    if isinstance(value, property):
        return f"### {of}.{name}\n\n{doc}"
    function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    return f"### {of}.{name}\n\n```python\n{name}{_signature(function)}\n```\n\n{doc}"


def _signature(function: object) -> str:
    try:
        told = str(inspect.signature(function))  # type: ignore[arg-type]  # tried
    except (TypeError, ValueError):
        return "(...)"
    told = re.sub(r"\(self(, )?", "(", re.sub(r"\(cls(, )?", "(", told))
    return told.replace("'", "")


def _doc(each: object) -> str:
    """A docstring as Markdown: its code blocks are indented below ``::``."""
    text = inspect.getdoc(each) or ""
    if inspect.isclass(each) and each.__doc__ is None:
        text = ""
    text = re.sub(r"^::$", "", text, flags=re.M)
    text = re.sub(r"::$", ":", text, flags=re.M)
    return re.sub(r"``([^`]+)``", r"`\1`", text)
