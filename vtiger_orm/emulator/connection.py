"""One client of the socket server, from its first byte until it is hung up on."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

import h11

from .hosts import Hosts
from .http import Request, Response, text_response

Handler = Callable[[Request], Response]

_log = logging.getLogger(__name__)

_READ: Final = 65536
_HEADER_LIMIT: Final = 1 << 20
_LINGER_SECONDS: Final = 3.0
_BEGUN: Final = 4.0
"""Seconds by which a client that stops in the middle of a request counts as idle later than one
that has asked nothing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the server bears from its clients before it hangs up."""

    body: int = 32 << 20
    """Bytes of a request's body; a larger one is refused with HTTP 413 and not read."""
    bodies: int = 128 << 20
    """Bytes of all bodies that are under way; whoever sends more is told HTTP 503."""
    connections: int = 256
    """At the same time. Where there are more, whoever is idle longest has to go, or new ones
    wait."""
    idle: float = 75.0
    """Seconds without a request."""
    patience: float = 60.0
    """Seconds from the first byte of a request to its last, and for the answer to be taken."""


class BodyBudget:
    """How many bytes of bodies all connections may hold together."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, number: int) -> bool:
        """Whether so many were left; they are taken then."""
        with self._lock:
            if number > self._left:
                return False
            self._left -= number
            return True

    def give(self, number: int) -> None:
        """They are free again."""
        with self._lock:
            self._left += number


class _Refusal(Exception):
    """The request is answered without being read to its end."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def reason_phrase(response: Response) -> str:
    """The text of the status line; line breaks of a message become blanks."""
    if response.reason:
        return " ".join(response.reason.split())
    try:
        return HTTPStatus(response.status).phrase
    except ValueError:
        return ""


class ClientConnection:
    """Answers the requests of one client, one after the other."""

    def __init__(
        self,
        sock: socket.socket,
        client: str,
        handle: Handler,
        *,
        keep_alive: bool | None,
        bounds: Bounds,
        budget: BodyBudget,
        hosts: Hosts | None,
    ) -> None:
        self._socket = sock
        self._client = client
        self._handle = handle
        self._keep_alive = keep_alive
        self._bounds = bounds
        self._budget = budget
        self._taken = 0
        self._hosts = hosts
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADER_LIMIT)
        self._lock = threading.Lock()
        self._ended = False
        self._deadline: float | None = None
        """When the request under way has to be complete; None between two requests."""
        self.idle_since: float | None = time.monotonic()
        """None while a request is being read or answered, and not waited for."""

    def run(self) -> None:
        """Serve the client until it goes, or has to."""
        try:
            while self._answer_one():
                self._http.start_next_cycle()
        except _Refusal as refusal:
            self._refuse(refusal.status, refusal.text)
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint)
        except TimeoutError:
            if self._deadline is not None:
                self._refuse(408)
        except (OSError, h11.LocalProtocolError):
            pass  # the client went away
        finally:
            self.close()
            self._give_back()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def end_idle(self) -> bool:
        """Hang up unless it is being answered; whether it is done."""
        with self._lock:
            if self.idle_since is None or self._ended:
                return False
            self._ended = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which closes
        return True

    # -- reading ---------------------------------------------------------------------------

    def _receive(self) -> bytes:
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            return self._waited_for(left, time.monotonic() + _BEGUN)
        data = self._waited_for(self._bounds.idle, time.monotonic())
        self._deadline = time.monotonic() + self._bounds.patience
        return data

    def _waited_for(self, seconds: float, idle_since: float) -> bytes:
        with self._lock:
            self.idle_since = idle_since
        self._socket.settimeout(seconds)
        data = self._socket.recv(_READ)
        with self._lock:
            if self._ended:
                raise ConnectionAbortedError
            self.idle_since = None
        return data

    def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._send(self._http.send(go_on) or b"")
            self._http.receive_data(self._receive())

    def _read(self) -> Request | None:
        head = self._next_event()
        if not isinstance(head, h11.Request):
            return None
        request = Request(
            method=head.method.decode("ascii"),
            target=head.target.decode("latin-1"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers
            ),
            client=self._client,
        )
        if self._hosts is not None and request.header("host") not in self._hosts:
            raise _Refusal(421, self._hosts.refusal)
        too_large = _Refusal(413, f"A body may have {self._bounds.body} bytes.\n")
        if int(request.header("content-length") or 0) > self._bounds.body:
            raise too_large
        body = bytearray()
        while isinstance(event := self._next_event(), h11.Data):
            if len(body) + len(event.data) > self._bounds.body:
                raise too_large
            if not self._budget.take(len(event.data)):
                raise _Refusal(503, "Too much is being sent at the same time. Try again.\n")
            self._taken += len(event.data)
            body += event.data
        return replace(request, body=bytes(body))

    def _give_back(self) -> None:
        self._budget.give(self._taken)
        self._taken = 0

    # -- answering -------------------------------------------------------------------------

    def _answer_one(self) -> bool:
        """Answer one request; whether the connection may carry another."""
        request = self._read()
        if request is None:
            return False
        try:
            response = self._handle(request)
        except Exception:
            _log.exception("the embedded CRM itself failed on %s", request.raw_path)
            response = Response(status=500)
        delivery = response.delivery
        if delivery.delay > 0:
            time.sleep(delivery.delay)
        if delivery.dropped:
            return False
        keep = delivery.keep_alive if self._keep_alive is None else self._keep_alive
        body = b"" if request.method == "HEAD" else response.body
        data = self._http.send(_head(response, keep=keep)) or b""
        if delivery.cut_after is not None and delivery.cut_after < len(body):
            self._send(data + body[: delivery.cut_after])
            return False
        if body:
            data += self._http.send(h11.Data(data=body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        self._send(data)
        self._give_back()
        self._deadline = None
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(self._bounds.patience)
        self._socket.sendall(data)

    def _refuse(self, status: int, text: str = "") -> None:
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        response = text_response(text, status=status)
        with contextlib.suppress(OSError, h11.LocalProtocolError):
            data = self._http.send(_head(response, keep=False)) or b""
            if response.body:
                data += self._http.send(h11.Data(data=response.body)) or b""
            self._send(data + (self._http.send(h11.EndOfMessage()) or b""))
            self._linger()

    def _linger(self) -> None:
        """Take what the client still sends: closed on at once, it would not see the answer."""
        self._socket.shutdown(socket.SHUT_WR)
        end = time.monotonic() + _LINGER_SECONDS
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            if not self._socket.recv(_READ):
                return


def _head(response: Response, *, keep: bool) -> h11.Response:
    headers = [(_latin(name), _latin(value)) for name, value in response.headers]
    headers.append((b"Content-Length", b"%d" % len(response.body)))
    if not keep:
        headers.append((b"Connection", b"close"))
    return h11.Response(
        status_code=response.status,
        reason=reason_phrase(response).encode("utf-8"),
        headers=headers,
    )


def _latin(value: str) -> bytes:
    return value.encode("latin-1", "replace")
