"""Rows held against their condition: what does not fit is told, and nothing that fits ever."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import conditions, datasets, texts
from tests.properties.test_truth import META, environments, expected, filled, stored
from tests.support.planned import careful
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.certainty import may_hold
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Node, Selection
from vtiger_orm.errors import MisansweredQuery
from vtiger_orm.planner import plan_checked_rows

ENTITIES = ["R&D", "R&amp;D", "R&amp;amp;D", "a<b", "a&lt;b", '"q"', "&quot;q&quot;", "it's", "é"]


@given(
    rows=datasets(), nodes=st.lists(conditions(META), min_size=1, max_size=2), env=environments()
)
def test_never_a_false_alarm(
    rows: list[dict[str, Any]], nodes: list[Node], env: Environment
) -> None:
    crm = filled(rows, env)
    name = META.fields["name"]
    for node in nodes:
        for columns in ((), (name,)):
            selection = Selection(META, node, columns=columns)
            pages = crm.pages(plan_checked_rows(selection, env))
            found = [row for page in pages for row in page]
            assert [row["id"] for row in found] == expected(crm, node, env)
            if found:
                assert found[0].keys() == {"id", *(each.wire for each in columns)}


@given(
    rows=st.lists(st.sampled_from(ENTITIES), min_size=2, max_size=6),
    text=st.one_of(st.sampled_from(ENTITIES), texts),
    lookup=st.sampled_from(["", "__contains", "__startswith", "__lt", "__gte"]),
    wanted=st.booleans(),
)
def test_texts_that_may_be_stored_encoded_are_believed(
    rows: list[str], text: str, lookup: str, wanted: bool
) -> None:
    env = careful(page_size=3)
    crm = filled([{"name": row} for row in rows], env)
    q = Q(**{f"name{lookup}": text})
    selection = Selection(META, resolve(META, [q if wanted else ~q], {}))
    for _ in crm.pages(plan_checked_rows(selection, env)):
        pass


@given(rows=datasets(12), node=conditions(META, depth=3), env=environments())
def test_what_certainly_does_not_hold_is_false(
    rows: list[dict[str, Any]], node: Node, env: Environment
) -> None:
    crm = filled(rows, env)
    holds = may_hold(node, META, env)
    for row in stored(crm):
        assert holds(row) or not evaluate(node, row, env)


FITTING = {"id": "40x7", "name": "a", "whole": "5", "day": "2024-02-29", "parent": "41x7"}


@pytest.mark.parametrize(
    ("lookups", "wrong"),
    [
        ({"name": "A"}, {"name": "b"}),
        ({"name__startswith": "a"}, {"name": "ba"}),
        ({"name__lt": "b"}, {"name": "c"}),
        ({"name__isnull": False}, {"name": ""}),
        ({"whole__gte": 5}, {"whole": "4"}),
        ({"whole__in": [5, 6]}, {"whole": ""}),
        ({"day__year": 2024}, {"day": "2023-12-31"}),
        ({"parent": "41x7"}, {"parent": "41x8"}),
        ({"id__in": ["40x7", "40x8"]}, {"id": "40x9"}),
    ],
)
def test_a_row_that_does_not_fit_is_told(lookups: dict[str, Any], wrong: dict[str, str]) -> None:
    env = careful()
    selection = Selection(META, resolve(META, [], lookups), stop=1)
    row = {**FITTING, **wrong}
    with pytest.raises(MisansweredQuery, match=row["id"]):
        _answered(plan_checked_rows(selection, env), [row])
    _answered(plan_checked_rows(selection, env), [FITTING])
    denied = may_hold(resolve(META, [~Q(**lookups)], {}), META, env)
    assert denied(row)
    assert not denied(FITTING)


def _answered(stream: Any, rows: list[dict[str, str]]) -> None:
    """The stream of a server that answers every page with these rows, and counts them."""
    reply: Any = None
    for _ in range(20):
        try:
            step = stream.send(reply)
        except StopIteration:
            return
        calls = getattr(step, "calls", None)
        counting = "count(*)" in getattr(step, "text", "")
        reply = (
            [[{"count": "1"}] for _ in calls] if calls else [{"count": "1"}] if counting else rows
        )


@pytest.mark.parametrize(
    ("lookups", "row"),
    [
        ({"name": "R&D"}, {"name": "R&amp;D"}),  # as it is stored is not seen
        ({"name": "strasse"}, {"name": "straße"}),
        ({"money": 10}, {"money": "11.20000000"}),  # in the currency of the user
        ({"parent": "41x7"}, {"parent": ""}),  # a record that was deleted
        ({"name": "a"}, {}),
        ({"flag": True}, {"flag": "on"}),
        ({"tags_": None}, {}),
    ],
)
def test_what_a_row_does_not_tell_is_believed(lookups: dict[str, Any], row: dict[str, str]) -> None:
    holds = may_hold(resolve(META, [], lookups), META, careful())
    denied = may_hold(resolve(META, [~Q(**lookups)], {}), META, careful())
    assert holds({"id": "40x1", **row})
    assert denied({"id": "40x1", **row})


@pytest.mark.parametrize(
    ("lookups", "shown", "believed"),
    [
        ({"name": "a"}, "b", False),
        ({"name": "a"}, "A", True),
        ({"name__in": ["a1", "B"]}, "b", True),
        ({"name__in": ["a1", "B"]}, "c", False),
        ({"name": "a"}, "ä", True),
        ({"name": "ss"}, "ß", True),
        ({"name": "a-b"}, "ab", True),
        ({"name": "a"}, "", True),
        ({"name__gt": "b"}, "a", True),
        ({"name__startswith": "b"}, "a", True),
    ],
)
def test_where_the_collation_is_not_known_only_letters_and_digits_are_judged(
    lookups: dict[str, Any], shown: str, believed: bool
) -> None:
    env = careful(collation="unknown")
    row = {"id": "40x1", "name": shown}
    assert may_hold(resolve(META, [], lookups), META, env)(row) is believed
    assert may_hold(resolve(META, [~Q(**lookups)], {}), META, env)(row)


def test_other_fields_are_judged_beside_such_text() -> None:
    env = careful(collation="unknown")
    both = resolve(META, [], {"name": "a", "whole": 1})
    assert not may_hold(both, META, env)({"id": "40x1", "name": "b", "whole": "2"})
