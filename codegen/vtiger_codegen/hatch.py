"""A build hook for hatchling: the package is generated when the application is built.

::

    [build-system]
    requires = ["hatchling", "vtiger-orm[codegen]"]
    build-backend = "hatchling.build"

    [tool.hatch.build.hooks.vtiger-orm]

It prints what [tool.vtiger-orm] says, offline, from the snapshot and names.lock that are committed;
the package itself need not be. `schema` and `output` in the hook's table come before those of
[tool.vtiger-orm]. No name is chosen: what is missing from names.lock ends the build.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from vtiger_orm.errors import ConfigError

from .config import load_config
from .project import Project


class GenerateHook(BuildHookInterface[Any]):
    """Generates before anything is collected, for source distributions, wheels and editable
    installs alike."""

    PLUGIN_NAME = "vtiger-orm"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises `ConfigError`, `SnapshotError` or `NamesError`; the build ends then."""
        root = Path(self.root).resolve()
        given = {name: self.config.get(name) for name in ("schema", "output")}
        paths = {name: root / path for name, path in given.items() if path}
        project = Project.of(load_config(root), **paths)
        output = project.output.resolve()
        if not output.is_relative_to(root):
            raise ConfigError(f"{output} lies outside of {root}, so it cannot be built into it.")
        project.generate(locked=True)
        inside = output.relative_to(root).as_posix()
        # It may be ignored by version control, and is part of the distribution all the same.
        build_data["artifacts"] += [f"/{inside}/**/*.{end}" for end in ("py", "pyi", "typed")]


@hookimpl
def hatch_register_build_hook() -> type[GenerateHook]:
    """What hatchling asks for."""
    return GenerateHook
