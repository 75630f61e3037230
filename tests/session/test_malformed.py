"""Servers that answer nonsense: always an error of the library that says so, never a wrong record,
an endless loop, or a create that counts as refused though it may have taken place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from generated.demo import Contacts, Users
from generated.demo._package import package
from tests.support.fake_server import FakeServer, ok
from vtiger_orm import InvalidLookup, MalformedAnswer, Session, Timeout, VtigerError
from vtiger_orm.session import body as answer_body
from vtiger_orm.writing.report import Status

HOLLOW = b'{"success":true,"result":%s}'


def body(content: bytes, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=content, headers={"content-type": "text/html"})


def result(json: str) -> httpx.Response:
    return body(HOLLOW % json.encode())


NO_ANSWER = {
    "html": body(b"<html><body>login</body></html>"),
    "empty": body(b""),
    "null": body(b"null"),
    "list": body(b"[]"),
    "deep list": result("[" * 100_000 + "]" * 100_000),
    "deep row": result('[{"id":"12x1","lastname":' + "[" * 5000 + "]" * 5000 + "}]"),
    "endless number": result('[{"id":"12x1","lastname":%s}]' % ("9" * 6000)),
    "redirect": httpx.Response(302, headers={"location": "http://elsewhere.test/"}),
    "result is text": result('"abc"'),
    "result is a number": result("5"),
    "result is a record": result('{"a":1}'),
    "rows are lists": result("[[1]]"),
    "result is null": result("null"),
    "result is an empty object": result("{}"),
    "no result": body(b'{"success":true}'),
}
"""Whatever is asked, this is no answer."""

NO_ROWS = {
    "no id": result('[{"lastname":"x"}]'),
    "id null": result('[{"id":null}]'),
    "id a number": result('[{"id":5}]'),
    "id a list": result('[{"id":["12x1"]}]'),
    "id with SQL": result('[{"id":"12x1 or 1"}]'),
    "id of a giant": result('[{"id":"12x99999999999999999999999999"}]'),
    "id missing once": result('[{"id":"12x1","lastname":"a"},{"lastname":"a"}]'),
    "another module": result('[{"id":"12x1","lastname":"a"},{"id":"11x2","lastname":"a"}]'),
    "wrong order": result('[{"id":"12x5"},{"id":"12x3"},{"id":"12x9"}]'),
    "a count": result('[{"count":"5"}]'),
}
"""Lists of something that is no row of contacts."""


def answer(given: Any) -> httpx.Response:
    return body(given) if isinstance(given, bytes) else given


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def session(server: FakeServer) -> Iterator[Session]:
    with server.session(package=package) as own:
        yield own


READS: dict[str, Callable[[], Any]] = {
    "list": lambda: list(Contacts.objects.all()),
    "count": lambda: Contacts.objects.filter(lastname="x").count(),
    "exists": lambda: Contacts.objects.filter(lastname="x").exists(),
    "order": lambda: list(Contacts.objects.order_by("lastname")[:20]),
    "descending": lambda: list(Contacts.objects.order_by("-lastname")),
    "blank": lambda: list(Contacts.objects.filter(lastname=None)),
    "raw": lambda: Contacts.objects.raw("select * from Contacts;"),
}


@pytest.mark.parametrize("name", NO_ANSWER)
@pytest.mark.parametrize("read", READS)
def test_what_is_no_answer_is_an_error(
    session: Session, server: FakeServer, name: str, read: str
) -> None:
    server.always("query", answer(NO_ANSWER[name]))
    with pytest.raises(VtigerError):
        READS[read]()


@pytest.mark.parametrize("name", NO_ROWS)
@pytest.mark.parametrize("read", ["list", "order", "descending", "blank", "raw"])
def test_what_is_no_row_is_an_error(
    session: Session, server: FakeServer, name: str, read: str
) -> None:
    if name == "wrong order" and read != "list":
        return  # only pages by id promise an order
    server.always("query", NO_ROWS[name])
    with pytest.raises(VtigerError):
        READS[read]()


@pytest.mark.parametrize("number", ['"x"', "null", "-1", "1.5", "true", '["1"]', '{"a":1}', '""'])
def test_a_count_that_is_no_number_is_an_error(
    session: Session, server: FakeServer, number: str
) -> None:
    server.always("query", result(f'[{{"count":{number}}}]'))
    with pytest.raises(MalformedAnswer, match="count"):
        Contacts.objects.count()


@pytest.mark.parametrize("read", ["list", "descending", "blank"])
def test_a_server_that_answers_every_page_alike_is_found_out(
    session: Session, server: FakeServer, read: str
) -> None:
    """A cache in between that ignores what is asked: it would be read for ever."""
    server.always("query", ok([{"id": f"12x{n}", "lastname": ""} for n in range(1, 101)]))
    with pytest.raises(VtigerError):
        READS[read]()
    assert len(server.operations) < 50


def test_a_record_sent_twice_is_one_record(session: Session, server: FakeServer) -> None:
    rows = [{"id": "12x1"}, {"id": "12x1"}, {"id": "12x2"}]
    server.script("query", ok(rows))
    assert [str(each.id) for each in Contacts.objects.only("id")] == ["12x1", "12x2"]


def test_values_of_wrong_types_cost_their_field_only(session: Session, server: FakeServer) -> None:
    server.script(
        "query",
        result(
            '[{"id":"12x1","lastname":{"a":1},"donotcall":NaN,"birthday":5,"account_id":[1],'
            '"assigned_user_id":7,"modifiedtime":true,"firstname":"kept"}]'
        ),
    )
    (contact,) = Contacts.objects.only("lastname", "firstname")
    assert contact.firstname == "kept"
    assert set(contact.raw) == {
        *("lastname", "donotcall", "birthday", "account_id", "assigned_user_id", "modifiedtime")
    }


NO_RECORD = {
    "no id": "{}",
    "id null": '{"id":null,"lastname":"x"}',
    "id a number": '{"id":5}',
    "id with SQL": '{"id":"12x1 or 1"}',
    "another module": '{"id":"11x1","lastname":"x"}',
    "a list": '[{"id":"12x1"}]',
    "text": '"12x1"',
    "nothing": "null",
}


@pytest.mark.parametrize("name", NO_RECORD)
def test_a_create_that_is_answered_with_nonsense_is_in_doubt(
    session: Session, server: FakeServer, name: str
) -> None:
    server.always("create", result(NO_RECORD[name]))
    contact = Contacts(lastname="x", assigned_user_id=Users.ref("19x1"))
    for _ in range(2):
        with pytest.raises(VtigerError):
            contact.save()
    assert contact.crm.in_doubt
    bulk = [Contacts(lastname="y", assigned_user_id=Users.ref("19x1"))]
    assert [each.status for each in Contacts.objects.bulk_create(bulk)] == [Status.UNKNOWN]
    assert server.operations.count("create") == 2


def test_an_answer_about_another_record_is_not_taken_over(
    session: Session, server: FakeServer
) -> None:
    server.script("query", ok([{"id": "12x1", "lastname": "One"}]))
    (contact,) = Contacts.objects.only("lastname")
    server.always("revise", ok({"id": "12x2", "lastname": "Two"}))
    server.always("retrieve", ok({"id": "12x2", "lastname": "Two"}))
    contact.lastname = "Uno"
    with pytest.raises(MalformedAnswer, match="12x2"):
        contact.save()
    with pytest.raises(MalformedAnswer, match="12x2"):
        contact.refresh()
    assert str(contact.id) == "12x1"


@pytest.mark.parametrize("text", ["", "-- x\nselect id from Contacts;", ".select", "delete x"])
def test_only_statements_that_begin_with_select_are_sent(
    session: Session, server: FakeServer, text: str
) -> None:
    """Others make a stock server work on them until it is killed."""
    with pytest.raises(InvalidLookup, match="begins with select"):
        Contacts.objects.raw(text)
    assert not server.operations


# Answers without end


class Drip(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A byte now and then; in good time by itself, without end as a whole."""

    def __init__(self, chunk: bytes, pause: float) -> None:
        self.chunk, self.pause = chunk, pause

    def __iter__(self) -> Iterator[bytes]:
        while True:
            time.sleep(self.pause)
            yield self.chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(self.pause)
            yield self.chunk


def dripping(stream: Drip) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(200, stream=stream))


@pytest.mark.parametrize(
    ("stream", "error"), [(Drip(b" ", 0.002), Timeout), (Drip(b" " * 4096, 0.0), MalformedAnswer)]
)
def test_an_answer_without_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch, stream: Drip, error: type[Exception]
) -> None:
    monkeypatch.setattr(answer_body, "_PAGE_BYTES", 1_000_000)
    session = FakeServer().session(transport=dripping(stream), timeout=0.01)
    with pytest.raises(error):
        session.identify()

    async def identify() -> None:
        other = FakeServer().session(transport=dripping(stream), timeout=0.01)
        with pytest.raises(error):
            await other.aidentify()

    asyncio.run(identify())
