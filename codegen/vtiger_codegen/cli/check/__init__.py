"""vtiger-orm check: do code, names.lock and snapshot belong together?"""

from __future__ import annotations

from pathlib import Path

import click

from ...live.options import connecting
from .._work import Given, do_work


@click.command(short_help="Do code, names.lock and snapshot belong together?")
@click.option("--schema", type=click.Path(path_type=Path), help="Folder of the snapshot.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the package.")
@click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder whose templates replace shipped ones of the same name.",
)
@click.option("--diff", "show_diff", is_flag=True, help="Show what would change, as a diff.")
@click.option("--json", "as_json", is_flag=True, help="An object, for machines.")
@click.option("--live", is_flag=True, help="Also compare the snapshot with the CRM.")
@connecting
def check(**given: Given) -> int:
    """Compare the package with what `vtiger-orm generate --locked` would print now.

    Writes nothing and asks no CRM, so it fits a pre-commit hook or CI. Exits with 0 when code,
    names.lock and snapshot agree, with 1 and a list when not, and with 3 when it could not tell.
    Own code is read as well: it may hide no field, use none that is gone, and import no model of
    the package that imports it.

    With --live the snapshot is compared with the CRM as well, for a job that runs now and then:
    exits with 2 when the CRM has changed in a way that breaks code. User name and access key
    come from VTIGER_USERNAME and VTIGER_ACCESS_KEY.
    """
    return do_work(__name__, given)
