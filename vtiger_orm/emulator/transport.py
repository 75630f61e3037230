"""The embedded CRM as an httpx transport: no socket, no thread, good for sync and async."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import anyio
import httpx

from .http import Request, Response

if TYPE_CHECKING:
    from .connection import Handler


def _request(request: httpx.Request, body: bytes, client: str) -> Request:
    return Request(
        method=request.method,
        target=request.url.raw_path.decode("ascii"),
        headers=tuple(request.headers.multi_items()),
        body=body,
        client=client,
    )


class _CutBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body whose connection breaks before its end."""

    def __init__(self, request: httpx.Request, sent: bytes, promised: int) -> None:
        self._request = request
        self._sent = sent
        self._promised = promised

    def _broken(self) -> httpx.RemoteProtocolError:
        return httpx.RemoteProtocolError(
            "peer closed connection without sending complete message body "
            f"(received {len(self._sent)} bytes, expected {self._promised})",
            request=self._request,
        )

    def __iter__(self) -> Iterator[bytes]:
        if self._sent:
            yield self._sent
        raise self._broken()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._sent:
            yield self._sent
        raise self._broken()


class CrmTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Carries requests straight to `handle`, and plays what the answer's delivery says.

    A delay longer than the client's read timeout ends in `httpx.ReadTimeout`, like on a socket.
    """

    def __init__(self, handle: Handler, *, client: str = "127.0.0.1") -> None:
        self._handle = handle
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._handle(_request(request, request.read(), self._client))
        wait, timed_out = _waiting(request, response)
        if wait > 0:
            time.sleep(wait)
        return _answer(request, response, timed_out)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = self._handle(_request(request, await request.aread(), self._client))
        wait, timed_out = _waiting(request, response)
        if wait > 0:
            await anyio.sleep(wait)
        return _answer(request, response, timed_out)


def _waiting(request: httpx.Request, response: Response) -> tuple[float, bool]:
    """How long the client waits, and whether it loses patience."""
    limit = request.extensions.get("timeout", {}).get("read")
    delay = response.delivery.delay
    if limit is not None and delay > limit:
        return limit, True
    return delay, False


def _answer(request: httpx.Request, response: Response, timed_out: bool) -> httpx.Response:
    if timed_out:
        raise httpx.ReadTimeout("The read operation timed out", request=request)
    delivery = response.delivery
    if delivery.dropped:
        raise httpx.RemoteProtocolError(
            "Server disconnected without sending a response.", request=request
        )
    body = b"" if request.method == "HEAD" else response.body
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    extensions: dict[str, object] = {"http_version": b"HTTP/1.1"}
    if response.reason:
        extensions["reason_phrase"] = " ".join(response.reason.split()).encode("utf-8")
    if delivery.cut_after is not None and delivery.cut_after < len(body):
        return httpx.Response(
            response.status,
            headers=headers,
            stream=_CutBody(request, body[: delivery.cut_after], len(body)),
            extensions=extensions,
        )
    return httpx.Response(
        response.status, headers=headers, stream=httpx.ByteStream(body), extensions=extensions
    )
