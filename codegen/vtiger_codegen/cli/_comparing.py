"""Comparing snapshots for somebody: what looks renamed is asked once, what looks hidden is told.

names.lock keeps the answers.
"""

from __future__ import annotations

from pathlib import Path

from vtiger_orm.dialects.base import Identity
from vtiger_orm.metadata.snapshot import Snapshot

from ..config import Config
from ..diff.compare import Diff, compare, remembered_renames, told_renames
from ..diff.evidence import Candidate
from ..diff.renames import Rename, kept, spelled
from ..diff.reports import evidence
from ..live.losses import losses
from ..naming.lock import NamesLock, load_lock, save_lock
from ..text.terminal import ask, at_terminal, say


def compare_asking(
    before: Snapshot, now: Snapshot, lock_file: Path, told: tuple[str, ...] = ()
) -> tuple[Diff, NamesLock]:
    """The diff with the renames that are known, told, or confirmed at a terminal, and the lock
    that knows them, with the names that things had; to write that is for the caller."""
    lock = load_lock(lock_file)
    renames = remembered_renames(before, now, lock)
    given = told_renames(before, now, renames, told)
    renames += given
    lock = kept(lock, given)
    diff = compare(before, now, renames)
    while at_terminal() and diff.candidates:
        answers = [_answer(each) for each in _outermost(diff)]
        renames += answers
        lock = kept(lock, answers)
        diff = compare(before, now, renames)
    return diff, lock


def save_answers(lock_file: Path, lock: NamesLock) -> None:
    """Write the lock where it has something to say."""
    if lock != NamesLock():
        save_lock(lock_file, lock)


def warn_of_losses(diff: Diff, now: Snapshot, identity: Identity, config: Config) -> None:
    """Say that what is missing may only be hidden from this user."""
    lost = losses(diff, now, identity, include=config.include, exclude=config.exclude)
    if lost:
        say(f"Not seen: {lost}", err=True, fg="yellow")


def _outermost(diff: Diff) -> list[Candidate]:
    """What can be asked now: a module comes before its fields, a field before its values."""
    depth = min(len(each.rename.path) for each in diff.candidates)
    return [each for each in diff.candidates if len(each.rename.path) == depth]


def _answer(candidate: Candidate) -> Rename:
    rename = candidate.rename
    old = spelled(rename.path)
    if ask(f"Was {old} renamed to {rename.name}? There speaks for it: {evidence(candidate)}."):
        return rename
    return Rename(rename.path, None)
