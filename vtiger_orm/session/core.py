"""The conversation with one server: detection, login, renewal, retry and pacing, without I/O.

It is written once, as generators of what is to be done; the two drivers do it, one by blocking, one
by awaiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final, TypeVar

from ..calls.gates import gate_of
from ..calls.operations import Call, Listing, Query, Revise
from ..calls.outcome import Again, Fate, Outcome, may_repeat, outcome_of
from ..dialects import detect, dialect_named
from ..dialects.address import is_loopback
from ..dialects.base import Auth, Credentials, Dialect, HttpRequest, HttpResponse
from ..dialects.errors import retry_after
from ..dialects.redaction import Secrets, redact, redact_all
from ..dialects.restfulapi_login import is_shared
from ..dialects.webservice import is_retryable_login
from ..errors import ApiError, ConfigError, TransportError, VtigerError
from . import retry
from .counting import CallCount
from .deferring import Deferring
from .effects import Conversation, Enter, Pause
from .keeping import Keeping
from .logins import Lane, Lanes, last_logins
from .logs import log_address, log_once, logger, statements, warn_unencrypted
from .pacing import Limiter
from .schema import PackageSchema, SchemaCheck
from .settings import Connection
from .silence import Silence
from .traffic import Effort, Traffic
from .withheld import withhold

T = TypeVar("T")

_LATEST_KEYS: Final = 16
"""Keys that are fetched for each login: so many of them are kept out of messages, beside the given
ones. What the server answers holds none from longer ago."""


class Core:
    """Everything a session knows about its server; every method is safe for threads and tasks.

    What must not survive a fork (logins, locks) is in here; the session makes a new one.
    """

    def __init__(self, connection: Connection, counters: Sequence[CallCount] = ()) -> None:
        self.connection: Final = connection
        self._traffic = Traffic(connection, counters)
        self._secrets = Secrets(connection.secrets)
        self._lanes = Lanes()
        self._deferring = Deferring(connection.knowledge)
        self._keeping = Keeping(connection)
        self._silence = Silence(connection.knowledge)
        self._dialect: Dialect | None = None
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

    @property
    def limiter(self) -> Limiter:
        return self._traffic.limiter

    @property
    def pressed(self) -> bool:
        """Whether limits of calls leave too little for calls side by side, which take more."""
        return self._traffic.pressed

    def widen(self, calls: int) -> None:
        """Have as many logins as calls are to be under way, where the server needs that."""
        if self._dialect is not None and self._dialect.serialises:
            self._lanes.widen(calls)

    # Calls

    def converse(self, call: Call[object]) -> Conversation[object]:
        """Perform one call: log in where needed, keep to the limits, repeat what may be.

        Whatever VtigerError it raises, its `outcome` tells what became of the call.
        """
        if isinstance(call, Query) and call.spare:
            return (yield from self._deferring.ask(call, self._converse))
        if isinstance(call, Revise) and (module := self._keeping.risks(call, self.connection)):
            return (yield from self._keeping.change(call, module, self._converse))
        if isinstance(call, Listing):
            return (yield from self._silence.ask(call, self._converse))
        return (yield from self._converse(call))

    def _converse(self, call: Call[object]) -> Conversation[object]:
        if self.connection.read_only or self.connection.dry_run:
            withhold(call, dry_run=self.connection.dry_run, held=self.connection.withheld)
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
                yield from self._traffic.goodbye(request)
            except TransportError as error:
                logger.debug("logout failed: %s", redact(str(error), request.secrets))

    def _login_for_call(
        self, call: Call[object], lane: Lane, doubt: Outcome | None = None
    ) -> Conversation[Auth]:
        """The lane's login; where it fails, the call itself never left (`doubt`: this time), and
        whatever refused the login has refused no more than that."""
        try:
            return (yield from self._login(lane))
        except VtigerError as error:
            outcome = outcome_of(_unsent(error))
            if outcome.again is Again.NO:
                outcome = outcome._replace(again=Again.LOGIN)
            error.outcome = outcome.after(doubt)
            if call.writes and error.outcome.undone:
                error.args = (f"{error} The {call.operation} itself was not sent.",)
            raise

    def _repeat(
        self, call: Call[object], dialect: Dialect, lane: Lane, auth: Auth
    ) -> Conversation[object]:
        effort, renewed = Effort(getattr(call, "module", None)), False
        doubt: Outcome | None = None
        while True:
            try:
                return (yield from self._attempt(call, dialect, auth, effort))
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
            doubt = outcome.after(doubt)
            if not (yield from self._traffic.again(call, failure, effort)):
                raise self._traffic.given_up(call, failure, doubt, effort)

    def _attempt(
        self, call: Call[object], dialect: Dialect, auth: Auth, effort: Effort
    ) -> Conversation[object]:
        try:
            request = dialect.request(call, auth)
        except VtigerError as error:
            _unsent(error)
            raise
        if isinstance(call, Query):
            statements.debug("%s", call.text)
        response: HttpResponse | None = None
        try:
            response = yield from self._traffic.exchange(request, effort)
            result = dialect.result(call, response)
        except VtigerError as error:
            self._complete(error, request, auth, response)
            raise
        self._schema.answer(call, result)
        return result

    def _complete(
        self,
        error: VtigerError,
        request: HttpRequest,
        auth: Auth,
        response: HttpResponse | None,
    ) -> None:
        """Take secrets out, add the user and settle the outcome."""
        _redact(error, (*request.secrets, *self._secrets))
        error.outcome = self._settled(outcome_of(error), request)
        if response is not None and response.status == 503:
            error.outcome = error.outcome._replace(wait=retry_after(response.headers))
        if not error.outcome.repeatable:
            error.args = (f"{error} {_READ_ONCE}",)
        if isinstance(error, ApiError):
            error.user = auth.identity.username

    def _settled(self, outcome: Outcome, request: HttpRequest) -> Outcome:
        """The outcome with what only the session knows: for how long the server may be at work,
        and whether the file that was sent can be sent again."""
        if outcome.fate is Fate.UNDER_WAY:
            longest = timedelta(seconds=self.connection.policy.longest_work)
            outcome = outcome._replace(until=self.connection.clock.here() + longest)
        if request.file is not None and outcome.fate is not Fate.NEVER_LEFT:
            outcome = outcome._replace(repeatable=request.file.rewindable)
        return outcome

    # Login

    def _login(self, lane: Lane) -> Conversation[Auth]:
        """The lane's login, made by whoever comes first; the others wait for it."""
        if lane.auth is not None:
            return lane.auth
        spacing = self._dialect.login_spacing if self._dialect is not None else 0.0
        who = "" if spacing else self.connection.username
        gate = gate_of(self.connection.url, who)
        entered = yield Enter(gate)
        try:
            if lane.auth is not None:
                return lane.auth
            if self._dialect is None:
                self._use((yield from self._patiently(self._detect)))
            lanes = self._lanes.closed
            if lane not in lanes:
                lanes = (lane, *lanes)
            count = len(lanes)
            auths = yield from self._patiently(lambda effort: self._apart(count, effort))
            self._schema.login(auths[0].identity)
            for each, auth in zip(lanes, auths):
                each.auth = auth
            return auths[lanes.index(lane)]
        finally:
            if entered:
                gate.leave()

    def _patiently(self, step: Callable[[Effort], Conversation[T]]) -> Conversation[T]:
        """A step of the login, repeated like a call that reads."""
        effort = Effort()
        while True:
            try:
                return (yield from step(effort))
            except VtigerError as error:
                failure = error
            shared = is_shared(failure)
            if shared or is_retryable_login(failure):
                if effort.attempt >= (retry.APART_ATTEMPTS if shared else retry.LOGIN_ATTEMPTS):
                    raise failure
                effort.attempt += 1
                delay = retry.apart_delay if shared else retry.login_delay
                yield Pause(delay(effort.attempt - 1))
            elif not (yield from self._traffic.again(_LOGIN, failure, effort)):
                raise self._traffic.given_up(_LOGIN, failure, outcome_of(failure), effort)

    def _apart(self, count: int, effort: Effort) -> Conversation[tuple[Auth, ...]]:
        """A login, not at once behind another one of this process where they must not be."""
        place = self.connection.url, self.connection.network
        spacing = self._known_dialect().login_spacing
        last = last_logins.get(place)
        if spacing and last is not None and (wait := last + spacing - time.monotonic()) > 0:
            yield Pause(wait)
        try:
            return (yield from self._one_login(count, effort))
        finally:
            last_logins[place] = time.monotonic()

    def _credentials(self) -> Credentials:
        """The user's, with a key that is fetched anew for each login."""
        key = self.connection.key.fetch()
        if key not in self._secrets:
            self._secrets.append(key)
            del self._secrets[len(self.connection.secrets) : -_LATEST_KEYS]
        return Credentials(self.connection.username, key)

    def _one_login(self, count: int, effort: Effort) -> Conversation[tuple[Auth, ...]]:
        dialect = self._known_dialect()
        flow = dialect.login(self._credentials(), count)
        secrets = Secrets(self._secrets)
        try:
            request = next(flow)
            while True:
                secrets.extend(request.secrets)
                try:
                    response = yield from self._traffic.login(request, effort, dialect)
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
        log_once(self.connection.url, auths[0].doubt)
        return auths

    def _detect(self, effort: Effort) -> Conversation[Dialect]:
        flow = detect(self.connection.url)
        try:
            request = next(flow)
            while True:
                request = flow.send((yield from self._traffic.login(request, effort, None)))
        except StopIteration as done:
            dialect: Dialect = done.value
            return dialect

    def _use(self, dialect: Dialect) -> None:
        """Raises `ConfigError` where the key would travel for all to read."""
        url = self.connection.url
        if url.startswith("http://") and not is_loopback(url):
            if dialect.sends_key and not self.connection.allow_http:
                raise ConfigError(
                    f"{url} is not encrypted, and the {dialect.name} dialect sends the access key "
                    "itself: whoever is on the way could read it and log in. Use https://, or "
                    "allow it for this CRM with allow_http=True (VTIGER_ALLOW_HTTP=1, "
                    "--insecure-http). The key was not sent."
                )
            warn_unencrypted(url, dialect.sends_key)
        if dialect.serialises:
            self._lanes.widen(self.connection.parallel.least)
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
    error.outcome = outcome_of(error)._replace(fate=Fate.NEVER_LEFT, until=None, missing=False)
    return error


def _redact(error: VtigerError, secrets: Iterable[str]) -> None:
    secrets = tuple(secrets)
    error.args = redact_all(error.args, secrets)
    if isinstance(error, ApiError):
        error.detail = redact_all(error.detail, secrets)
