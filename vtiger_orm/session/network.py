"""The blocking transport: httpx's, with the deadline of an exchange at each touch of a socket.

A timeout of a socket starts anew with every byte that comes; a server that sends one a second
would never be given up. Asynchronous transports need nothing of this: `asyncio.timeout` ends
whatever is awaited.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, Final, NoReturn, cast

import httpcore
import httpx

# Not documented. What is documented connects by itself, one address after the other, with no
# deadline for names; and TLS inside TLS, to proxies, is nothing to be written once more.
from httpcore._backends.sync import SyncStream

from .connecting import SocketOption, connect
from .exchange import Exchange, Interrupt, current

_MOST_CONNECTIONS: Final = 100
_KEPT_CONNECTIONS: Final = 20
_KEPT_SECONDS: Final = 5.0
"""As httpx has them: a server closes what is idle for longer, often without being seen to."""
_PIECE: Final = 16 * 1024
"""Bytes written at once; the deadline is looked at between them."""


class Pool(httpx.BaseTransport):
    """Connections for every thread of the process."""

    def __init__(self, verify: ssl.SSLContext, proxy: str | None = None) -> None:
        self._pool = _pool(verify, proxy)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            response = self._pool.handle_request(sent)
        except Exception as error:
            _raise_in_httpx(error)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Answer(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._pool.close()


def _pool(verify: ssl.SSLContext, proxy: str | None) -> httpcore.ConnectionPool:
    settings: dict[str, Any] = {
        "ssl_context": verify,
        "max_connections": _MOST_CONNECTIONS,
        "max_keepalive_connections": _KEPT_CONNECTIONS,
        "keepalive_expiry": _KEPT_SECONDS,
        "network_backend": Network(),
    }
    if proxy is None:
        return httpcore.ConnectionPool(**settings)
    told = httpx.Proxy(proxy)
    url = httpcore.URL(
        scheme=told.url.raw_scheme,
        host=told.url.raw_host,
        port=told.url.port,
        target=told.url.raw_path,
    )
    if told.url.scheme.startswith("socks5"):
        return httpcore.SOCKSProxy(proxy_url=url, proxy_auth=told.raw_auth, **settings)
    return httpcore.HTTPProxy(
        proxy_url=url, proxy_auth=told.raw_auth, proxy_headers=told.headers.raw, **settings
    )


class _Answer(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from cast("Iterable[bytes]", self._response.stream)
        except Exception as error:
            _raise_in_httpx(error)

    def close(self) -> None:
        self._response.close()


def _raise_in_httpx(error: Exception) -> NoReturn:
    """Both libraries name their exceptions alike."""
    kind = getattr(httpx, type(error).__name__, None)
    if type(error).__module__.partition(".")[0] != "httpcore" or kind is None:
        raise error
    raise kind(str(error)) from error


class Network(httpcore.NetworkBackend):
    """Opens connections within the deadline of the thread's exchange."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        try:
            made = connect(host, port, left, _check, local_address, socket_options or ())
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return DeadlineStream(SyncStream(made))


class DeadlineStream(httpcore.NetworkStream):
    """A connection that looks at the deadline, and that another thread can break."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _left(timeout, httpcore.ReadTimeout)
        with self._breakable():
            return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._breakable():
            for start in range(0, len(buffer), _PIECE):
                left = _left(timeout, httpcore.WriteTimeout)
                self._stream.write(buffer[start : start + _PIECE], left)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def break_off(self) -> None:
        """Wake up the thread that waits for it; the connection is of no use afterwards."""
        found = self._stream.get_extra_info("socket")
        if isinstance(found, socket.socket):
            with suppress(OSError):
                # Of TLS, too, it is the connection below: its end is not to be agreed upon.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    def _breakable(self) -> AbstractContextManager[None]:
        interrupt: Interrupt | None = current.interrupt
        return _NOBODY if interrupt is None else interrupt.watching(self)


_NOBODY: Final = nullcontext()
"""Nearly always: nobody can give up what the thread does."""


def _check() -> None:
    """Raises `Interrupted` when this thread's work was given up."""
    if current.interrupt is not None:
        current.interrupt.check()


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    """Seconds for one operation on a socket; raises `late` when the time is over."""
    _check()
    exchange: Exchange | None = current.exchange
    if exchange is None:
        return timeout
    left = exchange.left(timeout)
    if left <= 0:
        raise late("the time of the exchange is over")
    return left
