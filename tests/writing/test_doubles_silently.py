"""One SQL error that the server hides as an empty answer, wherever it falls: no second record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from generated.demo import Contacts, connect
from tests.support.kinds import NO_REPETITION
from vtiger_orm import VtigerError
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Exchange, LostAnswer
from vtiger_orm.emulator.http import Response, json_response

DOORS = ("vtiger-7.5", "vtiger-8.0", "vtiger-8.3", "frevocrm", "cloud", "restfulapi")
contacts: Any = Contacts.objects


@dataclass(frozen=True)
class Emptied:
    """Success, and no rows."""

    def apply(self, exchange: Exchange) -> Response:
        answer = exchange.proceed().json()
        if isinstance(answer.get("result"), list):
            answer["result"] = []
        return json_response(answer)


@pytest.fixture(scope="module", params=DOORS)
def crm(request: pytest.FixtureRequest) -> Iterator[Crm]:
    with Crm(data=None, profile=request.param) as made:
        made.create("Contacts", {"lastname": "Other"})
        yield made


def lost(crm: Crm) -> None:
    """A create whose answer does not arrive; saved, looked for, and saved again where told so."""
    contact = Contacts(lastname="Solid", department="EXT-7")
    crm.faults.next(LostAnswer(), operation="create")
    with suppress(VtigerError):
        contact.save()
    if "id" not in vars(contact) and not contact.crm.resolve():
        contact.save()


CALLS: dict[str, Callable[[Crm], object]] = {
    "get_or_create": lambda _: contacts.get_or_create(lastname="Solid"),
    "update_or_create": lambda _: contacts.update_or_create(
        lastname="Solid", defaults={"fax": "1"}
    ),
    "a long key": lambda _: contacts.get_or_create(lastname="Solid", description="x" * 50),
    "in bulk": lambda _: contacts.bulk_update_or_create(
        [{"lastname": "Solid", "fax": "1"}], key="lastname"
    ),
    "a lost answer": lost,
}


@pytest.mark.parametrize("external", [False, True], ids=["", "external id"])
@pytest.mark.parametrize("call", CALLS)
def test_a_hidden_error_makes_no_second_record(crm: Crm, call: str, external: bool) -> None:
    dialect: Any = crm.profile.name if crm.profile.name in ("cloud", "restfulapi") else "webservice"
    known = {"Contacts": "department"} if external else {}
    for position in range(4):
        with (
            crm.rolled_back(),
            connect(
                crm.url,
                *crm.credentials(),
                dialect=dialect,
                transport=crm.transport(),
                retry=NO_REPETITION,
                external_ids=known,
            ),
        ):
            with suppress(VtigerError):
                if call != "a lost answer":
                    CALLS[call](crm)
            crm.faults.next(Emptied(), operation=("query", "retrieve"), after=position)
            with suppress(VtigerError):
                CALLS[call](crm)
            crm.faults.clear()
            made = crm.engine.store.rows("SELECT id FROM \"m_Contacts\" WHERE lastname = 'Solid'")
            assert len(made) == 1, position
