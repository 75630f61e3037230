"""Settings shared by every test."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from contextvars import Context
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support import typechecking
from vtiger_orm.errors import NoSession
from vtiger_orm.package import _live, packages

# The suite runs on two cores and other machines' noise: laws are proved by the number of
# examples, never by a deadline. `--hypothesis-profile=deep` digs deeper by hand and once a week;
# VTIGER_ORM_EXAMPLES=500 sets the number in either profile. A mutation run asks whether anything
# fails, so it makes no failing example smaller.
for profile, examples in {"suite": 30, "deep": 2000, "mutation": 30}.items():
    settings.register_profile(
        profile,
        max_examples=int(os.environ.get("VTIGER_ORM_EXAMPLES", examples)),
        deadline=None,
        derandomize=profile == "mutation" or (profile == "suite" and "CI" in os.environ),
        phases=(Phase.explicit, Phase.generate) if profile == "mutation" else tuple(Phase),
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
settings.load_profile("suite")

# Tests start hundreds of programs, and what those import is compiled once, not by each of them,
# also where the environment of whoever runs the suite forbids it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

SLOW: Final = {
    "api": 240,
    "demo": 240,
    "golden": 240,
    "packaging": 240,
    "typing": 240,
}
"""Folders whose tests start type checkers, builds or other programs, or read every source: seconds
for each test."""


@pytest.hookimpl(trylast=True)  # after the plugin that marks properties
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Time limits beside the general one of pyproject.toml; a marker at a test wins.

    With more examples than the suite has, a property may take as long as it likes.
    """
    deep = config.getoption("--hypothesis-profile") == "deep" or "VTIGER_ORM_EXAMPLES" in os.environ
    here = Path(__file__).parent
    for item in items:
        limit = SLOW.get(item.path.relative_to(here).parts[0])
        if "mypy_cache" in getattr(item, "fixturenames", ()):
            limit = SLOW["typing"]  # the first of them fills the cache
        if deep and "hypothesis" in item.keywords:
            limit = 0
        if limit is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(limit))


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: looking through it for garbage, again and
    again, would take a good part of the time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Where `.ci/run` measures coverage: what all workers ran, where the floors are compared."""
    folder = os.environ.get("SLIPCOVER_COVERAGE_DIR")
    if folder and "PYTEST_XDIST_WORKER" not in os.environ:
        Path("build").mkdir(exist_ok=True)
        shutil.move(Path(folder) / "merged.json", "build/coverage.json")


# A session that a test leaves open answers whoever asks without one, in any file that comes later.


@pytest.fixture(autouse=True)
def _ends_its_sessions() -> Iterator[None]:
    """No test leaves a session open, nor does a fixture made for it alone."""
    yield from _closing()


@pytest.fixture(autouse=True, scope="module")
def _module_ends_its_sessions() -> Iterator[None]:
    """Nor does a fixture of a whole file, whose default sessions end with it as well."""
    before = _defaults()
    yield from _closing()
    left = _defaults() - before
    assert not left, f"configure() was not undone: {left}"


def _closing() -> Iterator[None]:
    before = _live()
    yield
    left = [each for each in _live() if each not in before]
    for each in left:
        each.end()
    assert not left, f"left open: {[each.runner for each in left]}"


def _defaults() -> set[object]:
    """The sessions that are used where no block is open."""
    found: set[object] = set()
    for package in packages():
        with suppress(NoSession):
            found.add(Context().run(package.runner))
    return found


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For ``mypy --strict --cache-dir``: what it knows of the libraries is in it already."""
    own = tmp_path_factory.getbasetemp()
    return typechecking.cache(own, own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)
