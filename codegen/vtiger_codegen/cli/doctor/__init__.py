"""vtiger-orm doctor: what is wrong with this set-up, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from ...live.options import connecting
from .._work import Given, do_work


@click.command(short_help="What is wrong with this set-up, and what to do about it.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
@click.option("--json", "as_json", is_flag=True, help="An array of findings, for machines.")
@connecting
def doctor(**given: Given) -> int:
    """Look at address, TLS, login, clock, zone, formats, permissions, limits, text and versions.

    A few reading calls; nothing is written anywhere. Each finding comes with its cure. Exits with
    1 when something has to be mended, and with 0 when not.
    """
    return do_work(__name__, given)
