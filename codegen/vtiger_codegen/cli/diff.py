"""vtiger-orm diff: what changed between two snapshots, and what it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from vtiger_orm.dialects.base import Identity
from vtiger_orm.metadata.snapshot import Snapshot

from ..config import Config, load_config
from ..diff.grading import exit_code
from ..diff.reports import as_json, as_markdown, as_text
from ..naming.lock import FILE_NAME
from ..revisions import snapshot_at
from ..text.terminal import escaped_lines
from ._comparing import compare_asking, save_answers, warn_of_losses

FORMATS: Final = ("text", "json", "markdown")
_GIT: Final = "git:"


@click.command(short_help="What changed between two snapshots, and what it breaks.")
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--live", is_flag=True, help="NEW is the CRM as it is now.")
@click.option("--url", help="Address of the CRM, for --live.  [VTIGER_URL]")
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
@click.pass_context
def diff(
    ctx: click.Context,
    old: str | None,
    new: str | None,
    live: bool,
    url: str | None,
    schema: Path | None,
    renames: tuple[str, ...],
    style: str,
) -> None:
    """Compare two snapshots and grade every change: safe, caution or breaking.

    OLD and NEW are snapshot folders, or git:REVISION for the project's snapshot at that time.
    Without NEW it is the project's snapshot; without OLD as well, that is compared with
    git:HEAD. With --live the CRM is compared with OLD, or with the project's snapshot.

    \b
    vtiger-orm diff                        what is not committed yet
    vtiger-orm diff git:main               what this branch changes
    vtiger-orm diff --live                 what the CRM has changed since the last pull
    vtiger-orm diff git:main --format markdown

    Exits with 0 when nothing changed, 1 when nothing that changed breaks code, 2 when something
    does, and 3 when it could not tell.
    """
    if live and new is not None:
        raise click.UsageError("With --live the CRM is NEW: give at most OLD.")
    config = load_config()
    folder = schema or config.schema_folder
    before = _snapshot(old if old is not None else None if live else f"{_GIT}HEAD", folder)
    now, identity = _live(before, config, url) if live else (_snapshot(new, folder), None)
    found, lock = compare_asking(before, now, folder / FILE_NAME, renames)
    if identity is not None:
        warn_of_losses(found, now, identity, config)
    if new is None:
        save_answers(folder / FILE_NAME, lock)
    match style:
        case "json":
            click.echo(as_json(found), nl=False)
        case "markdown":
            click.echo(as_markdown(found, lock), nl=False)
        case _:
            click.echo(escaped_lines(as_text(found, lock)))
    ctx.exit(exit_code(found.grade))


def _snapshot(given: str | None, folder: Path) -> Snapshot:
    """A snapshot as the command line names it; the project's when it names none."""
    if given is None:
        return Snapshot.load(folder)
    if given.startswith(_GIT):
        return snapshot_at(given.removeprefix(_GIT), folder)
    return Snapshot.load(given)


def _live(before: Snapshot, config: Config, url: str | None) -> tuple[Snapshot, Identity]:
    from ..live.pull import pull_again

    return pull_again(before, config, url)
