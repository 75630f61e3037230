"""vtiger-orm pull: describe a live CRM into a snapshot folder."""

from __future__ import annotations

from pathlib import Path

import click

from ...live.options import connecting
from .._work import Given, do_work


@click.command(short_help="Describe a live CRM into a snapshot folder.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
@click.option("--include", multiple=True, metavar="GLOB", help="Modules to take; repeatable.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Modules to leave out; repeatable.")
@click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="OLD=NEW",
    help="What was OLD is called NEW now: Contacts.cf_1=cf_2; repeatable.",
)
@click.option(
    "--allow-loss",
    is_flag=True,
    help="Write it although modules or fields are missing that the snapshot has.",
)
@connecting
def pull(**given: Given) -> int:
    """Ask the CRM to describe every module, and write the answers as sorted JSON.

    User name and access key come from VTIGER_USERNAME and VTIGER_ACCESS_KEY, or are asked for.
    Nothing is written to the CRM. The snapshot holds no secrets, no address and no dates: commit
    it. The folder's snapshot is replaced as a whole, so modules that are left out are gone.

    What changed since is told and graded. A pull that would lose modules or fields because its
    user may see less than the one before writes nothing, unless --allow-loss is given or
    somebody at a terminal agrees.
    """
    return do_work(__name__, given)
