"""The only file that knows httpx: sends an `HttpRequest`, returns an `HttpResponse`.

Transports are used directly, without `httpx.Client`: a client would log addresses (which hold
the session name), keep the server's cookies and so mix up sessions, take passwords from
``.netrc`` and follow redirects with the access key. httpx is imported at the first request.
"""

from __future__ import annotations

import asyncio
import atexit
import ssl
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from ..calls.outcome import NEVER_LEFT, Again, Fate, Outcome
from ..dialects.base import HttpRequest, HttpResponse
from ..dialects.outcomes import of_status
from ..errors import ConfigError, ConnectionFailed, MalformedAnswer, Timeout, TransportError
from .logs import USER_AGENT, quiet_httpcore

if TYPE_CHECKING:
    import httpx

Verify: TypeAlias = "bool | str | ssl.SSLContext"
"""Whether to check certificates, or the file of the authority that signed them."""

_CONNECT_SECONDS: Final = 10.0
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": USER_AGENT,
}
_LONGEST_ANSWER: Final = 10
"""Timeouts that an answer may take to arrive as a whole; each piece of it may take one."""
_MOST_BYTES: Final = 1 << 30
"""After decompression. The largest answers are files, in base64."""
_FORM: Final = "application/x-www-form-urlencoded"

Sent: TypeAlias = Callable[[], None]
"""Called when a request is on its way, by transports that tell (those of httpx do)."""


class Transports:
    """Connections of one kind, kept for the process: one pool for threads, one a loop."""

    def __init__(self, *, verify: Verify = True, proxy: str | None = None) -> None:
        self._verify = verify
        self._proxy = proxy
        self._lock = threading.Lock()
        self._sync: httpx.BaseTransport | None = None
        self._loops: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[httpx.AsyncBaseTransport, object]
        ] = weakref.WeakKeyDictionary()

    def sync(self) -> httpx.BaseTransport:
        """The pool of every thread of this process."""
        if self._sync is None:
            with self._lock:
                if self._sync is None:
                    import httpx

                    quiet_httpcore()
                    self._sync = httpx.HTTPTransport(verify=self._context(), proxy=self._proxy)
        return self._sync

    async def asynchronous(self) -> httpx.AsyncBaseTransport:
        """The pool of the running loop; closed by the loop itself when it shuts down."""
        loop = asyncio.get_running_loop()
        known = self._loops.get(loop)
        if known is not None:
            return known[0]
        import httpx

        quiet_httpcore()
        transport = httpx.AsyncHTTPTransport(verify=self._context(), proxy=self._proxy)
        keeper = self._keep(transport)
        with self._lock:
            for other in [each for each in self._loops if each.is_closed()]:
                del self._loops[other]
            self._loops[loop] = (transport, keeper)
        await anext(keeper)
        return transport

    async def _keep(self, transport: httpx.AsyncBaseTransport) -> AsyncGenerator[None, None]:
        """`asyncio.run` closes asynchronous generators that are still alive in its loop. It is
        the only way to be told that a loop ends while its sockets can still be closed."""
        try:
            yield
        finally:
            with self._lock:
                self._loops.pop(asyncio.get_running_loop(), None)
            await transport.aclose()

    def _context(self) -> ssl.SSLContext | bool:
        if isinstance(self._verify, str):
            return ssl.create_default_context(cafile=self._verify)
        return self._verify

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()
            self._sync = None


class GivenTransports(Transports):
    """The transports a user passed to the session: used as they are, never closed."""

    def __init__(
        self, sync: httpx.BaseTransport | None, asynchronous: httpx.AsyncBaseTransport | None
    ) -> None:
        super().__init__()
        self._given = sync
        self._given_async = asynchronous

    def sync(self) -> httpx.BaseTransport:
        if not hasattr(self._given, "handle_request"):
            raise ConfigError(
                "This session was given a transport for async calls only: pass transport= as well."
            )
        return cast("httpx.BaseTransport", self._given)

    async def asynchronous(self) -> httpx.AsyncBaseTransport:
        given = self._given_async or self._given
        if not hasattr(given, "handle_async_request"):
            raise ConfigError(
                "This session was given a transport for blocking calls only: pass "
                "async_transport= as well."
            )
        return cast("httpx.AsyncBaseTransport", given)


_pools: dict[tuple[Any, str | None], Transports] = {}
_abandoned: list[dict[tuple[Any, str | None], Transports]] = []
_lock = threading.Lock()


def shared_transports(url: str, verify: Verify = True) -> Transports:
    """The process's transports for an address, through the proxy that the environment names."""
    proxy = _proxy_for(url)
    key = (verify, proxy)
    with _lock:
        return _pools.setdefault(key, Transports(verify=verify, proxy=proxy))


def forget_transports() -> None:
    """For a forked child: the parent's sockets must be neither used nor closed here."""
    global _lock, _pools
    _lock = threading.Lock()
    _abandoned.append(_pools)
    _pools = {}


def _close_all() -> None:
    for pool in list(_pools.values()):
        pool.close()


atexit.register(_close_all)


def _proxy_for(url: str) -> str | None:
    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy and "://" in proxy else (f"http://{proxy}" if proxy else None)


def send(
    transport: httpx.BaseTransport, request: HttpRequest, timeout: float, sent: Sent | None = None
) -> HttpResponse:
    """Send and read the whole answer. Raises `ConnectionFailed`, `Timeout` or
    `MalformedAnswer`, without httpx's error as their context: its frames hold the address."""
    progress: list[int] = []
    try:
        response = transport.handle_request(_build(request, timeout, sent and _trace(sent)))
        progress.append(response.status_code)
        try:
            body = _Body(request, timeout)
            for chunk in response.iter_bytes():
                body.add(chunk)
        finally:
            response.close()
        return _response(response, body.content)
    except Exception as error:
        failure = _failure(error, request, progress, timeout)
    raise failure


async def asend(
    transport: httpx.AsyncBaseTransport,
    request: HttpRequest,
    timeout: float,
    sent: Sent | None = None,
) -> HttpResponse:
    progress: list[int] = []
    try:
        response = await transport.handle_async_request(
            _build(request, timeout, sent and _atrace(sent))
        )
        progress.append(response.status_code)
        try:
            body = _Body(request, timeout)
            async for chunk in response.aiter_bytes():
                body.add(chunk)
        finally:
            await response.aclose()
        return _response(response, body.content)
    except Exception as error:
        failure = _failure(error, request, progress, timeout)
    raise failure


class _Body:
    """The body of an answer as it comes: neither without end in time nor in size."""

    def __init__(self, request: HttpRequest, timeout: float) -> None:
        self._what = request.operation
        self._longest = _LONGEST_ANSWER * timeout
        self._deadline = time.monotonic() + self._longest
        self._chunks: list[bytes] = []
        self._size = 0

    @property
    def content(self) -> bytes:
        return b"".join(self._chunks)

    def add(self, chunk: bytes) -> None:
        """Raises `Timeout` or `MalformedAnswer`."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > _MOST_BYTES:
            raise MalformedAnswer(
                f"{self._what}: the answer has more than {_MOST_BYTES:,} bytes, and there was no "
                "end to it."
            )
        if time.monotonic() > self._deadline:
            raise Timeout(
                f"{self._what}: the answer was not complete after {self._longest:g} seconds, "
                f"{_LONGEST_ANSWER} times the session's timeout. Large files on a slow line need "
                "a longer one (Session(timeout=...))."
            )


def _trace(sent: Sent) -> Callable[[str, Mapping[str, Any]], None]:
    def trace(event: str, facts: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_body.complete"):
            sent()

    return trace


def _atrace(sent: Sent) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    async def trace(event: str, facts: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_body.complete"):
            sent()

    return trace


def _build(request: HttpRequest, timeout: float, trace: object = None) -> httpx.Request:
    import httpx

    limits = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
    extensions: dict[str, Any] = {"timeout": limits.as_dict()}
    if trace is not None:
        extensions["trace"] = trace
    headers = {**_HEADERS, **request.headers}
    if request.file is not None:
        part = request.file
        return httpx.Request(
            request.method,
            request.url,
            headers=headers,
            data=dict(request.form or {}),
            files={part.field: (part.filename, part.content, part.content_type)},
            extensions=extensions,
        )
    content = None
    if request.form is not None:
        headers["Content-Type"] = _FORM
        content = urlencode(request.form).encode("ascii")
    return httpx.Request(
        request.method, request.url, headers=headers, content=content, extensions=extensions
    )


def _response(response: httpx.Response, body: bytes) -> HttpResponse:
    reason = response.extensions.get("reason_phrase", b"")
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
    return HttpResponse(response.status_code, text, headers, body)


def _failure(
    error: Exception, request: HttpRequest, progress: list[int], timeout: float
) -> Exception:
    """The library's error for an exception of httpx; anything else passes as it is."""
    import httpx

    if not isinstance(error, (httpx.HTTPError, httpx.StreamError, *_no_request())):
        return error
    failure = _failed(error, request, progress, timeout)
    failure.outcome = outcome_of(error, progress[0] if progress else None)
    return failure


def _failed(
    error: Exception, request: HttpRequest, progress: list[int], timeout: float
) -> TransportError:
    import httpx

    host = urlsplit(request.url).netloc
    what, said = request.operation, str(error).rstrip(".") or type(error).__name__
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Timeout(
                f"{what}: {host} accepted no connection in time. Is the address right, and is "
                "it reachable from here?"
            )
        case httpx.TimeoutException():
            return Timeout(
                f"{what}: {host} did not answer within {timeout:g} seconds. A slow CRM needs a "
                "longer timeout (Session(timeout=...)); whether it still worked on the request "
                "is not known."
            )
        case httpx.ConnectError() | httpx.ProxyError() | httpx.UnsupportedProtocol():
            return ConnectionFailed(
                f"{what}: no connection to {host}: {said}. {_cure(said.lower())}"
            )
        case httpx.DecodingError():
            return MalformedAnswer(f"{what}: the answer of {host} cannot be decompressed: {said}.")
        case httpx.HTTPError() if progress:
            return MalformedAnswer(
                f"{what}: {host} closed the connection in the middle of its answer "
                f"(HTTP {progress[0]}): {said}."
            )
        case httpx.TransportError():
            return ConnectionFailed(
                f"{what}: {host} closed the connection without an answer: {said}. Whether it "
                "worked on the request is not known."
            )
        case _:
            return ConnectionFailed(f"{what}: the request to {host} failed: {said}.")


def outcome_of(error: Exception, status: int | None = None) -> Outcome:
    """What an exception of httpx says about the request; `status` is that of an answer which
    had begun.

    A connection that was made may have carried the request, and one that ends without an answer
    says nothing about the server: what lies between may have cut it while the CRM works on.
    """
    import httpx

    unmade = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
    if isinstance(error, (*unmade, httpx.UnsupportedProtocol, *_no_request())):
        return replace(NEVER_LEFT, again=Again.YES)
    if status is None or isinstance(error, httpx.TimeoutException):
        return Outcome(Fate.UNDER_WAY, Again.YES)
    return replace(of_status(status), again=Again.YES)


def _no_request() -> tuple[type[Exception], ...]:
    """Exceptions of httpx outside of its tree, raised before there is a request."""
    import httpx

    return httpx.InvalidURL, httpx.CookieConflict


def _cure(said: str) -> str:
    """What to do about a connection that was not made."""
    if "certificate" in said:
        return "The certificate is not trusted: pass verify= with the CA's file."
    if "wrong version number" in said or "record layer failure" in said:
        return "The server does not speak TLS there: should the address begin with http://?"
    return "Is the address right, and is the CRM reachable from here?"
