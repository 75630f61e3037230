"""vtiger-orm diff: what changed between two snapshots, and what it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from vtiger_orm.dialects.base import Identity
from vtiger_orm.metadata.snapshot import Snapshot

from ...config import Config, load_config
from ...diff.compare import Diff, without_unused
from ...diff.grading import exit_code
from ...diff.reports import as_json, as_markdown, as_text
from ...naming.lock import FILE_NAME, NamesLock, load_lock
from ...naming.renamed import with_renames
from ...revisions import lock_at, snapshot_at
from ...text.terminal import escaped_lines
from .._comparing import compare_asking, save_answers, warn_of_losses

_GIT: Final = "git:"


def diff(
    old: str | None,
    new: str | None,
    live: bool,
    url: str | None,
    dialect: str | None,
    schema: Path | None,
    renames: tuple[str, ...],
    style: str,
    sources: tuple[Path, ...],
    only_used: bool,
) -> int:
    """What the verb does, as its help tells; the exit code."""
    if only_used and not sources:
        raise click.UsageError("--only-used needs to know the application: give --usage SRC.")
    if live and new is not None:
        raise click.UsageError("With --live the CRM is NEW: give at most OLD.")
    config = load_config()
    folder = schema or config.schema_folder
    old = f"{_GIT}HEAD" if old is None and not live else old
    before = _snapshot(old, folder)
    now, identity = _live(before, config, url, dialect) if live else (_snapshot(new, folder), None)
    found, answered = compare_asking(before, now, folder / FILE_NAME, renames)
    lock = with_renames(answered, now.modules)
    if identity is not None:
        warn_of_losses(found, now, identity, config)
    if new is None:
        # What is live is not pulled yet: things keep their names, and the answers are known.
        save_answers(folder / FILE_NAME, answered if live else lock)
    if sources:
        found = _used(found, before, _lock(old, lock, folder), config, sources)
        found = without_unused(found) if only_used else found
    match style:
        case "json":
            click.echo(as_json(found), nl=False)
        case "markdown":
            click.echo(as_markdown(found, lock), nl=False)
        case _:
            click.echo(escaped_lines(as_text(found, lock)))
    return exit_code(found.grade)


def _snapshot(given: str | None, folder: Path) -> Snapshot:
    """A snapshot as the command line names it; the project's when it names none."""
    if given is None:
        return Snapshot.load(folder)
    if given.startswith(_GIT):
        return snapshot_at(given.removeprefix(_GIT), folder)
    return Snapshot.load(given)


def _lock(old: str | None, lock: NamesLock, folder: Path) -> NamesLock:
    """The names that the application was written with."""
    if old is not None and old.startswith(_GIT):
        return lock_at(old.removeprefix(_GIT), folder)
    own = Path(old or folder) / FILE_NAME
    return load_lock(own) if own.exists() else lock


def _used(
    found: Diff, before: Snapshot, lock: NamesLock, config: Config, sources: tuple[Path, ...]
) -> Diff:
    from ...application.impact import with_uses
    from ...application.own_code import own_files, with_steps
    from ...application.sources import python_files
    from ...application.vocabulary import former_vocabulary

    options = config.options()
    own = own_files(config.output, options.own)
    words = with_steps(former_vocabulary(before, lock, options, config.output), own)
    return with_uses(found, words, python_files([*sources, *own]))


def _live(
    before: Snapshot, config: Config, url: str | None, dialect: str | None
) -> tuple[Snapshot, Identity]:
    from ...live.pull import pull_again

    return pull_again(before, config, url, dialect)
