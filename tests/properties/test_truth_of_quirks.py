"""The law of truth where columns are not what describe says, across modules, and within limits."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import (
    CHOICES,
    DAYS,
    conditions,
    datasets,
    resolved,
    texts,
)
from tests.properties.test_truth import META, environments, expected, filled
from tests.support.planned import Server, careful, described, server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.pace import Parallel
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q
from vtiger_orm.conditions.tree import InSelection, Node, OneOf, Selection, any_of, atoms
from vtiger_orm.errors import ScanTooLarge
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.planner.semijoin import replaced

# -- columns stored otherwise

ODD = {
    "Events": described(
        "Events",
        "18",
        {
            "subject": "string",
            "activitytype": "picklist",
            "time_start": "time",
            "duration_hours": "integer",
        },
    ),
    "Products": described("Products", "14", {"discontinued": "boolean", "subject": "string"}),
    "ProjectMilestone": described("ProjectMilestone", "27", {"projectmilestonedate": "date"}),
    "Quotes": described("Quotes", "4", {"region_id": "picklist", "subject": "string"}),
}
RAW: dict[str, st.SearchStrategy[Any]] = {
    "subject": st.one_of(texts, st.sampled_from([None, ""])),
    "activitytype": st.just("Call"),
    "time_start": st.sampled_from([None, "", " ", "00:00:00", "06:18:00", "12:30:00"]),
    "duration_hours": st.sampled_from([None, "", "  ", "0", "1", "9", "10", "100"]),
    "discontinued": st.sampled_from([None, 0, 1]),
    "projectmilestonedate": st.sampled_from([None, "", " ", "0000-05-01", *DAYS]),
    "region_id": st.sampled_from([None, 0, 1, 5]),
}
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "subject": st.sampled_from([("", "a"), ("__contains", "a"), ("", None)]),
    "time_start": st.one_of(
        st.just(("", None)),
        st.tuples(
            st.sampled_from(["", "__lt", "__lte", "__gt", "__gte"]),
            st.sampled_from([time(0), time(6, 18), time(12)]),
        ),
    ),
    "duration_hours": st.one_of(
        st.just(("", None)),
        st.just(("__in", [1, 10, None])),
        st.tuples(
            st.sampled_from(["", "__lt", "__lte", "__gt", "__gte"]), st.sampled_from([0, 1, 9, 10])
        ),
    ),
    "discontinued": st.sampled_from([("", True), ("", False), ("", None), ("__isnull", False)]),
    "projectmilestonedate": st.one_of(
        st.sampled_from([("", None), ("__year", 2024), ("__month", 2)]),
        st.tuples(
            st.sampled_from(["", "__lt", "__gte"]), st.sampled_from(DAYS).map(date.fromisoformat)
        ),
    ),
    "region_id": st.sampled_from(
        [
            *(("", "5"), ("", "Rome"), ("", "٥"), ("", None)),
            *(("__in", ["1", "0"]), ("__in", ["5", "Rome"])),
        ]
    ),
}


@st.composite
def odd_modules(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]], list[Node]]:
    name = draw(st.sampled_from(sorted(ODD)))
    meta = module_meta(ODD[name])
    raw = {field: RAW[field] for field in meta.fields if field in RAW}
    rows = draw(st.lists(st.fixed_dictionaries(raw), max_size=25))
    leaf = st.sampled_from(sorted({*KEYWORDS} & {*meta.fields})).flatmap(
        lambda field: KEYWORDS[field].map(lambda pair: Q(**{field + pair[0]: pair[1]}))
    )
    tree = st.recursive(
        leaf,
        lambda q: st.one_of(
            q.map(lambda one: ~one),
            st.tuples(q, q).map(lambda two: two[0] & two[1]),
            st.tuples(q, q).map(lambda two: two[0] | two[1]),
        ),
        max_leaves=4,
    )
    return name, rows, [resolved(meta, draw(tree)) for _ in range(3)]


@given(odd_modules(), environments())
def test_columns_stored_otherwise(
    odd: tuple[str, list[dict[str, Any]], list[Node]], env: Environment
) -> None:
    name, rows, nodes = odd
    crm = server(*ODD.values(), page_cap=env.page_size)
    for number, row in enumerate(rows, 10):
        crm.insert(name, number, **row)
    for node in nodes:
        selection = Selection(crm.metas[name], node)
        truth = [row["id"] for row in crm.everything(name) if evaluate(node, row, env)]
        assert crm.ids(selection, env) == truth
        assert crm.count(selection, env) == len(truth)
        assert crm.exists(selection, env) == bool(truth)


# -- querysets within conditions


class Queryset:
    def __init__(self, selection: Selection) -> None:
        self.selection = selection


OWNERS = server().metas["Owners"]


def owners(q: Q) -> Queryset:
    return Queryset(Selection(OWNERS, resolved(OWNERS, q)))


OWNER_TREES = st.sampled_from(
    [Q(), Q(title="t7"), ~Q(title="t7"), Q(rank__gte=9), Q(rank=None), ~Q(title__contains="8")]
).map(owners)
JOINS = OWNER_TREES.map(lambda queryset: Q(parent__in=queryset))
MIXED = st.recursive(
    st.one_of(
        JOINS,
        st.sampled_from([Q(whole__gte=2), ~Q(stage="a"), Q(day=None), ~Q(note__contains="a")]),
    ),
    lambda q: st.one_of(
        q.map(lambda one: ~one),
        st.tuples(q, q).map(lambda two: two[0] & two[1]),
        st.tuples(q, q).map(lambda two: two[0] | two[1]),
    ),
    max_leaves=4,
)


def without_querysets(crm: Server, node: Node, env: Environment) -> Node:
    """The tree with the ids in place of the querysets."""
    for atom in atoms(node):
        if isinstance(atom, InSelection):
            inner = atom.selection.where
            ids = [row["id"] for row in crm.everything("Owners") if evaluate(inner, row, env)]
            node = replaced(node, atom, OneOf(atom.field, tuple(ids)) if ids else any_of())
    return node


@given(rows=datasets(), q=MIXED, env=environments())
def test_querysets_in_conditions(rows: list[dict[str, Any]], q: Q, env: Environment) -> None:
    crm = filled(rows, env)
    for number in range(200, 212):
        crm.insert("Owners", number, title=f"t{number % 9}", rank=number % 13 or None)
    node = resolved(META, q)
    truth = expected(crm, without_querysets(crm, node, env), env)
    selection = Selection(META, node)
    assert crm.ids(selection, env) == truth
    assert crm.ids(replace(selection, start=1, stop=4), env) == truth[1:4]
    assert crm.count(selection, env) == len(truth)
    assert crm.exists(selection, env) == bool(truth)


# -- limits


@given(rows=datasets(), node=conditions(META, depth=3), env=environments())
def test_the_right_rows_or_a_refusal(
    rows: list[dict[str, Any]], node: Node, env: Environment
) -> None:
    """However small the limit: never a wrong answer."""
    crm = filled(rows, env)
    env = replace(env, max_scan_rows=6)
    truth = expected(crm, node, env)
    with suppress(ScanTooLarge):
        assert crm.ids(Selection(META, node), env) == truth
    with suppress(ScanTooLarge):
        assert crm.count(Selection(META, node), env) == len(truth)


@given(rows=datasets(60), node=conditions(META, depth=2), size=st.sampled_from([2, 3]))
def test_ranges_side_by_side(rows: list[dict[str, Any]], node: Node, size: int) -> None:
    env = careful(page_size=size, parallel=Parallel(3, 3))
    crm = filled(rows, env)
    found = crm.ids(Selection(META, node), env)
    assert len(found) == len(set(found))
    assert sorted(found) == sorted(expected(crm, node, env))


@given(st.lists(st.sampled_from(CHOICES), min_size=1, max_size=6, unique=True), st.booleans())
def test_the_same_choices_in_any_order(choices: list[str], more: bool) -> None:
    env = careful()
    crm = server(page_cap=5)
    crm.insert("Things", 1, tags_=" |##| ".join(choices))
    crm.insert("Things", 2, tags_=" |##| ".join(reversed(choices)))
    crm.insert("Things", 3, tags_=" |##| ".join([*choices, "other"]))
    crm.insert("Things", 4, tags_=" |##| ".join(choices[1:]) if more else None)
    found = crm.ids(Selection(META, resolved(META, Q(tags_=choices))), env)
    assert found == ["40x1", "40x2"]
