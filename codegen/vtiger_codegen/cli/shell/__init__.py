"""vtiger-orm shell: Python with your models imported and a session open."""

from __future__ import annotations

from pathlib import Path

import click

from ...live.options import connecting
from .._demo import demo_option
from .._work import Given, do_work


@click.command(short_help="Python with your models imported and a session open.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the package.  [generated/crm]",
)
@click.option("--write", is_flag=True, help="Let this session write; without it, it only reads.")
@demo_option
@click.option("--command", "-c", help="Run these lines instead of asking for some.")
@connecting
def shell(**given: Given) -> int:
    """IPython where it is installed, else Python, with every model, Q and the session `crm`.

    \b
    >>> Contacts.objects.filter(lastname__startswith="S").explain()

    Nothing is sent before the first query. IPython completes fields and lookups after
    `filter(`, and relations after `record.related.`
    """
    return do_work(__name__, given)
