"""Where code looks at the class of an error that a call ended with, and why it may.

What became of a call is a value (`error.outcome`): whether it is sent again, is in doubt, or was
done is decided by nothing else. A class says at most which answer it was.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import vtiger_orm
from vtiger_orm import errors
from vtiger_orm.errors import ApiError, NotSupported, OutcomeUnknown, TransportError

SOURCES: Final = Path(vtiger_orm.__file__).parent

CLASSES: Final = {
    name
    for name, each in vars(errors).items()
    if isinstance(each, type)
    and issubclass(each, (ApiError, TransportError, NotSupported, OutcomeUnknown))
}
"""What a call may end with; other errors are raised before there is one."""

JUDGES: Final = ("dialects/", "session/failures.py")
"""They make errors and their outcomes of what a server or a transport said."""

_ASKED: Final = "which answer a question got; whether it answers the question is the outcome's"
_DENIED: Final = "records or fields that the CRM does not show to this user are none"
_STOPPED: Final = "an iteration that a limit of calls stops can be asked again"
_UNSENT: Final = "a write that this server is not sent, as it is prepared"

ALLOWED: Final = {
    "calls/resuming.py": ({"LimitReached"}, _STOPPED),
    "feed/changes.py": ({"LimitReached"}, _STOPPED),
    "introspection/abilities.py": ({"NotFound"}, _ASKED),
    "introspection/language.py": ({"ApiError"}, _ASKED),
    "introspection/probing.py": ({"AccessDenied"}, _ASKED),
    "introspection/pull.py": ({"ApiError", "MalformedAnswer"}, "words of a refusal"),
    "models/prefetch.py": (
        {"AccessDenied", "NotFound", "NotSupported"},
        f"{_DENIED}; of a step that is refused before there is a call, the path is named",
    ),
    "models/reading.py": ({"LimitReached"}, _STOPPED),
    "planner/rows.py": ({"AccessDenied", "NotFound"}, _DENIED),
    "session/async_driver.py": ({"LimitReached"}, _STOPPED),
    "session/core.py": (
        {"ApiError", "TransportError"},
        "errors of the API carry its user; a logout that fails is over, and a login goes on",
    ),
    "session/deferring.py": ({"AccessDenied"}, _DENIED),
    "session/drivers.py": ({"LimitReached"}, _STOPPED),
    "warehouse/filling.py": ({"NotSupported"}, _ASKED),
    "writing/line_items.py": ({"AccessDenied", "NotSupported"}, _DENIED),
    "writing/many.py": ({"NotSupported"}, _UNSENT),
    "writing/owners.py": ({"AccessDenied"}, _DENIED),
    "writing/preview.py": ({"NotSupported"}, _UNSENT),
    "writing/upsert.py": ({"DuplicateRecord"}, "a refusal by its code: somebody else was faster"),
}


def looked_at(tree: ast.AST) -> Iterator[str]:
    """Names of the library's errors in `except`, `isinstance`, `suppress` and `case`."""
    for node in ast.walk(tree):
        match node:
            case ast.ExceptHandler(type=ast.expr() as caught):
                places: list[ast.expr] = [caught]
            case ast.Call(func=ast.Name("isinstance"), args=[_, classes]):
                places = [classes]
            case ast.Call(func=ast.Name("suppress"), args=args):
                places = args
            case ast.MatchClass(cls=cls):
                places = [cls]
            case ast.Assign(value=ast.Tuple() as value) | ast.AnnAssign(value=ast.Tuple() as value):
                places = [value]
            case _:
                continue
        for place in places:
            for name in ast.walk(place):
                found = name.id if isinstance(name, ast.Name) else getattr(name, "attr", "")
                if found in CLASSES:
                    yield found


def found() -> dict[str, set[str]]:
    return {
        str(file.relative_to(SOURCES)): names
        for file in sorted(SOURCES.rglob("*.py"))
        if not {"emulator", "testing"} & set(file.parts)
        and (names := set(looked_at(ast.parse(file.read_text()))))
    }


def test_every_place_has_its_reason() -> None:
    places = {file: names for file, names in found().items() if not file.startswith(JUDGES)}
    assert places == {file: names for file, (names, _) in ALLOWED.items()}
