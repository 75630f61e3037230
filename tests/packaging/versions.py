"""The lowest or the newest versions of everything pyproject.toml declares, for pip.

::

    python -m tests.packaging.versions lowest > constraints.txt     # name==lowest version
    python -m tests.packaging.versions newest > requirements.txt    # names without a limit

Where two requirements differ (a tool pinned for the development, say), the wider one counts.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.version import Version

PROJECT: Final = Path(__file__).parents[2] / "pyproject.toml"


def declared() -> Iterator[Requirement]:
    """Every requirement of the project and of its extras."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    for each in (project["dependencies"], *project["optional-dependencies"].values()):
        for text in each:
            requirement = Requirement(text)
            if requirement.name != project["name"]:
                yield requirement


def lowest_of(requirement: Requirement) -> Version | None:
    """The version after `>=` or `==`; None when there is no such limit."""
    limits = [each for each in requirement.specifier if each.operator in (">=", "==")]
    return Version(limits[0].version) if len(limits) == 1 else None


def lowest() -> dict[str, Version]:
    """Name -> the lowest version that any requirement allows."""
    found: dict[str, Version] = {}
    for requirement in declared():
        version = lowest_of(requirement)
        if version is not None:
            found[requirement.name] = min(version, found.get(requirement.name, version))
    return found


if __name__ == "__main__":
    (which,) = sys.argv[1:]
    names = lowest()
    print(
        *(f"{name}=={names[name]}" if which == "lowest" else name for name in sorted(names)),
        sep="\n",
    )
