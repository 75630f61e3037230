"""What is made of an outcome where asking again is not the same: bodies that cannot be rewound, and
deletions."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from generated.demo import Contacts
from generated.demo._package import package
from tests.session.test_outcome import DONE_AND_DENIED, ONE_ATTEMPT
from tests.support.fake_server import FakeServer, ok, refused
from vtiger_orm import BulkReport, Fate, VtigerError
from vtiger_orm.calls.operations import Create, Delete, FilePart, Query
from vtiger_orm.calls.outcome import outcome_of
from vtiger_orm.calls.plans import perform

pytestmark = pytest.mark.usefixtures("no_limits")


# A body that cannot be sent again


class Pipe(io.RawIOBase):
    """Bytes that can be read once."""

    def __init__(self, content: bytes) -> None:
        self.content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        return self.content.read(size)


def upload(content: Any) -> Create:
    return Create("Documents", {"notes_title": "t"}, FilePart("filename", "x.bin", content))


@pytest.mark.parametrize("fault", DONE_AND_DENIED)
def test_a_pipe_is_not_sent_again(fault: str) -> None:
    server = FakeServer()
    session = server.session()
    session.identify()
    server.script("", DONE_AND_DENIED[fault])  # multipart: the operation is in the body
    with pytest.raises(VtigerError, match="cannot be rewound") as caught:
        session.run(perform(upload(Pipe(b"important"))))
    outcome = outcome_of(caught.value)
    assert (outcome.fate, outcome.repeatable) == (Fate.REFUSED, False)
    assert server.operations == [""]
    session.run(perform(Query("select id from Contacts;")))  # an expired session is renewed


def test_a_pipe_that_never_left_is_sent() -> None:
    server = FakeServer()
    server.script("", httpx.ConnectError("refused"), ok({"id": "15x1"}))
    assert server.session().run(perform(upload(Pipe(b"important")))) == {"id": "15x1"}


@pytest.mark.parametrize("content", [b"bytes", io.BytesIO(b"seekable")], ids=["bytes", "stream"])
def test_what_can_be_rewound_is_sent_again(content: Any) -> None:
    server = FakeServer()
    server.script("", httpx.Response(429), ok({"id": "15x1"}))
    assert server.session().run(perform(upload(content))) == {"id": "15x1"}


@dataclass(frozen=True)
class Deletion:
    """How a delete ends, and whether the record is still there to be read."""

    answer: Any
    there: bool
    raises: bool
    asks: bool = True


DELETIONS = {
    "gone": Deletion(refused("ACCESS_DENIED"), there=False, raises=False),
    "not allowed": Deletion(refused("ACCESS_DENIED"), there=True, raises=True),
    "lost and done": Deletion(httpx.ReadTimeout("slow"), there=False, raises=False),
    "lost": Deletion(httpx.ReadTimeout("slow"), there=True, raises=True),
    "fatal and done": Deletion(httpx.Response(500), there=False, raises=False),
    "never left": Deletion(httpx.ConnectError("no"), there=True, raises=True, asks=False),
    "limited": Deletion(httpx.Response(429), there=True, raises=True, asks=False),
}


@pytest.mark.parametrize("name", DELETIONS)
@pytest.mark.parametrize("bulk", [False, True], ids=["one", "bulk"])
def test_a_deletion_is_done_when_the_record_is_gone(name: str, bulk: bool) -> None:
    case, server = DELETIONS[name], FakeServer()
    server.always("delete", case.answer)
    rows = [{"id": "12x1"}] if case.there else []
    server.always(
        "query",
        lambda given: ok([{"count": len(rows)}] if "count(*)" in given["query"] else rows),
    )
    with server.session(package=package, retry=ONE_ATTEMPT):
        contact = Contacts(id=Contacts.ref("12x1"))
        if bulk:
            report: BulkReport[Any] = Contacts.objects.bulk_delete([contact])
            assert report.ok is not case.raises
        elif case.raises:
            with pytest.raises(VtigerError) as caught:
                contact.delete()
            assert outcome_of(caught.value).undone is (name != "lost")
        else:
            contact.delete()
    if not bulk:
        assert ("query" in server.operations) is case.asks


def test_a_lost_delete_that_is_refused_the_second_time_stays_in_doubt() -> None:
    server = FakeServer()
    server.script("delete", httpx.ReadTimeout("slow"), refused("ACCESS_DENIED"))
    with pytest.raises(VtigerError, match="in all likelihood") as caught:
        server.session().run(perform(Delete("12x1")))
    assert not outcome_of(caught.value).undone
