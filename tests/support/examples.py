"""How many examples a costly property is tried with: its share of what the profile has."""

from __future__ import annotations

from typing import Final

from hypothesis import settings

_SUITE: Final = 60
"""Examples of a property in the suite, by `tests/conftest.py`."""


def examples(number: int) -> settings:
    """So many in the suite, and more in the same measure where the profile has more."""
    return settings(max_examples=max(1, number * settings().max_examples // _SUITE))
