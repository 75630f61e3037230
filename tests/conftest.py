"""Settings shared by every test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.support import typechecking

# The suite runs on two cores and other machines' noise: laws are proved by the number of
# examples, never by a deadline. `--hypothesis-profile=deep` digs deeper by hand and once a week;
# VTIGER_ORM_EXAMPLES=500 sets the number in either profile.
for profile, examples in {"suite": 60, "deep": 2000}.items():
    settings.register_profile(
        profile,
        max_examples=int(os.environ.get("VTIGER_ORM_EXAMPLES", examples)),
        deadline=None,
        derandomize=profile == "suite" and "CI" in os.environ,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
settings.load_profile("suite")

SLOW: Final = {
    "api": 240,
    "demo": 240,
    "golden": 240,
    "packaging": 240,
    "typing": 240,
}
"""Folders whose tests start type checkers, builds or other programs, or read all sources: seconds for
each test."""


@pytest.hookimpl(trylast=True)  # after the plugin that marks properties
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Time limits beside the general one of pyproject.toml; a marker at a test wins.

    With more examples than the suite has, a property may take as long as it likes.
    """
    deep = config.getoption("--hypothesis-profile") == "deep" or "VTIGER_ORM_EXAMPLES" in os.environ
    here = Path(__file__).parent
    for item in items:
        limit = SLOW.get(item.path.relative_to(here).parts[0])
        if deep and "hypothesis" in item.keywords:
            limit = 0
        if limit is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(limit))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Where `.ci/run` measures coverage: what all workers ran, where the floors are compared."""
    folder = os.environ.get("SLIPCOVER_COVERAGE_DIR")
    if folder and "PYTEST_XDIST_WORKER" not in os.environ:
        Path("build").mkdir(exist_ok=True)
        shutil.move(Path(folder) / "merged.json", "build/coverage.json")


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For ``mypy --strict --cache-dir``: what it knows of the libraries is in it already."""
    own = tmp_path_factory.getbasetemp()
    return typechecking.cache(own, own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)
