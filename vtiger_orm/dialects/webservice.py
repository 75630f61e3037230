"""`webservice.php`: challenge login, a session name in each request, everything in one file.

Operations that read take their parameters from the URL only, those that write from the form
body only; a stock server offers no other way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

from ..calls import operations as calls
from ..calls.clock import unix_time
from ..calls.operations import Call, FilePart
from ..calls.urls import query_string
from ..errors import ApiError, AuthError, MalformedAnswer, NotSupported, ServerError, VtigerError
from ..ids import whole_number
from ..metadata.server import family_of
from .address import WEBSERVICE_PATH
from .answers import Envelope, read_envelope
from .base import Auth, Credentials, DialectName, HttpRequest, HttpResponse, Identity, LoginFlow
from .errors import Asked, UnknownOperation, api_error, unusable
from .outcomes import MISSING, of_status
from .pages import read_query
from .parameters import as_text, parameters, public_facts, shape

CLOUD_ONLY: Final = frozenset(
    {
        "me",
        "reopen",
        "decrypt",
        "tags_add",
        "tags_retrieve",
        "tags_delete",
        "tag_delete",
        "lookup",
        "get_account_hierarchy",
        "picklist_dependency",
        "delete_related",
        "add_picklist",
        "edit_picklist",
        "delete_picklist",
        "editionlimits",
    }
)
"""Unknown to a stock server, which answers them with HTTP 500 and nothing else."""

BROKEN_ON_PHP8: Final = frozenset(
    {"sync", "logout", "convertlead", "retrieve_inventory", "files_retrieve"}
)
"""Registered under parameter names that their handlers do not have: fatal on PHP 8."""

_SESSION_ROOM: Final = 64
"""Bytes allowed for a session name, whose length is not known before the login."""


class Webservice:
    """The dialect of every self-hosted Vtiger CRM."""

    name: ClassVar[DialectName] = "webservice"
    renews: ClassVar[bool] = True
    serialises: ClassVar[bool] = True
    login_spacing: ClassVar[float] = 0.0
    warning: ClassVar[str] = ""
    sends_key: ClassVar[bool] = False

    def __init__(self, url: str) -> None:
        self._endpoint: Final = f"{url}{WEBSERVICE_PATH}"

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def overhead(self) -> int:
        path = urlsplit(self._endpoint).path
        fixed = "GET ?operation=query&sessionName=&query= HTTP/1.1\r\n"
        return len(path) + len(fixed) + _SESSION_ROOM

    # Login

    def login(self, credentials: Credentials, count: int = 1) -> LoginFlow:
        """One challenge serves all `count` logins: a second challenge of the same user would
        make the first one invalid, while its token is not used up by a login."""
        asked = Asked("login")
        challenge = HttpRequest(
            "GET",
            self._url({"operation": "getchallenge", "username": credentials.username}),
            "getchallenge",
        )
        # No token and no answer in a variable: some tracebacks show those.
        challenged = _login_envelope(asked, (yield challenge))
        login = self._login(challenged.result.get("token"), credentials)
        if login is None:
            raise MalformedAnswer("login: the server sent no challenge token.")
        auths = []
        for _ in range(count):
            auth = _auth(_login_envelope(asked, (yield login)), credentials)
            if auth is None:
                raise MalformedAnswer("login: the answer holds no session name or no user id.")
            auths.append(auth)
        return tuple(auths)

    def _login(self, token: object, credentials: Credentials) -> HttpRequest | None:
        if not isinstance(token, str) or not token:
            return None
        proof = hashlib.md5((token + credentials.access_key).encode()).hexdigest()
        return HttpRequest(
            "POST",
            self._endpoint,
            "login",
            form={"operation": "login", "username": credentials.username, "accessKey": proof},
            secrets=(token, proof, credentials.access_key),
        )

    def time_told(self, response: HttpResponse) -> datetime | None:
        """The challenge holds it, as `serverTime`."""
        envelope = read_envelope(response)
        result = envelope.result if envelope is not None else None
        return unix_time(result.get("serverTime")) if isinstance(result, Mapping) else None

    def logout(self, auth: Auth) -> HttpRequest | None:
        """Only before 8.0: on PHP 8 logout answers HTTP 500 and the session stays valid."""
        major = whole_number((auth.identity.version or "").split(".")[0])
        if major is None or major >= 8:
            return None
        return self._post("logout", {"operation": "logout"}, auth)

    # Calls

    def answer(self, call: Call[object], auth: Auth) -> object | None:
        return dict(auth.identity.facts) if isinstance(call, calls.Me) else None

    def request(self, call: Call[object], auth: Auth) -> HttpRequest:
        method, given = parameters(call)
        values = {"operation": call.operation, **given}
        if isinstance(call, calls.ListTypes) and call.field_types:
            values["fieldTypeList"] = json.dumps(list(call.field_types))
        texts = {name: as_text(value) for name, value in values.items()}
        if method == "POST":
            return self._post(call.operation, texts, auth, getattr(call, "file", None))
        # The session in front: a proxy that cuts a long address then fails loudly.
        address = self._url({"operation": texts.pop("operation"), "sessionName": auth.secret})
        more = f"&{query_string(texts)}" if texts else ""
        return HttpRequest("GET", address + more, call.operation, secrets=(auth.secret,))

    def result(self, call: Call[object], response: HttpResponse) -> object:
        if isinstance(call, calls.Query):
            return read_query(call, response, self._result)
        return self._result(call, response)

    def _result(self, call: Call[object], response: HttpResponse) -> object:
        asked = Asked.of(call)
        envelope = read_envelope(response)
        if envelope is None:
            raise _without_envelope(asked, response)
        if not envelope.success:
            raise api_error(
                asked,
                envelope.code,
                envelope.message,
                status=response.status,
                detail=envelope.detail,
                headers=response.headers,
            )
        return shape(call, envelope.result, asked)

    def _url(self, values: Mapping[str, str]) -> str:
        return f"{self._endpoint}?{query_string(values)}"

    def _post(
        self, operation: str, values: Mapping[str, str], auth: Auth, file: FilePart | None = None
    ) -> HttpRequest:
        form = {**values, "sessionName": auth.secret}
        return HttpRequest(
            "POST", self._endpoint, operation, form=form, file=file, secrets=(auth.secret,)
        )


def _without_envelope(asked: Asked, response: HttpResponse) -> VtigerError:
    fatal = response.status == 500 and not response.body.strip()
    operation = asked.operation.lower()
    if fatal and operation in CLOUD_ONLY:
        return UnknownOperation(
            f"This CRM does not have the operation {asked.operation!r}: it answered HTTP "
            f"{response.status} and nothing else, as a stock server does for operations that only "
            "the Cloud has."
        )
    if fatal and operation in BROKEN_ON_PHP8:
        message = (
            f"{asked} failed with HTTP {response.status} and an empty answer. On Vtiger 8.0 with "
            "PHP 8 this operation can never work, since its handler is registered under wrong "
            "parameter names; it works on PHP 7 and in the Cloud."
        )
        error: VtigerError
        if operation == "convertlead":
            # It writes: on another server it may have stopped half-way.
            error = ServerError(message, operation=asked.operation, status=response.status)
            error.outcome = of_status(response.status)
        else:
            error = NotSupported(message)
            error.outcome = MISSING
        return error
    return unusable(asked, response)


def _login_envelope(asked: Asked, response: HttpResponse) -> Envelope:
    """The envelope of a success, whose result is a mapping."""
    envelope = read_envelope(response)
    if envelope is None:
        raise unusable(asked, response)
    if not envelope.success:
        error = api_error(
            asked,
            envelope.code,
            envelope.message,
            status=response.status,
            headers=response.headers,
        )
        if envelope.code == "ACCESS_DENIED":
            error = AuthError(
                f"login was refused by the CRM: {envelope.message or 'access denied'}. Check the "
                "user name (VTIGER_USERNAME): case counts, and it is not the e-mail address.",
                code=envelope.code,
                operation="login",
                status=response.status,
            )
        raise error
    if not isinstance(envelope.result, Mapping):
        raise MalformedAnswer("login: the answer holds no result.", status=response.status)
    return envelope


def _auth(envelope: Envelope, credentials: Credentials) -> Auth | None:
    result = envelope.result
    # One of the manuals calls it sessionId.
    session = result.get("sessionName") or result.get("sessionId")
    user_id = result.get("userId")
    if not isinstance(session, str) or not isinstance(user_id, str):
        return None
    username = str(result.get("username") or credentials.username)
    hidden = {"sessionName", "sessionId", "userId", "username", "version", "vtigerVersion"}
    hidden |= {"tagVersion"}
    version = _text(result.get("vtigerVersion"))
    facts = {name: value for name, value in public_facts(result).items() if name not in hidden}
    facts |= {"id": user_id, "user_name": username}
    if "email" in facts:
        facts["email1"] = facts.pop("email")
    return Auth(
        Identity(
            user_id=user_id,
            username=username,
            version=version,
            family=family_of(
                "webservice",
                version,
                tag_version=_text(result.get("tagVersion")) or "",
                moreinfo=envelope.moreinfo,
            ),
            api_version=_text(result.get("version")),
            facts=facts,
        ),
        session,
    )


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None


def is_retryable_login(error: BaseException) -> bool:
    """Whether another client's login may be to blame: a new challenge may succeed."""
    return isinstance(error, ApiError) and error.code in (
        "INVALID_USER_CREDENTIALS",
        "INVALID_AUTH_TOKEN",
    )
