"""``/webservice.php``: challenge login, sessions, errors with HTTP 200."""

from __future__ import annotations

from typing import Any

from ..calls import ApiCall, Outcome, rows_of
from ..engine import Crash, CrmError, PlainText, User
from ..http import PhpValue, Request, failure, json_response, success, text_response
from ..installation import Installation
from .operations import registered


class WebserviceFace:
    """The API of every Vtiger since 5.1."""

    name = "webservice"

    def __init__(self, crm: Installation) -> None:
        self._crm = crm

    def accepts(self, path: str) -> bool:
        return path.endswith("/webservice.php")

    def read(self, request: Request) -> ApiCall:
        everything = {**request.query, **request.form}
        operation = _text(everything, "operation").lower()
        session = _text(everything, "sessionName")
        if session.lower() == "null":
            session = ""
        if operation == "extendsession":
            session = request.cookies.get("PHPSESSID") or session
        known = registered(operation, cloud=self._crm.profile.cloud)
        params: dict[str, PhpValue] = {}
        if known is not None:
            source = request.form if known.method == "POST" else request.query
            params = {name: source[name] for name in known.parameters if name in source}
        return ApiCall(
            face=self.name,
            operation=operation,
            request=request,
            params=params,
            files=request.files,
            session=session,
            user=_text(params, "username"),
        )

    def answer(self, call: ApiCall) -> Outcome:
        user = call.user
        try:
            known = registered(call.operation, cloud=self._crm.profile.cloud)
            if known is None:
                raise Crash(f"unknown operation {call.operation!r}")
            if known.before_login:
                result = getattr(self, f"_{call.operation}")(call)
            else:
                caller = self._caller(call)
                user = caller.name
                result = self._perform(caller, call)
        except CrmError as error:
            response = json_response(failure(error.code, error.message))
            return Outcome(response, user, str(error.code))
        except PlainText as error:
            return Outcome(text_response(error.text), user, "plain text")
        except Crash:
            return Outcome(text_response(status=500), user, "HTTP 500")
        return Outcome(json_response(success(result)), user, rows=rows_of(result))

    def _caller(self, call: ApiCall) -> User:
        if not call.session:
            raise CrmError("AUTHENTICATION_REQUIRED", "Authencation required")
        user = self._crm.engine.user(self._crm.sessions.user(call.session))
        if user is None:
            raise CrmError("AUTHENTICATION_REQUIRED", "Authencation required")
        return user

    def _perform(self, user: User, call: ApiCall) -> Any:
        if call.operation == "logout":
            return self._logout(call)
        arrays = any(isinstance(value, dict) for value in call.params.values())
        if arrays and self._crm.profile.strict_types:
            # PHP 8 refuses an array where a text is meant; PHP 7 warned and went on without it.
            raise Crash("array parameter")
        params = {name: value for name, value in call.params.items() if isinstance(value, str)}
        return self._crm.engine.call(user, call.operation, params, call.files)

    def _getchallenge(self, call: ApiCall) -> dict[str, object]:
        name = call.text("username")
        if not name:
            raise CrmError("ACCESS_DENIED", "No username given")
        if self._crm.engine.user(name) is None:
            raise CrmError("ACCESS_DENIED", "username does not exists")
        challenge = self._crm.sessions.challenge(name)
        return {
            "token": challenge.token,
            "serverTime": challenge.issued,
            "expireTime": challenge.expires,
        }

    def _login(self, call: ApiCall) -> dict[str, object]:
        user = self._crm.engine.user(call.text("username"))
        session = self._crm.sessions.login(
            call.text("username"),
            user.access_key if user is not None else "",
            call.text("accessKey"),
        )
        if user is None:
            raise CrmError("AUTHENTICATION_REQUIRED", "Given user cannot be found")
        return {
            "username": user.name,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.email,
            "time_zone": user.time_zone,
            "hour_format": user.hour_format,
            "date_format": user.date_format,
            "is_admin": "on" if user.is_admin else "off",
            "call_duration": user.call_duration,
            "other_event_duration": user.other_event_duration,
            **self._session_facts(session, user),
        }

    def _extendsession(self, call: ApiCall) -> dict[str, object]:
        if call.request.method != "POST":
            raise CrmError("AUTHENTICATION_REQUIRED", "Authencation required")
        if not call.session or not self._crm.sessions.known(call.session):
            raise CrmError("AUTHENTICATION_FAILURE", "Authencation Failed")
        return self._session_facts(call.session, self._caller(call))

    def _session_facts(self, session: str, user: User) -> dict[str, object]:
        return {
            "sessionName": session,
            "userId": user.wire_id,
            "version": self._crm.profile.api_version,
            "vtigerVersion": self._crm.version,
        }

    def _logout(self, call: ApiCall) -> dict[str, object]:
        if "logout" in self._crm.profile.crashing:
            raise Crash("logout")  # and the session stays valid
        self._crm.sessions.end(call.session)
        return {"message": "successfull"}


def _text(params: dict[str, PhpValue], name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else ""
