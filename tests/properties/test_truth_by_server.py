"""The law of truth on every server of the family, as its embedded twin plays it.

What a session knows of a server without a pull must do: nothing is proved but precedence and
collation, which depend on the database.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.strategies import conditions, datasets, orders
from tests.properties.test_truth import META, filled, stored
from tests.support.planned import Server as Twin
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.tree import Node, Order, Selection
from vtiger_orm.emulator.profiles import Profile, profile_named
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.server import Server, ServerFamily
from vtiger_orm.planner.orders import total_key

PROFILES = ["vtiger-7.5", "vtiger-8.0", "vtiger-8.2", "vtiger-8.3", "corebos", "frevocrm", "cloud"]


def environment(profile: Profile, size: int) -> Environment:
    proved = Capabilities(precedence="sql", collation="general_ci", page_size=size)
    server = Server.known(ServerFamily(profile.family), profile.vtiger_version, proved)
    return replace(Environment.of(server), zone=profile.zone)


@pytest.mark.parametrize("name", PROFILES)
@settings(max_examples=20)
@given(
    rows=datasets(),
    nodes=st.lists(conditions(META, depth=3), min_size=3, max_size=3),
    order=orders(META),
    size=st.sampled_from([3, 5, 100]),
    part=st.tuples(st.integers(0, 8), st.integers(0, 12)),
)
def test_rows_orders_slices_and_counts(
    name: str,
    rows: list[dict[str, Any]],
    nodes: list[Node],
    order: tuple[Order, ...],
    size: int,
    part: tuple[int, int],
) -> None:
    profile = profile_named(name)
    env = environment(profile, size)
    if name == "corebos":  # where a record of nobody makes every query fail
        rows = [{**row, "assigned_user_id": 1} for row in rows]
    crm: Twin = filled(rows, env, profile)
    if any(each.field.wire == "parent" for each in order):
        order = ()
    for node in nodes:
        truth = [row for row in stored(crm) if evaluate(node, row, env)]
        whole = [row["id"] for row in sorted(truth, key=total_key(order))]
        selection = Selection(META, node, order)
        assert crm.ids(selection, env) == whole
        start, length = part
        piece = Selection(META, node, order, start, start + length)
        assert crm.ids(piece, env) == whole[start : start + length]
        assert crm.count(Selection(META, node), env) == len(whole)
        assert crm.exists(Selection(META, node), env) == bool(whole)
