"""Blank rows are one group in every order, though the server sorts NULL first, then text that
begins with a control character, then the empty text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.planned import Server, careful, order_by, select, server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.q import Q
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.planner import explain
from vtiger_orm.planner.orders import total_key

ORDERS = ["mail", "-mail", "mail whole", "-mail -whole", "whole mail", "-whole -mail"]
MIXED_ORDERS = ["mail -whole", "-mail whole", "-whole mail", "mail note -whole"]

values = st.sampled_from(["a", "b", "\n", "\nb", "", " "])
rows = st.lists(
    st.fixed_dictionaries({"mail": values, "note": values, "whole": st.sampled_from([1, 2])}),
    max_size=14,
)


def filled(rows: list[dict[str, object]]) -> Server:
    crm = server()
    for number, row in enumerate(rows, 1):
        crm.insert("Things", number, **{"note": "", **row})
    return crm


def ordered(crm: Server, names: str, *conditions: Q) -> Selection:
    return order_by(select(crm, *conditions, columns=None), names)


def check_all_slices(crm: Server, selection: Selection, env: Environment) -> None:
    truth = sorted(crm.everything("Things"), key=total_key(selection.order))
    whole = [row["id"] for row in truth]
    assert crm.ids(selection, env) == whole
    for start in range(0, len(whole), 2):
        for length in (1, 3):
            part = replace(selection, start=start, stop=start + length)
            crm.log.clear()
            assert crm.ids(part, env) == whole[start : start + length], part
            told = explain(part, env).calls
            assert told is None or len(crm.log) <= told


@pytest.mark.parametrize("names", [*ORDERS, *MIXED_ORDERS])
@examples(8)
@given(rows=rows, size=st.sampled_from([3, 5, 100]))
def test_where_no_null_is_known_to_be(names: str, rows: list[dict[str, object]], size: int) -> None:
    env = careful(page_size=size)
    for name in ("mail", "note", "whole"):
        env.knowledge.learn_null_free("Things", name, True)
    crm = filled(rows)
    check_all_slices(crm, ordered(crm, names), env)


@pytest.mark.parametrize("names", [*ORDERS, *MIXED_ORDERS])
@examples(8)
@given(rows=rows, nulls=st.sets(st.integers(0, 13)), size=st.sampled_from([3, 5, 100]))
def test_where_nulls_stand_between(
    names: str, rows: list[dict[str, object]], nulls: set[int], size: int
) -> None:
    mixed = [
        {**row, "mail": None, "note": None} if index in nulls else row
        for index, row in enumerate(rows)
    ]
    crm = filled(mixed)
    check_all_slices(crm, ordered(crm, names), careful(page_size=size))


days = st.sampled_from([None, "0000-00-00", "0000-01-01", "0000-12-31", "2024-02-29"])


@pytest.mark.parametrize(
    "names", ["day", "-day", "day whole", "-day -whole", "whole day", "day -whole", "mail day note"]
)
@examples(8)
@given(
    rows=st.lists(
        st.fixed_dictionaries({"day": days, "mail": values, "whole": st.sampled_from([1, 2])}),
        max_size=14,
    ),
    size=st.sampled_from([3, 5, 100]),
)
def test_days_of_the_year_zero_are_blank_whatever_they_are(
    names: str, rows: list[dict[str, object]], size: int
) -> None:
    """The server sorts them, with or without NULL before them."""
    env = careful(page_size=size)
    if all(row["day"] is not None for row in rows):
        env.knowledge.learn_null_free("Things", "day", True)
    crm = filled(rows)
    check_all_slices(crm, ordered(crm, names), env)


@pytest.mark.parametrize("names", ["mail", "-mail"])
def test_where_several_statements_are_merged(names: str) -> None:
    """The first row of all is not the first of each statement."""
    crm = filled([{"mail": ["", None, "\n", "a"][number % 4]} for number in range(24)])
    ids = [f"40x{number}" for number in range(1, 25)]
    condition = Q(id__in=ids[::2]) & Q(note=None) | Q(id__in=ids[1::2]) & Q(note=None)
    for known in (False, True):
        env = careful(page_size=5, url_budget=800)
        if known:
            crm = filled([{"mail": ["", "\n", "a"][number % 3]} for number in range(24)])
            env.knowledge.learn_null_free("Things", "mail", True)
        env.knowledge.learn_null_free("Things", "note", True)
        selection = ordered(crm, names, condition)
        selection = replace(selection, columns=(selection.module.fields["mail"],))
        assert len(explain(selection, env).statements) > 1
        check_all_slices(crm, selection, env)


def test_ordinary_blanks_cost_no_call_more_where_no_null_is() -> None:
    """A first row that is blank proves that nothing sorts before it."""
    crm = filled([{"mail": "" if number % 3 else "a"} for number in range(12)])
    env = careful(page_size=5)
    env.knowledge.learn_null_free("Things", "mail", True)
    first = replace(ordered(crm, "mail"), stop=4)
    assert len(crm.ids(first, env)) == 4
    assert len(crm.log) == 1
    crm.log.clear()
    last = replace(ordered(crm, "-mail -whole"), stop=2)
    assert len(crm.ids(last, env)) == 2
    assert len(crm.log) == 2, "a count, and the page at the end"
