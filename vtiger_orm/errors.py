"""Everything this library raises.

::

    VtigerError
    ├── ConfigError                 settings are missing or contradict each other
    │   ├── NoSession               no session in this context, and no default
    │   ├── MissingExtra            an optional dependency is not installed
    │   ├── ReadOnly                a write in a session that was opened with read_only=True
    │   └── BlockingCall            a blocking method where its a-twin is to be awaited
    ├── DryRun                      what a session with dry_run=True did not send
    ├── SchemaError                 snapshot, generated package and CRM do not fit together
    │   ├── SchemaMismatch
    │   ├── RegenerateNeeded
    │   └── SnapshotError
    ├── NotSupported                this server or dialect cannot do it
    ├── QueryError                  found while a queryset is built or planned: nothing was sent
    │   ├── InvalidLookup           unknown field or lookup, wrong value type
    │   ├── TooManyWrites           more records than one update or delete may write
    │   ├── UnsupportedQuery        cannot be answered exactly
    │   └── ScanTooLarge            exact, but only by reading more rows than allowed
    ├── RecordError
    │   ├── InvalidValue            a value does not fit its field
    │   │   ├── InvalidId           text that is no record id; an InvalidLookup as well
    │   │   └── InvalidRecord       values of a write break the CRM's rules: nothing was sent
    │   ├── ValuesAdjusted          the CRM stored other values than were sent (strict mode)
    │   ├── NotLoaded               the field or reference was not read
    │   ├── Unreadable              the CRM sent text that its own field type does not allow
    │   ├── DoesNotExist            (each model has its own subclass)
    │   ├── MultipleRecords         (each model has its own subclass)
    │   ├── StaleRecord             changed by somebody else in the meantime
    │   ├── ItemsLost               written, and the server deleted line items by it
    │   ├── BeingSaved              another task or thread is saving the record right now
    │   └── OutcomeUnknown          a create was sent, its answer was lost
    ├── TransportError              no usable answer came
    │   ├── ConnectionFailed
    │   ├── Timeout
    │   └── MalformedAnswer         an answer came, but not the API's
    └── ApiError                    the CRM answered with an error
        ├── AuthError               user name, key or session refused
        │   └── SessionExpired      log in again (done for you once)
        ├── AccessDenied
        ├── NotFound
        ├── ValidationFailed
        │   ├── MandatoryMissing
        │   ├── DuplicateRecord
        │   └── ReferenceInvalid
        ├── QuerySyntax
        ├── RateLimited
        │   └── LimitReached        a limit lasts longer than `max_wait`: nothing more was sent
        └── ServerError
            ├── SilentQueryError    an SQL error that the server reports as "no rows"
            └── MisansweredQuery    rows that do not satisfy the condition: nothing was written

Messages say what happened, why, and what to do; they hold no access key, session id or password.
Where a call failed, the error's `outcome` says what became of it on the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from ._outcomes import NEVER_LEFT as NEVER_LEFT
from ._outcomes import Again as Again
from ._outcomes import Fate as Fate
from ._outcomes import Outcome as Outcome
from ._pickled import class_named, public_name, restores

if TYPE_CHECKING:
    from ._writes import Adjustment, Problem, Withheld


class VtigerError(Exception):
    """Base of everything raised by this library. Can be pickled, for pools of processes."""

    outcome: Outcome | None = None
    """What became of the call that failed; None where the error is not about one call."""

    def __reduce__(self) -> tuple[object, ...]:
        # Not through the constructor: it makes the message of other arguments.
        return restore_error, (*public_name(type(self)), self.args), self.__dict__


@restores
def restore_error(module: str, name: str, args: tuple[object, ...]) -> VtigerError:
    """An error of that class, before its attributes are set."""
    error = VtigerError.__new__(class_named(module, name, VtigerError), *args)
    error.args = args
    return error


def suggest(name: str, names: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The name most likely meant, whatever its case; None below `cutoff`, a likeness of 0 to 1."""
    from difflib import get_close_matches

    folded = {each.casefold(): each for each in names}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=cutoff)
    return folded[close[0]] if close else None


class ConfigError(VtigerError):
    """A setting is missing or wrong; the message names it."""

    outcome: Outcome | None = Outcome(Fate.NEVER_LEFT, Again.SETUP)


class NoSession(ConfigError):
    """No session is open in this context and the package has no default one."""


class MissingExtra(ConfigError):
    """An optional dependency is missing."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(
            f"{what} needs packages that are not installed. "
            f"Install them with: pip install 'vtiger-orm[{extra}]'"
        )


class ReadOnly(ConfigError):
    """The session was opened with `read_only=True`, and this would write. Nothing was sent."""


class DryRun(VtigerError):
    """The session was opened with `dry_run=True`: `write` is what would have been sent."""

    outcome: Outcome | None = NEVER_LEFT

    def __init__(self, message: str, write: Withheld) -> None:
        super().__init__(message)
        self.write: Withheld = write


class BlockingCall(ConfigError):
    """A blocking method was called inside `async with`: it would stop the event loop.

    The message names the a-twin to await instead.
    """


class SchemaError(VtigerError):
    """Snapshot, generated package and CRM do not fit together."""

    outcome: Outcome | None = Outcome(Fate.NEVER_LEFT, Again.SETUP)


class SchemaMismatch(SchemaError):
    """The CRM reached is not the one the package was generated from; nothing was written."""


class RegenerateNeeded(SchemaError):
    """The generated package has a format this runtime does not read."""


class SnapshotError(SchemaError):
    """A snapshot folder is missing, damaged or of an unknown format."""


class NotSupported(VtigerError):
    """The server or dialect cannot do this; the message gives the reason and an alternative."""


class QueryError(VtigerError):
    """A queryset cannot be built or planned. Nothing was sent."""


class InvalidLookup(QueryError):
    """An unknown field or lookup, or a value of the wrong type."""


class UnsupportedQuery(QueryError):
    """The query cannot be answered exactly on this server."""


class TooManyWrites(QueryError):
    """An update or delete of a queryset concerns more records than allowed. Nothing was written."""


class ScanTooLarge(QueryError):
    """An exact answer needs reading more rows than `max_scan_rows` allows."""


class RecordError(VtigerError):
    """Something about one record."""


class InvalidValue(RecordError, ValueError):
    """A value that does not fit its field. A `ValueError`, so that pydantic collects it."""


class InvalidId(InvalidValue, InvalidLookup):
    """Text that is not a record id, wherever an id is given: a value, a condition, a reference."""

    def __init__(self, text: object, why: str | None = None) -> None:
        shown = repr(text) if len(repr(text)) <= 80 else repr(text)[:77] + "..."
        super().__init__(
            f"{shown} is not a record id: "
            + (why or "an id is two numbers joined by 'x', for example '12x407'.")
        )


class InvalidRecord(InvalidValue):
    """The values of a write break the CRM's rules. Nothing was sent; `problems` has them all."""

    def __init__(self, module: str, problems: Sequence[Problem]) -> None:
        self.module = module
        self.problems: tuple[Problem, ...] = tuple(problems)
        lines = [each.message for each in self.problems]
        told = f" {lines[0]}" if len(lines) == 1 else "".join(f"\n  - {line}" for line in lines)
        super().__init__(f"{module} cannot be written:{told}")


class ValuesAdjusted(RecordError):
    """The write took place, but the CRM stored other values than were sent (strict mode).

    `adjustments` tells field, sent and stored value of each; `record` is the record as it is
    stored now.
    """

    record: Any = None

    def __init__(self, message: str, adjustments: Sequence[Adjustment]) -> None:
        self.adjustments: tuple[Adjustment, ...] = tuple(adjustments)
        super().__init__(message)


class NotLoaded(RecordError):
    """The field or the referenced record was not read from the CRM.

    Deliberately not an `AttributeError`: `getattr(record, name, default)` and template engines
    would turn it into a blank, and a blank that is saved erases data.
    """


class Unreadable(RecordError):
    """The CRM sent text that the field's own type does not allow; `raw` keeps it."""


class DoesNotExist(RecordError):
    """No record satisfies the condition."""


class MultipleRecords(RecordError):
    """More than one record satisfies a condition that was to find one."""


class StaleRecord(RecordError):
    """The record was changed in the CRM after it was read; nothing was written."""


class ItemsLost(RecordError):
    """A record was written, and the server deleted its line items by that: `items` that it had,
    `made` of which it has again, and `totals` that were lost, by wire names as the CRM has them."""

    items: Sequence[Mapping[str, object]] = ()
    totals: Mapping[str, str] = MappingProxyType({})
    made: int = 0


class BeingSaved(RecordError):
    """Another task or thread is saving this new record right now; nothing was sent."""


class OutcomeUnknown(RecordError):
    """A create was sent and its answer was lost: the record may or may not exist.

    `record` is the unsaved record; `record.crm.resolve()` finds out, at the latest after
    `outcome.until`, when the server can no longer be at work on it.
    """

    outcome: Outcome | None = Outcome(Fate.UNKNOWN)
    record: Any = None


class TransportError(VtigerError):
    """No usable answer came; `outcome` says whether a write may have taken place.

    `status` is the HTTP status of an answer that came but could not be used.
    """

    outcome: Outcome | None = Outcome(Fate.UNDER_WAY, Again.YES)

    def __init__(self, message: str, *, sent: bool = True, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        if not sent:
            self.outcome = Outcome(Fate.NEVER_LEFT, Again.YES)

    @property
    def sent(self) -> bool:
        """False when the request certainly never left this machine."""
        return self.outcome is None or self.outcome.fate is not Fate.NEVER_LEFT


class ConnectionFailed(TransportError):
    """The server could not be reached or closed the connection."""


class Timeout(TransportError):
    """The server did not answer in time."""


class MalformedAnswer(TransportError):
    """An answer came that is not the API's: HTML, plain text, cut off, or empty."""

    outcome: Outcome | None = Outcome(Fate.UNKNOWN, Again.YES)


class ApiFacts(TypedDict, total=False):
    """What is known of an answer that is an error; see `ApiError`."""

    code: str
    operation: str
    module: str | None
    status: int | None
    detail: object


class ApiError(VtigerError):
    """The CRM answered with an error.

    `code` is the CRM's own (``ACCESS_DENIED``, or the integer-like ``0`` of a duplicate),
    `operation` and `module` say what was asked, `user` as whom, `status` is the HTTP status.
    """

    outcome: Outcome | None = Outcome(Fate.REFUSED)
    user: str | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        operation: str = "",
        module: str | None = None,
        status: int | None = None,
        detail: object = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.operation = operation
        self.module = module
        self.status = status
        self.detail = detail


class AuthError(ApiError):
    """The user name, the access key or the session was refused."""

    outcome: Outcome | None = Outcome(Fate.REFUSED, Again.KEY)


class SessionExpired(AuthError):
    """The server no longer knows the session; the library logs in again by itself once."""

    outcome: Outcome | None = Outcome(Fate.REFUSED, Again.LOGIN)


class AccessDenied(ApiError):
    """The server's bag for: no permission, unknown module or field, deleted record, bad id."""


class NotFound(ApiError):
    """The record does not exist."""


class ValidationFailed(ApiError):
    """The server refused the values of a write."""


class MandatoryMissing(ValidationFailed):
    """A mandatory field was blank."""


class DuplicateRecord(ValidationFailed):
    """A unique field already has this value elsewhere."""


class ReferenceInvalid(ValidationFailed):
    """A reference points to a module the field does not accept."""


class QuerySyntax(ApiError):
    """The server could not read the query text."""


class RateLimited(ApiError):
    """Too many calls; `retry_after` is in seconds where the server tells."""

    outcome: Outcome | None = Outcome(Fate.REFUSED, Again.LIMIT)

    def __init__(
        self, message: str, *, retry_after: float | None = None, **facts: Unpack[ApiFacts]
    ) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after
        if retry_after is not None:
            self.outcome = Outcome(Fate.REFUSED, Again.LIMIT, wait=retry_after)


class LimitReached(RateLimited):
    """A limit of calls is used up for longer than the session waits (`max_wait`).

    `at` is when it works again: aware, by this machine's clock; None where that is not known.
    An iteration over a queryset that it stops goes on with the next record when the same iterator
    is asked again; `outcome` tells whether the call itself
    was sent.
    """

    def __init__(
        self,
        message: str,
        *,
        at: datetime | None = None,
        retry_after: float | None = None,
        **facts: Unpack[ApiFacts],
    ) -> None:
        super().__init__(message, retry_after=retry_after, **facts)
        self.at = at


class ServerError(ApiError):
    """The server failed: HTTP 5xx, an empty body, or an internal error."""

    outcome: Outcome | None = Outcome(Fate.UNKNOWN)


class SilentQueryError(ServerError):
    """An SQL error that the server reports as success with no rows; `statement` is the text."""

    def __init__(self, message: str, *, statement: str, **facts: Unpack[ApiFacts]) -> None:
        super().__init__(message, **facts)
        self.statement = statement


class MisansweredQuery(ServerError):
    """The server answered a row that does not satisfy the condition, where a write was to follow;
    `statement` is the text of what was asked. Nothing was written."""

    outcome: Outcome | None = Outcome(Fate.NEVER_LEFT, Again.ONCE)

    def __init__(self, message: str, *, statement: str, **facts: Unpack[ApiFacts]) -> None:
        super().__init__(message, **facts)
        self.statement = statement
