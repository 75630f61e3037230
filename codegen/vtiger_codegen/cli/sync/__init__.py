"""vtiger-orm sync: keep modules as tables of a database, up to date."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from ...live.options import connecting
from .._offered import modules_offered
from .._work import Given, do_work
from ..export import NAMINGS

_EVERY: Final = re.compile(r"every=([0-9]{1,6})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


class Interval(click.ParamType[timedelta]):
    """``always``, or ``every=`` a number of minutes, hours or days."""

    name = "interval"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if value == "always":
            return timedelta(0)
        match = _EVERY.fullmatch(str(value))
        if match is None:
            self.fail("write always, or every= and a time: every=1d, every=12h, every=30m.")
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.command(short_help="Modules as tables of a database, brought up to date by what changed.")
@click.argument("modules", nargs=-1, shell_complete=modules_offered)
@click.option(
    "--to",
    "database",
    required=True,
    envvar="VTIGER_WAREHOUSE",
    metavar="URL",
    help="Address of the database, as SQLAlchemy reads it.  [VTIGER_WAREHOUSE]",
)
@click.option(
    "--sweep",
    type=Interval(),
    default="every=1d",
    show_default=True,
    metavar="always|every=1d",
    help="How often ids are compared, for deletions that the CRM does not tell.",
)
@click.option(
    "--names",
    type=click.Choice(NAMINGS),
    default="attribute",
    show_default=True,
    help="What new columns are called.",
)
@click.option(
    "--unreadable",
    type=click.Choice(["raise", "null"]),
    default="raise",
    show_default=True,
    help="What becomes of a value that its field's type does not allow.",
)
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
@click.option("--json", "as_json", is_flag=True, help="An array of modules, for machines.")
@connecting
def sync(**given: Given) -> int:
    """Bring a table for each of MODULES, or of all, to what the CRM has.

    \b
    vtiger-orm sync --to sqlite:///crm.db
    vtiger-orm sync --to postgresql+psycopg://me@db/crm Contacts Accounts --sweep always

    The first run loads every record, the next ones read what changed; broken off, each goes on
    where it was. Tables follow the snapshot: run pull before, so that new fields and modules
    come along. What is gone from the CRM keeps its column or table. Exits with 1 if a module
    could not be brought up to date; the others were.
    """
    return do_work(__name__, given)
