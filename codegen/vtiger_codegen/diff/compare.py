"""Two snapshots to a `Diff`: what changed, how much it matters, what may have been renamed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vtiger_orm.metadata.snapshot import Snapshot

from ..naming.lock import NamesLock
from .differences import Action, Difference, OutlineNode, Path, at, differences, outline
from .evidence import Candidate, candidates
from .grading import Grade, Judge
from .renames import Rename, applicable, parse_renames, relabelled, spelled


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of an application."""

    file: str
    line: int
    text: str
    sure: bool = True
    """Whether the line uses the thing; else something of the same name."""


@dataclass(frozen=True, slots=True)
class JudgedDifference:
    """One difference between two snapshots, judged."""

    path: Path
    """Of the thing or fact, with today's names; see `differences`."""
    action: Action
    before: Any
    after: Any
    grade: Grade
    reason: str
    said: str = ""
    """What the CRM gave as a reason."""
    label: str = ""
    """What the CRM shows for the module or field that it is about."""
    uses: tuple[Spot, ...] | None = None
    """Where an application uses it; None where nobody has looked, or nobody can."""


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything in which two snapshots differ, in the order of the paths."""

    changes: tuple[JudgedDifference, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    """Pairs of what is gone and what is new that may be one thing. They are among the changes
    as well: nothing is paired unless somebody says so."""
    renames: tuple[Rename, ...] = ()
    """What was paired, the outer things first."""

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def grade(self) -> Grade | None:
        """The grade of the change that matters most; None when nothing changed."""
        order = list(Grade)
        return max((each.grade for each in self.changes), key=order.index, default=None)

    @property
    def counts(self) -> dict[Grade, int]:
        """How many changes there are of each grade, what matters most first."""
        found = Counter(each.grade for each in self.changes)
        return {grade: found[grade] for grade in reversed(Grade) if found[grade]}


def compare(before: Snapshot, now: Snapshot, renames: Iterable[Rename] = ()) -> Diff:
    """How `now` differs from `before`; `renames` pair things that have other names now, of two
    for one thing the last one."""
    latest = {each.path: each for each in renames}
    renames = sorted(latest.values(), key=lambda each: len(each.path))
    today = outline(now)
    former = relabelled(outline(before), renames)
    found = [_renamed(each) for each in renames if each.name is not None]
    found += differences(former, today)
    judge = Judge(now)
    changes = [
        JudgedDifference(*each, *judge.verdict(each), label=_label(each.path, former, today))
        for each in sorted(found, key=lambda each: each.path)
    ]
    refused = {each.path for each in renames if each.name is None}
    guessed = (each for each in candidates(found, former, today))
    return Diff(
        tuple(changes),
        tuple(each for each in guessed if each.rename.path not in refused),
        tuple(each for each in renames if each.name is not None),
    )


def without_unused(diff: Diff) -> Diff:
    """The diff for an application in which was looked for uses: what it does not use breaks
    nothing."""
    changes = (
        (
            replace(each, grade=Grade.SAFE, reason="this application does not use it", said="")
            if each.uses == ()
            else each
        )
        for each in diff.changes
    )
    return replace(diff, changes=tuple(changes))


def remembered_renames(before: Snapshot, now: Snapshot, lock: NamesLock) -> list[Rename]:
    """The renames between two snapshots that names.lock remembers."""
    return applicable(lock.renamed, outline(before), outline(now))


def told_renames(
    before: Snapshot, now: Snapshot, remembered: Iterable[Rename], told: Sequence[str]
) -> list[Rename]:
    """Those that were told as ``OLD=NEW``, with today's name of whatever OLD lies in; what is told
    again counts more than what is remembered of it.

    Raises `ConfigError` for what does not fit the snapshots.
    """
    remembered = [
        each
        for each in remembered
        if not any(text.strip().startswith(f"{spelled(each.path)}=") for text in told)
    ]
    return parse_renames(told, relabelled(outline(before), remembered), outline(now))


def _renamed(rename: Rename) -> Difference:
    return Difference(rename.place, Action.RENAMED, rename.path[-1], rename.name)


def _label(path: Path, former: OutlineNode, today: OutlineNode) -> str:
    match path:
        case ("module", module, "field", field, *_):
            place: Path = ("module", module, "field", field, "label")
        case ("module", module) | ("module", module, "module", _):
            place = ("module", module, "module", "label")
        case _:
            return ""
    found = at(today, place) or at(former, place)
    return found if isinstance(found, str) else ""
