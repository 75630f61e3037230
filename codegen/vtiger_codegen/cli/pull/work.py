"""vtiger-orm pull: describe a live CRM into a snapshot folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from vtiger_orm.errors import SnapshotError
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.metadata.snapshot import Snapshot

from ...config import load_config
from ...diff.compare import Diff
from ...diff.reports import as_text
from ...generate import check_patterns
from ...live.credentials import open_session
from ...live.dependencies import with_dependencies
from ...live.losses import Losses, losses
from ...live.proofs import with_former_proofs
from ...live.pull import pull_snapshot, warn_about_types
from ...naming.lock import FILE_NAME, NamesLock
from ...naming.renamed import with_renames
from ...text.terminal import ask, at_terminal, counted, say
from .._comparing import compare_asking, save_answers

_LINES: Final = 40
"""Changes that are told before the rest is left to `diff`."""

_REPAIRS: Final = 3
"""Odd facts of one module that are told."""

_MEANINGS: Final = {
    Flaw.UNSAYABLE: "the name cannot be written in a query; refresh() reads the field",
    Flaw.DENIED: "described, but refused in queries; refresh() reads the field",
    Flaw.ABSENT: "filters and sorts, but is in no answer; refresh() reads the field",
    Flaw.UNSORTABLE: "the CRM cannot sort by it",
    Flaw.MULTIPLIES: "belongs to line items or guests, of which a record has several",
}


def pull(
    url: str | None,
    dialect: str | None,
    schema: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    renames: tuple[str, ...],
    allow_loss: bool,
) -> None:
    """What the verb does, as its help tells."""
    told = pull_schema(url, dialect, schema, include, exclude, renames, allow_loss)
    say(f"{told} Next: vtiger-orm generate", fg="green")


def pull_schema(
    url: str | None = None,
    dialect: str | None = None,
    schema: Path | None = None,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    renames: tuple[str, ...] = (),
    allow_loss: bool = False,
) -> str:
    """The snapshot written anew, and what was found told; what was done, in one line."""
    config = load_config()
    folder = schema or config.schema_folder
    chosen = {"include": include or config.include, "exclude": exclude or config.exclude}
    former = _former(folder)
    with open_session(url, dialect, config) as session, session.count_calls() as calls:
        snapshot = pull_snapshot(session, console=Console(stderr=True), **chosen)
        snapshot = with_dependencies(session, snapshot, config.modules)
        identity = session.identify()
    seen = [snapshot] if former is None else [snapshot, former]
    check_patterns(chosen["include"], chosen["exclude"], *seen)
    diff, lock = None, NamesLock()
    if former is not None:
        snapshot = with_former_proofs(former, snapshot)
        diff, answered = compare_asking(former, snapshot, folder / FILE_NAME, renames)
        lock = with_renames(answered, snapshot.modules)
        lost = losses(diff, snapshot, identity, **chosen)
        if lost and not allow_loss:
            _confirm(lost, folder)
        save_answers(folder / FILE_NAME, lock)
    snapshot.save(folder)
    warn_about_types(snapshot)
    _tell_findings(snapshot)
    number = counted(len(snapshot.modules), "module")
    if diff is not None:
        _tell_changes(diff, lock)
    return f"{folder}: {number} in {counted(calls.count, 'call')}."


def _former(folder: Path) -> Snapshot | None:
    """The snapshot that is there; a damaged one is told and replaced."""
    if not (folder / "instance.json").exists():
        return None
    try:
        return Snapshot.load(folder)
    except SnapshotError as error:
        say(f"What changed cannot be told: {error}", err=True, fg="yellow")
        return None


def _confirm(lost: Losses, folder: Path) -> None:
    told = f"This pull would lose what the snapshot in {folder} has: {lost}"
    if not at_terminal():
        raise SnapshotError(
            f"{told} Nothing was written. Pull as the user who pulled before, or give --allow-loss."
        )
    say(told, err=True, fg="yellow")
    if not ask("Write it all the same?"):
        raise click.Abort


def _tell_findings(snapshot: Snapshot) -> None:
    for name, reason in sorted(snapshot.instance.skipped.items()):
        say(f"  skipped   {name}: {reason}")
    for line in _repairs(snapshot):
        say(f"  repaired  {line}")
    for line in _flaws(snapshot):
        say(f"  flawed    {line}")
    for flaw in sorted({flaw for module in snapshot for flaw in module.flaws.values()}):
        say(f"            {flaw.value}: {_MEANINGS[flaw]}")


def _tell_changes(diff: Diff, lock: NamesLock) -> None:
    lines = as_text(diff, lock).split("\n")
    for line in lines[:_LINES]:
        say(f"  {line}")
    if len(lines) > _LINES:
        say(f"  ... and {len(lines) - _LINES} lines more: vtiger-orm diff shows all of them.")


def _repairs(snapshot: Snapshot) -> list[str]:
    """What was odd in the answers, of many only how much."""
    lines = [f"list of modules: {each}" for each in snapshot.instance.repairs]
    for module in snapshot:
        name, repairs = module.describe.name, module.repairs
        lines += [f"{name}: {each}" for each in repairs[:_REPAIRS]]
        if len(repairs) > _REPAIRS:
            lines.append(f"{name}: ... and {len(repairs) - _REPAIRS} more, listed in its file")
    return lines


def _flaws(snapshot: Snapshot) -> list[str]:
    """How many fields a query cannot use like the others, by module."""
    lines = []
    for module in snapshot:
        counts = Counter(flaw.value for flaw in module.flaws.values())
        if counts:
            told = ", ".join(f"{number} {flaw}" for flaw, number in sorted(counts.items()))
            lines.append(f"{module.describe.name}: {told}")
    return lines
