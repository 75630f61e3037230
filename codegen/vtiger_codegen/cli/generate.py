"""vtiger-orm generate: print the typed package from snapshot and names.lock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from ..text.terminal import counted, say
from ._demo import demo_option, demo_schema

_LINES: Final = 20


@click.command(short_help="Print the typed package from snapshot and names.lock.")
@click.option("--schema", type=click.Path(path_type=Path), help="Folder of the snapshot.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the package.")
@click.option(
    "--locked",
    is_flag=True,
    help="Choose no name: fail when names.lock lacks one, and leave the file alone.",
)
@click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder whose templates replace shipped ones of the same name.",
)
@demo_option
def generate(
    schema: Path | None, output: Path | None, locked: bool, templates: Path | None, demo: bool
) -> None:
    """Print the typed package from the snapshot and names.lock. Asks no CRM.

    The same snapshot and lock always give the same bytes. Only changed files are written, files
    of modules that are gone are removed, and nothing else in the folder is touched. Settings
    come from [tool.vtiger-orm] of pyproject.toml.
    """
    from ..config import load_config
    from ..project import Project

    config = load_config()
    if demo:
        schema, locked = demo_schema(), True
        config = config.model_copy(update={"include": ("*",), "exclude": (), "overrides": {}})
    project = Project.of(config, schema=schema, output=output, templates=templates)
    result = project.generate(locked=locked)
    _tell("new name ", result.new_names)
    _tell("written  ", result.changes.written)
    _tell("removed  ", result.changes.removed)
    what = "is up to date" if not result.changes else "was generated"
    say(f"{project.output} {what}: {counted(result.modules, 'module')}.", fg="green")


def _tell(what: str, things: Sequence[object]) -> None:
    """One line each; of many only how many there are more."""
    for each in things[:_LINES]:
        say(f"  {what} {each}")
    if len(things) > _LINES:
        say(f"  {what} ... and {len(things) - _LINES} more")
