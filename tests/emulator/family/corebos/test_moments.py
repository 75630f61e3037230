"""coreBOS: the calendar, dates nobody sent, and what sync tells."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.engine.conftest import Server

from ..replay import Recorded, Replay, play


def test_the_calendar(related: Replay, recorded: Recorded) -> None:
    exchanges = recorded("corebos", "calendar")
    play(related, exchanges, 1, 2)
    for position in (1, 2):
        _, answer = related.ask(exchanges[position]["request"])
        record = answer["result"]
        assert record["dtstart"] == record["dtend"] == "2026-11-28 14:40:00"
        assert (record["date_start"], record["time_end"]) == ("2026-11-28", "14:40:00")
    made = related.crm.create(
        "cbCalendar",
        subject="x",
        dtstart="2026-12-02 10:00:00",
        dtend="2026-12-01 11:00:00",
    )
    assert made["duration_hours"] == "-23"


def test_defaults_of_create(related: Replay, recorded: Recorded) -> None:
    play(related, recorded("corebos", "create-defaults"))


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("", ""),
        (None, "2026-11-28"),
        ("rubbish", ""),
        ("31.12.1999", "0000-00-00"),
        ("1999-12-31", "1999-12-31"),
    ],
)
def test_dates(crm: Server, sent: Any, stored: str) -> None:
    assert crm.contact(birthday=sent)["birthday"] == stored


def test_sync(crm: Server, recorded: Recorded) -> None:
    replay = Replay(crm)
    zoe = crm.engine.accounts.add_user("zoe")
    start = int(crm.clock.time.timestamp())
    crm.clock.forward(1)
    for number, owner in ((9358, "19x1"), (9359, f"19x{zoe}"), (9360, "20x2")):
        name = {9358: "mine", 9359: "hers", 9360: "team"}[number]
        replay.seed(f"11x{number}", "Accounts", accountname=f"Sy {name}", assigned_user_id=owner)

    def changes(user: str = "admin", **params: Any) -> Any:
        asked: dict[str, Any] = {"modifiedTime": str(start), "elementType": "Accounts", **params}
        return crm.as_user(user).answer("sync", **asked)

    whole = changes()
    expected = recorded("corebos", "sync")[0]["answer"]["result"]
    assert [row["accountname"] for row in whole["updated"]] == [
        row["accountname"] for row in expected["updated"]
    ]
    assert all(row["deleted"] == "0" for row in whole["updated"])
    for kind in ("user", "application", "userandgroup", "rubbish"):
        assert changes(syncType=kind) == whole
    for modules in ("", "Accounts,Contacts"):
        assert changes(elementType=modules) == whole
    assert [row["accountname"] for row in changes("zoe")["updated"]] == ["Sy hers"]
    denied = "ACCESS_DENIED Permission to perform the operation is denied"
    assert changes(elementType="NoSuch") == denied
    assert changes(elementType="Accounts,NoSuch") == f"{denied} for NoSuch"
    users = {"updated": [], "deleted": [], "lastModifiedTime": str(start), "more": False}
    assert changes(elementType="Users") == users
    for text in ("", "0", "abc", "2026-11-28 00:00:00"):
        assert changes(modifiedTime=text) == "HTTP 500"
    for text, last in (("1", 1), ("-5", -5), ("1795876763.5", 1795876763)):
        answer = changes(modifiedTime=text, elementType="Vendors")
        assert (answer["updated"], answer["lastModifiedTime"]) == ([], last)


def test_what_sync_does_not_tell(crm: Server) -> None:
    zoe = crm.engine.accounts.add_user("zoe")
    mine = f"19x{zoe}"
    holder = crm.create("Accounts", accountname="Acme")["id"]
    deal = {"potentialname": "P", "sales_stage": "Prospecting", "closingdate": "2026-12-31"}
    lost = crm.create("Potentials", **deal, related_to=holder)["id"]
    moved = crm.create("Contacts", lastname="moved", assigned_user_id=mine)["id"]
    start = int(crm.clock.time.timestamp())
    crm.clock.forward(1)
    crm.revise(moved, assigned_user_id="19x1")
    crm.call("delete", id=holder)

    def changes(user: str, module: str) -> Any:
        return crm.as_user(user).call("sync", modifiedTime=str(start), elementType=module)

    assert (changes("zoe", "Contacts")["updated"], changes("zoe", "Contacts")["deleted"]) == (
        [],
        [],
    )
    assert [row["id"] for row in changes("admin", "Contacts")["updated"]] == [moved]
    assert changes("admin", "Accounts")["deleted"] == [holder]
    assert changes("admin", "Potentials")["deleted"] == []
    assert crm.answer("retrieve", id=lost).startswith("RECORD_NOT_FOUND")
    assert crm.answer("retrieve", id=holder).startswith("ACCESS_DENIED")


def test_picklists_are_php(crm: Server) -> None:
    text = crm.call("getPicklistValues", module="Contacts")
    assert text.startswith("a:")
    assert 's:10:"leadsource";a:' in text
    for module in ("NoSuch", ""):
        assert crm.call("getPicklistValues", module=module) == "a:0:{}"
