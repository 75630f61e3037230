"""Law: the same call twice makes at most one record, whatever the server does to the text: it cuts,
trims, rounds, replaces or encodes it; in one session or in two, one after the other or at once."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import date, time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generated.demo import Accounts, Calendar, Documents, Emails, Events, connect
from tests.support.examples import examples
from tests.support.kinds import KINDS, NO_REPETITION
from vtiger_orm import (
    InvalidValue,
    NotSupported,
    OutcomeUnknown,
    Session,
    ValuesAdjusted,
    VtigerError,
)
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import LostAnswer

Change = Callable[[str], str]

CHANGES: dict[str, Change] = {
    "nothing": lambda text: text,
    "cut to 10": lambda text: text[:10],
    "cut to 25": lambda text: text[:25],
    "cut to 40 and trimmed": lambda text: text[:40].strip(),
    "trimmed": lambda text: text.strip(),
    "one blank": lambda text: " ".join(text.split()),
    "encoded": html.escape,
    "encoded twice": lambda text: html.escape(html.escape(text)),
    "decoded": html.unescape,
    "question marks": lambda text: text.encode("latin-1", "replace").decode("latin-1"),
    "four of them": lambda text: "".join("????" if ord(each) > 0xFFFF else each for each in text),
    "upper case": str.upper,
    "a prefix": lambda text: f"ACC {text}",
    "another": lambda text: "x",
    "without quotes": lambda text: text.replace("'", "").replace('"', "") or "-",
}


class Changing(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A server that stores other texts than it is sent."""

    def __init__(self, crm: Crm, change: Change) -> None:
        self._inner = crm.transport()
        self._change = change

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(self._changed(request, request.read()))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        return await self._inner.handle_async_request(self._changed(request, body))

    def _changed(self, request: httpx.Request, body: bytes) -> httpx.Request:
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if "element" not in form:
            return request
        element = json.loads(form["element"])
        for name in ("accountname", "website"):
            if element.get(name):
                element[name] = self._change(element[name])
        content = urlencode({**form, "element": json.dumps(element)}).encode()
        headers = {k: v for k, v in request.headers.items() if k.lower() != "content-length"}
        return httpx.Request(request.method, request.url, headers=headers, content=content)


def connected(crm: Crm, kind: str, change: Change, **more: Any) -> Session:
    transport = Changing(crm, change)
    given: Any = {"transport": transport, "async_transport": transport, **more}
    dialect: Any = "cloud" if kind == "cloud" else "webservice"
    return connect(crm.url, *crm.credentials(), dialect=dialect, retry=NO_REPETITION, **given)


@pytest.fixture(scope="module")
def crms() -> Iterator[dict[str, Crm]]:
    made = {kind: Crm(data=None, profile=profile) for kind, (profile, _) in KINDS.items()}
    yield made
    for each in made.values():
        each.close()


def number(crm: Crm) -> int:
    return int(crm.run("query", query="select count(*) from Accounts;")[0]["count"])


TEXT = st.lists(
    st.sampled_from([*"aBé 0&<'\"\\%_客\U0001f389", "&amp;", "&#39;", "Acme ", "x" * 30, "??"])
    | st.characters(exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=8,
).map("".join)
NAME = TEXT.filter(lambda text: bool(text.strip()))
accounts: Any = Accounts.objects


def get_or_create(s: Session, name: str, website: str | None) -> None:
    accounts.using(s).get_or_create(accountname=name, website=website)


def update_or_create(s: Session, name: str, website: str | None) -> None:
    accounts.using(s).update_or_create(accountname=name, defaults={"website": website})


def in_bulk(s: Session, name: str, website: str | None) -> None:
    row = {"accountname": name, "website": website}
    accounts.using(s).bulk_update_or_create([row], key="accountname")


def in_bulk_by_two(s: Session, name: str, website: str | None) -> None:
    row = {"accountname": name, "website": website or "w"}
    accounts.using(s).bulk_update_or_create([row], key=("accountname", "website"))


CALLS = {each.__name__: each for each in (get_or_create, update_or_create, in_bulk, in_bulk_by_two)}


@given(
    kind=st.sampled_from(list(KINDS)),
    change=st.sampled_from(list(CHANGES)),
    call=st.sampled_from(list(CALLS)),
    name=NAME,
    website=st.none() | NAME,
    strict=st.booleans(),
)
@settings(examples(80), suppress_health_check=list(HealthCheck))
def test_law_the_same_call_makes_at_most_one(
    crms: dict[str, Crm],
    kind: str,
    change: str,
    call: str,
    name: str,
    website: str | None,
    strict: bool,
) -> None:
    crm = crms[kind]
    with crm.rolled_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            session = connected(crm, kind, CHANGES[change], strict=strict)
            with session, contextlib.suppress(VtigerError):
                CALLS[call](session, name, website)
        assert number(crm) <= 1


@given(
    kind=st.sampled_from(list(KINDS)),
    change=st.sampled_from(list(CHANGES)),
    name=NAME,
    website=NAME,
    lost=st.integers(1, 3),
)
@settings(examples(60), suppress_health_check=list(HealthCheck))
def test_law_an_external_id_makes_at_most_one(
    crms: dict[str, Crm], kind: str, change: str, name: str, website: str, lost: int
) -> None:
    """Whatever answers are lost, and however often the same record is saved."""
    crm = crms[kind]
    crm.faults.clear()
    crm.faults.next(LostAnswer(), operation="create", times=lost)
    with crm.rolled_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings: Any = {"external_ids": {"Accounts": "website"}}
        with connected(crm, kind, CHANGES[change], **settings):
            account = Accounts(accountname=name, website=website)
            for _ in range(3):
                with contextlib.suppress(VtigerError):
                    account.save()
                with contextlib.suppress(VtigerError):
                    account.crm.resolve()
        crm.faults.clear()
        assert number(crm) <= 1


# Keys that are no texts


TIMES = {"time_start": time(1, 2, 3, 999), "date_start": date(2026, 3, 29)}
EVENT: dict[str, Any] = {
    "subject": "Call",
    "activitytype": "Call",
    "eventstatus": "Planned",
    "due_date": date(2026, 3, 29),
    "time_end": time(2),
    "duration_hours": 1,
}


@pytest.mark.parametrize("bulk", [False, True])
def test_fractions_of_a_second_make_one(crms: dict[str, Crm], bulk: bool) -> None:
    crm = crms["stock"]
    events: Any = Events.objects
    with crm.rolled_back(), connected(crm, "stock", str):
        for _ in range(2):
            if bulk:
                rows: list[Any] = [{**TIMES, **EVENT}]
                events.bulk_update_or_create(rows, key=tuple(TIMES)).raise_for_errors()
            else:
                events.get_or_create(**TIMES, defaults=EVENT)
        assert events.count() == 1


BLANKS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "a policy fills it": (Documents, {"notes_title": "A", "filestatus": None}, {}),
    "the owner": (Accounts, {"accountname": "A", "assigned_user_id": None}, {}),
    "a folder": (Documents, {"notes_title": "A", "folderid": None}, {}),
    "no reminder": (
        Events,
        {"subject": "A", "reminder_time": 0},
        EVENT | {"time_start": time(1), "time_end": time(2)},
    ),
    "the CRM computes it": (
        Calendar,
        {"subject": "A", "duration_minutes": None},
        {
            "date_start": date(2026, 3, 29),
            "due_date": date(2026, 3, 29),
            "time_start": time(1),
            "taskstatus": "Planned",
        },
    ),
}


@pytest.mark.parametrize("case", BLANKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_that_does_not_stay_makes_none(crms: dict[str, Crm], kind: str, case: str) -> None:
    model, key, defaults = BLANKS[case]
    crm = crms[kind]
    with crm.rolled_back(), connected(crm, kind, str), crm.count_calls() as calls:
        for _ in range(2):
            with pytest.raises((InvalidValue, ValuesAdjusted), match="another"):
                model.objects.get_or_create(**key, defaults=defaults)
        assert model.objects.count() == 0
        assert ("create" in calls.operations) == case.startswith("the CRM")


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_query_finds_is_made_by_create_only(crms: dict[str, Crm], kind: str) -> None:
    """A mail that was made over the API: looked for, it would be made again each time."""
    crm, mails = crms[kind], Emails.objects
    values: Any = {"subject": "A", "from_email": "a@example.com", "saved_toid": "b@example.com"}
    values |= {"date_start": date(2026, 3, 29)}
    with crm.rolled_back(), connected(crm, kind, str), crm.count_calls() as calls:
        for _ in range(2):
            with pytest.raises(NotSupported, match="no query"):
                mails.get_or_create(**values)
            report = mails.bulk_update_or_create([values], key="subject")
            assert isinstance(report[0].error, NotSupported)
        assert "create" not in calls.operations
        mail = Emails(**values)
        crm.faults.next(LostAnswer(), operation="create")
        with pytest.raises(OutcomeUnknown):
            mail.save()
        with pytest.raises(OutcomeUnknown, match="no query"):
            mail.crm.resolve()


# At once


@pytest.mark.parametrize("call", list(CALLS))
def test_threads_make_one(crms: dict[str, Crm], call: str) -> None:
    crm = crms["stock"]
    begin = threading.Barrier(6)
    failed: list[Exception] = []

    def work(session: Session) -> None:
        begin.wait()
        try:
            CALLS[call](session, "Acme", "w")
        except Exception as error:
            failed.append(error)

    with (
        crm.rolled_back(),
        connected(crm, "stock", str) as one,
        connected(crm, "stock", str) as two,
    ):
        threads = [threading.Thread(target=work, args=(each,)) for each in (one, two) * 3]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert failed == []
        assert number(crm) == 1


@pytest.mark.parametrize("method", ["aget_or_create", "aupdate_or_create"])
async def test_tasks_make_one(crms: dict[str, Crm], method: str) -> None:
    crm = crms["stock"]
    with crm.rolled_back():
        async with connected(crm, "stock", str) as session:
            objects = accounts.using(session)
            found = await asyncio.gather(
                *(getattr(objects, method)(accountname="Acme") for _ in range(6))
            )
        assert sorted(created for _, created in found) == [False] * 5 + [True]
        assert len({record.id for record, _ in found}) == 1
        assert number(crm) == 1


def test_a_record_and_its_reference_stand_for_one_value(
    crms: dict[str, Crm], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks for the same record goes through the same gate, however the value is given."""
    crm, gates = crms["stock"], list[object]()

    def passed(*what: object) -> contextlib.AbstractContextManager[None]:
        gates.append(what)
        return contextlib.nullcontext()

    with crm.rolled_back(), connected(crm, "stock", str) as session:
        objects = accounts.using(session)
        parent = objects.create(accountname="Parent")
        monkeypatch.setattr("vtiger_orm.models.writing.one_at_a_time", passed)
        for each in (parent, parent.id, str(parent.id)):
            objects.get_or_create(accountname="Acme", account_id=each)
    assert len(gates) == 3
    assert len(set(gates)) == 1
