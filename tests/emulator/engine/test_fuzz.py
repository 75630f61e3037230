"""Whatever is sent, the answer is one of the server's: never an error of our own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from vtiger_orm.emulator.engine import EngineError
from vtiger_orm.emulator.profiles import CLOUD

from .conftest import Server, make

WORDS = [
    *("select", "from", "where", "order", "by", "limit", "and", "or", "in", "like", "asc", "desc"),
    *("*", "count", "(", ")", ",", ";", "=", "!=", "<", "<=", ">", ">=", "not", "is", "null"),
    *("id", "lastname", "account_id", "assigned_user_id", "birthday", "cf_855", "cf_873", "cf_881"),
    *("cf_dt_con", "cf_877", "description", "nosuch", "Contacts", "Quotes", "Events", "Users"),
    *("quantity", "hdnDiscountPercent", "contact_id", "LineItem", "Groups", "ProductTaxes"),
    *("'x'", "'12x1'", "'11x0 or 1'", "'%'", "' '", "''", "'it''s'", "'b\\'", "'\\\\'", "5", "-1"),
    *("0", "1e2", "12x3", "'2020-13-45'", "'1e400'", "'客'", "'😀'", "true", "\n", "\t", "--", "."),
]

statements = st.builds(
    "select {} from {} where {} {} {} order by {} limit {};".format,
    st.sampled_from(["id", "*", "count(*)", "id,lastname", "id,birthday,cf_855", "quantity"]),
    st.sampled_from(["Contacts", "Quotes", "Events", "LineItem", "Users", "Groups", "Tax"]),
    st.sampled_from([word for word in WORDS if word[0].isalpha()]),
    st.sampled_from(["=", "!=", "<", ">=", "like", "in"]),
    st.one_of(
        st.sampled_from([word for word in WORDS if word[0] in "'50-1t"]),
        st.text(max_size=8).map(lambda text: "'" + text.replace("'", "''") + "'"),
    ),
    st.sampled_from(["id", "lastname", "birthday,id", "id desc", "nosuch"]),
    st.sampled_from(["5", "0", "3,4", "-1", "99999999999999999999", "'5'", "x"]),
)


@pytest.fixture(scope="module", params=["stock", "cloud"])
def server(request: pytest.FixtureRequest) -> Server:
    return make(CLOUD) if request.param == "cloud" else make()


def outcome(server: Server, operation: str, **params: Any) -> object:
    """Any exception that is not one of the engine's own fails the test."""
    try:
        return server.call(operation, (), **params)
    except EngineError as error:
        return error


@given(words=st.lists(st.sampled_from(WORDS), max_size=25))
@examples(300)
def test_soup_of_words(server: Server, words: list[str]) -> None:
    outcome(server, "query", query="select " + " ".join(words))


@given(statement=statements)
@examples(300)
def test_statements(server: Server, statement: str) -> None:
    for user in ("admin", "restricted"):
        outcome(server.as_user(user), "query", query=statement)


@given(text=st.text(max_size=40))
def test_any_text(server: Server, text: str) -> None:
    outcome(server, "query", query=text)
    outcome(server, "query", query=f"select id from Contacts where lastname = '{text}';")
    outcome(server, "retrieve", id=text)
    outcome(server, "describe", elementType=text)
    outcome(server, "query_related", id="11x1", relatedLabel="Contacts", query=text)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["12x1", "11x", "x", "1e999", "-", "2020-02-30", "25:61", "\ud800", "1" * 400]),
    st.lists(st.text(max_size=3), max_size=2),
)


@given(
    element=st.dictionaries(
        st.sampled_from([word for word in WORDS if word.isidentifier()] + ["firstname", "title"]),
        VALUES,
        max_size=6,
    )
)
@examples(200)
def test_any_element(server: Server, element: dict[str, object]) -> None:
    whole = {"lastname": "fuzz", "assigned_user_id": "19x1", **element}
    made = outcome(server, "create", elementType="Contacts", element=whole)
    if isinstance(made, dict):
        # The label in the answer is that of the values as they were sent, cut or not.
        retrieved = outcome(server, "retrieve", id=made["id"])
        assert isinstance(retrieved, dict)
        assert {**retrieved, "label": made["label"]} == made
        outcome(server, "revise", element={**element, "id": made["id"]})
        outcome(server, "update", element={**whole, "id": made["id"]})
