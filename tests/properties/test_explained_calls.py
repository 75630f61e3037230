"""explain() tells how many calls there are going to be: never fewer than there are, and never more
by more than the look-ahead that it states."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import conditions, datasets, orders
from tests.properties.test_truth import META, environments, filled
from tests.properties.test_truth_by_server import PROFILES, environment
from tests.support.examples import examples
from tests.support.planned import Server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.tree import TRUE, Node, Order, Selection
from vtiger_orm.emulator.engine import NotMeasured
from vtiger_orm.emulator.profiles import profile_named
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.planner import Explanation, explain

SELDOM = st.one_of(st.just(TRUE), conditions(META, depth=2), conditions(META, depth=4))


def made(crm: Server, ask: Callable[[Selection, Environment], Any], *args: Any) -> tuple[int, Any]:
    crm.log.clear()
    found = ask(*args)
    return len(crm.log), found


def check(told: Explanation, calls: int, rows: int | None = None) -> None:
    if told.calls is not None:
        assert told.look_ahead is not None
        assert calls <= told.calls, told
        assert told.calls - calls <= told.look_ahead, told
    elif told.rows_per_call is not None and rows is not None:
        assert told.calls_beside is not None
        assert calls <= rows // told.rows_per_call + told.calls_beside, told
    assert told.expected_calls


@given(
    rows=datasets(40),
    node=SELDOM,
    order=st.one_of(st.just(()), orders(META)),
    env=environments(),
    start=st.sampled_from([0, 0, 0, 1, 4]),
    size=st.one_of(st.none(), st.integers(0, 12)),
)
def test_as_many_calls_as_are_told(
    rows: list[dict[str, Any]],
    node: Node,
    order: tuple[Order, ...],
    env: Environment,
    start: int,
    size: int | None,
) -> None:
    check_all(filled(rows, env), Selection(META, node, order, start, None), size, env)


@pytest.mark.parametrize("name", PROFILES)
@examples(8)
@given(
    rows=datasets(25),
    node=SELDOM,
    order=st.one_of(st.just(()), orders(META)),
    page=st.sampled_from([3, 5, 100]),
    start=st.sampled_from([0, 0, 2]),
    size=st.one_of(st.none(), st.integers(0, 12)),
    strict=st.booleans(),
)
def test_as_many_on_every_server(
    name: str,
    rows: list[dict[str, Any]],
    node: Node,
    order: tuple[Order, ...],
    page: int,
    start: int,
    size: int | None,
    strict: bool,
) -> None:
    """Also where a server does not count, or takes out of its pages what the user may not see."""
    profile = profile_named(name)
    env = environment(profile, page)
    if strict:
        env = replace(env, consistency="strict")
    if name == "corebos":  # where a record of nobody makes every query fail
        rows = [{**row, "assigned_user_id": 1} for row in rows]
    if any(each.field.wire == "parent" for each in order):
        order = ()
    crm = filled(rows, env, profile)
    with suppress(UnsupportedQuery, NotMeasured):
        check_all(crm, Selection(META, node, order, start, None), size, env)


def check_all(crm: Server, part: Selection, size: int | None, env: Environment) -> None:
    part = replace(part, stop=None if size is None else part.start + size)
    whole, first = replace(part, start=0, stop=None), replace(part, start=0, stop=1)
    for selection in (part, whole, first):
        told = explain(selection, env)
        calls, found = made(crm, crm.ids, selection, env)
        check(told, calls, len(found) if selection is whole else None)
        told = explain(selection, env, "count")
        check(told, made(crm, crm.count, selection, env)[0])
        told = explain(selection, env, "exists")
        check(told, made(crm, crm.exists, selection, env)[0])
