"""What one look at the set-up found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"
    """It works; somebody should know."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, what was found, and the cure where one is needed."""

    check: str
    level: Level
    found: str
    cure: str = ""


def ok(check: str, found: str) -> Finding:
    return Finding(check, Level.OK, found)


def note(check: str, found: str, cure: str) -> Finding:
    return Finding(check, Level.NOTE, found, cure)


def problem(check: str, found: str, cure: str) -> Finding:
    return Finding(check, Level.PROBLEM, found, cure)
