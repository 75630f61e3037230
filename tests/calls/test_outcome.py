"""Who decides by what became of a call reads the value, never the class of the error."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

import vtiger_orm
from vtiger_orm.calls.operations import Create, Me, Revise
from vtiger_orm.calls.outcome import (
    Again,
    Fate,
    Outcome,
    may_repeat,
    outcome_of,
    tells_nothing,
)
from vtiger_orm.errors import ConnectionFailed, NotSupported, ServerError, VtigerError

SOURCES: Final = Path(vtiger_orm.__file__).parent

JUDGED: Final = {
    *("TransportError", "ConnectionFailed", "Timeout"),
    *("ServerError", "RateLimited", "LimitReached", "SessionExpired", "AuthError"),
}
"""Classes that say by themselves what became of the call; their `outcome` says it better."""

READERS: Final = sorted(
    str(file.relative_to(SOURCES))
    for room in ("calls", "feed", "writing", "session")
    for file in (SOURCES / room).glob("*.py")
    if (room != "session" or file.stem == "retry")
    and {"outcome_of", "may_repeat"} & set(re.findall(r"\w+", file.read_text()))
)
"""`session` and `dialects` judge; of these only what repeats calls is a reader."""


def test_the_readers_are_found() -> None:
    assert {
        "calls/support.py",
        "writing/create_once.py",
        "writing/bulk.py",
        "writing/damage.py",
    } <= set(READERS)


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


@pytest.mark.parametrize("fate", Fate)
@pytest.mark.parametrize("again", Again)
def test_what_is_wrong_with_the_session_says_nothing_of_what_was_asked(
    fate: Fate, again: Again
) -> None:
    error = VtigerError("a question that failed")
    error.outcome = Outcome(fate, again)
    session = again in (Again.LIMIT, Again.LOGIN, Again.KEY, Again.SETUP)
    unsent = fate is Fate.NEVER_LEFT and again in (Again.YES, Again.ONCE)
    assert tells_nothing(error) is (session or unsent or fate is Fate.UNDER_WAY)


def test_doubt_stays() -> None:
    doubt = Outcome(Fate.UNKNOWN, Again.YES)
    assert Outcome(Fate.REFUSED).after(doubt).fate is Fate.UNKNOWN
    assert Outcome(Fate.REFUSED).after(None).fate is Fate.REFUSED
    assert Outcome(Fate.UNDER_WAY).after(doubt).fate is Fate.UNDER_WAY


def test_only_writes_whose_doubt_would_do_it_twice_are_not_repeated() -> None:
    reading, create, revise = Me(), Create("Contacts", {}), Revise("12x1", {})
    for fate in Fate:
        assert may_repeat(reading, Outcome(fate))
        assert may_repeat(revise, Outcome(fate))
        assert may_repeat(create, Outcome(fate)) is Outcome(fate).undone
        for call in (reading, create, revise):
            assert not may_repeat(call, Outcome(fate, repeatable=False))


def test_how_long_the_server_may_be_at_work_is_the_latest_of_all_attempts() -> None:
    sooner, later = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=UTC)
    first, second = (Outcome(Fate.UNDER_WAY, until=each) for each in (later, sooner))
    assert second.after(first).until == first.after(second).until == later
    assert Outcome(Fate.REFUSED).after(second).until == sooner
    assert Outcome(Fate.UNDER_WAY, until=sooner).after(
        Outcome(Fate.REFUSED, until=later)
    ).until == (sooner)
