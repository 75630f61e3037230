"""The part of the mutation run that is ours: numbers outside of functions."""

from __future__ import annotations

from pathlib import Path

from tests.mutation import numbers_of

SOURCE = """\
OVERLAP = timedelta(seconds=5)  # of "é"
NAME, EMPTY, YES = "é5", 0.0, True


class Policy:
    attempts: int = 3

    def wait(self, of: float = 1.5) -> float:
        return 7
"""


def test_each_number_that_is_evaluated_at_import_is_replaced() -> None:
    found = list(numbers_of(Path("a.py"), SOURCE))
    assert [str(each) for each in found] == [
        "a.py:1: 5 -> 0",
        "a.py:2: 0.0 -> 1",
        "a.py:6: 3 -> 0",
    ]
    changed = [each.replaced_in(SOURCE) for each in found]
    assert "OVERLAP = timedelta(seconds=0)  # of" in changed[0]
    assert 'NAME, EMPTY, YES = "é5", 1, True' in changed[1]
    assert "    attempts: int = 0\n" in changed[2]
