"""vtiger-orm diff: what changed between two snapshots, and what it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from ...live.options import connecting
from .._work import Given, do_work

FORMATS: Final = ("text", "json", "markdown")


@click.command(short_help="What changed between two snapshots, and what it breaks.")
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--live", is_flag=True, help="NEW is the CRM as it is now.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the project's snapshot.  [vtiger-schema]",
)
@click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="OLD=NEW",
    help="What is OLD in the former snapshot is NEW now: Contacts.cf_1=cf_2; repeatable.",
)
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--usage",
    "sources",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="SRC",
    help="Show the lines of this application that use what changed; repeatable.",
)
@click.option(
    "--only-used",
    is_flag=True,
    help="With --usage: what the application does not use breaks nothing.",
)
@connecting
def diff(**given: Given) -> int:
    """Compare two snapshots and grade every change: safe, caution or breaking.

    OLD and NEW are snapshot folders, or git:REVISION for the project's snapshot at that time.
    Without NEW it is the project's snapshot; without OLD as well, that is compared with
    git:HEAD. With --live the CRM is compared with OLD, or with the project's snapshot.

    \b
    vtiger-orm diff                        what is not committed yet
    vtiger-orm diff git:main               what this branch changes
    vtiger-orm diff --live                 what the CRM has changed since the last pull
    vtiger-orm diff git:main --format markdown --usage src --usage tests --only-used

    Exits with 0 when nothing changed, 1 when nothing that changed breaks code, 2 when something
    does, and 3 when it could not tell.
    """
    return do_work(__name__, given)
