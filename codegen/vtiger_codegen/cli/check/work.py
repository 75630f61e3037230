"""vtiger-orm check: do code, names.lock and snapshot belong together?"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Final

import click

from vtiger_orm.metadata.snapshot import Instance, Snapshot

from ...building.own_code import FOLDER
from ...config import Config, load_config
from ...diff.compare import compare, remembered_renames
from ...diff.grading import exit_code
from ...diff.reports import as_text
from ...naming.lock import load_lock
from ...naming.renamed import with_renames
from ...project import Mismatch, Project
from ...text.terminal import say
from .._comparing import warn_of_losses

_OWN: Final = "own code"


def check(
    schema: Path | None,
    output: Path | None,
    templates: Path | None,
    show_diff: bool,
    as_json: bool,
    live: bool,
    url: str | None,
    dialect: str | None,
) -> int:
    """What the verb does, as its help tells; the exit code."""
    config = load_config()
    project = Project.of(config, schema=schema, output=output, templates=templates)
    given = {"--schema": schema, "--output": output, "--templates": templates}
    if as_json and live:
        raise click.UsageError("--json tells of the files; for the CRM use diff --format json.")
    if as_json:
        return _as_json(project)
    options = "".join(f" {name} {shlex.quote(str(path))}" for name, path in given.items() if path)
    agrees = _offline(project, show_diff, cure=f"vtiger-orm generate{options}")
    return max(0 if agrees else 1, _live(project, config, url, dialect) if live else 0)


def _offline(project: Project, show_diff: bool, cure: str) -> bool:
    mismatches = _mismatches(project)
    if not mismatches:
        say(f"{project.output} agrees with {project.schema}.", fg="green")
        return True
    say(f"{project.output} does not agree with {project.schema}:", fg="red", err=True)
    for each in mismatches:
        say(f"  {each.what:<9} {each.where}", err=True)
        if show_diff and each.diff:
            say(each.diff, err=True)
    if any(each.what != _OWN for each in mismatches):
        say(f"Run: {cure}", err=True)
    return False


def _mismatches(project: Project) -> list[Mismatch]:
    """Those of the package, and of own code: libcst, which is slow to import, is asked only where
    there is some."""
    found = project.check()
    own = bool(project.options.own) or (project.output / FOLDER).is_dir()
    if own and not any(each.what == "names" for each in found):
        from ...application.own_code import project_misfits

        misfits = project_misfits(project)
        found += [Mismatch(_OWN, f"{each.file}:{each.line}  {each.what}") for each in misfits]
    return found


def _as_json(project: Project) -> int:
    found = [{"what": each.what, "where": str(each.where)} for each in _mismatches(project)]
    click.echo(json.dumps({"agrees": not found, "mismatches": found}, indent=1))
    return 1 if found else 0


def _tell_of_server(known: Instance, now: Instance) -> None:
    """What was proved of another release is not believed of this one, so that more is asked."""
    before, today = known.server, now.server
    if (before.family, before.release) != (today.family, today.release):
        say(
            f"What the CRM can do was found out on {before}; it is {today} now, and sessions take "
            "the careful ways. Run: vtiger-orm pull && vtiger-orm generate",
            err=True,
            fg="yellow",
        )


def _live(project: Project, config: Config, url: str | None, dialect: str | None) -> int:
    from ...live.pull import pull_again

    known = Snapshot.load(project.schema)
    now, identity = pull_again(known, config, url, dialect)
    lock = load_lock(project.lock_file)
    _tell_of_server(known.instance, now.instance)
    found = compare(known, now, remembered_renames(known, now, lock))
    if not found:
        say(f"{project.schema} agrees with the CRM.", fg="green")
        return 0
    warn_of_losses(found, now, identity, config)
    say(f"{project.schema} does not agree with the CRM:", fg="red", err=True)
    say(as_text(found, with_renames(lock, now.modules)), err=True)
    say("Run: vtiger-orm pull && vtiger-orm generate", err=True)
    return exit_code(found.grade)
