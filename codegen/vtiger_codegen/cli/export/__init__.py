"""vtiger-orm export: modules as Parquet, CSV, JSON lines or Arrow files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from ...live.options import connecting
from .._offered import modules_offered
from .._work import Given, do_work

FORMATS: Final = ("parquet", "csv", "jsonl", "arrow")
NAMINGS: Final = ("attribute", "wire", "label")


@click.command(short_help="Modules as Parquet, CSV, JSON lines or Arrow files; resumable.")
@click.argument("modules", nargs=-1, required=True, shell_complete=modules_offered)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder for the files, one a module.  [.]",
)
@click.option("--format", "style", type=click.Choice(FORMATS), default="parquet", show_default=True)
@click.option(
    "--where",
    "-w",
    multiple=True,
    metavar="FIELD__LOOKUP=VALUE",
    help="Condition, as in query; repeatable, all must hold.",
)
@click.option(
    "--exclude",
    "-x",
    multiple=True,
    metavar="FIELD__LOOKUP=VALUE",
    help="Condition that must not hold; repeatable.",
)
@click.option("--fields", "-f", multiple=True, metavar="A,B", help="Fields to write.  [all]")
@click.option(
    "--names",
    type=click.Choice(NAMINGS),
    default="attribute",
    show_default=True,
    help="What columns are called.",
)
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
@click.option("--json", "as_json", is_flag=True, help="An array, the files, for machines.")
@connecting
def export(**given: Given) -> int:
    """Every record of MODULES, or those of the conditions, a file each.

    \b
    vtiger-orm export Contacts Accounts --to out/
    vtiger-orm export Potentials -w amount__gte=1000 --format csv --names label

    A file appears when it is complete. Broken off, the same command goes on where it was.
    """
    return do_work(__name__, given)
