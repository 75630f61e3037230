"""coreBOS: what its second parser would read is never sent, and the rows are right all the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import datasets
from tests.properties.test_truth import META, filled, stored
from tests.properties.test_truth_by_server import environment
from tests.support.examples import examples
from tests.support.planned import Server as Twin
from tests.support.planned import careful, server
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.tree import (
    Compare,
    Equal,
    Like,
    Node,
    Not,
    OneOf,
    Order,
    Selection,
    all_of,
    any_of,
)
from vtiger_orm.emulator.engine.corebos.query import goes_to_second
from vtiger_orm.emulator.profiles import COREBOS
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.metadata.server import Server, ServerFamily
from vtiger_orm.planner.asking import answer
from vtiger_orm.planner.branches import Comparison
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.planner.orders import total_key
from vtiger_orm.planner.second_parser import falls_into_it, is_risky
from vtiger_orm.planner.statement import Statement, quote

WILD = st.text("a'.( )\n%_\\n", min_size=1, max_size=5).filter(lambda text: bool(text.strip()))
WORDS = st.sampled_from(
    [
        *("O'Neil", "a'", "'a", "x.y", "a' in (b", "q in (1)", "count(2)", "z not in (3", "'"),
        *("''", "in (4", " in (", "l1\nl2", "l1\r\nl2", "is null", "a)b", "(02) 1.3"),
    ]
)
ON_COREBOS = environment(COREBOS, 100)
TEXTS = WILD | WORDS


@st.composite
def atoms(draw: st.DrawFn) -> Node:
    field = META.by_wire[draw(st.sampled_from(["name", "note"]))]
    value = draw(TEXTS)
    choices: list[Node] = [
        Equal(field, value),
        Compare(field, draw(st.sampled_from(["<", "<=", ">", ">="])), value),
        Like(field, draw(st.sampled_from(["{}", "{}%", "%{}", "%{}%"])).format(value)),
        OneOf(field, tuple(dict.fromkeys([value, *draw(st.lists(TEXTS, max_size=3))]))),
    ]
    node = draw(st.sampled_from(choices))
    return Not(node) if draw(st.booleans()) else node


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Node]]:
    rows = [{**row, "assigned_user_id": 1} for row in draw(datasets(12))]
    for row in rows:
        row["name"], row["note"] = draw(TEXTS), draw(TEXTS)
    nodes = draw(st.lists(atoms(), min_size=2, max_size=4))
    return rows, [*nodes, all_of(*nodes), any_of(*nodes)]


@examples(40)
@given(world=worlds(), size=st.sampled_from([2, 100]), order=st.booleans())
def test_rows_are_right(
    world: tuple[list[dict[str, Any]], list[Node]], size: int, order: bool
) -> None:
    rows, nodes = world
    env = environment(COREBOS, size)
    crm: Twin = filled(rows, env, COREBOS)
    asked: list[str] = []
    sent = crm.engine.answer

    def recorded(user: Any, operation: str, params: dict[str, Any], *more: Any) -> Any:
        asked.append(str(params.get("query", "")))
        return sent(user, operation, params, *more)

    crm.engine.answer = recorded  # type: ignore[method-assign,assignment]  # watched
    for node in nodes:
        truth = [row for row in stored(crm) if evaluate(node, row, env)]
        by = (Order(META.by_wire["name"], descending=True),) if order else ()
        expected = [row["id"] for row in sorted(truth, key=total_key(by))]
        try:
            assert crm.ids(Selection(META, node, by), env) == expected
        except UnsupportedQuery:
            assert order  # a page that ends at a text which begins with a quote
        assert crm.count(Selection(META, node), env) == len(truth)
    assert not [text for text in asked if goes_to_second(text)]


@examples(200)
@given(values=st.lists(TEXTS, min_size=1, max_size=4))
def test_values_that_are_no_risk_never_lead_there(values: list[str]) -> None:
    calm = [value for value in values if not is_risky(value, ON_COREBOS)]
    said = " or ".join(f"name = {quote(value)}" for value in calm) or "name = 'a'"
    listed = ",".join(quote(value) for value in calm if ")" not in value) or "'a'"
    for text in (
        f"select name,id from Things where {said} order by id limit 5;",
        f"select count(*) from Things where note in ({listed}) and {said};",
    ):
        assert not falls_into_it(text)
        assert not goes_to_second(text)


@pytest.mark.parametrize(
    "value", ["O'Neil", "x.y@z", "(02) 1234", "plain", "is null", "Berlin (Mitte)"]
)
def test_usual_values_are_sent_as_they_are(value: str) -> None:
    assert not is_risky(value, ON_COREBOS)


def test_what_would_fall_into_it_is_refused_unsent() -> None:
    env: Environment = environment(COREBOS, 100)
    parts = (Comparison("name", "=", "a'"), Comparison("mail", "=", "x.y"))
    with pytest.raises(UnsupportedQuery, match="not sent"):
        next(answer(Statement("Things", ("id",), (parts,)), env))


@pytest.mark.parametrize("value", ["'", "x''y"])
def test_only_a_known_server_decides_on_what_corebos_misreads(value: str) -> None:
    """Where neither the server nor its collation is known, such a text is refused, not guessed."""
    crm = server(page_cap=5)
    crm.insert("Things", 1, name="a", assigned_user_id=1)
    crm.insert("Things", 2, name=value, assigned_user_id=1)
    selection = Selection(META, Equal(META.by_wire["name"], value))
    with pytest.raises(UnsupportedQuery, match="pull the schema"):
        crm.ids(selection, careful(collation="unknown"))
    assert not [text for text in crm.log if quote(value) in text]
    assert crm.ids(selection, careful(collation="general_ci")) == ["40x2"]
    known = Server.known(ServerFamily.VTIGER, "8.0.0")
    assert crm.ids(selection, careful(collation="unknown", server=known)) == ["40x2"]


ON_BERLICRM = Environment.of(Server.known(ServerFamily.BERLICRM, "6.5.0"))


def statement(node: Node, env: Environment) -> str:
    what = compiled(Selection(META, node, columns=()), env)
    return what.statement(what.superset).text


def test_berlicrm_escapes_a_quote_by_a_backslash() -> None:
    name = META.by_wire["name"]
    assert r"name = 'O\'Neil'" in statement(Equal(name, "O'Neil"), ON_BERLICRM)
    assert "name = 'O''Neil'" in statement(Equal(name, "O'Neil"), ON_COREBOS)


def test_nothing_with_a_backslash_is_asked_of_berlicrm() -> None:
    name = META.by_wire["name"]
    for node in (Equal(name, r"a\b"), Like(name, r"a\\b%"), Like(name, r"a\_b%")):
        assert "name like 'a_b%'" in statement(node, ON_BERLICRM)
    what = compiled(Selection(META, Equal(name, r"a\b"), columns=()), ON_BERLICRM)
    assert not what.is_exact  # rows are checked here
