"""Answers of any size, packed in any way: a value or an error of the library, in bounded memory."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_server import FakeServer
from tests.support.raw_server import Client, RawServer, plain
from vtiger_orm.dialects.answers import read_envelope
from vtiger_orm.dialects.base import HttpResponse
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.http import Response
from vtiger_orm.errors import MalformedAnswer, VtigerError
from vtiger_orm.session import RetryPolicy, Session
from vtiger_orm.session import body as answer_body

ONCE = RetryPolicy(attempts=1)
LISTED = b'{"success":true,"result":[{"id":"12x1"}]}'


def packed(content: bytes, encoding: str) -> httpx.Response:
    return httpx.Response(
        200,
        headers={"Content-Encoding": encoding},
        # A generator: httpx reads (and unpacks) what it is given whole at once.
        content=(content[at : at + 1000] for at in range(0, len(content), 1000)),
    )


def served(answer: httpx.Response) -> Session:
    server = FakeServer()
    server.always("query", answer)
    return server.session(retry=ONCE)


def read(answer: httpx.Response) -> object:
    return served(answer).call("query", {"query": "select id from Contacts;"})


def call(session: Session, asynchronous: bool) -> object:
    asked = "query", {"query": "select id from Contacts;"}
    return asyncio.run(session.acall(*asked)) if asynchronous else session.call(*asked)


def test_only_gzip_is_asked_for() -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["accept-encoding"])
        return server.handle(request)

    server = FakeServer()
    server.session(transport=httpx.MockTransport(handle)).identify()
    assert set(seen) == {"gzip"}


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "identity, gzip"])
def test_one_layer_is_unpacked(encoding: str) -> None:
    assert read(packed(gzip.compress(LISTED), encoding)) == [{"id": "12x1"}]


def test_members_one_after_the_other_are_one_answer() -> None:
    both = gzip.compress(LISTED[:10]) + gzip.compress(LISTED[10:])
    assert read(packed(both, "gzip")) == [{"id": "12x1"}]


@pytest.mark.parametrize(
    ("content", "encoding", "told"),
    [
        (gzip.compress(gzip.compress(LISTED)), "gzip, gzip", "one layer"),
        (zlib.compress(LISTED), "deflate", "asked for as gzip"),
        (b"\x0b\x02\x80abc\x03", "br", "asked for as gzip"),
        (b"no gzip at all", "gzip", "cannot be decompressed"),
        (gzip.compress(LISTED)[:-6], "gzip", "cut off"),
        (gzip.compress(LISTED)[:20], "gzip", "cut off"),
        (gzip.compress(LISTED) + b"more", "gzip", "cannot be decompressed"),
    ],
    # What gzip makes has the time in it: no names for tests.
    ids=["twice", "deflate", "br", "no gzip", "no trailer", "half", "more"],
)
def test_what_cannot_be_unpacked_is_told(content: bytes, encoding: str, told: str) -> None:
    with pytest.raises(MalformedAnswer, match=told) as caught:
        read(packed(content, encoding))
    assert not (caught.value.outcome and caught.value.outcome.undone)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_a_bomb_costs_no_more_than_the_bound(
    monkeypatch: pytest.MonkeyPatch, asynchronous: bool
) -> None:
    monkeypatch.setattr(answer_body, "_PAGE_BYTES", 1_000_000)
    maker = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(maker.compress(b" " * 1_000_000) for _ in range(100)) + maker.flush()
    answer = packed(bomb, "gzip")
    if asynchronous:

        async def pieces() -> object:
            for at in range(0, len(bomb), 1000):
                yield bomb[at : at + 1000]

        answer = httpx.Response(
            200, headers={"Content-Encoding": "gzip"}, content=pieces()  # type: ignore[arg-type]  # bytes
        )
    session = served(answer)
    session.identify()
    tracemalloc.start()
    try:
        with pytest.raises(MalformedAnswer, match="more than 1,000,000 bytes"):
            call(session, asynchronous)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


ODD = [
    b"[" * 100_000 + b"]" * 100_000,
    b'{"success":true,"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"success":true,"result":[{"id":"12x1","lastname":' + b"9" * 5_000 + b"}]}",
    b'{"success":true,"result":[{"id":"12x1","lastname":"\\ud800"}]}',
    b'{"success":true,"result":[{"\\udfff":"12x1"}]}',
    '{"success":true,"result":[]}'.encode("utf-16"),
]


@pytest.mark.parametrize("content", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("before", [b"", b"Warning: x\n"], ids=["bare", "after a warning"])
def test_odd_json_is_no_answer(before: bytes, content: bytes) -> None:
    assert read_envelope(HttpResponse(200, body=before + content)) is None
    with pytest.raises(VtigerError):
        read(httpx.Response(200, content=before + content))


@given(st.one_of(st.binary(), st.text().map(str.encode)), st.sampled_from([b"", LISTED]))
def test_any_bytes_are_a_value_or_nothing(content: bytes, around: bytes) -> None:
    read_envelope(HttpResponse(200, body=content + around))
    read_envelope(HttpResponse(200, body=around + content))


async def test_an_answer_that_is_given_up_leaves_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generators that are left in the middle are closed by tasks of the loop."""
    monkeypatch.setattr(answer_body, "_PAGE_BYTES", 1000)
    bomb = gzip.compress(b"[" + b" " * 1_000_000)

    def behave(client: Client, response: Response) -> None:
        with suppress(OSError):
            client.send(plain(response, ("Content-Encoding", "gzip"), body=bomb))

    with Crm() as crm, RawServer(crm) as server:
        session = Session(server.url, *crm.credentials(), dialect="webservice")
        await session.aidentify()
        with server.behaves(behave, "query"), pytest.raises(MalformedAnswer, match="more than"):
            await session.acall("query", {"query": "select id from Contacts;"})
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await session.aclose()
