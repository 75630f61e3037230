"""Sessions that write nothing: no write leaves the process, whichever operation it is."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable
from inspect import signature
from typing import Any

import httpx
import pytest

from generated.demo import Accounts, Contacts, Documents, Leads, Users, connect
from tests.support.fake_server import FakeServer
from vtiger_orm.calls import operations
from vtiger_orm.calls.operations import READING, Call, Create, Operation, alters
from vtiger_orm.calls.plans import perform
from vtiger_orm.calls.support import OPERATIONS
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import DryRun, ReadOnly, VtigerError
from vtiger_orm.session import Session
from vtiger_orm.session.operations import _SENT_BY_POST as SENT_BY_POST
from vtiger_orm.writing.report import Status

KINDS = [
    each
    for each in vars(operations).values()
    if isinstance(each, type) and issubclass(each, Call) and each not in (Call, Operation)
]


def example(kind: type[Call[Any]]) -> Call[Any]:
    """A call of this kind; each of its arguments is a text or a mapping."""
    needed = [
        name for name, each in signature(kind).parameters.items() if each.default is each.empty
    ]
    return kind(**{name: {} if name == "values" else "12x1" for name in needed})


def test_the_table_names_every_operation() -> None:
    """An operation of the manuals either reads, or may write: none is forgotten."""
    named = {name for entry in OPERATIONS for name in entry.replace(":", ",").split(", ")}
    writing = {name.lower() for name in named if alters(Operation(name))} - {"count(*)"}
    logins = {"getchallenge", "login", "logout"}
    assert writing == {
        "add_picklist",
        "add_related",
        "convertlead",
        "create",
        "create multiple records",
        "create with a file",
        "delete",
        "delete_picklist",
        "delete_related",
        "edit_picklist",
        "reopen",
        "revise",
        "sub-request",
        "tags_add",
        "tags_delete",
        "update",
    } | (writing & logins)
    assert not (SENT_BY_POST & READING) - {"extendsession"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_no_write_leaves_the_process(kind: type[Call[Any]], asynchronous: bool) -> None:
    server = FakeServer()
    session = server.session(read_only=True)
    call = example(kind)
    try:
        if asynchronous:
            asyncio.run(session.arun(perform(call)))
        else:
            session.run(perform(call))
    except ReadOnly:
        assert call.writes
        assert server.requests == []
    except VtigerError:
        assert not call.writes
    else:
        assert not call.writes


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", sorted({*SENT_BY_POST, "custom_operation", "CREATE"}))
def test_no_operation_that_may_write_leaves_either(name: str, method: Any) -> None:
    server = FakeServer()
    session = server.session(read_only=True)
    if name == "extendsession":
        session.call(name, method=method)
        return
    with pytest.raises(ReadOnly, match=name):
        session.call(name, method=method)
    assert server.requests == []


WRITES: dict[str, Callable[[Session], object]] = {
    "create": lambda s: Contacts.objects.create(lastname="Dry", assigned_user_id=Users.ref("19x1")),
    "save": lambda s: changed(Contacts.objects.all()[0]).save(),
    "delete": lambda s: Contacts.objects.all()[0].delete(),
    "update": lambda s: Contacts.objects.filter(lastname__startswith="S").update(title="x"),
    "delete many": lambda s: Contacts.objects.filter(lastname__startswith="S").delete(),
    "upsert": lambda s: Accounts.objects.get_or_create(accountname="Dry Ltd"),
    "upload": lambda s: Documents.objects.upload(io.BytesIO(b"x"), filename="a.txt"),
    "tags": lambda s: Leads.objects.all()[0].crm.tags.add("dry"),
    "call": lambda s: s.call("anything", {"a": 1}, method="POST"),
}


def changed(contact: Contacts) -> Contacts:
    contact.title = "Dry"
    return contact


@pytest.fixture(scope="module")
def crm() -> Any:
    with Crm(profile="cloud") as crm:
        yield crm


@pytest.mark.parametrize("name", WRITES)
def test_a_dry_run_shows_what_would_be_sent(
    crm: Crm, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.INFO, "vtiger_orm.dry_run")
    sent: list[str] = []
    inner = crm.transport()

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        return inner.handle_request(request)

    before = crm.snapshot()
    session = connect(
        crm.url,
        *crm.credentials(),
        dialect="cloud",
        dry_run=True,
        transport=httpx.MockTransport(handle),
    )
    with session, pytest.raises(VtigerError):
        WRITES[name](session)
    assert session.withheld
    assert str(session.withheld[0]) in caplog.text
    assert set(sent) <= {"GET"}
    assert crm.snapshot() == before


def test_a_dry_run_of_many_tells_each(crm: Crm) -> None:
    session = connect(
        crm.url, *crm.credentials(), dialect="cloud", dry_run=True, transport=crm.transport()
    )
    with session:
        report = Contacts.objects.bulk_create(
            [Contacts(lastname=f"Dry {n}", assigned_user_id=Users.ref("19x1")) for n in range(3)]
        )
    assert [each.values["lastname"] for each in session.withheld] == ["Dry 0", "Dry 1", "Dry 2"]
    assert len(report) == 3
    assert {each.status for each in report} == {Status.PENDING}


def test_a_withheld_write_says_what_it_is() -> None:
    session = FakeServer().session(dry_run=True)
    with pytest.raises(DryRun) as caught:
        session.run(perform(Create("Contacts", {"lastname": "x"})))
    assert str(caught.value.write) == "create Contacts lastname='x'"
    assert caught.value.outcome is not None
    assert caught.value.outcome.undone
