"""What was asked, and what became of it: one call, the log line of it, and counting."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .engine import FoundRows, UploadedFile
from .http import PhpValue, Request, Response

LOGIN_OPERATIONS: Final = frozenset({"getchallenge", "login", "extendsession", "logout"})

_MODULE_OF_QUERY: Final = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
_ID_OF_ELEMENT: Final = re.compile(r'"(?:id|leadId)"\s*:\s*"(\d+x\d+)"')
_SECRET_IN_QUERY: Final = re.compile(
    r"(\b\w*(?:accesskey|password|crypt_type|user_hash)\w*\s*(?:=|!=|like|in)\s*)"
    r"(\([^)]*\)|'(?:[^']|'')*')",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ApiCall:
    """One call of the API as a face understood it, before anything was done."""

    face: str
    """``webservice``, ``cloud`` or ``restfulapi``."""
    operation: str
    """Lower case; empty when the request names none."""
    request: Request = field(repr=False)
    params: Mapping[str, PhpValue] = field(default_factory=dict, repr=False)
    files: tuple[UploadedFile, ...] = ()
    session: str = field(default="", repr=False)
    """The session or token it was sent with."""
    user: str = ""
    """The user name where the request itself names it (challenge, Basic authentication)."""

    @property
    def is_login(self) -> bool:
        return self.operation in LOGIN_OPERATIONS

    @property
    def lane(self) -> str:
        """Calls of one lane are answered one after the other: the server locks a session."""
        return f"{self.face}:{self.session}" if self.session else ""

    def text(self, name: str) -> str:
        """A parameter as text; empty when it is missing or an array."""
        value = self.params.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def query(self) -> str:
        """The statement of a query, else an empty string."""
        return self.text("query") if self.operation in {"query", "query_related"} else ""

    @property
    def module(self) -> str:
        """The module it is about where the request says so, else an empty string."""
        named = self.text("elementType") or self.text("module")
        if named:
            return named
        found = _MODULE_OF_QUERY.search(self.query)
        return found[1] if found else ""

    @property
    def subject(self) -> str:
        """What it is about in one line, without a secret: the query, the module or the id."""
        if self.query:
            text = _SECRET_IN_QUERY.sub(r"\1'***'", " ".join(self.query.split()))
            return _shortened(_NAMES.sub(_fewer_names, text))
        element = _ID_OF_ELEMENT.search(self.text("element"))
        named = (
            self.module,
            self.text("id") or self.text("sourceRecordId"),
            element[1] if element is not None else "",
        )
        return " ".join(filter(None, named))


_NAMES: Final = re.compile(r"(?<=select |der by )\w+(?: ?, ?\w+){8,}", re.IGNORECASE)
_LONGEST: Final = 400


def _fewer_names(found: re.Match[str]) -> str:
    names = [each.strip() for each in found[0].split(",")]
    return f"{','.join(names[:3])}, ... {len(names) - 4} more ..., {names[-1]}"


def _shortened(text: str) -> str:
    """Both ends of a statement that is too long to be read."""
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} ... {len(text) - _LONGEST:,} characters ... {text[-half:]}"


@dataclass(frozen=True, slots=True)
class Handled:
    """What a face made of a call."""

    response: Response
    user: str = ""
    error: str = ""
    """The error code (``HTTP 500`` and the like where the answer has none), empty on success."""
    rows: int | None = None
    """Rows of a list answer."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that was answered."""

    call: ApiCall
    user: str
    status: int
    """The HTTP status that was sent, or 0 when the connection was dropped."""
    error: str
    """The error code, empty on success."""
    rows: int | None
    """Rows of a list answer."""
    seconds: float
    size: int
    """Bytes of the answer's body."""

    @property
    def is_login(self) -> bool:
        """Whether it belongs to finding the server and logging in: a handshake, or a call that
        nobody's credentials came with."""
        return self.call.is_login or not (self.user or self.call.session)

    def line(self) -> str:
        """One readable line: user, operation, outcome, time, what it was about."""
        if self.error:
            outcome = self.error
        elif self.rows is not None:
            outcome = f"{self.rows} rows" if self.rows != 1 else "1 row"
        else:
            outcome = "ok"
        return (
            f"{self.user or '-':<10} {self.call.operation or '-':<16} {self.status:>3} "
            f"{outcome:<12} {self.seconds * 1000:7.1f} ms  {self.call.subject}"
        ).rstrip()


class CallCount:
    """The calls made while it was counting. Logins are counted apart: see `logins`."""

    def __init__(self) -> None:
        self._records: list[CallRecord] = []

    def add(self, record: CallRecord) -> None:
        self._records.append(record)

    @property
    def records(self) -> list[CallRecord]:
        """Every call but logins, oldest first."""
        return [each for each in self._records if not each.is_login]

    @property
    def number(self) -> int:
        """How many calls; logins not counted."""
        return len(self.records)

    @property
    def logins(self) -> int:
        """How many calls of the login handshake: challenge, login, extend, logout, and those
        without any credentials."""
        return len(self._records) - self.number

    @property
    def operations(self) -> Counter[str]:
        """Operation -> how often; ``calls.operations["query"]``."""
        return Counter(each.call.operation for each in self.records)

    @property
    def queries(self) -> list[str]:
        """The texts of all queries, oldest first."""
        return [each.call.query for each in self.records if each.call.query]

    @property
    def lines(self) -> list[str]:
        """A readable line per call, for the message of a failing assertion."""
        return [each.line() for each in self.records]

    def __len__(self) -> int:
        return self.number

    def __int__(self) -> int:
        return self.number

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(self.records)

    def __repr__(self) -> str:
        return f"<{self.number} calls: {dict(self.operations)}>"


def rows_of(result: Any) -> int | None:
    """The number of rows of a result, where it is a list."""
    return len(result) if isinstance(result, list | FoundRows) else None
