"""Capture real traffic once, play it back in tests without a CRM.

::

    with record("cassettes/contacts.json", scrub=Scrub(names=True, emails=True)) as recorder:
        with connect(transport=recorder.transport()) as crm:
            ...

    with replay("cassettes/contacts.json") as tape:
        with connect("https://crm.test", "any", "key", transport=tape.transport()) as crm:
            ...

`transport()` is good for sync and async clients; a session that takes an `async_transport` of
its own can be given the same object.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx

from .cassette import (
    Cassette,
    RecordedRequest,
    RecordedResponse,
    describe_request,
    describe_response,
)
from .people import Person, is_about_the_user, is_clear_text
from .scrub import SECRET, Scrub, secrets_in

# httpx decodes a compressed body itself: what is kept is the decoded one.
_UNPACKED = {"content-encoding", "transfer-encoding", "content-length"}


def _described(request: httpx.Request, body: bytes, scrub: Scrub) -> RecordedRequest:
    target = request.url.raw_path.decode("ascii")
    path, _, query = target.partition("?")
    content_type = request.headers.get("content-type", "")
    return describe_request(request.method, path, query, content_type, body, scrub)


def _secrets_sent(request: httpx.Request, body: bytes) -> list[str]:
    """Secrets that the request itself carries, so that an answer echoing them is scrubbed."""
    found: list[str] = []
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(encoded).decode("utf-8")
            found += pair, pair.partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            found.append(encoded)
    params = parse_qs(request.url.query.decode("ascii"))
    params |= parse_qs(body.decode("utf-8", "replace")) if len(body) < 100_000 else {}
    for name in ("sessionName", "accessKey", "token", "key", "password"):
        found += params.get(name, [])
    return found


def _username(request: httpx.Request, body: bytes) -> str:
    """Who the request says to be from; empty where it says nothing."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(encoded).decode("utf-8").partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    params = parse_qs(request.url.query.decode("ascii"))
    params |= parse_qs(body.decode("utf-8", "replace")) if len(body) < 100_000 else {}
    return next(iter(params.get("username", [])), "")


def _rebuilt(response: httpx.Response, body: bytes, request: httpx.Request) -> httpx.Response:
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name.lower() not in _UNPACKED
    ]
    extensions = {
        name: value
        for name, value in response.extensions.items()
        if name in {"reason_phrase", "http_version"}
    }
    return httpx.Response(
        response.status_code,
        headers=headers,
        stream=httpx.ByteStream(body),
        extensions=extensions,
        request=request,
    )


class _RecordingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    def __init__(
        self,
        recorder: Recorder,
        inner: httpx.BaseTransport | httpx.AsyncBaseTransport | None,
    ) -> None:
        self._recorder = recorder
        self._sync = inner if isinstance(inner, httpx.BaseTransport) else None
        self._async = inner if isinstance(inner, httpx.AsyncBaseTransport) else None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._sync is None:
            self._sync = httpx.HTTPTransport()
        sent = request.read()
        try:
            response = self._sync.handle_request(request)
            response.request = request
            body = response.read()
        except httpx.TransportError as error:
            self._recorder.broken(request, sent, error)
            raise
        response.close()
        self._recorder.add(request, sent, response, body)
        return _rebuilt(response, body, request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._async is None:
            self._async = httpx.AsyncHTTPTransport()
        sent = await request.aread()
        try:
            response = await self._async.handle_async_request(request)
            response.request = request
            body = await response.aread()
        except httpx.TransportError as error:
            self._recorder.broken(request, sent, error)
            raise
        await response.aclose()
        self._recorder.add(request, sent, response, body)
        return _rebuilt(response, body, request)

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()

    async def aclose(self) -> None:
        if self._async is not None:
            await self._async.aclose()


class Recorder:
    """Puts what passes its transports onto a cassette."""

    def __init__(self, scrub: Scrub | None = None) -> None:
        self.cassette: Cassette = Cassette(scrub)
        self._secrets: set[str] = set()
        self._person = Person()

    def save(self, path: str | Path) -> None:
        """Write the cassette, without any secret that was sent or received meanwhile."""
        self.cassette.replace(self._person.without)
        self.cassette.save(path, secrets=self._secrets)

    def transport(
        self, inner: httpx.BaseTransport | httpx.AsyncBaseTransport | None = None
    ) -> _RecordingTransport:
        """A transport that records what `inner` carries; without one, the network."""
        return _RecordingTransport(self, inner)

    def add(
        self, request: httpx.Request, sent: bytes, response: httpx.Response, body: bytes
    ) -> None:
        """Keep one exchange, scrubbed."""
        scrub = self._scrub(request, sent)
        self._secrets.update(secrets_in(body))
        asked = _described(request, sent, scrub)
        answer = describe_response(
            response.status_code, response.reason_phrase, response.headers, body, scrub
        )
        self._person.called(_username(request, sent))
        about = is_about_the_user(asked.operation, asked.path)
        content = _content(body)
        self._person.meet(content, about_the_user=about)
        if is_clear_text(asked.operation):
            self._person.decrypted(content.get("result") if isinstance(content, dict) else content)
            text = SECRET if answer.text is not None else None
            answer = replace(answer, text=text, json=_blacked(answer.json))
        elif about:
            answer = replace(answer, json=self._person.without(answer.json, about_the_user=True))
        self.cassette.add(asked, answer)

    def broken(self, request: httpx.Request, sent: bytes, error: httpx.TransportError) -> None:
        """Keep a request whose connection failed: it fails in the same way when played."""
        response = RecordedResponse(status=0, broken=type(error).__name__)
        self.cassette.add(_described(request, sent, self._scrub(request, sent)), response)

    def _scrub(self, request: httpx.Request, sent: bytes) -> Scrub:
        self._secrets.update(each for each in _secrets_sent(request, sent) if len(each) >= 6)
        return self.cassette.scrub.with_secrets(*self._secrets)


def _content(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _blacked(answer: Any) -> Any:
    """An answer of which nothing but success and the shape is told."""
    if isinstance(answer, dict):
        return {key: _blacked(inner) for key, inner in answer.items()}
    if isinstance(answer, list):
        return [_blacked(inner) for inner in answer]
    return SECRET if isinstance(answer, str) and answer else answer


class Replay(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers from a cassette, and refuses what is not on it with `UnexpectedRequest`."""

    def __init__(self, cassette: Cassette) -> None:
        self.cassette = cassette

    def transport(
        self, inner: httpx.BaseTransport | httpx.AsyncBaseTransport | None = None
    ) -> Replay:
        """The transport to give to a session: itself. `inner` is what a `Recorder` would ask, so
        that a test is the same for both, and is not asked."""
        return self

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        scrub = self.cassette.scrub.with_secrets(*_secrets_sent(request, body))
        recorded = self.cassette.play(_described(request, body, scrub))
        if recorded.broken is not None:
            kind = getattr(httpx, recorded.broken, httpx.TransportError)
            raise kind("recorded: the connection failed here", request=request)
        extensions = {"reason_phrase": recorded.reason.encode()} if recorded.reason else {}
        return httpx.Response(
            recorded.status,
            headers=recorded.headers,
            stream=httpx.ByteStream(recorded.body()),
            extensions=extensions,
        )


@contextmanager
def record(path: str | Path, *, scrub: Scrub | None = None) -> Iterator[Recorder]:
    """Record into `path`, which is written when the block ends without an error."""
    recorder = Recorder(scrub)
    yield recorder
    recorder.save(path)


@contextmanager
def replay(path: str | Path, *, complete: bool = False) -> Iterator[Replay]:
    """Play `path`. With `complete`, a recorded call nobody made is an `AssertionError`.

    Raises `FileNotFoundError` when there is no such cassette, and what `Cassette.play` raises.
    """
    tape = Replay(Cassette.load(path))
    yield tape
    if complete and tape.cassette.unplayed:
        lines = "\n  ".join(request.line() for request in tape.cassette.unplayed)
        raise AssertionError(f"The cassette holds calls that were not made:\n  {lines}")
