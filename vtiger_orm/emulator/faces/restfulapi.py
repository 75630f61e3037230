"""``/modules/RestfulApi/*``: the third-party module (mediacrm), both URL styles.

It is a door of its own kind: HTTP 200 whatever happens, tokens bound to the caller's address and
made of the second, bare record numbers, rows of the database, a filter made of table and column
names, and no look at anybody's rights. What its code does by mistake is done here as well:
``like`` means ``=``, an empty value or ``0`` in a filter finds nothing, a value with a slash is
taken for more parameters, saving an offer deletes its items.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..calls import ApiCall, Handled, rows_of
from ..engine import Crash, CrmError, NotMeasured, User
from ..http import (
    PhpValue,
    Request,
    Response,
    json_response,
    parse_urlencoded,
    success,
    text_response,
)
from ..installation import Installation
from .restfulapi_records import TOKENS_MODULE, Records, UnknownModule, token_rows
from .restfulapi_writing import Writing

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
            operation = "update" if _number(_text(everything, "id")) > 0 else "create"
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

    def answer(self, call: ApiCall) -> Handled:
        user = ""
        try:
            if call.operation == "login":
                return self._login(call)
            if not call.session:
                return self._refused("TOKEN_NOT_FOUND", "Token not found")
            caller = self._caller(call)
            if caller is None:
                known = self._crm.profile.restfulapi_fork
                return self._refused("INVALID_TOKEN", "Invalid token") if known else _REFUSED_LOGIN
            user = caller.name
            if self._mends == "login and token":
                return self._half_mended(call, user)
            if not call.operation or not call.module:
                return self._refused(user=user)
            return self._perform(caller, call)
        except UnknownModule:
            return self._refused(user=user)
        except (Crash, CrmError) as error:
            # Nothing in the module catches what the CRM throws: PHP stops.
            code = str(error.code) if isinstance(error, CrmError) else "HTTP 500"
            return Handled(text_response(status=500), user, code)
        except NotMeasured as error:
            return Handled(text_response(str(error), status=501), user, "not measured")

    @property
    def _mends(self) -> str:
        return self._crm.profile.restfulapi_mends

    def _caller(self, call: ApiCall) -> User | None:
        """The user of the token. Raises `Crash` where the check was not mended."""
        if self._mends in ("login", "none"):
            raise Crash("the token check of an unmended module")
        number = self._crm.tokens.user(call.session, call.request.client)
        return next((each for each in self._crm.users() if each.number == number), None)

    def _half_mended(self, call: ApiCall, user: str) -> Handled:
        """Rows without anything but one change, and fatals where there is nothing to tell."""
        if call.request.method == "POST" and not call.request.body:
            raise Crash("POST with an empty body")
        if not call.operation or not call.module:
            raise Crash("an error without data")
        if call.operation != "retrieve":
            raise NotMeasured(self._crm.profile.name, f"{call.operation} of a half-mended module")
        rows: Sequence[object]
        if call.module == TOKENS_MODULE:
            rows = token_rows(self._crm.tokens, self._crm.clock, call.text("criteria"))
        else:
            records = Records(self._crm.engine, call.module, self._crm.clock)
            rows = records.page(start="", length=call.text("length"), criteria="", order="")
        return _ok([{"changed": ["api_date_now"]} for _ in rows], user)

    def _login(self, call: ApiCall) -> Handled:
        if self._mends == "none":
            raise Crash("a function of the login without its argument")
        key = call.text("key")
        if key:
            user = next((each for each in self._crm.users() if each.access_key == key), None)
        elif "login" in call.params and "password" in call.params:
            user = self._crm.user_with_password(call.text("login"), call.text("password"))
        else:
            return self._refused()
        if user is None:
            return _REFUSED_LOGIN
        token = self._crm.tokens.open(user.number, call.request.client)
        return _ok(token, user.name)

    def _perform(self, user: User, call: ApiCall) -> Handled:
        params = {name: value for name, value in call.params.items() if name != "module"}
        if call.module == TOKENS_MODULE:
            if call.operation != "retrieve":
                raise NotMeasured(self._crm.profile.name, "writing records of tokens")
            rows = token_rows(self._crm.tokens, self._crm.clock, _text(params, "criteria"))
            return _ok(rows, user.name)
        engine = self._crm.engine
        records = Records(engine, call.module, self._crm.clock)
        with engine.store.lock:
            if call.operation == "retrieve":
                return self._read(records, params, user.name)
            writing = Writing(engine, user, engine.schema.modules[call.module])
            record = _text(params, "id")
            if call.operation == "create":
                made = writing.create(params)
                self._workflows(call.module)
                return _ok(made, user.name)
            if not record:
                return self._refused(user=user.name)
            if not records.exists(record):
                return _ok(False, user.name)
            if call.operation == "delete":
                writing.delete(int(record))
                return _ok(True, user.name)
            url = _rewritten(call.request)
            whole = {**url, **call.request.form} if call.request.method == "POST" else url
            keeps = self._crm.profile.restfulapi_keeps_items
            details = keeps and _text(whole, "ajxaction") == _DETAILS
            writing.update(int(record), params, keep_items=details)
            self._workflows(call.module)
            return _ok(record, user.name)

    def _workflows(self, module: str) -> None:
        """They run when the record is stored, and nothing catches what one of them throws."""
        if module in self._crm.failing_workflows:
            raise Crash("a workflow that fails")

    def _read(self, records: Records, params: dict[str, PhpValue], user: str) -> Handled:
        record = _text(params, "id")
        if record and record != "0":
            return _ok(records.one(record), user)
        picklist = _text(params, "picklist")
        if picklist:
            dependencies = _text(params, "picklistdep") not in {"", "0"}
            return _ok(records.picklist(picklist, dependencies=dependencies), user)
        rows = records.page(
            start=_text(params, "start"),
            length=_text(params, "length"),
            criteria=_text(params, "criteria"),
            order=_text(params, "order"),
        )
        return _ok(rows, user)

    def _refused(self, code: str = "", message: str = "", *, user: str = "") -> Handled:
        return _failed(code, message, user)


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
        data: object = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in data.items()
        if value is not None
    }


def _number(text: str) -> int:
    match = re.match(r"\s*(\d+)", text)
    return int(match[1]) if match else 0


def _text(params: dict[str, PhpValue], name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else ""


def _with_cors(response: Response) -> Response:
    return Response(response.status, response.body, (*response.headers, *_CORS), response.reason)


def _answer(content: dict[str, object]) -> Response:
    """Every answer is HTTP 200: the status is kept where nobody looks for it."""
    response = json_response(content)
    headers = tuple(
        (name, "text/json" if name == "Content-Type" else value) for name, value in response.headers
    )
    return _with_cors(replace(response, headers=headers))


def _ok(result: object, user: str) -> Handled:
    return Handled(_answer(success(result)), user, rows=rows_of(result))


def _failed(code: str | None, message: str | None, user: str = "") -> Handled:
    error = {"code": code, "message": message, "title": message}
    return Handled(_answer({"success": False, "error": error}), user, code or "refused")


# Code and message of a login or token are looked for one level too high.
_REFUSED_LOGIN: Final = _failed(None, None)
_DETAILS: Final = "DETAILVIEW"
