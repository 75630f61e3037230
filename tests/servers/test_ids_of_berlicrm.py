"""How berliCRM compares ids was not measured: no condition has one unless a pull has proved it."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
from vtiger_codegen.live.pull import server_of

from generated.demo import Accounts, Contacts, connect
from vtiger_orm import Session, UnsupportedQuery
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine import berlicrm
from vtiger_orm.introspection.pull import pull
from vtiger_orm.metadata.capabilities import Capabilities

NUMBER_OF: dict[str, tuple[Callable[[str], int], bool]] = {
    "by their numbers": (lambda id_: int(id_.partition("x")[2]), True),
    "as SQL reads a text": (lambda id_: int(id_.partition("x")[0]), False),
    "never": (lambda id_: 0, False),
}


def play(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """A berliCRM of which that was measured."""
    measured, number = berlicrm._Conditions._operand, NUMBER_OF[way][0]

    def operand(self: berlicrm._Conditions, field: object, value: str) -> str:
        if not berlicrm._ID.fullmatch(value):
            return measured(self, field, value)  # type: ignore[arg-type]  # as it was given
        self.values.append(number(value))
        return "?"

    monkeypatch.setattr(berlicrm._Conditions, "_operand", operand)


def proved(crm: Crm) -> bool | None:
    door = crm.transport()
    with (
        Session(crm.url, *crm.credentials(), transport=door, dialect="webservice") as session,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        snapshot = session.run(pull(server_of(session), include=["Contacts", "Accounts"]))
    return snapshot.instance.capabilities.compares_ids


@pytest.mark.parametrize("way", NUMBER_OF)
def test_a_pull_proves_it(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    with Crm(profile="berlicrm") as crm:
        assert proved(crm) is None  # refused as not measured
        play(monkeypatch, way)
        assert proved(crm) is NUMBER_OF[way][1]


@pytest.mark.parametrize("known", [None, False, True])
def test_what_is_not_proved_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, known: bool | None
) -> None:
    play(monkeypatch, "by their numbers" if known else "never")
    with Crm(profile="berlicrm") as crm:
        account, contact = crm.create("Accounts", {"accountname": "A"}), None
        for name in "ab":
            contact = crm.create("Contacts", {"lastname": name, "account_id": account["id"]})
        assert contact is not None
        can = Capabilities(compares_ids=known, collation="general_ci", precedence="sql")
        with connect(
            crm.url,
            *crm.credentials(),
            dialect="webservice",
            transport=crm.transport(),
            capabilities=can,
        ) as session:
            session.identify()
            asked: list[Callable[[], int]] = [
                lambda: Contacts.objects.filter(id=contact["id"]).count(),
                lambda: Contacts.objects.filter(account_id=Accounts.ref(account["id"])).count(),
                lambda: Contacts.objects.filter(id__in=[contact["id"]]).update(title="x"),
                lambda: len(Contacts.objects.in_bulk([contact["id"]])),
            ]
            for question, number in zip(asked, (1, 2, 1, 1)):
                with crm.count_calls() as calls:
                    if known:
                        assert question() == number
                        continue
                    with pytest.raises(UnsupportedQuery, match="was not measured"):
                        question()
                assert calls.number == 0
            assert Contacts.objects.filter(lastname="a", title=None)[0].lastname == "a"
