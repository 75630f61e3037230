"""``/modules/RestfulApi/*``: the third-party module (mediacrm), both URL styles.

It is a door of its own kind: tokens bound to the caller's address, bare record numbers, rows of
plain fields, a filter made of table and column names. What its code does by mistake is done here
as well: ``like`` means ``=``, an empty value or ``0`` in a filter finds nothing, a value with a
slash is taken for more parameters.
"""

from __future__ import annotations

import json
import re
from typing import Final

from ..calls import ApiCall, Outcome, rows_of
from ..engine import Crash, CrmError, PlainText, User
from ..engine.documents import decoded
from ..http import (
    PhpValue,
    Request,
    Response,
    failure,
    json_response,
    parse_urlencoded,
    success,
    text_response,
)
from ..installation import Installation
from .restfulapi_records import Records, UnknownModule

_ROOT: Final = "/modules/RestfulApi/"
_CORS: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE"),
    (
        "Access-Control-Allow-Headers",
        "Content-Type, Content-Range, Content-Disposition, Content-Description",
    ),
)
_TOKEN: Final = "([a-zA-Z0-9]{32})"
_REWRITES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[auth|Auth]+/([^/]+)", r"module=Auth&key=\1"),
        (r"[auth|Auth]+/([^/]+)/([^/]+)", r"module=Auth&login=\1&password=\2"),
        (rf"([^/]+)/([0-9]+)/{_TOKEN}", r"module=\1&id=\2&token=\3"),
        (rf"([^/]+)/criteria/([^/]+)/{_TOKEN}", r"module=\1&token=\3&criteria=\2"),
        (
            rf"([^/]+)/criteria/([^/]+)/(.+)/{_TOKEN}",
            r"module=\1&token=\4&criteria=\2&params=\3",
        ),
        (rf"([^/]+)/picklist/([^/]+)/{_TOKEN}", r"module=\1&token=\3&picklist=\2"),
        (
            rf"([^/]+)/action/([^/]+)/(.+)/{_TOKEN}",
            r"module=\1&action=\2&token=\4&params=\3",
        ),
        (rf"([^/]+)/(.+)/{_TOKEN}", r"module=\1&token=\3&params=\2"),
        (r"([^/]+)/([^/]+)", r"module=\1&token=\2"),
    )
)
"""The module's rewrite rules, in their order; the first that fits the whole path counts."""

_UNESCAPED_SLASH: Final = re.compile(r"[^\\]/")
_POSITIVE: Final = re.compile(r"\s*0*[1-9]")
_TAG: Final = re.compile(r"<[^>]*>")
_ACTIONS: Final = {"GET": "retrieve", "PUT": "update", "DELETE": "delete"}


class RestfulApiFace:
    """The API of the RestfulApi module, as of its last release (2017)."""

    name = "restfulapi"

    def __init__(self, crm: Installation) -> None:
        self._crm = crm

    def accepts(self, path: str) -> bool:
        return _ROOT in path

    def read(self, request: Request) -> ApiCall:
        url = _rewritten(request)
        everything = {**url, **request.form}
        module = _text(everything, "module")
        given = _inputs(request, url)
        if module == "Auth":
            names = ("key", "login", "password")
            params: dict[str, PhpValue] = {
                name: everything[name] for name in names if name in everything
            }
            return ApiCall(self.name, "login", request, params)
        operation = _ACTIONS.get(request.method, "")
        if request.method == "POST":
            operation = "update" if _POSITIVE.match(_text(everything, "id")) else "create"
        action = given.pop("action", None)
        if isinstance(action, str) and action.lower() in {"create", "retrieve", "update", "delete"}:
            operation = action.lower()
        for name in ("module", "token"):
            given.pop(name, None)
        if operation in {"update", "delete"} and "id" in everything:
            given["id"] = everything["id"]
        return ApiCall(
            face=self.name,
            operation=operation,
            request=request,
            params={**given, "module": module},
            session=_text(everything, "token"),
        )

    def answer(self, call: ApiCall) -> Outcome:
        if call.operation == "login":
            return self._login(call)
        if not call.session:
            return _refused(400, "TOKEN_NOT_FOUND", "Token not found")
        name = self._crm.tokens.user(call.session, call.request.client)
        user = self._crm.engine.user(name) if name else None
        if user is None:
            return _refused(400, "INVALID_TOKEN", "Invalid token")
        if not call.operation or not call.module:
            return _refused(406)
        try:
            return self._perform(user, call)
        except UnknownModule:
            return _refused(404, user=user.name)
        except PlainText as error:
            return Outcome(text_response(error.text), user.name, "plain text")
        except (Crash, CrmError) as error:
            # Nothing in the module catches what the CRM throws: PHP stops.
            code = str(error.code) if isinstance(error, CrmError) else "HTTP 500"
            return Outcome(text_response(status=500), user.name, code)

    def _login(self, call: ApiCall) -> Outcome:
        key = call.text("key")
        if key:
            user = next((each for each in self._crm.users() if each.access_key == key), None)
        elif "login" in call.params and "password" in call.params:
            user = self._crm.user_with_password(call.text("login"), call.text("password"))
        else:
            return _refused(406)
        if user is None:
            # The module looks for code and message one level too high: both are empty.
            return _refused(200, None, None)
        token = self._crm.tokens.open(user.name, call.request.client)
        return _ok(token, user.name)

    def _perform(self, user: User, call: ApiCall) -> Outcome:
        records = Records(self._crm.engine, user, call.module, self._crm.clock)
        params = {name: value for name, value in call.params.items() if name != "module"}
        record = _text(params, "id")
        if call.operation == "create":
            return _ok(records.create(params), user.name, status=201)
        if call.operation == "update":
            return _refused(406) if not record else _ok(records.update(record, params), user.name)
        if call.operation == "delete":
            return _refused(406) if not record else _ok(records.delete(record), user.name)
        if record and record != "0":
            return _ok(records.one(record), user.name)
        picklist = _text(params, "picklist")
        if picklist:
            dependencies = _text(params, "picklistdep") not in {"", "0"}
            return _ok(records.picklist(picklist, dependencies=dependencies), user.name)
        rows = records.page(
            start=_text(params, "start"),
            length=_text(params, "length"),
            criteria=_text(params, "criteria"),
            order=_text(params, "order"),
        )
        return _ok(rows, user.name)


def _rewritten(request: Request) -> dict[str, PhpValue]:
    """The URL's parameters; a path is rewritten, and then its own query string is lost."""
    rest = request.path.partition(_ROOT)[2]
    if rest in {"", "index.php"}:
        return request.query
    for pattern, replacement in _REWRITES:
        match = pattern.fullmatch(rest)
        if match is not None:
            return parse_urlencoded(match.expand(replacement))
    return {}


def _inputs(request: Request, url: dict[str, PhpValue]) -> dict[str, PhpValue]:
    """The parameters of the method's own kind: of the URL for GET and DELETE, else of the body.

    Values with a slash that has no backslash before it are read as ``name/value`` pairs.
    """
    if request.method == "POST":
        raw = request.form or _json_object(request.body)
    elif request.method == "PUT":
        raw = parse_urlencoded(request.body.decode("utf-8", "replace"))
    else:
        raw = url
    result: dict[str, PhpValue] = {}
    for name, given in raw.items():
        value = _clean(given)
        if name in {"module", "action", "token"} or isinstance(value, dict):
            result[name] = value
        elif not _UNESCAPED_SLASH.search(value):
            result[name] = value.replace("\\/", "/")
        else:
            parts = value.split("/")
            for index in range(0, len(parts) - 1, 2):
                result[parts[index]] = parts[index + 1].replace("\\/", "/")
    return result


def _clean(value: PhpValue) -> PhpValue:
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    return _TAG.sub("", value).strip()


def _json_object(body: bytes) -> dict[str, PhpValue]:
    try:
        data = decoded(body or b"{}")
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in data.items()
        if value is not None
    }


def _text(params: dict[str, PhpValue], name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else ""


def _with_cors(response: Response) -> Response:
    return Response(response.status, response.body, (*response.headers, *_CORS), response.reason)


def _ok(result: object, user: str, *, status: int = 200) -> Outcome:
    response = _with_cors(json_response(success(result), status=status))
    return Outcome(response, user, rows=rows_of(result))


def _refused(
    status: int, code: str | None = "", message: str | None = "", *, user: str = ""
) -> Outcome:
    response = _with_cors(json_response(failure(code, message), status=status))
    return Outcome(response, user, code or f"HTTP {status}")
