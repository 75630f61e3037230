"""Faults on demand: what a real network and a real server do now and then, scripted by a test.

::

    crm.faults.next(LostAnswer(), operation="create")           # the next create is done, its
                                                                # answer never arrives
    crm.faults.next(ServerError(), operation="query", times=2)  # two queries fail, then all is well
    crm.faults.next(Meanwhile(insert_rows), operation="query", after=1)   # between two pages
    crm.faults.always(Latency(0.02))                            # every call, until `clear()`
    crm.faults.next([Latency(1), TruncatedBody(keep=10)])       # both, the first one outermost

A fault is any object with `apply(exchange) -> Response`; it calls `exchange.proceed()` to have
the call done, before or after what it does itself, or not at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .calls import ApiCall
from .http import Response, failure, json_response, text_response
from .installation import Installation
from .sessions import INVALID_SESSIONID


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call under way."""

    crm: Installation
    call: ApiCall
    proceed: Callable[[], Response]
    """Have the call done and get its answer."""


class Fault(Protocol):
    """Something that goes wrong with a call."""

    def apply(self, exchange: Exchange) -> Response:
        """The answer that is sent instead of `exchange.proceed()`."""
        ...


def _delivered(response: Response, *, delay: float = 0.0) -> Response:
    delivery = replace(response.delivery, delay=response.delivery.delay + delay)
    return replace(response, delivery=delivery)


@dataclass(frozen=True, slots=True)
class Latency:
    """The answer takes `seconds` longer; calls of one session wait for each other."""

    seconds: float

    def apply(self, exchange: Exchange) -> Response:
        return _delivered(exchange.proceed(), delay=self.seconds)


@dataclass(frozen=True, slots=True)
class DroppedConnection:
    """The connection is closed without an answer, and nothing was done."""

    def apply(self, exchange: Exchange) -> Response:
        response = text_response()
        return replace(response, delivery=replace(response.delivery, dropped=True))


@dataclass(frozen=True, slots=True)
class LostAnswer:
    """The call is done (a record is created), then the connection is closed without an answer."""

    def apply(self, exchange: Exchange) -> Response:
        response = exchange.proceed()
        return replace(response, delivery=replace(response.delivery, dropped=True))


@dataclass(frozen=True, slots=True)
class TruncatedBody:
    """The connection breaks inside the body.

    `keep` is the number of bytes sent (an int), or the part of them (a float such as 0.5). With
    `honest=True` the headers promise only what is sent, as a proxy does that buffers: the body is
    complete HTTP and broken JSON.
    """

    keep: int | float = 0.5
    honest: bool = False

    def apply(self, exchange: Exchange) -> Response:
        response = exchange.proceed()
        size = len(response.body)
        kept = int(size * self.keep) if isinstance(self.keep, float) else min(self.keep, size)
        if self.honest:
            return replace(response, body=response.body[:kept])
        return replace(response, delivery=replace(response.delivery, cut_after=kept))


@dataclass(frozen=True, slots=True)
class Html:
    """An HTML page instead of JSON: a proxy's error page, a login form, a maintenance notice.

    With ``done=True`` the call is done first.
    """

    status: int = 502
    title: str = "502 Bad Gateway"
    done: bool = False

    def apply(self, exchange: Exchange) -> Response:
        if self.done:
            exchange.proceed()
        page = (
            f"<html>\r\n<head><title>{self.title}</title></head>\r\n<body>\r\n"
            f"<center><h1>{self.title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
            "</body>\r\n</html>\r\n"
        )
        return text_response(page, status=self.status)


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """Plain text instead of JSON, HTTP 200, as PHP prints it when it stops half-way."""

    text: str = "Sorry! Attempt to access restricted file."
    status: int = 200
    done: bool = False

    def apply(self, exchange: Exchange) -> Response:
        if self.done:
            exchange.proceed()
        return text_response(self.text, status=self.status)


@dataclass(frozen=True, slots=True)
class TextBefore:
    """A PHP notice printed in front of the JSON, which is otherwise right."""

    text: str = (
        '<br />\n<b>Warning</b>:  Undefined array key "x" in <b>/var/www/html/include/utils.php'
        "</b> on line <b>42</b><br />\n"
    )

    def apply(self, exchange: Exchange) -> Response:
        response = exchange.proceed()
        return replace(response, body=self.text.encode() + response.body)


@dataclass(frozen=True, slots=True)
class ServerError:
    """HTTP 500 with an empty body: a PHP fatal. With ``done=True`` it came after the work."""

    status: int = 500
    done: bool = False

    def apply(self, exchange: Exchange) -> Response:
        if self.done:
            exchange.proceed()
        return text_response(status=self.status)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """HTTP 429. `retry_after` in seconds is sent in the header of that name, None sends none."""

    retry_after: float | None = None

    def apply(self, exchange: Exchange) -> Response:
        headers = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
        return json_response(
            failure("TOO_MANY_REQUESTS", "API rate limit exceeded"),
            status=429,
            reason="Too Many Requests",
            headers=headers,
        )


@dataclass(frozen=True, slots=True)
class ExpiredSession:
    """The session of this call has ended when the call arrives.

    `code` is what the server says: ``INVALID_SESSIONID``, ``SESSION_LEFT_IDLE`` or
    ``SESSION_EXPIRED``. The client has to log in again; other sessions go on.
    """

    code: str = INVALID_SESSIONID

    def apply(self, exchange: Exchange) -> Response:
        exchange.crm.sessions.end(exchange.call.session, self.code)
        exchange.crm.tokens.end(exchange.call.session)
        return exchange.proceed()


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Somebody else does something: `action` runs before the call (or after its work is done).

    The action reaches the store through `crm.run(...)` or `crm.create(...)`, which are not
    counted, logged or hit by faults.
    """

    action: Callable[[], object]
    after: bool = False

    def apply(self, exchange: Exchange) -> Response:
        if not self.after:
            self.action()
            return exchange.proceed()
        response = exchange.proceed()
        self.action()
        return response


@dataclass(slots=True)
class FaultRule:
    """When a fault strikes; returned by `Faults.next` and `Faults.always`."""

    faults: tuple[Fault, ...]
    matches: Callable[[ApiCall], bool]
    times: int | None
    """How often it will strike yet; None is for ever."""
    skip: int
    """How many matching calls it lets pass before."""
    struck: int = 0
    """How often it struck."""

    @property
    def spent(self) -> bool:
        return self.times == 0


def _matcher(
    operation: str | Iterable[str] | None,
    module: str | None,
    containing: str | None,
    when: Callable[[ApiCall], bool] | None,
) -> Callable[[ApiCall], bool]:
    operations = (
        None
        if operation is None
        else frozenset([operation] if isinstance(operation, str) else operation)
    )

    def matches(call: ApiCall) -> bool:
        # A rule that does not name them lets logins pass: tests mean the calls they make.
        if operations is None and call.is_login:
            return False
        return (
            (operations is None or call.operation in operations)
            and (module is None or call.module == module)
            and (containing is None or containing in call.query)
            and (when is None or when(call))
        )

    return matches


class Faults:
    """The faults that are waiting for their call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[FaultRule] = []
        self._standing: list[FaultRule] = []

    def next(
        self,
        fault: Fault | Sequence[Fault],
        *,
        operation: str | Iterable[str] | None = None,
        module: str | None = None,
        containing: str | None = None,
        when: Callable[[ApiCall], bool] | None = None,
        times: int = 1,
        after: int = 0,
    ) -> FaultRule:
        """Let the next matching call (or the next `times` of them) meet the fault.

        Without `operation` any call but a login matches; `containing` is text of the query;
        `after` lets so many matching calls pass first. Faults added one after the other strike
        one after the other.
        """
        return self._add(
            self._queue, fault, _matcher(operation, module, containing, when), times, after
        )

    def always(
        self,
        fault: Fault | Sequence[Fault],
        *,
        operation: str | Iterable[str] | None = None,
        module: str | None = None,
        containing: str | None = None,
        when: Callable[[ApiCall], bool] | None = None,
    ) -> FaultRule:
        """Let every matching call meet the fault until `clear()`, besides those of `next`."""
        return self._add(
            self._standing, fault, _matcher(operation, module, containing, when), None, 0
        )

    def _add(
        self,
        rules: list[FaultRule],
        fault: Fault | Sequence[Fault],
        matches: Callable[[ApiCall], bool],
        times: int | None,
        skip: int,
    ) -> FaultRule:
        faults = tuple(fault) if isinstance(fault, Sequence) else (fault,)
        rule = FaultRule(faults, matches, times, skip)
        with self._lock:
            rules.append(rule)
        return rule

    @property
    def pending(self) -> list[FaultRule]:
        """Rules of `next` that have not struck as often as they should."""
        return [rule for rule in self._queue if not rule.spent]

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._queue.clear()
            self._standing.clear()

    def _striking(self, call: ApiCall) -> list[Fault]:
        with self._lock:
            found = [rule for rule in self._standing if rule.matches(call)]
            for rule in self._queue:
                if rule.spent or not rule.matches(call):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                found.append(rule)
                break
            for rule in found:
                rule.struck += 1
                if rule.times is not None:
                    rule.times -= 1
            self._queue[:] = [rule for rule in self._queue if not rule.spent]
        return [fault for rule in found for fault in rule.faults]

    def apply(self, exchange: Exchange) -> Response:
        """Do the call with whatever faults are due."""
        for fault in reversed(self._striking(exchange.call)):
            exchange = replace(exchange, proceed=_bound(fault, exchange))
        return exchange.proceed()


def _bound(fault: Fault, exchange: Exchange) -> Callable[[], Response]:
    return lambda: fault.apply(exchange)
