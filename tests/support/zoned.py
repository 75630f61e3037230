"""The embedded CRM as a server whose wall hangs in another zone: every date and time on the wire is
that of the zone, in statements and elements as well as in answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from urllib.parse import quote_plus, unquote_plus

import httpx

from vtiger_orm.emulator import Crm

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_QUOTED = re.compile(r"\d{4}-\d\d-\d\d(?:\+|%20)\d\d(?::|%3A)\d\d(?::|%3A)\d\d")


def _moved(text: str, origin: tzinfo, target: tzinfo) -> str:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=origin).astimezone(target)
    except (ValueError, OverflowError):
        return text
    return moment.strftime("%Y-%m-%d %H:%M:%S")


class InZone(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Stands between a session and the embedded CRM, which is in UTC."""

    def __init__(self, crm: Crm, zone: tzinfo) -> None:
        self._inner = crm.transport()
        self._zone = zone

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(self._there(request, request.read()))
        return self._here(response, response.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = self._there(request, await request.aread())
        response = await self._inner.handle_async_request(there)
        return self._here(response, await response.aread())

    def _there(self, request: httpx.Request, body: bytes) -> httpx.Request:
        def moved(match: re.Match[str]) -> str:
            return quote_plus(_moved(unquote_plus(match[0]), self._zone, UTC))

        headers = {
            name: value for name, value in request.headers.items() if name != "content-length"
        }
        return httpx.Request(
            request.method,
            _QUOTED.sub(moved, str(request.url)),
            headers=headers,
            content=_QUOTED.sub(moved, body.decode("latin-1")).encode("latin-1"),
            extensions=request.extensions,
        )

    def _here(self, response: httpx.Response, body: bytes) -> httpx.Response:
        def moved(match: re.Match[str]) -> str:
            return _moved(match[0], UTC, self._zone)

        return httpx.Response(
            response.status_code,
            headers={"Date": response.headers["date"], "Content-Type": "application/json"},
            content=_MOMENT.sub(moved, body.decode("utf-8")).encode("utf-8"),
        )
