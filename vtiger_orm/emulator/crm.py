"""The embedded CRM: one store, its doors, and what a test wants to do with them."""

from __future__ import annotations

import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from .calls import CallCount, CallRecord, Outcome
from .clock import Clock
from .engine import Engine, EngineError, Schema, User
from .faces import Face
from .faces.cloud import CloudFace
from .faces.restfulapi import RestfulApiFace
from .faces.webservice import WebserviceFace
from .faults import Exchange, Faults
from .http import Request, Response, text_response
from .limits import RateLimits
from .profiles import Profile, profile_named, profile_of
from .sessions import Sessions, Tokens

if TYPE_CHECKING:
    from ..metadata.snapshot import Capabilities, Snapshot
    from .server import Server
    from .transport import CrmTransport

log = logging.getLogger("vtiger_orm.emulator")

Data: TypeAlias = "Literal['auto', 'demo'] | Path | Mapping[str, list[dict[str, Any]]] | None"

_ADDRESS: Final = "https://crm.test"


class Crm:
    """A Vtiger CRM inside this process.

    ::

        crm = Crm()                                  # demo schema and data, in memory
        crm = Crm("vtiger-schema", data=None)        # your own CRM's schema, empty
        session = connect(crm.url, *crm.credentials(), transport=crm.transport())

    `schema` is a snapshot folder, a `Snapshot`, or None for the demo. `data` is ``"demo"``, the
    path of a JSON file or a mapping (both ``{module: [element, ...]}``), or None; ``"auto"`` means
    the demo data with the demo schema and nothing with another. It is loaded only into a store
    without records. `database` is ``":memory:"`` or a file that several processes may share.
    `profile` names the kind of server: ``stock-8.0-php8``, ``stock-7`` or ``cloud``; ``"auto"``
    means the one that comes nearest to the server of the snapshot. Its version is the snapshot's.

    Raises `SnapshotError` for a folder that cannot be read and `ValueError` for an unknown
    profile. Safe to use from several threads.
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
        latency: float = 0.0,
        session_idle: float | None = 1800.0,
    ) -> None:
        """`url_limit` in bytes of the request line's target: beyond it the server hangs up.

        `latency` in seconds is added to every answer; `session_idle` in seconds, None for ever.
        """
        made_of = _schema(schema)
        if isinstance(profile, Profile):
            self.profile = profile
        elif profile == "auto":
            self.profile = profile_of(made_of.instance)
        else:
            self.profile = profile_named(profile)
        self.clock = clock if clock is not None else Clock()
        self.url_limit = url_limit
        self.latency = latency
        self.engine = Engine(made_of, str(database), profile=self.profile, now=self.clock)
        self.sessions = Sessions(self.clock, idle=session_idle)
        self.tokens = Tokens(self.clock)
        self.limits = RateLimits(self.clock)
        self.faults = Faults()
        self.passwords: dict[str, str] = {}
        """User name -> password of the RestfulApi login; the access key where none is set."""
        self.listeners: list[Callable[[CallRecord], object]] = []
        """Called with each answered call."""
        self._faces: tuple[Face, ...] = tuple(
            face
            for face in (WebserviceFace(self), CloudFace(self), RestfulApiFace(self))
            if face.name in self.profile.faces
        )
        self._lanes: dict[str, float] = {}
        self._lock = threading.Lock()
        if data == "auto":
            data = "demo" if schema is None else None
        self._fill(data)

    # -- the door --------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one HTTP request. No socket, no waiting: see `Response.delivery`."""
        began = time.perf_counter()
        if len(request.target) > self.url_limit:
            response = text_response(status=414)
            return replace(response, delivery=replace(response.delivery, dropped=True))
        face = next((each for each in self._faces if each.accepts(request.path)), None)
        if face is None:
            return self._dated(text_response("<h1>Not Found</h1>", status=404))
        call = face.read(request)
        outcome: Outcome | None = None

        def proceed() -> Response:
            nonlocal outcome
            outcome = face.answer(call)
            return outcome.response

        response = self._queued(call.lane, self.faults.apply(Exchange(self, call, proceed)))
        done = outcome or Outcome(response, call.user)
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
        self, port: int = 0, *, host: str = "127.0.0.1", keep_alive: bool | None = None
    ) -> Server:
        """A server on a socket; it answers inside ``with crm.serve() as server:``.

        `port` 0 picks a free one: ``server.url`` and ``server.port`` tell where. `keep_alive`
        None does as the real server: stock closes the connection after each answer, the Cloud
        keeps it open. Raises `OSError` when the port is taken.
        """
        from .server import Server

        return Server(self.handle, host=host, port=port, keep_alive=keep_alive)

    @property
    def version(self) -> str:
        """Version of Vtiger that this CRM says it is."""
        return self.engine.schema.instance.version or self.profile.vtiger_version

    @property
    def capabilities(self) -> Capabilities:
        """What `pull` would find out here; for a session, where the snapshot was pulled from
        another kind of server than this one."""
        crashing = self.profile.crashing
        return self.engine.schema.instance.capabilities.model_copy(
            update={
                "sync": "sync" not in crashing,
                "files_retrieve": "files_retrieve" not in crashing,
                "serialised_sessions": not self.profile.cloud,
                "thinned_pages": self.profile.thinned_pages,
            }
        )

    # -- users -----------------------------------------------------------------------------

    def users(self) -> list[User]:
        """All users, the administrator first."""
        return self.engine.users()

    def user(self, name: str | None = None) -> User:
        """A user by name; the administrator without one. Raises `LookupError`."""
        users = self.users()
        found = next((each for each in users if name is None or each.name == name), None)
        if found is None:
            known = ", ".join(each.name for each in users)
            raise LookupError(f"This CRM has no user {name!r}. Its users: {known}.")
        return found

    def credentials(self, user: str | None = None) -> tuple[str, str]:
        """User name and access key, of the administrator unless named."""
        found = self.user(user)
        return found.name, found.access_key

    def user_with_password(self, name: str, password: str) -> User | None:
        """The user of that name if the password is right."""
        user = self.engine.user(name)
        if user is None:
            return None
        expected = self.passwords.get(name, user.access_key)
        return user if hmac.compare_digest(expected.encode(), password.encode()) else None

    # -- the store, without HTTP -----------------------------------------------------------

    def run(self, operation: str, *, user: str | None = None, **params: object) -> Any:
        """Perform an operation directly: not counted, not logged, no faults, no session.

        Parameters that are not text are sent as JSON. Raises `CrmError`, `Crash`, `PlainText`.
        """
        texts: dict[str, Any] = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
        }
        return self.engine.call(self.user(user), operation, texts)

    def create(self, module: str, element: Mapping[str, object]) -> dict[str, Any]:
        """Create a record directly, as the administrator; returns it. See `run`."""
        values = {"assigned_user_id": self.user().wire_id, **element}
        record: dict[str, Any] = self.run("create", elementType=module, element=values)
        return record

    def snapshot(self) -> bytes:
        """The whole store as it is now; give it to `restore`."""
        return self.engine.snapshot()

    def restore(self, token: bytes) -> None:
        """Put the store back. Sessions stay open; faults stay as they are."""
        self.engine.restore(token)

    @contextmanager
    def rolled_back(self) -> Iterator[Self]:
        """Whatever the block does to the store is undone at its end."""
        token = self.snapshot()
        try:
            yield self
        finally:
            self.restore(token)

    def copy(self) -> Crm:
        """Another CRM in memory with the same schema, profile and store; nobody logged in."""
        crm = Crm(
            self.engine.schema,
            data=None,
            profile=self.profile,
            url_limit=self.url_limit,
            latency=self.latency,
            session_idle=self.sessions.idle,
        )
        crm.engine.restore(self.engine.snapshot())
        crm.passwords.update(self.passwords)
        return crm

    def reset(self) -> None:
        """Log everybody out, forget faults, put the clock right. The store stays."""
        self.sessions.end_all()
        self.tokens.end_all()
        self.faults.clear()
        self.clock.resume()

    def _fill(self, data: Data) -> None:
        if data is None or not self.engine.is_empty:
            return
        if data == "demo":
            if self.engine.schema is not Schema.demo():
                raise ValueError("The demo data fits the demo schema only; give no schema.")
            self.engine.load_demo()
            return
        content = data
        if not isinstance(content, Mapping):
            content = json.loads(Path(content).read_text(encoding="utf-8"))
        if not isinstance(content, Mapping):
            raise ValueError("Data for the CRM must be an object: module -> list of elements.")
        for module, elements in content.items():
            for element in elements:
                try:
                    self.create(module, element)
                except EngineError as error:
                    raise ValueError(f"The CRM refuses {element} of {module}: {error}") from error

    def close(self) -> None:
        """Close the store; a file keeps it."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _schema(schema: str | Path | Snapshot | Schema | None) -> Schema:
    if schema is None:
        return Schema.demo()
    if isinstance(schema, Schema):
        return schema
    if isinstance(schema, str | Path):
        return Schema.load(schema)
    return Schema.of(schema)


def _error(outcome: Outcome, response: Response, struck: bool) -> str:
    if response.delivery.dropped:
        return "dropped"
    if response.delivery.cut_after is not None:
        return "cut short"
    if struck:
        return f"HTTP {response.status}"
    return outcome.error
