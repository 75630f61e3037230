"""A sample of the fault matrix in the suite; all of it: `python -m tests.faults`."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from .matrix import Matrix, cases
from .world import DRIVERS

CASES = 60
"""For each dialect and driver."""


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    matrix = Matrix()
    yield matrix
    matrix.close()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("dialect", ["webservice", "cloud"])
def test_every_case_is_right_or_a_precise_error(matrix: Matrix, dialect: str, driver: str) -> None:
    chosen = random.Random(f"{dialect} {driver}").sample(list(cases()), CASES)
    findings = [matrix.judge(dialect, driver, case) for case in chosen]
    assert [str(each) for each in findings if each is not None and not each.verdict.good] == []
