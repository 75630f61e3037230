"""The Cloud's REST endpoint: Basic authentication, one path an operation, errors in 4xx/5xx.

An error's words may be in the body, in the status line, or nowhere; they are looked for in
that order. HTTP/1.1 only: HTTP/2 drops the words of the status line.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

from ..calls import operations as calls
from ..calls.operations import Call
from ..calls.urls import query_string
from ..errors import AuthError, MalformedAnswer, VtigerError
from ..metadata.server import ServerFamily
from .address import CLOUD_PATH
from .answers import Envelope, read_envelope
from .base import Auth, Credentials, DialectName, HttpRequest, HttpResponse, Identity, LoginFlow
from .errors import Asked, api_error, code_of_reason, unusable
from .pages import read_query
from .parameters import as_text, parameters, public_facts, shape

_STANDARD_REASONS: Final = frozenset(
    {
        "",
        "bad request",
        "unauthorized",
        "forbidden",
        "not found",
        "method not allowed",
        "internal server error",
        "too many requests",
        "bad gateway",
        "service unavailable",
        "gateway timeout",
        "gateway time-out",
        "service temporarily unavailable",
    }
)


class Cloud:
    """The dialect of Vtiger Cloud, and of servers that imitate it."""

    name: ClassVar[DialectName] = "cloud"
    renews: ClassVar[bool] = False
    serialises: ClassVar[bool] = False
    login_spacing: ClassVar[float] = 0.0
    warning: ClassVar[str] = ""
    sends_key: ClassVar[bool] = True

    def __init__(self, url: str) -> None:
        self._endpoint: Final = f"{url}{CLOUD_PATH}"

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def overhead(self) -> int:
        return len(urlsplit(self._endpoint).path) + len("GET /query?query= HTTP/1.1\r\n")

    def login(self, credentials: Credentials, count: int = 1) -> LoginFlow:
        """There is no login; `/me` proves user and key, and tells the user's id."""
        nobody = Auth(Identity("", credentials.username), _basic(credentials))
        response = yield self._get("me", {}, nobody)
        me = self.result(calls.Me(), response)
        user_id = me.get("id") if isinstance(me, dict) else None
        if not isinstance(me, dict) or not isinstance(user_id, str):
            raise MalformedAnswer("me: the answer holds no user id.", status=response.status)
        identity = Identity(
            user_id=user_id,
            username=str(me.get("user_name") or credentials.username),
            version=response.headers.get("x-vtiger-version"),
            family=ServerFamily.CLOUD,
            facts=public_facts(me),
        )
        return (Auth(identity, nobody.secret),) * count

    def time_told(self, response: HttpResponse) -> datetime | None:
        return None

    def logout(self, auth: Auth) -> HttpRequest | None:
        return None

    def answer(self, call: Call[object], auth: Auth) -> object | None:
        return dict(auth.identity.facts) if isinstance(call, calls.Me) else None

    def request(self, call: Call[object], auth: Auth) -> HttpRequest:
        method, values = parameters(call)
        if isinstance(call, calls.ListTypes):
            values["fieldTypeList"] = list(call.field_types) or None
        texts = {name: as_text(value) for name, value in values.items()}
        if method == "GET":
            return self._get(call.operation, texts, auth)
        return HttpRequest(
            "POST",
            f"{self._endpoint}/{call.operation}",
            call.operation,
            headers={"Authorization": auth.secret},
            form=texts,
            file=getattr(call, "file", None),
            secrets=_secrets(auth),
        )

    def result(self, call: Call[object], response: HttpResponse) -> object:
        if isinstance(call, calls.Query):
            return read_query(call, response, self._result)
        return self._result(call, response)

    def _result(self, call: Call[object], response: HttpResponse) -> object:
        asked = Asked.of(call)
        envelope = read_envelope(response)
        if envelope is None:
            raise _without_envelope(asked, response)
        if envelope.success:
            return shape(call, envelope.result, asked)
        raise _refused(asked, envelope, response)

    def _get(self, operation: str, values: dict[str, str], auth: Auth) -> HttpRequest:
        query = f"?{query_string(values)}" if values else ""
        return HttpRequest(
            "GET",
            f"{self._endpoint}/{operation}{query}",
            operation,
            headers={"Authorization": auth.secret},
            secrets=_secrets(auth),
        )


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.access_key}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def _secrets(auth: Auth) -> tuple[str, ...]:
    return (auth.secret, auth.secret.removeprefix("Basic "))


def _words(response: HttpResponse) -> str:
    """What the status line says beyond the standard phrase of its number."""
    words = response.reason.strip()
    return "" if words.lower() in _STANDARD_REASONS else words


def _refused(asked: Asked, envelope: Envelope, response: HttpResponse) -> VtigerError:
    text = envelope.message or _words(response)
    code = envelope.code or code_of_reason(text)
    return _error(asked, code, text, response, envelope.detail)


def _without_envelope(asked: Asked, response: HttpResponse) -> VtigerError:
    words, status = _words(response), response.status
    if status >= 400 and words:
        return _error(asked, code_of_reason(words), words, response)
    if status in (401, 403):
        code = "AUTHENTICATION_FAILURE" if status == 401 else "ACCESS_DENIED"
        return _error(asked, code, f"HTTP {status}", response)
    if status == 400:
        return _error(asked, "", "HTTP 400 without a reason", response)
    return unusable(asked, response)


def _error(
    asked: Asked, code: str, text: str, response: HttpResponse, detail: object = None
) -> VtigerError:
    status = response.status
    if status == 401 or code == "AUTHENTICATION_REQUIRED" or "authentication" in text.lower():
        return AuthError(
            f"{asked} was refused by the CRM: {text or code}. Check user name (the login e-mail) "
            "and access key (My Preferences in the CRM; not the password).",
            code=code,
            operation=asked.operation,
            module=asked.module,
            status=status,
            detail=detail,
        )
    if not code and status >= 500:
        code = "INTERNAL_SERVER_ERROR"
    elif not code and status == 404:
        code = "RECORD_NOT_FOUND"
    return api_error(asked, code, text, status=status, detail=detail, headers=response.headers)
