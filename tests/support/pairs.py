"""Cases of a test that has several settings, by pairs.

Faults show where two settings meet, hardly ever only where three do. So each value of a setting is
taken together with each value of every other, which is far less than everything there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allpairspy import AllPairs


def pairs(*axes: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Few cases in which every two values of different axes come together."""
    return [tuple(case) for case in AllPairs([list(axis) for axis in axes])]
