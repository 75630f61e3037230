"""vtiger-orm init: set a project up, from the address of the CRM to the typed package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from ...live.options import connecting
from .._work import Given, do_work

WORKFLOW: Final = Path(".github/workflows/vtiger-schema.yml")


@click.command(short_help="Set a project up: settings, snapshot, package.")
@click.option("--schema", default="vtiger-schema", show_default=True, help="Where pull writes to.")
@click.option(
    "--output", default="generated/crm", show_default=True, help="Where generate writes to."
)
@click.option("--workflow", is_flag=True, help=f"Only write {WORKFLOW.as_posix()}.")
@connecting
def init(**given: Given) -> int:
    """Write [tool.vtiger-orm] into the pyproject.toml of this folder, then pull and generate.

    The address is asked for at a terminal; user name and access key come from VTIGER_USERNAME and
    VTIGER_ACCESS_KEY, or are asked for. They are written nowhere. If the CRM cannot be described,
    pyproject.toml is as it was before.

    With --workflow nothing else is done than to write a workflow file that pulls every night and
    opens a change with the graded differences.
    """
    return do_work(__name__, given)
