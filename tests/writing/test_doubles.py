"""Law of no doubles, attacked: faults at every call of every way to create, the same record saved
by several at once, and servers that are slower than the client's patience."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import io
import pickle
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from generated.demo import Accounts, Contacts, Documents, Users
from tests.support.kinds import Face
from tests.support.pairs import pairs
from vtiger_orm import BeingSaved, BulkReport, Fate, OutcomeUnknown, VtigerError
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.emulator.faults import Exchange, Fault
from vtiger_orm.emulator.http import Response, text_response
from vtiger_orm.session import RetryPolicy
from vtiger_orm.writing.bulk import bulk_create
from vtiger_orm.writing.create_once import resolve
from vtiger_orm.writing.report import BulkError, Status

EAGER = RetryPolicy(attempts=4, first_delay=0.0, longest_work=0.0)
PATIENT = RetryPolicy(attempts=4, first_delay=0.0)

FAULTS: dict[str, Fault] = {
    "dropped": faults.DroppedConnection(),
    "answer lost": faults.LostAnswer(),
    "500": faults.ServerError(),
    "500 after the work": faults.ServerError(done=True),
    "504 after the work": faults.ServerError(status=504, done=True),
    "cut off": faults.TruncatedBody(),
    "broken JSON": faults.TruncatedBody(honest=True),
    "proxy page": faults.Html(done=True),
    "plain text": faults.PlainAnswer(done=True),
    "429": faults.RateLimited(retry_after=0.001),
    "expired": faults.ExpiredSession(),
}

Way = Callable[[Face, str], Awaitable[Any]]


async def _save(face: Face, name: str) -> None:
    await face(Contacts(lastname=name, department=name), "save")


async def _create(face: Face, name: str) -> None:
    await face(Contacts.objects, "create", lastname=name, department=name)


async def _get_or_create(face: Face, name: str) -> None:
    await face(Contacts.objects, "get_or_create", lastname=name, defaults={"department": name})


async def _update_or_create(face: Face, name: str) -> None:
    await face(Contacts.objects, "update_or_create", lastname=name, defaults={"department": name})


async def _bulk_create(face: Face, name: str) -> None:
    others = [Contacts(lastname=f"{name}{letter}") for letter in "bc"]
    await face(Contacts.objects, "bulk_create", [Contacts(lastname=name, department=name), *others])


async def _related(face: Face, name: str) -> None:
    account = await face(Accounts.objects, "first")
    await face(account.related.contacts, "create", lastname=name, department=name)


WAYS: dict[str, Way] = {
    "save": _save,
    "create": _create,
    "get_or_create": _get_or_create,
    "update_or_create": _update_or_create,
    "bulk_create": _bulk_create,
    "related.create": _related,
}


def made(crm: Crm, name: str) -> int:
    found = crm.run("query", query=f"select id from Contacts where lastname = '{name}';")
    return len(found)


@pytest.mark.parametrize(
    ("way", "kind", "external"), pairs(WAYS, ["stock", "cloud"], [False, True]), indirect=["kind"]
)
async def test_no_fault_at_any_call_makes_a_double(face: Face, way: str, external: bool) -> None:
    settings: dict[str, Any] = {"external_ids": {"Contacts": "department"}} if external else {}
    await face.open(retry=EAGER, **settings)
    await face(Contacts.objects, "first")
    for number, (kind, fault) in enumerate(FAULTS.items()):
        for position in range(3):
            name = f"Double {number} {position}"
            face.crm.faults.clear()
            face.crm.faults.next(fault, after=position)
            with face.crm.count_calls() as calls, contextlib.suppress(VtigerError):
                await WAYS[way](face, name)
            face.crm.faults.clear()
            assert made(face.crm, name) <= 1, f"{kind} at call {position}: {calls.lines}"
            if not external and way != "bulk_create" and kind not in ("429", "expired"):
                assert calls.operations["create"] <= 1, f"{kind} at call {position}"


# The same record in several hands


@pytest.mark.parametrize("kind", ["stock", "cloud"], indirect=True)
async def test_tasks_that_save_one_record_create_it_once(crm: Crm, kind: str) -> None:
    from tests.support.kinds import open_session

    async with open_session(crm, kind):
        contact = Contacts(lastname="Shared by tasks")
        results = await asyncio.gather(*(contact.asave() for _ in range(5)), return_exceptions=True)
    assert made(crm, "Shared by tasks") == 1
    assert None in results
    assert all(each is None or isinstance(each, VtigerError) for each in results)
    told = [each for each in results if each is not None]
    assert all(isinstance(each, BeingSaved) for each in told), told
    assert not contact.crm.in_doubt


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
def test_threads_that_save_one_record_create_it_once(crm: Crm, kind: str) -> None:
    from tests.support.kinds import open_session

    with open_session(crm, kind) as session:
        session.identify()
        contact = Contacts(lastname="Shared by threads")
        start, errors = threading.Barrier(6), []

        def save() -> None:
            start.wait()
            try:
                session.run(_plan(contact, session))
            except VtigerError as error:
                errors.append(error)

        threads = [threading.Thread(target=save) for _ in range(6)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert made(crm, "Shared by threads") == 1
    assert len(errors) < 6


def _plan(contact: Contacts, session: Any) -> Any:
    from vtiger_orm.writing import save as write

    return write.save(contact, runner=session)


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_one_object_given_twice_is_created_once(face: Face) -> None:
    contact = Contacts(lastname="Twice in the list")
    with pytest.raises(BulkError, match="more than once"):
        (await face(Contacts.objects, "bulk_create", [contact, contact])).raise_for_errors()
    assert made(face.crm, "Twice in the list") == 1


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_copies_of_a_record_in_doubt_are_in_doubt(face: Face) -> None:
    face.crm.faults.next(faults.LostAnswer(), operation="create")
    contact = Contacts(lastname="Doubtful copy")
    with pytest.raises(OutcomeUnknown):
        await face(contact, "save")
    for twin in (copy.copy(contact), copy.deepcopy(contact), pickle.loads(pickle.dumps(contact))):
        assert twin.crm.in_doubt
        with pytest.raises(OutcomeUnknown):
            await face(twin, "save")
    assert made(face.crm, "Doubtful copy") == 1


# A server that is slower than the client waits


class DoneLater:
    """The proxy gives up while the server works on; the work is done before the call after
    the next one."""

    def __init__(self, error: Exception | Response) -> None:
        self.error = error
        self.pending: list[Callable[[], Response]] = []

    def apply(self, exchange: Exchange) -> Response:
        self.pending.append(exchange.proceed)
        if isinstance(self.error, Exception):
            raise self.error
        return self.error

    def finish(self) -> None:
        while self.pending:
            self.pending.pop()()


@pytest.mark.parametrize("kind", ["cloud"], indirect=True)
@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("Connection reset by peer"),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        text_response(status=502),
        text_response(status=503),
        text_response(status=504),
    ],
    ids=["timeout", "reset", "closed", "502", "503", "504"],
)
@pytest.mark.parametrize("way", ["save", "bulk_create"])
async def test_what_is_not_there_yet_is_not_created_again(face: Face, error: Any, way: str) -> None:
    await face.open(retry=PATIENT, external_ids={"Contacts": "department"})
    await face(Contacts.objects, "first")
    slow = DoneLater(error)
    face.crm.faults.next(slow, operation="create")
    contact = Contacts(lastname="Slow", department="EXT-slow")
    if way == "save":
        with pytest.raises(OutcomeUnknown):
            await face(contact, "save")
    else:
        report = await face(Contacts.objects, "bulk_create", [contact])
        assert [each.status for each in report] == [Status.UNKNOWN]
    assert contact.crm.in_doubt
    with pytest.raises(OutcomeUnknown, match="may still be at work on it until") as caught:
        await face(contact.crm, "resolve")
    outcome = caught.value.outcome
    assert outcome is not None
    assert outcome.fate is Fate.UNDER_WAY
    assert outcome.until is not None
    assert outcome.until > datetime.now(UTC) + timedelta(seconds=PATIENT.longest_work / 2)
    with pytest.raises(OutcomeUnknown):
        await face(contact, "save")
    slow.finish()
    assert await face(contact.crm, "resolve")
    assert made(face.crm, "Slow") == 1


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_absence_is_believed_once_the_server_can_no_longer_be_at_work(face: Face) -> None:
    await face.open(retry=RetryPolicy(attempts=1, longest_work=0.2))
    face.crm.faults.next(faults.DroppedConnection(), operation="create")
    contact = Contacts(lastname="In time", assigned_user_id=Users.ref("19x1"))
    with pytest.raises(OutcomeUnknown):
        await face(contact, "save")
    with pytest.raises(OutcomeUnknown, match="until"):
        await face(contact.crm, "resolve")
    await asyncio.sleep(0.25)
    assert await face(contact.crm, "resolve") is False
    await face(contact, "save")
    assert made(face.crm, "In time") == 1


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_an_upload_is_never_sent_twice(face: Face) -> None:
    for number, fault in enumerate(FAULTS.values()):
        face.crm.faults.clear()
        face.crm.faults.next(fault, operation="create")
        title = f"upload {number}"
        with contextlib.suppress(VtigerError):
            await face(Documents.objects, "upload", b"abc", filename="a.txt", notes_title=title)
        found = face.crm.run(
            "query", query=f"select id from Documents where notes_title = '{title}';"
        )
        assert len(found) <= 1


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_an_upload_from_a_pipe_stores_its_bytes_or_nothing(face: Face) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = io.BytesIO(b"important" * 50)

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return self.content.read(size)

    def stored() -> set[str]:
        text = "select filesize from Documents where notes_title = 'piped';"
        return {row["filesize"] for row in face.crm.run("query", query=text)}

    await face.open(retry=EAGER, external_ids={"Documents": "notes_title"})
    for fault in FAULTS.values():
        face.crm.faults.clear()
        face.crm.faults.next(fault, operation="create")
        given = {"filename": "a.bin", "notes_title": "piped"}
        with contextlib.suppress(VtigerError):
            await face(Documents.objects, "upload", Pipe(), **given)
        assert stored() <= {"450"}
    await face(Documents.objects, "upload", Pipe(), **given)
    assert stored() == {"450"}


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_a_record_that_is_being_saved_is_left_alone(face: Face) -> None:
    contact = Contacts(lastname="Being saved", assigned_user_id=Users.ref("19x1"))
    told: list[BaseException | str] = []

    def meanwhile() -> None:
        with pytest.raises(BeingSaved, match="another thread or task"):
            face.session.run(_plan(contact, face.session))
        with pytest.raises(BeingSaved):
            face.session.run(resolve(contact, face.session.facts, face.session.environment))
        report: BulkReport[Any] = BulkReport([contact])
        face.session.run(bulk_create(report, face.session))
        told.extend([str(report[0].status), report[0].error or ""])
        assert not contact.crm.in_doubt
        assert copy.copy(contact).crm.in_doubt

    await face.open(parallel=2)
    face.crm.faults.next(faults.Meanwhile(lambda: in_thread(meanwhile)), operation="create")
    await face(contact, "save")
    assert told[0] == "pending"
    assert isinstance(told[1], BeingSaved)
    assert made(face.crm, "Being saved") == 1


def in_thread(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


@pytest.mark.parametrize("kind", ["stock"], indirect=True)
async def test_a_cancelled_create_is_in_doubt_and_no_longer_being_saved(crm: Crm) -> None:
    from tests.support.kinds import open_session

    async with open_session(crm, "stock"):
        contact = Contacts(lastname="Cancelled", assigned_user_id=Users.ref("19x1"))
        await Contacts.objects.afirst()
        crm.latency = 0.2
        task = asyncio.create_task(contact.asave())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        crm.latency = 0.0
        assert contact.crm.in_doubt
        with pytest.raises(OutcomeUnknown, match="nobody saw its answer"):
            await contact.asave()
        assert await contact.crm.aresolve()
    assert made(crm, "Cancelled") == 1
