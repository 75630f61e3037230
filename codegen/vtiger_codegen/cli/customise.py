"""vtiger-orm customise: methods, properties and querysets of your own for a model."""

from __future__ import annotations

from pathlib import Path

import click

from ..text.terminal import say
from ._offered import modules_offered


@click.command(short_help="Methods, properties and querysets of your own for a model.")
@click.argument(
    "modules", nargs=-1, required=True, metavar="MODULE...", shell_complete=modules_offered
)
@click.option("--schema", type=click.Path(path_type=Path), help="Folder of the snapshot.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the package.")
def customise(modules: tuple[str, ...], schema: Path | None, output: Path | None) -> None:
    """Write custom/<module>.py into the package, with two classes of your own for each MODULE:
    the model, which inherits the generated one, and its querysets. Then the package is generated
    anew, since it hands out your classes from now on.

    The file is written once and is yours: it is never replaced or removed, and what you delete in
    it is generated again. Classes may also be anywhere else in your application:
    [tool.vtiger-orm.modules.Contacts] model = "shop.people:Contacts". `vtiger-orm check` tells
    when they do not fit the CRM any more.
    """
    from ..building.own_code import FOLDER
    from ..config import load_config
    from ..project import Project

    project = Project.of(load_config(), schema=schema, output=output)
    written = project.customise(modules)
    for each in written:
        say(f"  written    {each}")
    result = project.generate()
    for changed in result.changes.written:
        say(f"  written    {project.output / changed}")
    if not written:
        say(f"The files in {project.output / FOLDER} are there already, and stay as they are.")
    say(f"Next: edit {project.output / FOLDER}, and import the models as before.", fg="green")
