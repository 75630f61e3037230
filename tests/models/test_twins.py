"""A queryset under another condition is otherwise the one it was made of, whatever that is."""

from __future__ import annotations

from dataclasses import fields, replace

from generated.demo import Contacts
from vtiger_orm.conditions.tree import Chosen, Equal, Order, Selection
from vtiger_orm.models.fetches import parse_fetches
from vtiger_orm.models.query_state import Projection, QueryState

META = Contacts.meta
NAME = META.fields["lastname"]
WHERE = Equal(NAME, "x")
SELECTION = Selection(META, Equal(NAME, "y"), (Order(NAME),), 2, 7, (META.id, NAME), Chosen.KEPT)
STATE = QueryState(
    Contacts,
    SELECTION,
    session=object(),  # type: ignore[arg-type]  # any will do
    fetches=parse_fetches(
        Contacts.__mapper__.package, META, ("account_id",), "select_related", relations=False
    ),
    projection=Projection(("lastname",), "flat"),
    max_writes=3,
)


def test_a_selection() -> None:
    fresh = Selection(META)
    changed = {each.name for each in fields(Selection)} - {"module"}
    assert all(getattr(SELECTION, name) != getattr(fresh, name) for name in changed)
    assert SELECTION.under(WHERE) == replace(SELECTION, where=WHERE)


def test_the_state_of_a_queryset() -> None:
    fresh = QueryState(Contacts, Selection(META))
    changed = {each.name for each in fields(QueryState)} - {"model"}
    assert all(getattr(STATE, name) != getattr(fresh, name) for name in changed)
    assert STATE.under(WHERE) == replace(STATE, selection=SELECTION.under(WHERE))
