"""vtiger-orm migrate: rewrite an application to the names that the package has now."""

from __future__ import annotations

from pathlib import Path

import click

from .._work import Given, do_work


@click.command(short_help="Rewrite an application to the names that the package has now.")
@click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SRC..."
)
@click.option(
    "--since",
    default="HEAD",
    show_default=True,
    metavar="REVISION",
    help="When the application was written: its snapshot and names.lock tell the former names.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--force", is_flag=True, help="Also rewrite files that are not committed.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the project's snapshot.  [vtiger-schema]",
)
def migrate(**given: Given) -> int:
    """Rewrite attributes, keywords, names in strings, enum members, classes and imports in the
    Python files at or below SRC and in own code, after something was renamed in the CRM or in
    names.lock.

    The former names are those of the committed snapshot and names.lock, the new ones those of
    the working tree: run this after `pull`, `names set` or `generate`, and commit all of it
    together. Only what surely means the package is rewritten; formatting and comments stay.
    The rest is listed for you, and makes this exit with 1. Run it twice: the second time changes
    nothing.
    """
    return do_work(__name__, given)
