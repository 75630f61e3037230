"""The faults of the matrix: of the transport, the status, the body, the header, time, and login."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx

from vtiger_orm.emulator.faults import (
    DroppedConnection,
    Exchange,
    ExpiredSession,
    Fault,
    Html,
    Latency,
    LostAnswer,
    PlainAnswer,
    RateLimited,
    ServerError,
    TextBefore,
    TruncatedBody,
)
from vtiger_orm.emulator.http import Response, json_response

from .world import TIMEOUT

LOGIN: Final = ("getchallenge", "login", "auth")


@dataclass(frozen=True, slots=True)
class Changed:
    """The answer of a call that is done, changed on its way."""

    change: Callable[[Response], Response]

    def apply(self, exchange: Exchange) -> Response:
        return self.change(exchange.proceed())


@dataclass(frozen=True, slots=True)
class Instead:
    """An answer of something else, with the call done or not."""

    response: Response
    done: bool = False

    def apply(self, exchange: Exchange) -> Response:
        if self.done:
            exchange.proceed()
        return self.response


@dataclass(frozen=True, slots=True)
class Broken:
    """An exception of the transport, with the call done or not."""

    kind: type[httpx.TransportError]
    done: bool = False

    def apply(self, exchange: Exchange) -> Response:
        if self.done:
            exchange.proceed()
        raise self.kind("injected")


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    fault: Fault
    harmless: bool = False
    """Whether nobody should notice anything, even if it stays."""

    @property
    def by_wire(self) -> bool:
        """Whether a server can play it, or only a transport within the process."""
        return not isinstance(self.fault, Broken)


def _body(change: Callable[[bytes], bytes]) -> Changed:
    return Changed(lambda response: replace(response, body=change(response.body)))


def _packed(change: Callable[[bytes], bytes], encoding: str = "gzip") -> Changed:
    return Changed(
        lambda response: replace(
            response,
            body=change(response.body),
            headers=(*response.headers, ("Content-Encoding", encoding)),
        )
    )


def _headers(**headers: str) -> Changed:
    added = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Changed(lambda response: replace(response, headers=(*response.headers, *added)))


def answering(value: Any, *, done: bool = False) -> Instead:
    """Success, with any result."""
    return Instead(json_response({"success": True, "result": value}), done)


def _error(code: str, *, done: bool = False) -> Instead:
    error = {"code": code, "message": "said so"}
    return Instead(json_response({"success": False, "error": error}), done)


def _raw(body: bytes, status: int = 200, *headers: tuple[str, str], done: bool = False) -> Instead:
    return Instead(Response(status=status, body=body, headers=headers), done)


def _flood(value: str) -> Changed:
    names = ("X_FloodControl_Remaining", "X_FloodControl_Reset", "X_RateLimit_Reset")
    return _headers(**dict.fromkeys(names, value))


_DEEP: Final = b'{"success":true,"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
_HUGE: Final = b'{"success":true,"result":[{"id":"12x5","lastname":' + b"9" * 6000 + b"}]}"

FAULTS: Final = (
    Named("none", _body(lambda body: body), harmless=True),
    # Transport
    Named("dropped before", DroppedConnection()),
    Named("dropped after", LostAnswer()),
    *(
        Named(f"{kind.__name__}{' after' if done else ''}", Broken(kind, done))
        for kind, done in (
            (httpx.ConnectError, False),
            (httpx.ConnectTimeout, False),
            (httpx.PoolTimeout, False),
            (httpx.ReadTimeout, False),
            (httpx.ReadTimeout, True),
            (httpx.ReadError, True),
            (httpx.WriteError, False),
            (httpx.RemoteProtocolError, True),
            (httpx.ProxyError, False),
        )
    ),
    Named("cut", TruncatedBody()),
    Named("cut honestly", TruncatedBody(honest=True)),
    Named("cut to nothing", TruncatedBody(keep=0, honest=True)),
    # Status
    *(Named(f"HTML {status}", Html(status)) for status in (200, 301, 401, 403, 404, 408, 502, 503)),
    *(Named(f"HTML {status} after", Html(status, done=True)) for status in (200, 502, 504)),
    Named("empty 500", ServerError()),
    Named("empty 500 after", ServerError(done=True)),
    Named("empty 503", ServerError(503)),
    Named("empty 200", _raw(b"")),
    Named("empty 200 after", _raw(b"", done=True)),
    Named("204", _raw(b"", 204)),
    Named("999", _raw(b"{}", 999)),
    Named("redirect", _raw(b"", 302, ("Location", "http://evil.test/?sessionName=abc"))),
    Named("429", RateLimited()),
    Named("429 soon", RateLimited(0.01)),
    Named("429 late", RateLimited(300.0)),
    Named("429 INF", _raw(b"{}", 429, ("Retry-After", "INF"))),
    Named("503 Retry-After", _raw(b"back soon", 503, ("Retry-After", "0.01"))),
    # Body
    Named("text", PlainAnswer()),
    Named("text after", PlainAnswer(done=True)),
    Named("notice before", TextBefore(), harmless=True),
    Named("byte order mark", _body(lambda body: b"\xef\xbb\xbf" + body), harmless=True),
    Named("two envelopes", _body(lambda body: b'x {"success":true,"result":[]} ' + body)),
    Named("UTF-16", _body(lambda body: body.decode().encode("utf-16"))),
    Named("deep", _raw(_DEEP)),
    Named("huge number", _raw(_HUGE)),
    Named("half a character", _raw(_HUGE.replace(b"9" * 6000, b'"\\ud800"'))),
    Named("NaN", _raw(b'{"success":true,"result":NaN}')),
    *(
        Named(f"result {json.dumps(value)[:20]}", answering(value))
        for value in (None, True, "x", 5, {}, [1], [None], [[1]], {"0": 1}, [{"id": 5}])
    ),
    Named("result [{id: null}]", answering([{"id": None}])),
    Named("a foreign id", answering([{"id": "12x0 or 1"}])),
    Named("count odd", answering([{"count": "NaN"}])),
    Named("count of 5,000 digits", answering([{"count": "9" * 5000}])),
    Named("an id of 5,000 digits", answering([{"id": "12x" + "9" * 5000}])),
    Named("no result", Instead(json_response({"success": True}))),
    Named("no error", Instead(json_response({"success": False}))),
    Named("error as text", Instead(json_response({"success": False, "error": "boom"}))),
    Named("array", Instead(json_response([]))),
    *(
        Named(code, _error(code))
        for code in (
            "ACCESS_DENIED",
            "INTERNAL_SERVER_ERROR",
            "DATABASE_QUERY_ERROR",
            "QUERY_SYNTAX_ERROR",
            "RECORD_NOT_FOUND",
            "AUTHENTICATION_REQUIRED",
            "UNKNOWN_OPERATION",
            "WHATEVER",
        )
    ),
    Named("database error after", _error("DATABASE_QUERY_ERROR", done=True)),
    # Headers
    Named("gzip", _packed(gzip.compress), harmless=True),
    Named("gzip twice", _packed(lambda b: gzip.compress(gzip.compress(b)), "gzip, gzip")),
    Named("gzip cut", _packed(lambda b: gzip.compress(b)[:-6])),
    Named("no gzip", _packed(lambda b: b)),
    Named("br", _packed(lambda b: b, "br")),
    *(Named(f"limits {v}", _flood(v), harmless=True) for v in ("INF", "NAN", "soon", "1e400")),
    Named("odd date", _headers(Date="Fri, 99 Foo 99999 99:99:99 GMT"), harmless=True),
    # Time
    Named("slow", Latency(TIMEOUT / 4), harmless=True),
    Named("too slow", Latency(TIMEOUT * 4)),
    # Login
    Named("session ended", ExpiredSession()),
    Named("session idle", ExpiredSession("SESSION_LEFT_IDLE")),
)
