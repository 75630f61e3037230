"""The law of truth on every server of the family, as its embedded twin plays it.

What a session knows of a server without a pull must do: nothing is proved but precedence and
collation, which depend on the database.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import (
    OWNER_NUMBERS,
    WHOLES,
    blank_or,
    conditions,
    datasets,
    orders,
    texts,
)
from tests.properties.test_truth import META, filled, stored
from tests.support.examples import examples
from tests.support.planned import Server as Twin
from tests.support.planned import owners as owners_module
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.tree import FALSE, And, InSelection, Node, Not, OneOf, Order, Selection
from vtiger_orm.emulator.engine import NotMeasured
from vtiger_orm.emulator.engine.accounts import VIEW_ALL
from vtiger_orm.emulator.profiles import Profile, profile_named
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.server import Server, ServerFamily
from vtiger_orm.planner.orders import total_key

OWNER_META = module_meta(owners_module())
OWNERS = {"title": st.one_of(texts, blank_or), "rank": st.sampled_from([None, *WHOLES])}
PROFILES = ["vtiger-7.5", "vtiger-8.0", "vtiger-8.2", "vtiger-8.3", "corebos", "frevocrm", "cloud"]


def environment(profile: Profile, size: int) -> Environment:
    proved = Capabilities(
        precedence="sql", collation="general_ci", compares_ids=True, page_size=size
    )
    server = Server.known(ServerFamily(profile.family), profile.vtiger_version, proved)
    return replace(Environment.of(server), zone=profile.zone)


@pytest.mark.parametrize("name", PROFILES)
@examples(20)
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


@pytest.mark.parametrize("name", PROFILES)
@examples(20)
@given(
    rows=datasets(),
    owners=st.lists(st.fixed_dictionaries(OWNERS), min_size=4, max_size=4),
    inner=conditions(OWNER_META, depth=2),
    nodes=st.lists(conditions(META, depth=2), min_size=3, max_size=3),
    size=st.sampled_from([3, 5, 100]),
    negated=st.booleans(),
)
def test_conditions_across_references(
    name: str,
    rows: list[dict[str, Any]],
    owners: list[dict[str, Any]],
    inner: Node,
    nodes: list[Node],
    size: int,
    negated: bool,
) -> None:
    """Records whose reference is among those of another queryset, or is not."""
    profile = profile_named(name)
    env = environment(profile, size)
    if name == "corebos":
        rows = [{**row, "assigned_user_id": 1} for row in rows]
    crm = filled(rows, env, profile)
    for number, owner in enumerate(owners, 200):
        crm.insert("Owners", number, **owner)
    numbers = [0, *OWNER_NUMBERS, *range(200, 204)]
    for index, row in enumerate(stored(crm)):
        where = (numbers[index % len(numbers)], int(row["id"][3:]))
        crm.engine.store.execute('UPDATE "m_Things" SET parent = ? WHERE id = ?', where)
    wanted = [each["id"] for each in crm.everything("Owners") if evaluate(inner, each, env)]
    parent = META.fields["parent"]
    asked: Node = InSelection(parent, Selection(OWNER_META, inner))
    meant: Node = OneOf(parent, tuple(wanted)) if wanted else FALSE
    if negated:
        asked, meant = Not(asked), Not(meant)
    for node in nodes:
        truth = [row["id"] for row in stored(crm) if evaluate(And((meant, node)), row, env)]
        selection = Selection(META, And((asked, node)))
        assert crm.ids(selection, env) == truth
        assert crm.count(selection, env) == len(truth)


@examples(20)
@given(
    rows=datasets(most=12),
    nodes=st.lists(conditions(META, depth=3), min_size=3, max_size=3),
    order=orders(META),
    size=st.sampled_from([3, 5, 100]),
)
def test_what_was_measured_of_berlicrm(
    rows: list[dict[str, Any]], nodes: list[Node], order: tuple[Order, ...], size: int
) -> None:
    """The right rows, a refusal, or a statement that nobody tried on a real one."""
    profile = profile_named("berlicrm")
    env = environment(profile, size)
    rows = [{**row, "assigned_user_id": 1} for row in rows]
    crm = filled(rows, env, replace(profile, measured_modules=frozenset()))
    known = filled(rows, env)
    if any(each.field.wire == "parent" for each in order):
        order = ()
    for node in nodes:
        truth = [row for row in stored(known) if evaluate(node, row, env)]
        with suppress(UnsupportedQuery, NotMeasured):
            whole = [row["id"] for row in sorted(truth, key=total_key(order))]
            assert crm.ids(Selection(META, node, order), env) == whole
        with suppress(UnsupportedQuery, NotMeasured):
            assert crm.count(Selection(META, node), env) == len(truth)


def restricted(
    rows: list[dict[str, Any]], hidden: set[int], env: Environment, profile: Profile
) -> tuple[Twin, list[dict[str, Any]]]:
    """A CRM whose clerk may see only what is the clerk's own, and the rows of it that are."""
    crm = filled([], env, profile)
    accounts = crm.engine.accounts
    accounts.add_user("clerk")
    accounts.restrict("clerk", VIEW_ALL, "")
    clerk = crm.engine.user("clerk")
    assert clerk is not None
    accounts.set_private("Things")
    numbers = [10 + (index * 7) % 101 for index in range(len(rows))]
    for index, (number, row) in enumerate(zip(numbers, rows)):
        owner = 1 if index in hidden else clerk.number
        crm.insert("Things", number, **{**row, "assigned_user_id": owner})
    mine = {f"40x{number}" for index, number in enumerate(numbers) if index not in hidden}
    visible = [row for row in stored(crm) if row["id"] in mine]
    crm.user = "clerk"
    return crm, visible


@pytest.mark.parametrize("name", PROFILES)
@examples(20)
@given(
    rows=datasets(),
    hidden=st.sets(st.integers(0, 29)),
    nodes=st.lists(conditions(META, depth=3), min_size=3, max_size=3),
    size=st.sampled_from([3, 5, 100]),
)
def test_rows_and_counts_of_a_restricted_user(
    name: str, rows: list[dict[str, Any]], hidden: set[int], nodes: list[Node], size: int
) -> None:
    profile = profile_named(name)
    env = environment(profile, size)
    crm, visible = restricted(rows, hidden, env, profile)
    for node in nodes:
        truth = [row["id"] for row in visible if evaluate(node, row, env)]
        assert crm.ids(Selection(META, node), env) == truth
        assert crm.count(Selection(META, node), env) == len(truth)


@examples(20)
@given(
    rows=datasets(),
    hidden=st.sets(st.integers(0, 29)),
    node=conditions(META, depth=3),
    order=st.sampled_from(["", "-id", "name", "-whole"]),
    size=st.sampled_from([3, 5, 100]),
)
def test_a_thinned_module_that_is_not_counted(
    rows: list[dict[str, Any]], hidden: set[int], node: Node, order: str, size: int
) -> None:
    """As Events are on Vtiger 8.3: the right rows or a refusal, never a wrong answer."""
    profile = replace(profile_named("vtiger-8.3"), thinned_modules=frozenset({"Things"}))
    env = replace(environment(profile, size), thinned_modules={"Things": True})
    crm, visible = restricted(rows, hidden, env, profile)
    given_order = (Order(META.fields[order.lstrip("-")], order[0] == "-"),) if order else ()
    found = [row for row in visible if evaluate(node, row, env)]
    truth = [row["id"] for row in sorted(found, key=total_key(given_order))]
    selection = Selection(META, node, given_order)
    with suppress(UnsupportedQuery):
        assert crm.ids(selection, env) == truth
    with suppress(UnsupportedQuery):
        assert crm.count(selection, env) == len(truth)
    with suppress(UnsupportedQuery):
        assert crm.ids(replace(selection, stop=2), env) == truth[:2]
    with suppress(UnsupportedQuery):
        assert crm.exists(selection, env) == bool(truth)
