"""Who is logged in: challenges, web service sessions and RestfulApi tokens.

They live in memory, as the sessions of a PHP server live beside its database: a store copied or
restored between tests keeps its users logged in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from .clock import Clock
from .engine.errors import CrmError

CHALLENGE_SECONDS: Final = 300
TOKEN_SECONDS: Final = 3600

SESSION_LEFT_IDLE: Final = "SESSION_LEFT_IDLE"
SESSION_EXPIRED: Final = "SESSION_EXPIRED"
INVALID_SESSIONID: Final = "INVALID_SESSIONID"

_MESSAGES: Final = {
    SESSION_LEFT_IDLE: "Session has been invalidated to due lack activity",
    SESSION_EXPIRED: "Session has life span over please login again",
    INVALID_SESSIONID: "Session Identifier provided is Invalid",
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """The token of one user; `expires` in UNIX seconds."""

    token: str
    issued: int
    expires: int


@dataclass(slots=True)
class SessionState:
    user: str
    opened: float
    used: float
    ended: str = ""
    """The code with which it answers from now on, when it has ended."""


class Sessions:
    """Sessions of ``webservice.php``.

    One challenge per *user*: a new one destroys the former, so two clients that log in at the
    same moment make each other fail. The token is not consumed by a login: several may use it
    for 300 seconds.
    """

    def __init__(
        self, clock: Clock, *, idle: float | None = 1800.0, lifetime: float | None = 86400.0
    ) -> None:
        """`idle` and `lifetime` in seconds; None switches that expiry off."""
        self.idle = idle
        self.lifetime = lifetime
        self._clock = clock
        self._challenges: dict[str, Challenge] = {}
        self._sessions: dict[str, SessionState] = {}

    def challenge(
        self, user: str, *, seconds: int = CHALLENGE_SECONDS, shared: bool = False
    ) -> Challenge:
        """A new token for the user; the former one no longer counts. `shared`: a living one is
        handed out again instead."""
        now = self._clock.timestamp()
        former = self._challenges.get(user)
        if shared and former is not None and now <= former.expires:
            return replace(former, issued=now)
        challenge = Challenge(secrets.token_hex(7)[:13], now, now + seconds)
        self._challenges[user] = challenge
        return challenge

    def login(self, user: str, access_key: str, answer: str, *, password: str = "") -> str:
        """Open a session; `answer` is ``md5(token + access key)``, or the token and the password
        where one is given.

        Raises `CrmError`: INVALID_AUTH_TOKEN without a live challenge, INVALID_USER_CREDENTIALS
        when the answer is not that of the latest one.
        """
        challenge = self._challenges.get(user)
        if challenge is None or self._clock.timestamp() > challenge.expires:
            raise CrmError("INVALID_AUTH_TOKEN", "Specified token is invalid or expired")
        expected = hashlib.md5((challenge.token + access_key).encode()).hexdigest()
        right = bool(access_key) and hmac.compare_digest(expected.encode(), answer.encode())
        if password and not right:
            right = hmac.compare_digest((challenge.token + password).encode(), answer.encode())
        if not right:
            raise CrmError("INVALID_USER_CREDENTIALS", "Invalid username or password")
        return self.open(user)

    def open(self, user: str) -> str:
        """A session without the handshake; returns its identifier."""
        name = secrets.token_hex(11)[:21]
        now = self._clock().timestamp()
        self._sessions[name] = SessionState(user, now, now)
        return name

    def user(self, name: str) -> str:
        """The user of a session, which counts as using it.

        Raises `CrmError` with INVALID_SESSIONID, SESSION_LEFT_IDLE or SESSION_EXPIRED.
        """
        state = self._sessions.get(name)
        code = INVALID_SESSIONID if state is None else self._ended(state)
        if state is None or code:
            raise CrmError(code, _MESSAGES[code])
        state.used = self._clock().timestamp()
        return state.user

    def _ended(self, state: SessionState) -> str:
        now = self._clock().timestamp()
        if not state.ended:
            if self.lifetime is not None and now - state.opened > self.lifetime:
                state.ended = SESSION_EXPIRED
            elif self.idle is not None and now - state.used > self.idle:
                state.ended = SESSION_LEFT_IDLE
        return state.ended

    def known(self, name: str) -> bool:
        """Whether the session would be accepted now; does not count as using it."""
        state = self._sessions.get(name)
        return state is not None and not self._ended(state)

    def end(self, name: str, code: str = INVALID_SESSIONID) -> None:
        """From now on the session answers with `code`; an unknown name is ignored."""
        if name in self._sessions:
            self._sessions[name].ended = code

    def end_all(self, code: str = INVALID_SESSIONID) -> None:
        """End every session, as a restart of the server does."""
        for name in self._sessions:
            self.end(name, code)

    def __len__(self) -> int:
        return sum(1 for state in self._sessions.values() if not self._ended(state))


@dataclass(slots=True)
class TokenRow:
    """One login of the RestfulApi module: a record of the CRM that is never deleted."""

    token: str
    user: int
    """Number of the user."""
    client: str
    expires: float
    calls: int = 0
    entries: int = 1
    """Entries in the CRM's change history: one for the login and one for each call."""
    details: int = 5
    """Changed fields that those entries tell of: all that a login sets, and what a call moves."""

    def use(self, expires: float) -> None:
        """Count a call, with which the hour begins again."""
        before = self.expiration
        self.calls, self.expires = self.calls + 1, expires
        self.entries += 1
        self.details += 1 if self.expiration == before else 2

    @property
    def expiration(self) -> str:
        """As the record shows it: UTC."""
        return datetime.fromtimestamp(self.expires, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Tokens:
    """Tokens of the RestfulApi module: bound to the caller's address, one hour from each use.

    A token is made of the address and the second: logins from one address within one second get
    the same one, and calls with it act as the user who was first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: list[TokenRow] = []

    def open(self, user: int, client: str) -> str:
        now = self._clock.timestamp()
        token = hashlib.md5(f"{client}{now}".encode()).hexdigest()
        expires = self._clock().timestamp() + TOKEN_SECONDS
        self._rows.append(TokenRow(token, user, client, expires))
        return token

    def user(self, token: str, client: str) -> int | None:
        """The number of the token's user, or None when it is unknown, too old or of another
        address. Counts as a call."""
        row = next((each for each in self._rows if each.token == token), None)
        now = self._clock().timestamp()
        if row is None or row.client != client or now > row.expires:
            return None
        row.use(now + TOKEN_SECONDS)
        return row.user

    def rows(self) -> list[TokenRow]:
        """Every login there was, oldest first."""
        return list(self._rows)

    def end(self, token: str) -> None:
        """Delete the records of a token."""
        self._rows = [each for each in self._rows if each.token != token]

    def end_all(self) -> None:
        self._rows.clear()
