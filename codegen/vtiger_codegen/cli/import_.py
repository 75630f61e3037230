"""vtiger-orm import: rows of a file into a module, found by a key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vtiger_orm.errors import InvalidLookup
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.writing.report import Status

from ..config import load_config
from ..live.credentials import DIALECTS, connecting, open_session
from ..live.models import model_of
from ..naming.lock import FILE_NAME, load_lock
from ..text.terminal import counted, say
from .query.selection import meta_of

if TYPE_CHECKING:
    from vtiger_orm.importing import Imported, ImportedRow


@click.command("import", short_help="Rows of CSV, JSON lines or Parquet into a module, by a key.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--module", required=True, help="Module that the rows are records of.")
@click.option(
    "--key",
    "-k",
    multiple=True,
    required=True,
    metavar="FIELD",
    help="Field by which a row's record is found; several together with more than one.",
)
@click.option(
    "--map",
    "-m",
    "said",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="A column under another name than its field's; COLUMN= leaves it out.",
)
@click.option("--dry-run", is_flag=True, help="Look and check, and write nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that tells what became of each row; an import that was broken off goes on by it.",
)
@click.option("--encoding", help="Of the file.  [UTF-8, or UTF-16 with a byte order mark]")
@click.option(
    "--separator", help="Between the cells of a CSV file.  [the one of , ; tab that it has]"
)
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
@click.option("--url", help="Address of the CRM.  [VTIGER_URL]")
@click.option("--dialect", type=click.Choice(DIALECTS), help="How the CRM is talked to.")
@connecting
@click.pass_context
def import_(
    ctx: click.Context,
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
) -> None:
    """Bring the rows of FILE into the CRM: records that are as the row says are left alone, others
    changed, missing ones made.

    \b
    vtiger-orm import people.csv --module Contacts --key email --report people.report
    vtiger-orm import deals.jsonl --module Potentials --key cf_external -m Deal=potentialname

    Columns are fields by attribute, wire name or label; an empty cell is blank. Rows that are
    wrong are told by their line, the others go on, and the exit code is 1. The same file again
    writes nothing.
    """
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
    _tell(done, dry_run)
    ctx.exit(0 if done.ok else 1)


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


def _tell(done: Imported, dry_run: bool) -> None:
    counts = done.counts
    if dry_run:
        changed = done.pending - done.created
        told = [(done.created, "would be created"), (changed, "would be changed")]
    else:
        told = [(done.created, "created"), (counts[Status.DONE] - done.created, "changed")]
    told += [(counts[Status.UNCHANGED], "unchanged"), (len(done.failed), "not written")]
    told += [(done.adjusted, "stored otherwise than sent"), (done.resumed, "done before")]
    say(", ".join(f"{number} {what}" for number, what in told if number) + ".")
