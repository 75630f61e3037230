"""`Session`: one user's connection to one CRM, for blocking and for asynchronous code."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import tzinfo
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, NoReturn, Self, TypeVar

from .._writes import Withheld
from ..calls.clock import ServerClock
from ..calls.environment import Environment, Knowledge
from ..calls.gates import in_event_loop
from ..calls.pace import Parallel
from ..calls.refusals import Refusals
from ..calls.server import ServerFacts
from ..dialects.address import api_path, normalise_url
from ..dialects.base import Dialect, Identity
from ..errors import BlockingCall, ConfigError
from ..metadata.capabilities import Capabilities
from ..metadata.server import Server
from . import checks
from .blocking import blocking_message
from .blocks import Block, here
from .budget import Budget
from .core import Core
from .counting import CallCount
from .drivers import SyncDriver
from .effects import Conversation
from .keys import AccessKey, KeySource, checked
from .limits import Limits
from .operations import SessionOperations
from .pools import GivenTransports, Transports, Verify, shared_transports
from .process import Alive, process_lock
from .remade import Remade
from .retry import RetryPolicy
from .settings import (
    Connection,
    Greeting,
    by_module,
    http_allowed,
    lists_of,
    purse_for,
    server_of,
    zone_named,
)
from .waits import OnWait

if TYPE_CHECKING:
    import httpx

    from ..calls.operations import Row
    from ..calls.plans import Plan, RowStream
    from ..calls.protocols import Package
    from ..metadata.dependencies import Dependency
    from .async_driver import AsyncDriver

T = TypeVar("T")

_USUAL_OVERHEAD: Final = 200
"""Bytes of a request line besides the statement that the planner leaves room for."""


class Session(SessionOperations):
    """Performs plans for one user of one CRM; logs in at the first call, not before.

    Works in `with` and `async with`, which make it the current session of its package, and
    without either (then `close` or `aclose` end it). Threads, tasks and event loops may share
    it. After a fork the child logs in anew. A closed session opens again when it is used.

    `url` is the address that opens the CRM in a browser, without ``index.php``. `username` is
    spelled as in the CRM. `access_key` is the key, ``keyring:SERVICE`` (extra `keyring`), or a
    function that returns the key; the latter two are asked at each login.

    `parallel` is the number of calls that may be under way at once for one answer. A server
    that works on one request of a session at a time is given as many sessions; else at least
    four calls of a batch run side by side anyway. ``"auto"`` begins with one; a long reading by
    id gets more, up to eight, as long as that makes it faster and limits of calls are far away.
    `timeout` is how many seconds connecting may take (ten at most), and waiting for an answer to
    begin; request and answer together may take ten times as long.
    `timezone` is where a day begins, for `date`, `year` and `month` lookups and for dates that
    moments are compared with; `server_timezone` is the CRM's own, in which it writes times:
    nearly always UTC, and learnt from the first own create where it is not given. `transport`
    (and `async_transport`) replace the network, for tests and the in-process CRM.

    `budget` are the calls that it allows itself beside the server's own limits (`Budget`, or a
    text such as ``"60/minute, 20000/day"``; VTIGER_BUDGET). `max_wait` is how many seconds a call
    waits for limits to be lifted before it raises `LimitReached`. `on_wait` is called before each
    wait, for a limit or a repetition. With `read_only` nothing that writes is sent: it raises
    `ReadOnly`. With `dry_run` it raises `DryRun`, is logged (``vtiger_orm.dry_run``, INFO) and
    listed in `withheld`; what an operation would do after its first write is not known.
    `missing_fields` ``"defer"`` leaves out columns that the CRM refuses this user. `consistency`
    ``"strict"`` asks again where experience would do: for NULLs, and for the end of short pages.
    `allow_http` (VTIGER_ALLOW_HTTP=1) lets the key travel to ``http://``, where it is sent itself.

    Raises `ConfigError` when a setting cannot be used.
    """

    def __init__(
        self,
        url: str,
        username: str,
        access_key: AccessKey,
        *,
        dialect: Literal["auto", "webservice", "cloud", "restfulapi"] = "auto",
        timezone: str | tzinfo = "UTC",
        server_timezone: str | tzinfo | None = None,
        timeout: float = 30.0,
        parallel: int | Literal["auto"] = "auto",
        max_scan_rows: int = 100_000,
        max_writes: int = 1000,
        page_size: int | None = None,
        consistency: Literal["normal", "strict"] = "normal",
        strict: bool = False,
        missing_fields: Literal["refuse", "defer"] = "refuse",
        external_ids: Mapping[str, str] | None = None,
        dependencies: Mapping[str, tuple[Dependency, ...]] | None = None,
        retry: RetryPolicy | None = None,
        budget: Budget | str | None = None,
        max_wait: float = 120.0,
        on_wait: OnWait | None = None,
        read_only: bool = False,
        dry_run: bool = False,
        allow_http: bool | None = None,
        verify: Verify = True,
        package: Package | None = None,
        capabilities: Capabilities | None = None,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(checks.mapped("dependencies", dependencies))
        self.url: Final = normalise_url(checked("address", url))
        if not username or not access_key:
            raise ConfigError(
                "A session needs a user name and its access key (shown under My Preferences in "
                "the CRM; it is not the password): VTIGER_USERNAME, VTIGER_ACCESS_KEY."
            )
        if dialect == "auto":
            dialect = api_path(url) or "auto"
        self.username: Final = checked("user name", username)
        self.read_only: Final[bool] = checks.flag("read_only", read_only)
        self.package: Final = package
        self._given_capabilities: Final = checks.instance(
            "capabilities", capabilities, Capabilities
        )
        self.timezone: Final = zone_named(timezone)
        self.clock: Final = ServerClock(
            None if server_timezone is None else zone_named(server_timezone),
            stored=server_of(None, None, package, capabilities).capabilities.zone,
        )
        """What is known of the server's clock and zone, and how surely."""
        self.timeout: Final = checks.positive("timeout", timeout)
        self.parallel: Final[int | Literal["auto"]] = parallel
        self._side_by_side: Final = Parallel.of(parallel)
        self.max_scan_rows: Final = checks.whole("max_scan_rows", max_scan_rows)
        self.max_writes: Final = checks.whole("max_writes", max_writes)
        self._recognised: Greeting | None = None
        self._server: Server | None = None
        deferring = checks.one_of("missing_fields", missing_fields, ("refuse", "defer")) == "defer"
        self._knowledge = Knowledge(trusting=dialect == "restfulapi", deferring=deferring)
        self._connection = Connection(
            url=self.url,
            username=username,
            key=KeySource(username, access_key),
            dialect=dialect,
            parallel=self._side_by_side,
            timeout=self.timeout,
            policy=checks.instance("retry", retry, RetryPolicy) or RetryPolicy(),
            clock=self.clock,
            package=package,
            network=id(transport or async_transport) if transport or async_transport else 0,
            purse=purse_for(self.url, budget),
            max_wait=checks.not_negative("max_wait", max_wait),
            on_wait=checks.callable_or_none("on_wait", on_wait),
            read_only=read_only,
            dry_run=checks.flag("dry_run", dry_run),
            allow_http=http_allowed(allow_http),
            knowledge=self._knowledge,
        )
        self._page_size = None if page_size is None else checks.whole("page_size", page_size)
        self._consistency: Literal["normal", "strict"] = checks.one_of(
            "consistency", consistency, ("normal", "strict")
        )
        self._strict = checks.flag("strict", strict)
        self._external_ids = by_module(external_ids, package)
        self._verify = verify
        self._given = (
            GivenTransports(transport, async_transport) if transport or async_transport else None
        )
        self._refusals = Refusals()
        self._environment: Final = Remade[Environment]()
        self._facts: Final = Remade[ServerFacts]()
        self._counters: list[CallCount] = []
        self._blocks: list[Block] = []
        self._alive: Alive | None = None
        # Fails now rather than at the first call when the dialect's name is wrong.
        self._living()

    def __repr__(self) -> str:
        return f"<Session {self.url} as {self.username} ({self.dialect or 'auto'})>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A session holds an access key and is not pickled. Open one in the other process; "
            "records, querysets and partitions can be pickled."
        )

    # Running plans

    def run(self, plan: Plan[T]) -> T:
        """Perform the plan's calls one by one and return its result."""
        return self._sync("run").run(plan)

    async def arun(self, plan: Plan[T]) -> T:
        """`run`, awaited."""
        return await self._async().run(plan)

    def stream(self, stream: RowStream) -> Iterator[Sequence[Row]]:
        """Perform the plan and yield what it hands out, one page ahead of the consumer."""
        return self._sync("stream").stream(stream)

    def astream(self, stream: RowStream) -> AsyncIterator[Sequence[Row]]:
        """`stream`, awaited."""
        return self._async().stream(stream)

    # What is known about the server

    @property
    def dialect(self) -> str | None:
        """The name of it; None until an ``auto`` session has found out."""
        return getattr(self._living().core.dialect, "name", None)

    @property
    def server(self) -> Server:
        """Which program the CRM is, in which version, and what it can do: as the login told
        (before it: as the package says), and as `pull` proved it. Sends nothing."""
        return self._recognise(self._living().core)

    def _recognise(self, core: Core) -> Server:
        last = self._recognised
        identity = core.auth.identity if core.auth is not None else last and last.identity
        told = Greeting(
            identity, core.dialect.name if core.dialect is not None else last and last.dialect
        )
        if last != told or self._server is None:
            self._server = server_of(*told, self.package, self._given_capabilities)
            self._recognised = told
        return self._server

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do, as far as it is known."""
        return self.server.capabilities

    @property
    def environment(self) -> Environment:
        """Limits, capabilities and settings that plans are made with; sends nothing."""
        server, dialect = self.server, self._living().core.dialect
        parts = server, dialect, self._recognised, self.clock.zone.tz
        return self._environment.of(self._environment_of, *parts)

    def _environment_of(
        self, server: Server, dialect: Dialect | None, greeting: Greeting | None, zone: tzinfo
    ) -> Environment:
        known, told = Environment.of(server), greeting.identity if greeting is not None else None
        overhead = dialect.overhead if dialect is not None else 0
        sees_all = told is not None and told.administrator is True
        return replace(
            known,
            page_size=min(self._page_size or known.page_size, known.page_size),
            url_budget=known.url_budget - max(0, overhead - _USUAL_OVERHEAD),
            thinned_pages=known.thinned_pages and not sees_all,
            thinned_modules={} if sees_all else known.thinned_modules,
            timezone=self.timezone,
            max_scan_rows=self.max_scan_rows,
            parallel=self._side_by_side,
            consistency=self._consistency,
            knowledge=self._knowledge,
            zone=zone,
            clock=self.clock,
            lists=lists_of(self._connection.dialect, self.package),
        )

    @property
    def facts(self) -> ServerFacts:
        """What plans need to know of this session besides its environment; sends nothing."""
        alive, server, told = self._living(), self.server, self._recognised
        met = alive.core.auth is not None or (told is not None and told.identity is not None)
        return self._facts.of(self._facts_of, server, alive.core.dialect, met, alive.width())

    def _facts_of(
        self, server: Server, dialect: Dialect | None, met: bool, parallel: int
    ) -> ServerFacts:
        expected = self.package.dialect if self.package is not None else "webservice"
        return ServerFacts(
            dialect=dialect.name if dialect is not None else expected,
            server=server,
            met=met,
            strict=self._strict,
            max_writes=self.max_writes,
            serialised=dialect is None or dialect.serialises,
            parallel=parallel,
            longest_work=self._connection.policy.longest_work,
            external_ids=self._external_ids,
            prefixes=self.package.prefixes if self.package is not None else {},
            dependencies=self.dependencies,
            clock=self.clock,
            refusals=self._refusals,
        )

    @property
    def withheld(self) -> tuple[Withheld, ...]:
        """What this session did not send, since it is a dry run."""
        return tuple(self._connection.withheld)

    @property
    def limits(self) -> Limits:
        """The server's limits of calls, as its last answer to any session of this process told
        them, and what is left of the session's own budget. Stock servers tell nothing."""
        purse = self._connection.purse
        left = purse.left(time.time()) if purse is not None else ()
        return replace(self._living().core.limiter.limits, budget=left)

    def identify(self) -> Identity:
        """Who this session is and what the server says about itself; logs in where needed."""
        return self._sync("identify").converse(self._identify())

    async def aidentify(self) -> Identity:
        """`identify`, awaited."""
        return await self._async().converse(self._identify())

    def _identify(self) -> Conversation[Identity]:
        auth = yield from self._living().core.connect()
        return auth.identity

    @contextmanager
    def count_calls(self) -> Iterator[CallCount]:
        """Count what this session sends while the block is open, in any thread or task."""
        counter = CallCount()
        self._counters.append(counter)
        try:
            yield counter
        finally:
            self._counters[:] = [each for each in self._counters if each is not counter]

    # Opening and closing

    def __enter__(self) -> Self:
        self._begin(asynchronous=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._end():
            self.close()

    async def __aenter__(self) -> Self:
        self._begin(asynchronous=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._end():
            await self.aclose()

    def close(self) -> None:
        """Log out where that works and forget the login. Using the session opens it again."""
        alive = self._forget()
        if alive is not None:
            if not in_event_loop():
                alive.sync.converse(alive.core.disconnect())
            alive.end()

    async def aclose(self) -> None:
        """`close`, awaited."""
        alive = self._forget()
        if alive is not None:
            await alive.asynchronous.converse(alive.core.disconnect())
            alive.end()

    def _begin(self, *, asynchronous: bool) -> None:
        activation = self.package.activate(self) if self.package is not None else None
        with process_lock():
            self._blocks.append(Block(here(), asynchronous, activation))

    def _end(self) -> bool:
        """Leave the innermost block of this task or thread, and tell whether it was the last.

        A fixture or framework may leave in another task than it entered: then any block of
        this session will do.
        """
        with process_lock():
            if not self._blocks:
                return True
            owner = here()
            own = [block for block in self._blocks if block.owner == owner]
            block = (own or self._blocks)[-1]
            self._blocks.remove(block)
            last = not self._blocks
        if block.activation is not None:
            block.activation.end()
        return last

    # The living parts

    def _living(self) -> Alive:
        alive = self._alive
        if alive is not None and alive.process == os.getpid():
            return alive
        with process_lock():
            if self._alive is None or self._alive.process != os.getpid():
                self._alive = Alive(self._connection, self._counters, self._transports())
            return self._alive

    def _forget(self) -> Alive | None:
        with process_lock():
            alive, self._alive = self._alive, None
        if alive is not None:
            self._recognise(alive.core)
        return alive if alive is not None and alive.process == os.getpid() else None

    def _transports(self) -> Transports:
        return self._given or shared_transports(self.url, self._verify)

    def _sync(self, method: str) -> SyncDriver:
        if in_event_loop() and any(block.asynchronous for block in self._blocks):
            raise BlockingCall(blocking_message(method))
        return self._living().sync

    def _async(self) -> AsyncDriver:
        return self._living().asynchronous
