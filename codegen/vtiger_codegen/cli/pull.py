"""vtiger-orm pull: describe a live CRM into a snapshot folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from vtiger_orm.metadata.module import Flaw
from vtiger_orm.metadata.snapshot import Snapshot

from ..config import load_config
from ..live.credentials import DIALECTS, open_session
from ..live.pull import pull_into
from ..text.terminal import counted, say

_MEANINGS: Final = {
    Flaw.UNSAYABLE: "the name cannot be written in a query; refresh() reads the field",
    Flaw.DENIED: "described, but refused in queries; refresh() reads the field",
    Flaw.ABSENT: "filters and sorts, but is in no answer; refresh() reads the field",
    Flaw.UNSORTABLE: "the CRM cannot sort by it",
    Flaw.MULTIPLIES: "belongs to line items or guests, of which a record has several",
}


@click.command(short_help="Describe a live CRM into a snapshot folder.")
@click.option("--url", help="Address of the CRM.  [VTIGER_URL]")
@click.option("--dialect", type=click.Choice(DIALECTS), help="How the CRM is talked to.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
@click.option("--include", multiple=True, metavar="GLOB", help="Modules to take; repeatable.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Modules to leave out; repeatable.")
def pull(
    url: str | None,
    dialect: str | None,
    schema: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
) -> None:
    """Ask the CRM to describe every module, and write the answers as sorted JSON.

    User name and access key come from VTIGER_USERNAME and VTIGER_ACCESS_KEY, or are asked for.
    Nothing is written to the CRM. The snapshot holds no secrets, no address and no dates: commit
    it. The folder's snapshot is replaced as a whole, so modules that are left out are gone.
    """
    config = load_config()
    folder = schema or config.schema_folder
    console = Console(stderr=True)
    with open_session(url, dialect, config) as session, session.count_calls() as calls:
        snapshot = pull_into(
            folder,
            session,
            include=include or config.include,
            exclude=exclude or config.exclude,
            console=console,
        )
    for name, reason in sorted(snapshot.instance.skipped.items()):
        say(f"  skipped   {name}: {reason}")
    for line in _flaws(snapshot):
        say(f"  flawed    {line}")
    for flaw in sorted({flaw for module in snapshot for flaw in module.flaws.values()}):
        say(f"            {flaw.value}: {_MEANINGS[flaw]}")
    number = counted(len(snapshot.modules), "module")
    say(f"{folder}: {number} in {calls.count} calls.", fg="green")
    say("Next: vtiger-orm generate")


def _flaws(snapshot: Snapshot) -> list[str]:
    """How many fields a query cannot use like the others, by module."""
    lines = []
    for module in snapshot:
        counts = Counter(flaw.value for flaw in module.flaws.values())
        if counts:
            told = ", ".join(f"{number} {flaw}" for flaw, number in sorted(counts.items()))
            lines.append(f"{module.describe.name}: {told}")
    return lines
