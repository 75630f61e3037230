"""vtiger-orm import: rows of a file into a module, found by a key."""

from __future__ import annotations

from pathlib import Path

import click

from ...live.options import connecting
from .._work import Given, do_work


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
@click.option("--json", "as_json", is_flag=True, help="An object, how many rows, for machines.")
@connecting
def import_(**given: Given) -> int:
    """Bring the rows of FILE into the CRM: records that are as the row says are left alone, others
    changed, missing ones made.

    \b
    vtiger-orm import people.csv --module Contacts --key email --report people.report
    vtiger-orm import deals.jsonl --module Potentials --key cf_external -m Deal=potentialname

    Columns are fields by attribute, wire name or label; an empty cell is blank. Rows that are
    wrong are told by their line, the others go on, and the exit code is 1. The same file again
    writes nothing.
    """
    return do_work(__name__, given)
