"""Transports, kept for the process: a pool of connections for its threads, one for each loop.

Transports are used directly, without `httpx.Client`: a client would log addresses (which hold
the session name), keep the server's cookies and so mix up sessions, take passwords from
``.netrc`` and follow redirects with the access key. httpx is imported at the first request.
"""

from __future__ import annotations

import atexit
import os
import ssl
import threading
import weakref
from collections.abc import AsyncGenerator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from ..errors import ConfigError
from .logs import quiet_httpcore
from .proxies import proxy_for

if TYPE_CHECKING:
    import asyncio

    import httpx

Verify: TypeAlias = "bool | str | ssl.SSLContext"
"""Whether to check certificates, or the file of the authority that signed them."""


class Transports:
    """Connections of one kind."""

    def __init__(self, *, verify: Verify = True, proxy: str | None = None) -> None:
        self._verify = verify
        self._proxy = proxy
        self._lock = threading.Lock()
        self._sync: httpx.BaseTransport | None = None
        self._loops: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[httpx.AsyncBaseTransport, object]
        ] = weakref.WeakKeyDictionary()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """One for the threads and all loops: reading the authorities takes tens of
        milliseconds."""
        return certificates(self._verify)

    def sync(self) -> httpx.BaseTransport:
        """The pool of every thread of this process."""
        if self._sync is None:
            with self._lock:
                if self._sync is None:
                    from .network import Pool

                    quiet_httpcore()
                    self._sync = Pool(self._context, self._proxy)
        return self._sync

    async def asynchronous(self) -> httpx.AsyncBaseTransport:
        """The pool of the running loop; closed by the loop itself when it shuts down."""
        import asyncio

        loop = asyncio.get_running_loop()
        known = self._loops.get(loop)
        if known is not None:
            return known[0]
        import httpx

        quiet_httpcore()
        transport = httpx.AsyncHTTPTransport(verify=self._context, proxy=self._proxy)
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
        import asyncio

        try:
            yield
        finally:
            with self._lock:
                self._loops.pop(asyncio.get_running_loop(), None)
            await transport.aclose()

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
        for name, given in (("transport", sync), ("async_transport", asynchronous)):
            known = hasattr(given, "handle_request") or hasattr(given, "handle_async_request")
            if given is not None and not known:
                raise ConfigError(
                    f"{name}= is a {type(given).__name__}, which is no transport of httpx. A "
                    "cassette and an embedded CRM have one: give their .transport()."
                )
        self._given = sync
        self._given_async = asynchronous

    def sync(self) -> httpx.BaseTransport:
        if self._given is None or not hasattr(self._given, "handle_request"):
            raise ConfigError(
                "This session was given a transport for async calls only: pass transport= as well."
            )
        return self._given

    async def asynchronous(self) -> httpx.AsyncBaseTransport:
        given = self._given_async or self._given
        if not hasattr(given, "handle_async_request"):
            raise ConfigError(
                "This session was given a transport for blocking calls only: pass "
                "async_transport= as well."
            )
        return cast("httpx.AsyncBaseTransport", given)


def certificates(verify: Verify) -> ssl.SSLContext:
    """What certificates are checked by. Raises `ConfigError` when a file is none of them."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    if isinstance(verify, bool):
        return _usual(verify)
    if not isinstance(verify, str):
        raise ConfigError(
            "verify is True, False, the path of a file as text, or an ssl.SSLContext, not "
            f"{type(verify).__name__}."
        )
    return _of_file(verify, f"verify={verify!r}")


def _usual(verify: bool) -> ssl.SSLContext:
    """The authorities that httpx knows, or those of the environment; or none."""
    import httpx

    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if verify else ():
        if told := os.environ.get(name):
            return _of_file(told, f"{name}={told!r}")
    return httpx.create_ssl_context(verify=verify)


def _of_file(verify: str, told: str) -> ssl.SSLContext:
    try:
        if not verify:
            raise ValueError("no path at all")
        if Path(verify).is_dir():
            return ssl.create_default_context(capath=verify)
        return ssl.create_default_context(cafile=verify)
    except ValueError:  # or a NUL inside
        why = "it is no path"
    except OSError as error:  # an SSLError is one
        why = (
            "it holds no certificate in PEM form"
            if isinstance(error, ssl.SSLError)
            else (error.strerror or type(error).__name__).lower()
        )
    raise ConfigError(
        f"{told} cannot be used: {why}. Give the file of the authority that signed the "
        "CRM's certificate (it begins with -----BEGIN CERTIFICATE-----)."
    )


_Key: TypeAlias = tuple[Verify, str | None]

_pools: dict[_Key, Transports] = {}
_abandoned: list[dict[_Key, Transports]] = []
_lock = threading.Lock()


def shared_transports(url: str, verify: Verify = True) -> Transports:
    """The process's transports for an address, through the proxy that the environment names.

    Raises `ConfigError` for a proxy, or a file of certificates, that cannot be used.
    """
    proxy = proxy_for(url)
    known = isinstance(verify, (bool, str)) and (verify, proxy) in _pools
    if not known and not isinstance(verify, bool):
        certificates(verify)
    with _lock:
        return _pools.setdefault((verify, proxy), Transports(verify=verify, proxy=proxy))


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
