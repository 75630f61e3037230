"""A sample of the fault matrix in the suite; all of it: `python -m tests.faults`."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples

from .cancelling import cancel
from .faults import Named, answering
from .matrix import OPERATIONS, Case, Matrix, Verdict, Where, cases
from .operations import Operation
from .test_parsers import values
from .world import DIALECTS, DRIVERS

CASES = 60
"""For each dialect and driver."""


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    matrix = Matrix()
    logging.disable(logging.CRITICAL)  # thousands of warnings
    yield matrix
    logging.disable(logging.NOTSET)
    matrix.close()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_case_is_right_or_a_precise_error(matrix: Matrix, dialect: str, driver: str) -> None:
    chosen = random.Random(f"{dialect} {driver}").sample(list(cases()), CASES)
    findings = [matrix.judge(dialect, driver, case) for case in chosen]
    assert [str(each) for each in findings if each is not None and not each.verdict.good] == []


@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(OPERATIONS), st.sampled_from(Where), values)
def test_whatever_is_answered_is_a_value_or_an_error_of_the_library(
    matrix: Matrix, operation: Operation, where: Where, value: Any
) -> None:
    """A value that has the right form may be taken for true; nothing else is."""
    found = matrix.judge("cloud", "sync", Case(operation, Named("odd", answering(value)), where))
    assert found is None or found.verdict not in (Verdict.FOREIGN, Verdict.HUNG, Verdict.UNUSABLE)


@pytest.mark.filterwarnings("ignore")
@given(
    dialect=st.sampled_from(DIALECTS),
    operation=st.sampled_from([each for each in OPERATIONS if "async" in each.drivers]),
    at=st.integers(0, 25),
)
@settings(examples(15))
def test_what_is_cancelled_at_any_wait_leaves_nothing_behind(
    matrix: Matrix, dialect: str, operation: Operation, at: int
) -> None:
    world = matrix.world(dialect, "async")
    if matrix.expected(world, operation) is not None:
        seen = cancel(world, operation, at)
        assert seen.wrong == "", f"{operation.name} at {at} of {seen.waits}"
