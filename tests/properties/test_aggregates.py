"""Laws of aggregates: they are what Python makes of the same rows, whichever way they are asked."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import DELETED, OWNER_NUMBERS, conditions, datasets
from tests.properties.test_truth import META, environments, expected, filled
from tests.support.planned import Server, careful, select
from vtiger_orm.aggregates import Avg, Count, Max, Min, Sum
from vtiger_orm.aggregates.functions import Figure, figures_of, order_key_of, same_key_of
from vtiger_orm.aggregates.groups import GroupKey, group_key, group_of
from vtiger_orm.aggregates.plan import plan_aggregate, plan_groups
from vtiger_orm.calls.environment import Environment
from vtiger_orm.columns import ColumnReader
from vtiger_orm.conditions.tree import Node, Selection

ORDERED = ["name", "stage", "whole", "amount", "money", "day", "moment", "parent"]
ANY = [*ORDERED, "flag", "tags_", "hour", "note"]
KEYS = [*ANY, "day__month", "day__year", "moment__month", "moment__date"]

aggregates = st.one_of(
    st.just(Count()),
    st.builds(Count, st.sampled_from(ANY), distinct=st.booleans()),
    st.builds(Sum, st.sampled_from(["whole", "amount", "money"]), distinct=st.booleans()),
    st.builds(Avg, st.sampled_from(["whole", "amount", "money"]), distinct=st.booleans()),
    st.builds(Min, st.sampled_from(ORDERED)),
    st.builds(Max, st.sampled_from(ORDERED)),
)


def plainly(figure: Figure, values: list[Any], number: int, env: Environment) -> Any:
    """The figure as its definition says."""
    aggregate, known = figure.aggregate, [value for value in values if value is not None]
    if figure.field is None:
        return number
    if aggregate.distinct:
        same = same_key_of(figure.field, env)
        known = list({same(value): value for value in reversed(known)}.values())
    key = order_key_of(figure.field, env)
    match aggregate:
        case Count():
            return len(known)
        case Sum():
            return sum(known) if known else None
        case Avg():
            return Fraction(sum(map(Fraction, known)), len(known)) if known else None
        case Min():
            return min(map(key, known), default=None)
        case _:
            return max(map(key, known), default=None)


def comparable(figure: Figure, value: Any, env: Environment) -> Any:
    if value is None:
        return None
    if isinstance(figure.aggregate, Min | Max):
        return order_key_of(figure.field, env)(value)
    if isinstance(figure.aggregate, Avg):
        assert isinstance(value, Decimal)
        return Fraction(value).limit_denominator(1000)
    return value


def table(crm: Server, node: Node, env: Environment) -> tuple[list[str], dict[str, list[Any]]]:
    """The ids of the condition's rows and all their values, read without the planner."""
    ids = set(expected(crm, node, env))
    rows = [row for row in crm.everything("Things") if row["id"] in ids]
    fields = META.columns
    columns = ColumnReader(fields, env.zone).read(rows)
    return [row["id"] for row in rows], {
        field.name: [None] * len(rows) if column is None else column
        for field, column in zip(fields, columns)
    }


@given(
    rows=datasets(),
    node=conditions(META, depth=1),
    env=environments(),
    wanted=st.lists(aggregates, min_size=1, max_size=4),
)
def test_aggregates_are_those_of_the_rows(
    rows: list[dict[str, Any]], node: Node, env: Environment, wanted: list[Any]
) -> None:
    crm = filled(rows, env)
    ids, columns = table(crm, node, env)
    figures = figures_of(META, (), {f"f{n}": each for n, each in enumerate(wanted)}, "aggregate")
    got = crm.run(plan_aggregate(Selection(META, node), figures, env))
    for figure in figures:
        values = columns[figure.field.name] if figure.field else []
        truth = plainly(figure, values, len(ids), env)
        if isinstance(truth, Fraction):
            truth = truth.limit_denominator(1000)
        assert comparable(figure, got[figure.name], env) == truth


@pytest.mark.parametrize("distinct", [False, True])
def test_a_reference_to_a_deleted_record_counts_as_it_reads(distinct: bool) -> None:
    """The CRM finds it by the number that is stored, and shows nothing."""
    crm = filled([{"parent": DELETED}, {"parent": OWNER_NUMBERS[0]}], careful())
    known = select(crm, parent__isnull=False)
    figures = figures_of(META, (), {"n": Count("parent", distinct=distinct)}, "aggregate")
    assert crm.count(known, careful()) == 2
    assert crm.run(plan_aggregate(known, figures, careful())) == {"n": 1}


@given(
    rows=datasets(),
    node=conditions(META, depth=1),
    env=environments(),
    names=st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True),
    aggregate=aggregates,
)
def test_groups_part_the_rows(
    rows: list[dict[str, Any]], node: Node, env: Environment, names: list[str], aggregate: Any
) -> None:
    """Every row is in one group, and each group's figures are those of its rows."""
    crm = filled(rows, env)
    ids, columns = table(crm, node, env)
    keys: list[GroupKey] = [group_key(META, name, "values") for name in names]
    figures = figures_of(META, (), {"n": Count(), "f": aggregate}, "annotate")
    groups = crm.run(plan_groups(Selection(META, node), keys, figures, env))
    of = [group_of(key, env) for key in keys]
    members = defaultdict(list)
    for number in range(len(ids)):
        members[tuple(each(columns[key.field.name][number]) for key, each in zip(keys, of))].append(
            number
        )
    reader = ColumnReader([key.field for key in keys], env.zone)
    found = {}
    for group in groups:
        read = reader.read([{"id": "40x1", **group.row}])
        found[tuple(e(None if c is None else c[0]) for e, c in zip(of, read))] = group.figures
    assert len(found) == len(groups)
    assert found.keys() == members.keys()
    count, figure = figures
    for key, numbers in members.items():
        assert found[key][count.name] == len(numbers)
        values = [columns[figure.field.name][n] for n in numbers] if figure.field else []
        truth = plainly(figure, values, len(numbers), env)
        if isinstance(truth, Fraction):
            truth = truth.limit_denominator(1000)
        assert comparable(figure, found[key][figure.name], env) == truth
