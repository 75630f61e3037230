"""Who decides by what became of a call reads the value, never the class of the error."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

import vtiger_orm
from vtiger_orm.calls.outcome import Again, Fate, Outcome, outcome_of
from vtiger_orm.errors import ConnectionFailed, NotSupported, ServerError, VtigerError

SOURCES: Final = Path(vtiger_orm.__file__).parent

JUDGED: Final = {
    *("TransportError", "ConnectionFailed", "Timeout"),
    *("ServerError", "RateLimited", "SessionExpired"),
}
"""Classes that say by themselves what became of the call; their `outcome` says it better."""

READERS: Final = sorted(
    str(file.relative_to(SOURCES))
    for room in ("writing", "session/retry.py")
    for file in ([SOURCES / room] if room.endswith(".py") else (SOURCES / room).glob("*.py"))
    if "outcome_of" in file.read_text() or "may_repeat" in file.read_text()
)


def test_the_readers_are_found() -> None:
    assert {"writing/leads.py", "writing/create_once.py", "writing/bulk.py"} <= set(READERS)


@pytest.mark.parametrize("file", READERS)
def test_no_reader_looks_at_classes(file: str) -> None:
    tree = ast.parse((SOURCES / file).read_text())
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & JUDGED == set()


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (NotSupported("before anything was sent"), Fate.NEVER_LEFT),
        (ConnectionFailed("half-way"), Fate.UNDER_WAY),
        (ServerError("a fatal error", operation="create"), Fate.UNKNOWN),
    ],
)
def test_an_error_tells_what_became_of_its_call(error: VtigerError, fate: Fate) -> None:
    assert outcome_of(error).fate is fate


def test_doubt_stays() -> None:
    doubt = Outcome(Fate.UNKNOWN, Again.YES)
    assert Outcome(Fate.REFUSED).after(doubt).fate is Fate.UNKNOWN
    assert Outcome(Fate.REFUSED).after(None).fate is Fate.REFUSED
    assert Outcome(Fate.UNDER_WAY).after(doubt).fate is Fate.UNDER_WAY
