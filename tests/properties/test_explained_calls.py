"""explain() tells how many calls there are going to be: never fewer than there are, and never more
by more than the look-ahead that it states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import conditions, datasets, orders
from tests.properties.test_truth import META, environments, filled
from tests.support.planned import Server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.tree import TRUE, Node, Order, Selection
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
    crm = filled(rows, env)
    stop = None if size is None else start + size
    part = Selection(META, node, order, start, stop)
    whole, first = replace(part, start=0, stop=None), replace(part, start=0, stop=1)
    for selection in (part, whole, first):
        told = explain(selection, env)
        calls, found = made(crm, crm.ids, selection, env)
        check(told, calls, len(found) if selection is whole else None)
        told = explain(selection, env, "count")
        check(told, made(crm, crm.count, selection, env)[0])
        told = explain(selection, env, "exists")
        check(told, made(crm, crm.exists, selection, env)[0])
