"""How many examples a costly property is tried with: its share of what the profile has."""

from __future__ import annotations

from typing import Final

from hypothesis import settings

_WHOLE: Final = 60
"""The profile that the numbers are told for. The suite has half of it (`tests/conftest.py`)."""


def examples(number: int) -> settings:
    """So many where a property has 60; more or fewer in the same measure as the profile."""
    return settings(max_examples=max(1, number * settings().max_examples // _WHOLE))
