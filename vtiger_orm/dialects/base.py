"""What the dialects share: HTTP messages as plain values, and the protocol of a dialect.

A dialect turns a `Call` into an `HttpRequest` and an `HttpResponse` into a result or an error.
It opens no socket and keeps no state, so it is tested with values alone; `session` does the
I/O. Whatever may hold a secret (address, headers, form) stays out of every `repr`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import field
from datetime import datetime
from typing import ClassVar, Literal, Protocol, TypeAlias

from .._dataclass import dataclass
from ..calls.operations import Call, FilePart
from ..metadata.server import ServerFamily

DialectName: TypeAlias = Literal["webservice", "cloud", "restfulapi"]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. `form` is sent urlencoded, or as multipart when there is a `file`."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    url: str = field(repr=False)
    operation: str
    """What it is about, for logs and messages."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    file: FilePart | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts in it that must not show up in any message."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One complete answer; header names are in lower case."""

    status: int
    reason: str = ""
    """The status line's own words: the Cloud explains errors there."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a session is, and what the server said about itself when it logged in."""

    user_id: str
    username: str
    version: str | None = None
    """Version of the CRM (``8.0.0``); the Cloud does not tell."""
    family: ServerFamily = ServerFamily.UNKNOWN
    """The program, as far as the login tells it."""
    api_version: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict, repr=False)
    """The user's own data, as `Me` answers it."""

    @property
    def administrator(self) -> bool | None:
        """Whether the user sees everything; None where the CRM does not tell."""
        told = self.facts.get("is_admin")
        return None if told is None else str(told).lower() in ("on", "1", "true")


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the CRM reads the numbers that a user sends."""

    decimal: str = "."
    grouping: str = ","
    rate: str = "1"
    """Of the user's currency against the CRM's own."""

    @property
    def is_base(self) -> bool:
        """Whether amounts are taken in the CRM's own currency."""
        try:
            return float(self.rate) == 1
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Auth:
    """What requests carry to prove who sends them."""

    identity: Identity
    secret: str = field(repr=False)
    """Session name, or the value of the Authorization header."""
    address: str = ""
    """The caller's address as the server saw it, where logins are bound to it."""
    doubt: str = ""
    """What could not be proved of the login, in words."""
    numbers: NumberFormat | None = None
    """How the server reads this user's numbers, where that matters and is known."""
    users: Mapping[int, str] = field(default_factory=dict, repr=False)
    groups: Mapping[int, str] = field(default_factory=dict, repr=False)
    """Number -> id of the CRM's users and groups, where the server tells bare numbers."""


LoginFlow: TypeAlias = Generator[HttpRequest, HttpResponse, "tuple[Auth, ...]"]
"""Yields requests, is sent their responses, returns as many `Auth` as were asked for."""


class Dialect(Protocol):
    """One of the ways in which a Vtiger server can be talked to."""

    name: ClassVar[DialectName]
    renews: ClassVar[bool]
    """Whether logins expire, so that a refused call may be repeated after a new login."""
    serialises: ClassVar[bool]
    """Whether the server works on one request of a login at a time."""
    login_spacing: ClassVar[float]
    """Seconds from one login of this process, of whatever user, to the next; 0 for none."""
    warning: ClassVar[str]
    """What everybody should know who uses such a server; said once a process and server."""
    sends_key: ClassVar[bool]
    """Whether the access key itself travels, not only what proves that it is known."""

    @property
    def endpoint(self) -> str:
        """The address that requests go to."""
        ...

    @property
    def overhead(self) -> int:
        """Bytes that a query's request line has besides the encoded statement."""
        ...

    def login(self, credentials: Credentials, count: int = 1) -> LoginFlow:
        """Log in, `count` times at once where several sessions are wanted.

        Raises `AuthError` when the user or key is refused.
        """
        ...

    def time_told(self, response: HttpResponse) -> datetime | None:
        """The server's time, in whole seconds, where an answer of the login tells it."""
        ...

    def logout(self, auth: Auth) -> HttpRequest | None:
        """The request that ends the login; None where there is nothing to end or it is known
        not to work."""
        ...

    def answer(self, call: Call[object], auth: Auth) -> object | None:
        """The result of a call that the login has answered already; None: it must be sent."""
        ...

    def request(self, call: Call[object], auth: Auth) -> HttpRequest:
        """Raises `NotSupported` for a call that this dialect has no operation for."""
        ...

    def result(self, call: Call[object], response: HttpResponse) -> object:
        """The call's result; raises `ApiError`, `MalformedAnswer` or `NotSupported`."""
        ...
