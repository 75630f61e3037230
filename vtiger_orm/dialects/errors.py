"""From what a CRM says went wrong to the error class and a message with cause and cure.

The list of codes is open: an unknown one becomes an `ApiError` that keeps code and text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from .._dataclass import dataclass
from ..calls.clock import http_date
from ..calls.operations import Call
from ..errors import (
    AccessDenied,
    ApiError,
    AuthError,
    DuplicateRecord,
    MalformedAnswer,
    MandatoryMissing,
    NotFound,
    NotSupported,
    Outcome,
    QuerySyntax,
    RateLimited,
    ReferenceInvalid,
    ServerError,
    SessionExpired,
    ValidationFailed,
    VtigerError,
)
from .answers import holds_several
from .base import HttpResponse
from .outcomes import DEFINITE, MISSING, REFUSED, of_status
from .redaction import excerpt, redact

_LONGEST_LIMIT: Final = 86_400.0

_CLASSES: Final[Mapping[str, type[ApiError]]] = {
    "SESSION_EXPIRED": SessionExpired,
    "SESSION_LEFT_IDLE": SessionExpired,
    "INVALID_SESSIONID": SessionExpired,
    "AUTHENTICATION_REQUIRED": SessionExpired,
    "AUTHENTICATION_FAILURE": AuthError,
    "INVALID_USER_CREDENTIALS": AuthError,
    "INVALID_AUTH_TOKEN": AuthError,
    "ACCESSKEY_UNDEFINED": AuthError,
    "ACCESS_DENIED": AccessDenied,
    "RECORD_NOT_FOUND": NotFound,
    "INVALID_ID_ATTRIBUTE": NotFound,
    "UNKOWN_ENTITY": NotFound,
    "UNKNOWN_ENTITY": NotFound,
    "REFERENCE_INVALID": ReferenceInvalid,
    "MANDATORY_FIELDS_MISSING": MandatoryMissing,
    "DUPLICATE_RECORD_FOUND": DuplicateRecord,
    "QUERY_SYNTAX_ERROR": QuerySyntax,
    "DATABASE_QUERY_ERROR": ServerError,
    "INTERNAL_SERVER_ERROR": ServerError,
    "FAILED_TO_CREATE": ServerError,
    "FAILED_TO_CREATE_RELATION": ServerError,
    "LEAD_RELATEDLIST_UPDATE_FAILED": ServerError,
    "FAILED_TO_MARK_LEAD_CONVERTED": ServerError,
    "POTENTIAL_RELATEDLIST_UPDATE_FAILED": ServerError,
    "FAILED_TO_MARK_POTENTIAL_CONVERTED": ServerError,
    "LEAD_ALREADY_CONVERTED": ValidationFailed,
    "POTENTIAL_ALREADY_CONVERTED": ValidationFailed,
    "INVALID_POTENTIAL_FOR_CONVERTLEAD": ValidationFailed,
    "CURRENCY_INACTIVE": ValidationFailed,
    "INVALID_OLD_PASSWORD": ValidationFailed,
    "NEW_PASSWORD_MISMATCH": ValidationFailed,
    "CHANGE_PASSWORD_FAILURE": ValidationFailed,
    "PASSWORD_NOT_STRONG": ValidationFailed,
    "TOO_MANY_REQUESTS": RateLimited,
    "RATE_LIMIT_EXCEEDED": RateLimited,
}

_CURES: Final[Mapping[str, str]] = {
    "SESSION_EXPIRED": "The session is older than the server allows.",
    "SESSION_LEFT_IDLE": "The session was idle for longer than the server allows.",
    "INVALID_SESSIONID": "The server does not know the session any more.",
    "AUTHENTICATION_REQUIRED": "The server found no session in the request.",
    "INVALID_USER_CREDENTIALS": (
        "The access key does not belong to the user: it is shown under My Preferences in the CRM "
        "and is not the password. Also possible: another program logged in as the same user at "
        "the same moment."
    ),
    "INVALID_AUTH_TOKEN": (
        "The login took longer than the challenge is valid (5 minutes), the server's clock jumps, "
        "or another program logged in as the same user at the same moment."
    ),
    "ACCESSKEY_UNDEFINED": "The user has no access key: open My Preferences in the CRM once.",
    "AUTHENTICATION_FAILURE": "Check user name and access key (My Preferences in the CRM).",
    "INVALID_ID_ATTRIBUTE": (
        "The id belongs to another module, or a reference in a query is not of the form '12x407'."
    ),
    "RECORD_NOT_FOUND": "The record does not exist or was deleted.",
    "UNKOWN_ENTITY": (
        "The relation does not exist under this label. Labels are those of relatedtypes, in exact "
        "case, and not always the name of the module."
    ),
    "REFERENCE_INVALID": (
        "The record referred to is of a module that the field does not accept, or is hidden from "
        "this session's user."
    ),
    "MANDATORY_FIELDS_MISSING": (
        "Give the field a value; a stock server names only the first one that is missing."
    ),
    "QUERY_SYNTAX_ERROR": "The server could not read the statement.",
    "INTERNAL_SERVER_ERROR": (
        "For a query: a character outside of quotes that the server cannot read, an empty literal, "
        "or a value longer than 8189 bytes. For a write: look into the server's log."
    ),
    "CURRENCY_INACTIVE": "Activate the currency in the CRM's settings, or use another one.",
}

_NOBODYS: Final = (
    "A record that the answer would hold belongs to a user who does not exist, and this CRM then "
    "answers nothing at all. Give that record an owner in the CRM (its list shows it without "
    "one), or narrow the condition so that it does not meet the record."
)
_DENIED_FIELD: Final = re.compile(r"Permission to access '?\.?([^'. ]+)\.?'? attribute denied")
_DENIED_NAME: Final = re.compile(r"denied for name : ?(.*)$")
_DUPLICATE: Final = "One of the module's unique fields already has this value in another record."

# What the Cloud's status line says, where neither body nor code do.
_REASONS: Final[tuple[tuple[str, str], ...]] = (
    ("authenticat", "AUTHENTICATION_FAILURE"),
    ("credential", "AUTHENTICATION_FAILURE"),
    ("mandatory", "MANDATORY_FIELDS_MISSING"),
    ("does not have a value", "MANDATORY_FIELDS_MISSING"),
    ("duplicate", "DUPLICATE_RECORD_FOUND"),
    ("invalid reference", "REFERENCE_INVALID"),
    ("id specified is incorrect", "INVALID_ID_ATTRIBUTE"),
    ("not found", "RECORD_NOT_FOUND"),
    ("syntax error", "QUERY_SYNTAX_ERROR"),
    ("permission", "ACCESS_DENIED"),
    ("denied", "ACCESS_DENIED"),
    ("unknown operation", "UNKNOWN_OPERATION"),
)


class UnknownOperation(NotSupported):
    """The server has no such operation at all, whatever the parameters: worth remembering."""

    outcome: Outcome | None = MISSING


@dataclass(frozen=True, slots=True)
class Asked:
    """What a failing request was about."""

    operation: str
    module: str | None = None

    @classmethod
    def of(cls, call: Call[object]) -> Asked:
        return cls(call.operation, getattr(call, "module", None) or None)

    def __str__(self) -> str:
        return f"{self.operation} of {self.module}" if self.module else self.operation


def api_error(
    asked: Asked,
    code: str,
    text: str,
    *,
    status: int | None = None,
    detail: object = None,
    headers: Mapping[str, str] | None = None,
) -> VtigerError:
    """The error for a code and text of the CRM."""
    text = redact(text)
    if code in ("UNKNOWN_OPERATION", "OPERATION_NOT_SUPPORTED"):
        return UnknownOperation(f"{asked}: this CRM does not have the operation ({text or code}).")
    facts: dict[str, Any] = {
        "code": code,
        "operation": asked.operation,
        "module": asked.module,
        "status": status,
        "detail": detail,
    }
    if (code == "0" and "uplicate" in text) or code == "DUPLICATE_RECORD_FOUND":
        end = "" if text.endswith((".", "!")) else "."
        message = f"{asked} was refused: {text or 'duplicate'}{end} {_DUPLICATE}"
        return DuplicateRecord(message, **facts)
    kind = _CLASSES.get(code, RateLimited if status == 429 else ApiError)
    if kind is RateLimited:
        return rate_limited(asked, headers or {}, text, **facts)
    cure = _denied(text, asked) if kind is AccessDenied else _CURES.get(code, "")
    if "owner of the record" in text or "determine owner" in text:
        cure = _NOBODYS
    said = f"{code}: {text}" if code and text else code or text or f"HTTP {status}"
    error = kind(
        f"{asked} was refused by the CRM with {said.rstrip('.')}. {cure}".rstrip(), **facts
    )
    vague = kind in (ApiError, ServerError)
    if code in DEFINITE:
        error.outcome = REFUSED
    elif status is not None and vague and (status >= 500 or (status >= 400 and not code)):
        told = of_status(status)
        error.outcome = told._replace(missing=told.missing and not code)
    return error


def rate_limited(
    asked: Asked, headers: Mapping[str, str], text: str = "", **facts: Any
) -> RateLimited:
    """HTTP 429; `retry_after` from the Retry-After header, in seconds or as a date."""
    wait = retry_after(headers)
    hint = f"It allows the next one in {wait:.0f} s." if wait is not None else ""
    facts.setdefault("status", 429)
    facts.setdefault("operation", asked.operation)
    facts.setdefault("module", asked.module)
    return RateLimited(
        f"{asked}: the CRM's limit of calls is used up{f' ({text})' if text else ''}. {hint} "
        "The limits of minute and day depend on the edition: session.limits shows them.",
        retry_after=wait,
        **facts,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the Retry-After header, None when there is none that can be read.

    A day at most: no limit of Vtiger lasts longer, whatever the header says.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        then = http_date(text)
        if then is None:
            return None
        sent = http_date(headers.get("date")) or datetime.now(UTC)
        seconds = (then - sent).total_seconds()
    return min(max(0.0, seconds), _LONGEST_LIMIT) if math.isfinite(seconds) else None


def code_of_reason(reason: str) -> str:
    """The code that the words of a status line amount to, or ``""``."""
    for code in _CLASSES:
        if code in reason:
            return code
    lower = reason.lower()
    return next((code for words, code in _REASONS if words in lower), "")


def unusable(asked: Asked, response: HttpResponse) -> VtigerError:
    """The error for an answer that is not the API's."""
    shown = excerpt(response.body)
    if response.status == 429:
        return rate_limited(asked, response.headers, shown)
    if shown.strip() == "Unknown operation requested":
        return UnknownOperation(f"{asked}: this CRM does not have the operation ({shown}).")
    if shown.startswith("Sorry! Attempt to access restricted file"):
        return ServerError(
            f"{asked}: the CRM stopped with {shown!r}. Likely causes, in this order: an owner or "
            "reference that does not exist; a module whose program files are missing on the "
            "server although it is listed.",
            operation=asked.operation,
            module=asked.module,
            status=response.status,
        )
    error = _unusable(asked, response, shown)
    error.outcome = of_status(response.status)
    return error


def _unusable(asked: Asked, response: HttpResponse, shown: str) -> VtigerError:
    body, status = response.body, response.status
    if 300 <= status < 400:
        target = redact(response.headers.get("location", "another address").split("?")[0])
        return MalformedAnswer(
            f"{asked}: the server redirects to {target}. Use that address as the CRM's url; "
            "redirects are not followed, as they would send the access key elsewhere.",
            status=status,
        )
    if status >= 500:
        return ServerError(
            f"{asked}: the server failed with HTTP {status}"
            + (f": {shown}" if shown else " and an empty answer, as PHP does after a fatal error")
            + ". The server's log tells more.",
            operation=asked.operation,
            module=asked.module,
            status=status,
        )
    if status in (404, 405, 410):
        return MalformedAnswer(
            f"{asked}: HTTP {status} from the server: there is no Vtiger API at this address. "
            f"Is the url right? It answered: {shown!r}",
            status=status,
        )
    if not body.strip():
        return MalformedAnswer(
            f"{asked}: HTTP {status} with an empty answer. PHP stops like that after a fatal "
            "error; the server's log tells more.",
            status=status,
        )
    if holds_several(body):
        return MalformedAnswer(
            f"{asked}: the answer (HTTP {status}) holds more than one answer of the API, and which "
            "of them is the CRM's own cannot be told. An extension of the CRM may print what "
            f"another service answered it. It begins: {shown!r}",
            status=status,
        )
    if body.lstrip()[:1] in (b"{", b"["):
        return MalformedAnswer(
            f"{asked}: the answer (HTTP {status}, {len(body)} bytes) is cut off or damaged JSON. "
            f"It begins: {shown!r}",
            status=status,
        )
    hint = (
        "A list or object was given for a text field."
        if "Input array has" in shown
        else "A login page, a proxy or an extension of the CRM may have answered instead."
    )
    return MalformedAnswer(
        f"{asked}: the answer (HTTP {status}, {response.content_type or 'no content type'}) is not "
        f"the API's. {hint} It begins: {shown!r}",
        status=status,
    )


def _denied(text: str, asked: Asked) -> str:
    """ACCESS_DENIED is the server's bag for many things; the likely causes, in their order."""
    if field := _DENIED_FIELD.search(text):
        return (
            f"Likely causes, in this order: the field {field[1]!r} is hidden from this session's "
            "user by its profile; it was removed from the CRM since the last pull; the server "
            "describes it but cannot query it (pull finds those: run vtiger-orm pull). Leave it "
            "out with defer(...), generate from a pull as this user, or let the session leave out "
            "what it may not read: connect(missing_fields='defer')."
        )
    if name := _DENIED_NAME.search(text):
        what = name[1].strip()
        if what:
            return (
                f"Likely causes, in this order: the module {what!r} is hidden from this session's "
                "user or disabled; the name is wrong (case counts); it has no web service."
            )
        return "The id is of no known module or no record of it is visible to this user."
    if text.endswith("denied for id"):
        return "The id is missing or malformed, or its prefix is of no module of this CRM."
    if text.endswith("denied for query"):
        return "No statement reached the server: a proxy may cut long addresses."
    if "read given object" in text:
        return (
            "The record is hidden from this session's user by sharing rules, or may not be deleted."
        )
    if "Permission to write" in text:
        return "The module is read-only for this session's user."
    if "application sync" in text:
        return "Use the sync type 'userandgroup' or 'user', or an administrator's access key."
    if asked.operation == "query":
        return (
            "Likely causes, in this order: this session's user may not see the module; it is "
            "disabled; the CRM answers no queries about it (Vtiger Cloud answers those about "
            "modules that hold records, not about groups, currencies or taxes)."
        )
    return (
        "Likely causes, in this order: the record was deleted or never existed; this session's "
        "user may not do this with the record or its module; the module is disabled."
    )
