"""vtiger-orm check: do code, names.lock and snapshot belong together?"""

from __future__ import annotations

from pathlib import Path

import click

from ..config import load_settings
from ..project import Project


@click.command(short_help="Do code, names.lock and snapshot belong together?")
@click.option("--schema", type=click.Path(path_type=Path), help="Folder of the snapshot.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the package.")
@click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder whose templates replace shipped ones of the same name.",
)
@click.option("--diff", "show_diff", is_flag=True, help="Show what would change, as a diff.")
@click.pass_context
def check(
    ctx: click.Context,
    schema: Path | None,
    output: Path | None,
    templates: Path | None,
    show_diff: bool,
) -> None:
    """Compare the package with what `vtiger-orm generate --locked` would print now.

    Writes nothing and asks no CRM, so it fits a pre-commit hook or CI. Exits with 0 when code,
    names.lock and snapshot agree, with 1 and a list when not.
    """
    project = Project.of(load_settings(), schema=schema, output=output, templates=templates)
    problems = project.check()
    if not problems:
        click.secho(f"{project.output} agrees with {project.schema}.", fg="green")
        return
    click.secho(f"{project.output} does not agree with {project.schema}:", fg="red", err=True)
    for problem in problems:
        click.echo(f"  {problem.what:<9} {problem.where}", err=True)
        if show_diff and problem.diff:
            click.echo(problem.diff, err=True)
    click.echo("Run: vtiger-orm generate", err=True)
    ctx.exit(1)
