"""The embedded CRM: one store, its doors, and what a test wants to do with them."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .calls import CallCount, CallRecord, Handled
from .clock import Clock
from .engine import Schema
from .faces import Face
from .faces.cloud import CloudFace
from .faces.restfulapi import RestfulApiFace
from .faces.webservice import WebserviceFace
from .faults import Exchange, Faults
from .http import Request, Response, text_response
from .installation import Data, Installation
from .profiles import Profile

if TYPE_CHECKING:
    from ..metadata.snapshot import Snapshot
    from .server import Server
    from .transport import CrmTransport

log: logging.Logger = logging.getLogger("vtiger_orm.emulator")

_ADDRESS: Final = "https://crm.test"


class Crm(Installation):
    """A Vtiger CRM inside this process.

    ::

        crm = Crm()                                  # demo schema and data, in memory
        crm = Crm("vtiger-schema", data=None)        # your own CRM's schema, empty
        session = connect(crm.url, *crm.credentials(), transport=crm.transport())

    `schema` is a snapshot folder, a `Snapshot`, or None for the demo. `data` is ``"demo"``, the
    path of a JSON file or a mapping (both ``{module: [element, ...]}``), a function that is given
    this CRM and fills it, or None; ``"auto"`` means the demo data with the demo schema and nothing
    with another. All of it is loaded or nothing, and only into a store without records.
    `database` is ``":memory:"`` or a file that several processes may share; access keys are made
    with the file and kept in it, those of a CRM in memory are always the same.
    `profile` names the kind of server, one of `PROFILES` (``vtiger-8.3``, ``corebos``, ``cloud``,
    ...), which tells a version of its own; ``"auto"`` means the one that comes nearest to the
    server of the snapshot, and tells its version. So an application can be tried on the release
    that its CRM is to become.

    Raises `SnapshotError` for a schema that cannot be read or kept, and `ValueError` for an
    unknown profile, for data that the CRM refuses, and for a file that was made for another schema
    or by another program. Safe to use from several threads.
    """

    def __init__(
        self,
        schema: str | Path | Snapshot | Schema | None = None,
        *,
        data: Data = "auto",
        database: str | Path = ":memory:",
        profile: str | Profile = "auto",
        clock: Clock | None = None,
        url_limit: int = 80_000,
        body_limit: int = 32 << 20,
        latency: float = 0.0,
        session_idle: float | None = 1800.0,
    ) -> None:
        """`url_limit` in bytes of the request line's target: beyond it the server hangs up.
        `body_limit` in bytes of a request's body: beyond it the answer is HTTP 413.

        `latency` in seconds is added to every answer; `session_idle` in seconds, None for ever.
        """
        self.url_limit = url_limit
        self.body_limit = body_limit
        self.latency = latency
        self.faults: Faults = Faults()
        self.listeners: list[Callable[[CallRecord], object]] = []
        """Called with each answered call."""
        self._lanes: dict[str, float] = {}
        self._lock = threading.Lock()
        super().__init__(
            schema,
            data=data,
            database=database,
            profile=profile,
            clock=clock,
            session_idle=session_idle,
        )
        self._faces: tuple[Face, ...] = tuple(
            face
            for face in (WebserviceFace(self), CloudFace(self), RestfulApiFace(self))
            if face.name in self.profile.faces
        )

    # -- the door --------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one HTTP request. No socket, no waiting: see `Response.delivery`."""
        began = time.perf_counter()
        if len(request.target) > self.url_limit:
            response = text_response(status=414)
            return replace(response, delivery=replace(response.delivery, dropped=True))
        if len(request.body) > self.body_limit:
            return self._dated(text_response("Request Entity Too Large", status=413))
        if request.is_damaged:
            return self._dated(text_response("The body is damaged or cut short", status=400))
        face = next((each for each in self._faces if each.accepts(request.path)), None)
        if face is None:
            return self._dated(text_response("<h1>Not Found</h1>", status=404))
        call = face.read(request)
        outcome: Handled | None = None

        def proceed() -> Response:
            nonlocal outcome
            outcome = face.answer(call)
            return outcome.response

        response = self._queued(call.lane, self.faults.apply(Exchange(self, call, proceed)))
        done = outcome or Handled(response, call.user)
        status = 0 if response.delivery.dropped else response.status
        struck = response is not done.response and response.body != done.response.body
        self._tell(
            CallRecord(
                call=call,
                user=done.user,
                status=status,
                error=_error(done, response, struck),
                rows=done.rows,
                seconds=time.perf_counter() - began + response.delivery.delay,
                size=len(response.body),
            )
        )
        return self._dated(response)

    def _dated(self, response: Response) -> Response:
        now = ("Date", format_datetime(self.clock(), usegmt=True))
        return replace(response, headers=(now, *response.headers))

    def _queued(self, lane: str, response: Response) -> Response:
        """Calls of one session wait for each other, as PHP's session lock makes them."""
        delay = self.latency + response.delivery.delay
        if delay <= 0:
            return response
        if lane:
            now = time.monotonic()
            with self._lock:
                free = max(self._lanes.get(lane, now), now) + delay
                self._lanes[lane] = free
            delay = free - now
        return replace(response, delivery=replace(response.delivery, delay=delay))

    def _tell(self, record: CallRecord) -> None:
        if log.isEnabledFor(logging.INFO):
            log.info("%s", record.line())
        for listener in tuple(self.listeners):
            listener(record)

    @contextmanager
    def count_calls(self) -> Iterator[CallCount]:
        """Count the calls made inside the block::

        with crm.count_calls() as calls:
            ...
        assert calls.number == 3, calls.lines
        """
        count = CallCount()
        self.listeners.append(count.add)
        try:
            yield count
        finally:
            self.listeners.remove(count.add)

    def transport(self, *, client: str = "127.0.0.1") -> CrmTransport:
        """An httpx transport to this CRM, for sync and async clients; `client` is its IP."""
        from .transport import CrmTransport

        return CrmTransport(self.handle, client=client)

    @property
    def url(self) -> str:
        """The address to give to a client that uses `transport()`; nothing listens there."""
        return _ADDRESS

    def serve(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        keep_alive: bool | None = None,
        names: Iterable[str] = (),
    ) -> Server:
        """A server on a socket; it answers inside ``with crm.serve() as server:``.

        `port` 0 picks a free one: ``server.url`` and ``server.port`` tell where. `keep_alive`
        None does as the real server: stock closes the connection after each answer, the Cloud
        keeps it open. `names` are host names by which clients call it besides its addresses and
        ``localhost``; ``*`` is any. Raises `OSError` when the port is taken.

        Where other machines can reach it, every user whose key anybody knows gets a fresh one:
        see `credentials`.
        """
        from .connection import Bounds
        from .hosts import Hosts
        from .server import Server

        server = Server(
            self.handle,
            host=host,
            port=port,
            keep_alive=keep_alive,
            bounds=Bounds(body=self.body_limit),
            hosts=Hosts([*names, host, socket.gethostname()]),
        )
        if not server.is_local:
            self.engine.accounts.renew_default_keys()
        return server

    def copy(self) -> Crm:
        """Another CRM in memory with the same schema, profile and store; nobody logged in."""
        crm = Crm(
            self.engine.schema,
            data=None,
            profile=self.profile,
            url_limit=self.url_limit,
            body_limit=self.body_limit,
            latency=self.latency,
            session_idle=self.sessions.idle,
        )
        crm.engine.restore(self.engine.snapshot())
        crm.passwords.update(self.passwords)
        crm.failing_workflows.update(self.failing_workflows)
        return crm

    def reset(self) -> None:
        """Log everybody out, forget faults and failing workflows, put the clock right. The store
        stays."""
        self.sessions.end_all()
        self.tokens.end_all()
        self.faults.clear()
        self.failing_workflows.clear()
        self.clock.resume()


def _error(outcome: Handled, response: Response, struck: bool) -> str:
    if response.delivery.dropped:
        return "dropped"
    if response.delivery.cut_after is not None:
        return "cut short"
    if struck:
        return f"HTTP {response.status}"
    return outcome.error
