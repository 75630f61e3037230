"""What is public is written down, so that a change of it shows in the diff of a change."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import griffe
import pytest

from tests.api import surface
from tests.api.__main__ import WRITTEN


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_public_api_is_the_one_written_down(file: Path) -> None:
    make: Callable[[], str] = WRITTEN[file]
    written, found = file.read_text(encoding="utf-8").splitlines(), make().splitlines()
    diff = "\n".join(difflib.unified_diff(written, found, "written", "found", lineterm="", n=2))
    assert written == found, f"If this change is wanted, run: python -m tests.api\n{diff}"


@pytest.mark.parametrize("door", surface.DOORS)
def test_every_name_is_there_at_run_time(door: str) -> None:
    """The text comes from the source; what it promises must exist."""
    module = import_module(door)
    names = getattr(module, "__all__", surface.exported(door))
    assert [name for name in names if not hasattr(module, name)] == []
    assert set(names) <= set(surface.exported(door))


def test_every_method_is_there_at_run_time() -> None:
    missing = []
    for cls in surface.definitions().values():
        # What fields are declared with reads as a descriptor to checkers alone.
        if isinstance(cls, griffe.Class) and cls.module.name != "assignable":
            found = getattr(import_module(cls.module.path), cls.name)
            for name, member in surface.every_member(cls).items():
                callable_ = isinstance(member, griffe.Function) or "property" in member.labels
                if callable_ and not hasattr(found, name):
                    missing.append(f"{cls.name}.{name}")
    assert missing == []


def test_what_is_kept_inside_is_within_reach() -> None:
    """A name that nothing public leads to any more has no place in `INSIDE`."""
    reached = {
        target.name
        for definition in surface.definitions().values()
        for target in surface.mentioned(definition)
    }
    assert reached >= surface.INSIDE


def test_the_text_names_no_file() -> None:
    """So that moving one changes nothing: of modules, only those that programs import from."""
    modules = {module.name for module in _modules(surface.tree()[surface.PACKAGE])}
    text = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"|^from .*", "", surface.text(), flags=re.MULTILINE)
    qualified = set(re.findall(r"\b(\w+)\.(?=[A-Za-z])", text))
    assert qualified & modules == set()
    assert len(modules) > 100


def _modules(module: griffe.Module) -> list[griffe.Module]:
    return [module, *(one for each in module.modules.values() for one in _modules(each))]
