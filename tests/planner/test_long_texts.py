"""Orders over texts that are longer than a statement may be: by the URL, and by the grammar."""

from __future__ import annotations

import random

import pytest

from tests.support.planned import Server, careful, server
from vtiger_orm.calls.urls import quoted_length
from vtiger_orm.conditions.arguments import MAX_LITERAL_BYTES
from vtiger_orm.conditions.q import resolve
from vtiger_orm.conditions.tree import Order, Selection
from vtiger_orm.planner.orders import total_key

ALPHABETS = ["abc", "ä客'\\%_ ", " a"]
LIMITS = {
    "URL": (8000, [100, 2500, 7500, 8000, 20_000]),
    "grammar": (200_000, [100, MAX_LITERAL_BYTES - 2, MAX_LITERAL_BYTES, 9000, 40_000]),
    "small": (1500, [20, 300, 1500]),
}


def filled(alphabet: str, lengths: list[int]) -> Server:
    """Texts that begin alike for as long as they may, and end otherwise; and blanks."""
    crm = server(page_cap=5)
    chance = random.Random(len(alphabet))
    pool = ["".join(chance.choices(alphabet, k=4)) for _ in range(3)]
    for number in range(1, 31):
        text = (chance.choice(pool) * max(lengths))[: chance.choice(lengths)]
        note = text + chance.choice(["", "a", "B", "~"])
        crm.insert("Things", number, note=chance.choice([note, note, note, None, ""]), name="n")
    return crm


@pytest.mark.parametrize("alphabet", ALPHABETS)
@pytest.mark.parametrize("limit", LIMITS)
def test_in_both_directions(alphabet: str, limit: str) -> None:
    budget, lengths = LIMITS[limit]
    crm = filled(alphabet, lengths)
    meta = crm.metas["Things"]
    note, name = meta.fields["note"], meta.fields["name"]
    rows = crm.everything("Things")
    env = careful(url_budget=budget, precedence_known=limit != "small")
    for lookups in ({}, {"name": "n"}, {"name__in": ["n", "m"], "whole": None}):
        where = resolve(meta, [], lookups)
        for order in (
            (Order(note, True),),
            (Order(note),),
            (Order(note, True), Order(name, True)),
            (Order(name), Order(note, True)),
        ):
            wanted = [row["id"] for row in sorted(rows, key=total_key(order))]
            for start, stop in ((0, None), (2, 9)):
                crm.log.clear()
                found = crm.ids(Selection(meta, where, order, start, stop), env)
                assert found == wanted[start:stop]
                assert max(map(quoted_length, crm.log)) <= budget - 300
