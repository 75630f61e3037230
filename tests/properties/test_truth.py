"""The law of truth: a planned query returns exactly the rows for which its condition holds.

The server is the embedded CRM, which parses the statements with a parser of its own.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import OWNER_NUMBERS, conditions, datasets, orders
from tests.support.planned import Server, careful, server, things
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.tree import Node, Order, Selection
from vtiger_orm.metadata.facts import module_meta
from vtiger_orm.planner.orders import total_key

META = module_meta(things())
TREES = conditions(META)


@st.composite
def environments(draw: st.DrawFn) -> Environment:
    return careful(
        page_size=draw(st.sampled_from([2, 3, 5, 100])),
        precedence_known=draw(st.booleans()),
        collation=draw(st.sampled_from(["general_ci", "general_ci", "unknown"])),
        consistency=draw(st.sampled_from(["normal", "strict"])),
        timezone=ZoneInfo(draw(st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))),
        url_budget=draw(st.sampled_from([8000, 900])),
    )


def filled(rows: list[dict[str, Any]], env: Environment) -> Server:
    """A CRM with these rows; ids are not in the order of insertion."""
    crm = server(page_cap=env.page_size)
    for number in OWNER_NUMBERS:
        crm.insert("Owners", number, title=f"t{number}", rank=number)
    for index, row in enumerate(rows):
        crm.insert("Things", 10 + (index * 7) % 101, **row)
    return crm


def expected(crm: Server, node: Node, env: Environment) -> list[str]:
    return [row["id"] for row in crm.everything("Things") if evaluate(node, row, env)]


@given(rows=datasets(), nodes=st.lists(TREES, min_size=1, max_size=4), env=environments())
def test_rows_count_and_exists_agree_with_evaluation(
    rows: list[dict[str, Any]], nodes: list[Node], env: Environment
) -> None:
    crm = filled(rows, env)
    for node in nodes:
        selection = Selection(META, node)
        truth = expected(crm, node, env)
        assert crm.ids(selection, env) == truth
        assert crm.count(selection, env) == len(truth)
        assert crm.exists(selection, env) == bool(truth)


def _shown(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key up to its first blank: the server keeps NULL and empty apart, so what follows in
    the order is sorted within each of them, and a row does not show which it is."""
    kept: list[Any] = []
    for part in key:
        kept.append(part)
        if (part.key if hasattr(part, "key") else part) == (0,):
            break
    return tuple(kept)


def _after_blank(row: dict[str, Any]) -> dict[str, Any]:
    """Text that begins with a control character sorts below the empty text, but above NULL,
    which looks the same in a row: no local order can agree with the server's there."""
    return {
        name: f"z{value}" if isinstance(value, str) and value[:1] in ("\n", "\t") else value
        for name, value in row.items()
    }


@given(
    rows=datasets(),
    node=conditions(META, depth=2),
    order=orders(META),
    env=environments(),
    start=st.integers(0, 8),
    size=st.one_of(st.none(), st.integers(0, 12)),
)
def test_orders_and_slices(
    rows: list[dict[str, Any]],
    node: Node,
    order: tuple[Order, ...],
    env: Environment,
    start: int,
    size: int | None,
) -> None:
    crm = filled([_after_blank(row) for row in rows], env)
    truth = expected(crm, node, env)
    whole = crm.rows(Selection(META, node, order), env)
    assert sorted(row["id"] for row in whole) == sorted(truth)
    key = total_key(order)
    keys = [_shown(key(row)[0]) for row in whole]
    assert all(not (later < sooner) for sooner, later in pairwise(keys))
    stop = None if size is None else start + size
    part = crm.ids(Selection(META, node, order, start, stop), env)
    assert len(part) == len(set(part)) == len(truth[start:stop])
    assert set(part) <= set(truth)
    by_id = {row["id"]: _shown(key(row)[0]) for row in whole}
    assert [by_id[id] for id in part] == keys[start:stop]
    assert crm.count(Selection(META, node, order, start, stop), env) == len(part)
