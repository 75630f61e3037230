"""``/webservice.php``: challenge login, sessions, errors with HTTP 200 on most servers."""

from __future__ import annotations

from ..calls import ApiCall, Handled, rows_of
from ..engine import Answer, Crash, CrmError, NotMeasured, PlainText, UnknownOperation, User
from ..http import PhpValue, Request
from ..installation import Installation
from .envelope import answered, failed
from .operations import registered


class WebserviceFace:
    """The API of every Vtiger since 5.1, and of its forks."""

    name = "webservice"

    def __init__(self, crm: Installation) -> None:
        self._crm = crm

    def accepts(self, path: str) -> bool:
        return path.endswith("/webservice.php")

    def read(self, request: Request) -> ApiCall:
        profile = self._crm.profile
        everything = {**request.query, **request.form}
        operation = _text(everything, "operation").lower()
        session = _text(everything, "sessionName")
        if session.lower() == "null":
            session = ""
        if operation == "extendsession":
            session = request.cookies.get("PHPSESSID") or session
        known = registered(operation, profile)
        params: dict[str, PhpValue] = {}
        if known is not None:
            source = request.form if known.method == "POST" else request.query
            if profile.either_method:
                source = everything
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

    def answer(self, call: ApiCall) -> Handled:
        profile, user = self._crm.profile, call.user
        try:
            known = registered(call.operation, profile)
            if known is None:
                raise UnknownOperation(f"unknown operation {call.operation!r}")
            if known.before_login:
                answer = Answer(getattr(self, f"_{call.operation}")(call))
            else:
                caller = self._caller(call)
                user = caller.name
                answer = self._perform(caller, call)
        except (CrmError, Crash, NotMeasured, PlainText) as failure:
            response, error = failed(profile, failure)
            return Handled(response, user, error)
        error = "" if answer.success else "failed rows"
        return Handled(answered(profile, answer), user, error, rows=rows_of(answer.result))

    def _caller(self, call: ApiCall) -> User:
        profile = self._crm.profile
        required = CrmError(
            "AUTHENTICATION_REQUIRED",
            "Authencation required" if profile.sessions_named else "Authentication required",
        )
        if not call.session:
            raise required
        try:
            user = self._crm.engine.user(self._crm.sessions.user(call.session))
        except CrmError:
            if profile.sessions_named:
                raise
            raise required from None
        if user is None:
            raise required
        return user

    def _perform(self, user: User, call: ApiCall) -> Answer:
        if call.operation == "logout":
            return Answer(self._logout(call))
        arrays = any(isinstance(value, dict) for value in call.params.values())
        if arrays and self._crm.profile.strict_types:
            # PHP 8 refuses an array where a text is meant; PHP 7 warned and went on without it.
            raise Crash("array parameter")
        params = {name: value for name, value in call.params.items() if isinstance(value, str)}
        return self._crm.engine.answer(user, call.operation, params, call.files)

    def _getchallenge(self, call: ApiCall) -> dict[str, object]:
        profile, name = self._crm.profile, call.text("username")
        if profile.unknown_user == "denied" and not name:
            raise CrmError("ACCESS_DENIED", "No username given")
        if profile.unknown_user != "token" and self._crm.engine.user(name) is None:
            if profile.unknown_user == "denied":
                raise CrmError("ACCESS_DENIED", "username does not exists")
            raise CrmError("AUTHENTICATION_REQUIRED", f"Given user cannot be found: {name}")
        challenge = self._crm.sessions.challenge(
            name, seconds=profile.challenge_seconds, shared=profile.challenge_shared
        )
        again = challenge.expires - challenge.issued < profile.challenge_seconds
        return {
            "token": challenge.token,
            "serverTime": challenge.issued,
            # A living challenge comes from the database, as text.
            "expireTime": str(challenge.expires) if again else challenge.expires,
        }

    def _login(self, call: ApiCall) -> dict[str, object]:
        profile, name = self._crm.profile, call.text("username")
        user = self._crm.engine.user(name)
        unknown = CrmError("AUTHENTICATION_REQUIRED", "Given user cannot be found")
        if user is None and profile.unknown_user == "authentication":
            raise unknown
        session = self._crm.sessions.login(
            name,
            user.access_key if user is not None else "",
            call.text("accessKey"),
            password=self._crm.password(user) if user and profile.login_with_password else "",
        )
        if user is None:
            raise unknown
        facts = self._session_facts(session, user)
        if not profile.login_tells_user:
            return facts
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
            **facts,
        }

    def _extendsession(self, call: ApiCall) -> dict[str, object]:
        profile = self._crm.profile
        if profile.extends_sessions == "browsers":
            # It wants the session of a browser, of which a cookie is not enough.
            if call.request.cookies:
                raise CrmError("AUTHENTICATION_FAILURE", "Authentication Failed")
            raise CrmError("AUTHENTICATION_REQUIRED", "Authentication required")
        if call.request.method != "POST":
            raise CrmError("AUTHENTICATION_REQUIRED", "Authencation required")
        known = call.session and self._crm.sessions.known(call.session)
        if profile.extends_sessions == "never" or not known:
            raise CrmError("AUTHENTICATION_FAILURE", "Authencation Failed")
        return self._session_facts(call.session, self._caller(call))

    def _session_facts(self, session: str, user: User) -> dict[str, object]:
        profile = self._crm.profile
        facts: dict[str, object] = {
            "sessionName": session,
            "userId": user.wire_id,
            "version": profile.api_version,
            "vtigerVersion": self._crm.version,
        }
        if profile.tag_version:
            facts["tagVersion"] = profile.tag_version
        return facts

    def _logout(self, call: ApiCall) -> dict[str, object]:
        if "logout" in self._crm.profile.crashing:
            raise Crash("logout")  # and the session stays valid
        self._crm.sessions.end(call.session)
        return {"message": "successfull"}


def _text(params: dict[str, PhpValue], name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else ""
