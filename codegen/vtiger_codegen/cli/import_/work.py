"""vtiger-orm import: rows of a file into a module, found by a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vtiger_orm.errors import InvalidLookup
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.writing.report import Status

from ...config import load_config
from ...live.credentials import open_session
from ...live.models import model_of
from ...naming.lock import FILE_NAME, load_lock
from ...text.terminal import counted, say
from ..query.selection import meta_of

if TYPE_CHECKING:
    from vtiger_orm.importing import Imported, ImportedRow


def import_(
    file: Path,
    module: str,
    key: tuple[str, ...],
    said: tuple[str, ...],
    dry_run: bool,
    report: Path | None,
    encoding: str | None,
    separator: str | None,
    schema: Path | None,
    url: str | None,
    dialect: str | None,
    as_json: bool,
) -> int:
    """What the verb does, as its help tells; the exit code."""
    from vtiger_orm.importing import import_file

    config = load_config()
    folder = schema or config.schema_folder
    snapshot, lock = Snapshot.load(folder), load_lock(folder / FILE_NAME)
    meta_of(snapshot, lock, module)
    columns = dict(map(_said, said))
    with (
        model_of(snapshot, lock, config.options(), module) as (model, package),
        open_session(
            url, dialect, config, package=package, read_only=False, dry_run=dry_run
        ) as session,
    ):
        done = import_file(
            file,
            model.objects.using(session),
            key,
            columns=columns,
            report=None if dry_run else report,
            encoding=encoding,
            separator=separator,
            told=_tell_row,
            waiting=_tell_wait,
        )
    _tell(done, dry_run, as_json)
    return 0 if done.ok else 1


def _said(text: str) -> tuple[str, str]:
    column, separator, field = text.rpartition("=")
    if not separator:
        raise InvalidLookup(f"--map {text!r}: write COLUMN=FIELD, or COLUMN= to leave it out.")
    return column, field.strip()


def _tell_row(row: ImportedRow) -> None:
    say(f"line {row.line}: {row.status}: {row.error}", err=True, fg="red")


def _tell_wait(seconds: float, rows: int) -> None:
    say(
        f"{counted(rows, 'row')} were under way when the last run ended: the CRM may be at work on "
        f"them for another {seconds:.0f} s, after which they are looked for. Waiting.",
        err=True,
        fg="yellow",
    )


def _tell(done: Imported, dry_run: bool, as_json: bool) -> None:
    counts = done.counts
    if dry_run:
        changed = done.pending - done.created
        told = [(done.created, "would be created"), (changed, "would be changed")]
    else:
        told = [(done.created, "created"), (counts[Status.DONE] - done.created, "changed")]
    told += [(counts[Status.UNCHANGED], "unchanged"), (len(done.failed), "not written")]
    told += [(done.adjusted, "stored otherwise than sent"), (done.resumed, "done before")]
    if as_json:
        click.echo(json.dumps({what: number for number, what in told}, indent=1))
        return
    words = [f"{number} {what}" for number, what in told if number]
    say(f"{', '.join(words) or 'The file has no rows'}.")
