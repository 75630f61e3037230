"""vtiger-orm query: ask the CRM from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from ...live.options import connecting
from .._offered import modules_offered
from .._work import Given, do_work

FORMATS: Final = ("table", "json", "csv", "parquet", "arrow")


@click.command(short_help="Ask the CRM: conditions, order, groups; as table, JSON, CSV or Parquet.")
@click.argument("module", shell_complete=modules_offered)
@click.option(
    "--where",
    "-w",
    multiple=True,
    metavar="FIELD__LOOKUP=VALUE",
    help="Condition; repeatable, all must hold. Lists and ranges: a,b,c; a comma within: a\\,b.",
)
@click.option(
    "--exclude",
    "-x",
    multiple=True,
    metavar="FIELD__LOOKUP=VALUE",
    help="Condition that must not hold; repeatable.",
)
@click.option("--order", "-o", multiple=True, metavar="FIELD", help="Order; -FIELD for descending.")
@click.option("--fields", "-f", multiple=True, metavar="A,B", help="Fields to show.")
@click.option(
    "--limit", "-n", type=click.IntRange(min=0), default=20, show_default=True, help="0: all."
)
@click.option("--format", "style", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--group-by", "-g", "by", multiple=True, metavar="A,B", help="A row for each group.")
@click.option("--sum", "sums", multiple=True, metavar="A,B", help="Fields to add up, by group.")
@click.option("--count", is_flag=True, help="Only tell how many records there are.")
@click.option("--explain", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
@connecting
def query(**given: Given) -> int:
    """Records of MODULE, with the same conditions as in Python.

    \b
    vtiger-orm query Contacts -w lastname__startswith=Sm -o -modifiedtime
    vtiger-orm query Contacts -w leadsource__in="Cold Call,Web Site" -x email= --count
    vtiger-orm query Potentials -w amount__gte=1000 -f potentialname,amount --format csv -n 0
    vtiger-orm query Potentials -g sales_stage,closingdate__year --sum amount -o -amount__sum
    vtiger-orm query Contacts -n 0 --format parquet > contacts.parquet

    An empty value means blank. Needs the snapshot that `pull` wrote, no generated code; field
    names are those of names.lock where there is one.
    """
    return do_work(__name__, given)
