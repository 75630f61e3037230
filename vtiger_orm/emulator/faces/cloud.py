"""``/restapi/v1/vtiger/default/<operation>``: Basic authentication, HTTP status codes, limits.

The message of an error stands in the status line; the body is the usual JSON, or empty where
the profile says so.
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace
from typing import Final

from ..calls import ApiCall, Handled, rows_of
from ..engine import Crash, CrmError, NotMeasured, PlainText, User
from ..http import (
    Delivery,
    PhpValue,
    Request,
    Response,
    failure,
    json_response,
    success,
    text_response,
)
from ..installation import Installation
from .operations import ALIASES, registered

_ROOT: Final = "/restapi/v1/vtiger/default"
_SESSION_OPERATIONS: Final = frozenset({"login", "getchallenge", "logout", "extendsession"})
_EITHER_METHOD: Final = frozenset({"tags_retrieve", "editionlimits"})


class CloudFace:
    """The API of the Vtiger Cloud."""

    name = "cloud"

    def __init__(self, crm: Installation) -> None:
        self._crm = crm

    def accepts(self, path: str) -> bool:
        return f"{_ROOT}/" in f"{path}/"

    def read(self, request: Request) -> ApiCall:
        operation = request.path.partition(_ROOT)[2].strip("/").lower()
        user, _ = _credentials(request)
        return ApiCall(
            face=self.name,
            operation=ALIASES.get(operation, operation),
            request=request,
            # The manuals print the parameters of a POST in the URL too: both are read.
            params={**request.query, **request.form},
            files=request.files,
            user=user,
        )

    def answer(self, call: ApiCall) -> Handled:
        outcome = self._answer(call)
        headers = {"X-Vtiger-Version": self._crm.version} if self._crm.tells_version else {}
        if outcome.response.status != 401:
            headers |= self._crm.limits.headers(refused=outcome.response.status == 429)
        response = replace(
            outcome.response,
            headers=(*outcome.response.headers, *headers.items()),
            delivery=Delivery(keep_alive=True),
        )
        return replace(outcome, response=response)

    def _answer(self, call: ApiCall) -> Handled:
        user = self._user(call.request)
        if user is None:
            return self._error(call, "ACCESS_DENIED", "Invalid authentication information", 401)
        if not self._crm.limits.take():
            return self._error(call, "TOO_MANY_REQUESTS", "API rate limit exceeded", 429)
        known = registered(call.operation, self._crm.profile)
        if known is None or call.operation in _SESSION_OPERATIONS:
            return self._error(call, "UNKNOWN_OPERATION", "Unknown operation requested", 400)
        if call.request.method != known.method and call.operation not in _EITHER_METHOD:
            return self._error(call, "OPERATION_NOT_SUPPORTED", "Method Not Allowed", 405)
        try:
            params = {name: _wire(value) for name, value in call.params.items()}
            params = {name: value for name, value in params.items() if value != "null"}
            answer = self._crm.engine.answer(user, call.operation, params, call.files)
        except CrmError as error:
            code, message = error.code, error.message
            if code == 0:
                code, message = "DUPLICATE_RECORD_FOUND", "Duplicate record found"
            return self._error(call, str(code), message, 400)
        except (Crash, NotMeasured, PlainText):
            return Handled(text_response(status=500), call.user, "HTTP 500")
        result = answer.result
        return Handled(json_response(success(result)), call.user, rows=rows_of(result))

    def _user(self, request: Request) -> User | None:
        name, key = _credentials(request)
        user = self._crm.engine.user(name) if name else None
        if user is None or not user.access_key:
            return None
        if not hmac.compare_digest(user.access_key.encode(), key.encode()):
            return None
        return user

    def _error(self, call: ApiCall, code: str, message: str, status: int) -> Handled:
        if self._crm.profile.error_body:
            response = json_response(failure(code, message), status=status, reason=message)
        else:
            response = Response(status=status, reason=message)
        if status == 401:
            challenge = ("WWW-Authenticate", 'Basic realm="Vtiger"')
            response = replace(response, headers=(*response.headers, challenge))
        return Handled(response, call.user, code)


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, key = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return "", ""
    return name, key


def _wire(value: PhpValue) -> str:
    """A parameter as text; ``fieldTypeList[]=grid`` becomes the JSON list it stands for."""
    if isinstance(value, str):
        return value
    items = [_wire(item) for item in value.values()]
    if list(value) == [str(index) for index in range(len(value))]:
        return json.dumps(items)
    return json.dumps(dict(zip(value, items)))
