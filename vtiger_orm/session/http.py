"""An `HttpRequest` sent by a transport of httpx, and its whole answer as an `HttpResponse`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from ..dialects.base import HttpRequest, HttpResponse
from ..errors import InvalidValue, VtigerError
from .body import ENCODING, Body
from .exchange import Exchange, Sent, current
from .failures import failure_of
from .logs import USER_AGENT

if TYPE_CHECKING:
    import httpx

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": ENCODING,
    "User-Agent": USER_AGENT,
}
_FORM: Final = "application/x-www-form-urlencoded"
_ARRIVED: Final = 100
"""Pieces of an answer that may have arrived when its connection is closed."""


def send(
    transport: httpx.BaseTransport, request: HttpRequest, timeout: float, sent: Sent | None = None
) -> HttpResponse:
    """Send and read the whole answer. Raises `ConnectionFailed`, `Timeout` or
    `MalformedAnswer`, without httpx's error as their context: its frames hold the address."""
    exchange = Exchange(request.operation, timeout, sent)
    status: int | None = None
    outer, current.exchange = current.exchange, exchange
    try:
        response = transport.handle_request(_build(request, exchange, exchange.trace()))
        status, headers = response.status_code, _headers(response)
        try:
            body = Body(exchange, headers)
            # Not iter_bytes(): it would undo any number of layers of compression.
            for chunk in cast("Iterable[bytes]", response.stream):
                body.add(chunk)
        finally:
            response.close()
        return _response(response, headers, body.content())
    except Exception as error:
        failure = failure_of(error, request, exchange, status)
    finally:
        current.exchange = outer
    for each in exchange.opened:
        each.close()
    raise failure


async def asend(
    transport: httpx.AsyncBaseTransport,
    request: HttpRequest,
    timeout: float,
    sent: Sent | None = None,
) -> HttpResponse:
    exchange = Exchange(request.operation, timeout, sent)
    status: int | None = None
    import asyncio

    # The loop's clock need not be the one of `time.monotonic`.
    ahead = asyncio.get_running_loop().time() - time.monotonic()
    try:
        async with asyncio.timeout_at(exchange.until + ahead) as deadline:
            trace = exchange.atrace(lambda until: deadline.reschedule(until + ahead))
            response = await transport.handle_async_request(_build(request, exchange, trace))
            status, headers = response.status_code, _headers(response)
            try:
                body = Body(exchange, headers)
                await _collect(response, body)
            finally:
                await response.aclose()
        return _response(response, headers, body.content())
    except Exception as error:
        failure = failure_of(error, request, exchange, status)
    for each in exchange.opened:
        await each.aclose()
    raise failure


async def _collect(response: httpx.Response, body: Body) -> None:
    chunks = aiter(cast("AsyncIterable[bytes]", response.stream))
    try:
        async for chunk in chunks:
            body.add(chunk)
    except VtigerError:
        # Left as they are, the generators would be closed by tasks of the loop, some time later;
        # of a connection that is closed they end by themselves, behind what has arrived already.
        # A transport of the application's own may go on for ever.
        await response.aclose()
        with suppress(Exception):
            for _ in range(_ARRIVED):
                await anext(chunks)
        raise


def _build(request: HttpRequest, exchange: Exchange, trace: object) -> httpx.Request:
    import httpx

    extensions: dict[str, Any] = {"timeout": exchange.limits(), "trace": trace}
    headers = {**_HEADERS, **request.headers}
    if request.file is not None:
        part = request.file
        _check_header("content type", part.content_type)
        _check_header("file name", part.filename)
        return httpx.Request(
            request.method,
            request.url,
            headers=headers,
            data=dict(request.form or {}),
            files={part.field: (part.filename, part.content, part.content_type)},
            extensions=extensions,
        )
    if request.form is None:
        return httpx.Request(request.method, request.url, headers=headers, extensions=extensions)
    headers["Content-Type"] = _FORM
    return httpx.Request(
        request.method,
        _address(request.url),
        headers=headers,
        content=urlencode(request.form).encode("ascii"),
        extensions=extensions,
    )


@lru_cache(maxsize=64)
def _address(url: str) -> httpx.URL:
    """That of a form: an operation's, which is the same for all that is sent to it."""
    import httpx

    return httpx.URL(url)


def _check_header(name: str, text: str) -> None:
    """Raises `InvalidValue` for what would end a header of a form's part, or add one."""
    if any(ord(each) < 32 or ord(each) == 127 for each in text):
        raise InvalidValue(f"The {name} {text[:80]!r} holds a control character; nothing was sent.")


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _response(response: httpx.Response, headers: Mapping[str, str], body: bytes) -> HttpResponse:
    reason = response.extensions.get("reason_phrase", b"")
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return HttpResponse(response.status_code, text, headers, body)
