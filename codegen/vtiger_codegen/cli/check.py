"""vtiger-orm check: do code, names.lock and snapshot belong together?"""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from vtiger_orm.metadata.snapshot import Snapshot

from ..config import Settings, load_settings
from ..drift import drift
from ..project import Project
from ..terminal import say


@click.command(short_help="Do code, names.lock and snapshot belong together?")
@click.option("--schema", type=click.Path(path_type=Path), help="Folder of the snapshot.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the package.")
@click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder whose templates replace shipped ones of the same name.",
)
@click.option("--diff", "show_diff", is_flag=True, help="Show what would change, as a diff.")
@click.option("--live", is_flag=True, help="Also compare the snapshot with the CRM.")
@click.option("--url", help="Address of the CRM, for --live.  [VTIGER_URL]")
@click.pass_context
def check(
    ctx: click.Context,
    schema: Path | None,
    output: Path | None,
    templates: Path | None,
    show_diff: bool,
    live: bool,
    url: str | None,
) -> None:
    """Compare the package with what `vtiger-orm generate --locked` would print now.

    Writes nothing and asks no CRM, so it fits a pre-commit hook or CI. Exits with 0 when code,
    names.lock and snapshot agree, with 1 and a list when not.

    With --live the snapshot is compared with the CRM as well, for a job that runs now and then.
    User name and access key come from VTIGER_USERNAME and VTIGER_ACCESS_KEY.
    """
    settings = load_settings()
    project = Project.of(settings, schema=schema, output=output, templates=templates)
    given = {"--schema": schema, "--output": output, "--templates": templates}
    options = "".join(f" {name} {shlex.quote(str(path))}" for name, path in given.items() if path)
    agrees = _offline(project, show_diff, cure=f"vtiger-orm generate{options}")
    if live:
        agrees = _live(project, settings, url) and agrees
    ctx.exit(0 if agrees else 1)


def _offline(project: Project, show_diff: bool, cure: str) -> bool:
    problems = project.check()
    if not problems:
        say(f"{project.output} agrees with {project.schema}.", fg="green")
        return True
    say(f"{project.output} does not agree with {project.schema}:", fg="red", err=True)
    for problem in problems:
        say(f"  {problem.what:<9} {problem.where}", err=True)
        if show_diff and problem.diff:
            say(problem.diff, err=True)
    say(f"Run: {cure}", err=True)
    return False


def _live(project: Project, settings: Settings, url: str | None) -> bool:
    from rich.console import Console

    from ..credentials import open_session
    from ..pull import pull_snapshot

    known = Snapshot.load(project.schema)
    dialect = known.instance.dialect if settings.dialect == "auto" else None
    with open_session(url, dialect, settings) as session:
        now = pull_snapshot(
            session,
            include=settings.include,
            exclude=settings.exclude,
            console=Console(stderr=True),
        )
    lines = drift(known, now)
    if not lines:
        say(f"{project.schema} agrees with the CRM.", fg="green")
        return True
    say(f"{project.schema} does not agree with the CRM:", fg="red", err=True)
    for line in lines:
        say(f"  {line}", err=True)
    say("Run: vtiger-orm pull && vtiger-orm generate", err=True)
    return False
