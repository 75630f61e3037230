"""A module with everything in it."""

from __future__ import annotations

import random

import pytest

from tests.support.planned import Server, server


@pytest.fixture(scope="module")
def many() -> Server:
    """403 rows: blanks of both sorts, a field without NULL, ties, dates mostly empty."""
    crm = server()
    chance = random.Random(3)
    for number in range(1, 404):
        crm.insert(
            "Things",
            number,
            name=f"n{number % 7}",
            note=chance.choice(["", "", "", "text"]) if number % 40 else None,
            whole=number % 3,
            day=None if number % 2 else "2024-01-01",
            moment=f"2024-01-{number % 28 + 1:02} 12:{number % 60:02}:00",
            flag=chance.choice(["0", "1", ""]) if number > 30 else None,
            money=None if number <= 60 else "1.00000000",
            parent=chance.choice([0, 7, 8]),
        )
    for number in (7, 8):
        crm.insert("Owners", 1000 + number, title="t")
    return crm
