"""The conversation with one server: detection, login, renewal, retry and pacing, without I/O.

It is written once, as generators of what is to be done; the two drivers do it, one by blocking, one
by awaiting.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

from ..calls.clock import Source, http_date
from ..calls.operations import Call, Delete, Query
from ..calls.outcome import Again, Fate, Outcome, may_repeat, outcome_of
from ..dialects import detect, dialect_named
from ..dialects.base import Auth, Dialect, HttpRequest, HttpResponse
from ..dialects.errors import UnknownOperation
from ..dialects.redaction import Secrets, redact, redact_all
from ..dialects.restfulapi_login import is_shared
from ..dialects.webservice import is_retryable_login
from ..errors import ApiError, NotSupported, RateLimited, TransportError, VtigerError
from . import retry
from .logins import Gate, Lane, Lanes, gate_of, last_logins
from .logs import log_address, log_exchange, log_once, log_wait, logger, statements
from .pacing import CallCount, Limiter, count_request, limiter_of
from .schema import PackageSchema, SchemaCheck
from .settings import Connection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Reply: the `HttpResponse`."""

    request: HttpRequest


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Enter:
    """Pass a gate. Reply: whether it has to be left again."""

    gate: Gate


Effect: TypeAlias = "Send | Pause | Enter"
Conversation: TypeAlias = Generator[Effect, object, T]


def sent(request: HttpRequest) -> Conversation[HttpResponse]:
    """One request and its response."""
    return cast("HttpResponse", (yield Send(request)))


class Core:
    """Everything a session knows about its server; every method is safe for threads and tasks.

    What must not survive a fork (logins, locks) is in here; the session makes a new one.
    """

    def __init__(self, connection: Connection, counters: Sequence[CallCount] = ()) -> None:
        self.connection: Final = connection
        self.limiter: Final[Limiter] = limiter_of(urlsplit(connection.url).netloc)
        self._counters = counters
        self._lanes = Lanes()
        self._dialect: Dialect | None = None
        self._missing: dict[_Kind, str] = {}
        self._schema = SchemaCheck(connection.url, connection.package)
        if connection.dialect != "auto":
            schema = PackageSchema(connection.package) if connection.package is not None else None
            self._use(dialect_named(connection.dialect, connection.url, schema))

    @property
    def dialect(self) -> Dialect | None:
        """None until the dialect of an ``auto`` session is found out."""
        return self._dialect

    @property
    def auth(self) -> Auth | None:
        return self._lanes.auth

    # Calls

    def converse(self, call: Call[object]) -> Conversation[object]:
        """Perform one call: log in where needed, keep to the limits, repeat what may be.

        Whatever VtigerError it raises, its `outcome` tells what became of the call.
        """
        if (reason := self._missing.get(_kind(call))) is not None:
            raise _unsent(NotSupported(reason))
        with self._lanes.taken() as lane:
            auth = yield from self._login_for_call(call, lane)
            dialect = self._known_dialect()
            told = dialect.answer(call, auth)
            if told is not None:
                return told
            return (yield from self._repeat(call, dialect, lane, auth))

    def connect(self) -> Conversation[Auth]:
        """Log in, if nobody has yet."""
        with self._lanes.taken() as lane:
            return (yield from self._login(lane))

    def disconnect(self) -> Conversation[None]:
        """Log out where that works; whatever goes wrong, the logins are forgotten."""
        for auth in self._lanes.drain():
            request = self._dialect.logout(auth) if self._dialect is not None else None
            if request is None:
                continue
            try:
                yield Send(request)
            except TransportError as error:
                logger.debug("logout failed: %s", redact(str(error), request.secrets))

    def _login_for_call(
        self, call: Call[object], lane: Lane, doubt: Outcome | None = None
    ) -> Conversation[Auth]:
        """The lane's login; where it fails, the call itself never left (`doubt`: this time)."""
        try:
            return (yield from self._login(lane))
        except VtigerError as error:
            error.outcome = outcome_of(_unsent(error)).after(doubt)
            if call.writes and error.outcome.undone:
                error.args = (f"{error} The {call.operation} itself was not sent.",)
            raise

    def _repeat(
        self, call: Call[object], dialect: Dialect, lane: Lane, auth: Auth
    ) -> Conversation[object]:
        attempt, renewed = 1, False
        doubt: Outcome | None = None
        while True:
            try:
                return (yield from self._attempt(call, dialect, auth))
            except VtigerError as error:
                failure = error
            outcome = outcome_of(failure)
            if outcome.again is Again.LOGIN and dialect.renews:
                self._lanes.drop(auth)
                if not renewed and may_repeat(call, outcome):
                    renewed = True
                    logger.info("the session has expired; logging in again")
                    before = auth
                    auth = yield from self._login_for_call(call, lane, doubt)
                    log_address(before.address, auth.address)
                    continue
            seconds = retry.delay(call, outcome, attempt, self.connection.policy)
            if seconds is None:
                raise _final(call, failure, outcome.after(doubt))
            doubt = outcome.after(doubt)
            log_wait(call.operation, seconds, f"attempt {attempt} failed: {failure}")
            attempt += 1
            yield Pause(seconds)

    def _attempt(self, call: Call[object], dialect: Dialect, auth: Auth) -> Conversation[object]:
        try:
            request = dialect.request(call, auth)
        except VtigerError as error:
            _unsent(error)
            raise
        if isinstance(call, Query):
            statements.debug("%s", call.text)
        try:
            response = yield from self._exchange(request, getattr(call, "module", None))
            result = dialect.result(call, response)
        except VtigerError as error:
            self._complete(error, call, request, auth)
            raise
        self._schema.answer(call, result)
        return result

    def _exchange(
        self, request: HttpRequest, module: str | None = None, *, login: bool = False
    ) -> Conversation[HttpResponse]:
        """One request within the limits; the answer's headers teach the limiter."""
        while (seconds := self.limiter.reserve()) > 0:
            if seconds > self.connection.policy.longest_wait:
                error = RateLimited(
                    f"{request.operation}: the CRM's limit of calls is used up for another "
                    f"{seconds:.0f} s. session.limits shows the limits of minute and day.",
                    retry_after=seconds,
                    operation=request.operation,
                    module=module,
                    status=429,
                )
                raise _unsent(error)
            log_wait(request.operation, seconds, "the CRM's limit of calls is used up")
            yield Pause(seconds)
        for counter in tuple(self._counters):
            count_request(counter, request.operation, login=login)
        clock, started = self.connection.clock, time.perf_counter()
        asked = clock.here()
        response = yield from sent(request)
        answered = clock.here()
        log_exchange(request, module, response, time.perf_counter() - started)
        self.limiter.saw(response.status, response.headers)
        if (told := http_date(response.headers.get("date"))) is not None:
            clock.heard(told, asked, answered, Source.DATE)
        dialect = self._dialect if login else None
        if dialect is not None and (told := dialect.time_told(response)) is not None:
            clock.heard(told, asked, answered, Source.LOGIN)
        return response

    def _complete(
        self, error: VtigerError, call: Call[object], request: HttpRequest, auth: Auth
    ) -> None:
        """Take secrets out, add the user, settle the outcome, and remember what will not
        change."""
        _redact(error, (*request.secrets, self.connection.credentials.access_key))
        error.outcome = self._settled(outcome_of(error), request)
        if not error.outcome.repeatable:
            error.args = (f"{error} {_READ_ONCE}",)
        if isinstance(error, ApiError):
            error.user = auth.identity.username
        if isinstance(error, UnknownOperation):
            self._missing[_kind(call)] = str(error)

    def _settled(self, outcome: Outcome, request: HttpRequest) -> Outcome:
        """The outcome with what only the session knows: for how long the server may be at work,
        and whether the file that was sent can be sent again."""
        if outcome.fate is Fate.UNDER_WAY:
            longest = timedelta(seconds=self.connection.policy.longest_work)
            outcome = replace(outcome, until=self.connection.clock.here() + longest)
        if request.file is not None and outcome.fate is not Fate.NEVER_LEFT:
            outcome = replace(outcome, repeatable=request.file.rewindable)
        return outcome

    # Login

    def _login(self, lane: Lane) -> Conversation[Auth]:
        """The lane's login, made by whoever comes first; the others wait for it."""
        if lane.auth is not None:
            return lane.auth
        spacing = self._dialect.login_spacing if self._dialect is not None else 0.0
        who = "" if spacing else self.connection.credentials.username
        gate = gate_of(self.connection.url, who)
        entered = yield Enter(gate)
        try:
            if lane.auth is not None:
                return lane.auth
            if self._dialect is None:
                self._use((yield from self._detect()))
            lanes = self._lanes.closed
            if lane not in lanes:
                lanes = (lane, *lanes)
            auths = yield from self._challenge(len(lanes))
            self._schema.login(auths[0].identity)
            for each, auth in zip(lanes, auths):
                each.auth = auth
            return auths[lanes.index(lane)]
        finally:
            if entered:
                gate.leave()

    def _challenge(self, count: int) -> Conversation[tuple[Auth, ...]]:
        attempt = 1
        while True:
            yield from self._apart()
            try:
                return (yield from self._one_login(count))
            except VtigerError as error:
                seconds = self._pause_before_login(error, attempt)
                if seconds is None:
                    raise
            finally:
                last_logins[self._network] = time.monotonic()
            attempt += 1
            yield Pause(seconds)

    @property
    def _network(self) -> tuple[str, int]:
        return self.connection.url, self.connection.network

    def _apart(self) -> Conversation[None]:
        """Wait where logins of this process must not follow each other at once."""
        spacing = self._known_dialect().login_spacing
        last = last_logins.get(self._network)
        if spacing and last is not None and (wait := last + spacing - time.monotonic()) > 0:
            yield Pause(wait)

    def _pause_before_login(self, error: VtigerError, attempt: int) -> float | None:
        if is_shared(error):
            spacing = self._known_dialect().login_spacing
            pause = spacing + retry.login_delay(attempt)
            return pause if attempt < retry.LOGIN_ATTEMPTS else None
        if is_retryable_login(error):
            return retry.login_delay(attempt) if attempt < retry.LOGIN_ATTEMPTS else None
        return retry.delay(_LOGIN, outcome_of(error), attempt, self.connection.policy)

    def _one_login(self, count: int) -> Conversation[tuple[Auth, ...]]:
        dialect = self._known_dialect()
        flow = dialect.login(self.connection.credentials, count)
        secrets = Secrets([self.connection.credentials.access_key])
        try:
            request = next(flow)
            while True:
                secrets.extend(request.secrets)
                try:
                    response = yield from self._exchange(request, login=True)
                except TransportError as error:
                    request = flow.throw(error)
                else:
                    request = flow.send(response)
        except StopIteration as done:
            auths: tuple[Auth, ...] = done.value
        except VtigerError as error:
            _redact(error, secrets)
            raise
        logger.info(
            "logged in at %s as %s (%s)",
            self.connection.url,
            auths[0].identity.username,
            dialect.name,
        )
        log_once(self.connection.url, dialect.warning)
        return auths

    def _detect(self) -> Conversation[Dialect]:
        flow = detect(self.connection.url)
        try:
            request = next(flow)
            while True:
                request = flow.send((yield from self._exchange(request, login=True)))
        except StopIteration as done:
            dialect: Dialect = done.value
            return dialect

    def _use(self, dialect: Dialect) -> None:
        if dialect.serialises:
            self._lanes.widen(self.connection.parallel)
        self._dialect = dialect

    def _known_dialect(self) -> Dialect:
        if self._dialect is None:
            raise AssertionError("a login comes first")
        return self._dialect


class _Login(Call[object]):
    """A login is repeated like a call that reads."""

    operation = "login"


_LOGIN: Final = _Login()

_READ_ONCE: Final = (
    "It is not sent again: the file comes from a stream that cannot be rewound, so nothing of it "
    "would be left to send. Give bytes, a path or a seekable file."
)


def _unsent(error: VtigerError) -> VtigerError:
    """The error of a call that never left this machine."""
    error.outcome = replace(outcome_of(error), fate=Fate.NEVER_LEFT, until=None)
    return error


def _final(call: Call[object], failure: VtigerError, outcome: Outcome) -> VtigerError:
    """The error of a call that is given up, with the outcome of all its attempts."""
    last = outcome_of(failure)
    refused = last.fate is Fate.REFUSED and last.again is Again.NO
    if isinstance(call, Delete) and refused and not outcome.undone:
        gone = TransportError(
            f"delete of {call.id}: the answer was lost, and the repetition was refused as it is "
            "for records that are gone. It was deleted in all likelihood; query for the id to be "
            "sure."
        )
        gone.__cause__ = failure
        failure = gone
    failure.outcome = outcome
    return failure


_Kind: TypeAlias = tuple[type[Call[object]], str, str]


def _kind(call: Call[object]) -> _Kind:
    """What a server may turn out not to have: a raw call by the wrong verb tells nothing of the
    operation called properly."""
    return type(call), call.operation, getattr(call, "method", "")


def _redact(error: VtigerError, secrets: Iterable[str]) -> None:
    secrets = tuple(secrets)
    error.args = redact_all(error.args, secrets)
    if isinstance(error, ApiError):
        error.detail = redact_all(error.detail, secrets)
