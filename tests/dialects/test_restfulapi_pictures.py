"""HTTP 500 with nothing in it: what is said of it is what is known of that operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from generated.demo import Contacts, connect
from vtiger_orm import ServerError, Session
from vtiger_orm.calls.operations import Create, Delete, Operation, Retrieve, Revise
from vtiger_orm.calls.outcome import outcome_of
from vtiger_orm.calls.plans import perform
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.session import RetryPolicy


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Crm(data=None, profile="restfulapi") as crm:
        crm.create("Contacts", {"lastname": "x"})
        with connect(
            crm.url,
            *crm.credentials(),
            dialect="restfulapi",
            transport=crm.transport(),
            retry=RetryPolicy(attempts=1),
        ) as opened:
            opened.identify()
            crm.faults.always(faults.ServerError(500), when=lambda call: call.face == "restfulapi")
            yield opened


_PICKLIST: Final = Operation("picklist", "GET", {"module": "Contacts", "picklist": "leadsource"})
ASKED: Final[dict[str, Callable[[Session], Any]]] = {
    "list": lambda session: list(Contacts.objects.using(session)),
    "create": lambda session: session.run(perform(Create("Contacts", {"lastname": "y"}))),
    "delete": lambda session: session.run(perform(Delete("12x1"))),
    "revise": lambda session: session.run(perform(Revise("12x1", {"phone": "1"}))),
    "retrieve": lambda session: session.run(perform(Retrieve("12x1"))),
    "picklist": lambda session: session.run(perform(_PICKLIST)),
}
SAID: Final = {"list": {"SQL"}, "create": {"duplicate"}, "revise": {"duplicate"}}


@pytest.mark.parametrize("operation", ASKED)
def test_only_what_is_known_of_the_operation_is_said(session: Session, operation: str) -> None:
    with pytest.raises(ServerError) as caught:
        ASKED[operation](session)
    text = str(caught.value)
    assert text.startswith(operation)
    assert {word for word in ("SQL", "duplicate") if word in text} == SAID.get(operation, set())
    changes = operation in ("revise", "delete")
    assert ("Whether it was done is not known" in text) is changes
    assert not outcome_of(caught.value).undone
