"""The third-party RestfulApi module: a token, bare numbers for ids, and no metadata.

It is a transport only: what the modules are made of comes from a package that was generated from
the same server's `webservice.php`. The module is unmaintained and does not run on PHP 8; support
is best effort, and whatever it does not do exactly is refused.

The login puts the access key into the address, as the module wants it: use TLS. Tokens are bound
to the caller's IP address and are renewed when they are refused.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol
from urllib.parse import urlsplit

from ..calls import operations as calls
from ..calls.operations import Call
from ..calls.urls import query_string
from ..errors import (
    ApiError,
    AuthError,
    ConfigError,
    MalformedAnswer,
    NotFound,
    NotSupported,
    SessionExpired,
)
from ..ids import parse_id
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from .answers import read_envelope
from .base import Auth, Credentials, DialectName, HttpRequest, HttpResponse, Identity, LoginFlow
from .errors import Asked, api_error, unusable
from .restfulapi_filter import parameters, read

RESTFULAPI_PATH: Final = "/modules/RestfulApi/index.php"

_RENEW: Final = frozenset({"INVALID_TOKEN", "TOKEN_NOT_FOUND"})
_ITEM_FIELDS: Final = {
    "quantity": "qty",
    "listprice": "listPrice",
    "comment": "comment",
    "discount_percent": "discount_percentage",
    "discount_amount": "discount_amount",
    "tax1": "tax1_percentage",
}


class Schema(Protocol):
    """What the dialect has to know of the CRM, which the module itself does not tell."""

    def meta(self, module: str) -> ModuleMeta:
        """Raises `SchemaMismatch` for a module that is not known."""
        ...

    def prefix(self, module: str) -> str | None:
        """The number before the ``x`` of the module's ids."""
        ...

    def module_of(self, id: str) -> str:
        """The module of an id; raises `InvalidId`."""
        ...


class RestfulApi:
    """The dialect of the RestfulApi module (mediacrm / sardoj)."""

    name: ClassVar[DialectName] = "restfulapi"
    renews: ClassVar[bool] = True
    serialises: ClassVar[bool] = False
    sends_key: ClassVar[bool] = True

    def __init__(self, url: str, schema: Schema | None) -> None:
        """Raises `ConfigError` without a schema: the module has no metadata of its own."""
        if schema is None:
            raise ConfigError(
                "The RestfulApi module tells nothing about modules and fields. Generate a package "
                "over the same server's webservice.php and open the session with its connect()."
            )
        self._endpoint: Final = f"{url}{RESTFULAPI_PATH}"
        self._schema: Final = schema

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def overhead(self) -> int:
        return len(urlsplit(self._endpoint).path) + 200

    # Login

    def login(self, credentials: Credentials, count: int = 1) -> LoginFlow:
        """By access key; where that is refused, the same secret is tried as the password."""
        asked = Asked("login")
        auths = []
        for _ in range(count):
            response = yield self._auth({"key": credentials.access_key}, credentials)
            token = _token(asked, response)
            if token is None:
                response = yield self._auth(
                    {"login": credentials.username, "password": credentials.access_key}, credentials
                )
                token = _token(asked, response)
            if token is None:
                raise AuthError(
                    "login was refused by the RestfulApi module. It takes the user's access key "
                    "(My Preferences in the CRM), or the password together with the user name.",
                    operation="login",
                    status=response.status,
                )
            auths.append(Auth(Identity("", credentials.username), token))
        return tuple(auths)

    def _auth(self, values: dict[str, str], credentials: Credentials) -> HttpRequest:
        address = f"{self._endpoint}?{query_string({'module': 'Auth', **values})}"
        return HttpRequest("GET", address, "login", secrets=(credentials.access_key,))

    def time_told(self, response: HttpResponse) -> datetime | None:
        return None

    def logout(self, auth: Auth) -> HttpRequest | None:
        return None

    def answer(self, call: Call[object], auth: Auth) -> object | None:
        if isinstance(call, calls.Me):
            raise NotSupported(
                "The RestfulApi module does not tell who a token belongs to. Give owners "
                "explicitly, or leave them out: the CRM takes the token's user."
            )
        return None

    # Requests

    def request(self, call: Call[object], auth: Auth) -> HttpRequest:
        match call:
            case calls.Query(text, module):
                meta = self._schema.meta(module or _module_of(text))
                return self._get(call, parameters(meta, read(text)), auth)
            case calls.Retrieve(id):
                return self._get(call, self._one(id), auth)
            case calls.Create(module, values, file):
                if file is not None:
                    raise NotSupported(
                        "The RestfulApi module takes no files: upload over webservice.php."
                    )
                return self._send(
                    call, "POST", {"module": module}, self._form(module, values), auth
                )
            case calls.Revise(id, values):
                module = self._schema.module_of(id)
                if "LineItems" in values:
                    raise NotSupported(
                        "The RestfulApi module writes line items only when it creates a record."
                    )
                return self._send(call, "PUT", self._one(id), self._form(module, values), auth)
            case calls.Delete(id):
                return self._send(call, "DELETE", self._one(id), None, auth)
            case calls.Operation("picklist_dependency", _, params):
                values = {
                    "module": str(params["module"]),
                    "picklist": str(params["sourcefield"]),
                    "picklistdep": "1",
                }
                return self._get(call, values, auth)
            case calls.Operation("picklist", _, params):
                return self._get(call, {name: str(value) for name, value in params.items()}, auth)
            case _:
                raise NotSupported(
                    f"The RestfulApi module has no operation {call.operation!r}; use the server's "
                    "webservice.php for it."
                )

    def _one(self, id: str) -> dict[str, str]:
        return {"module": self._schema.module_of(id), "id": str(parse_id(id).number)}

    def _get(self, call: Call[object], values: Mapping[str, str], auth: Auth) -> HttpRequest:
        address = f"{self._endpoint}?{query_string({**values, 'token': auth.secret})}"
        return HttpRequest("GET", address, call.operation, secrets=(auth.secret,))

    def _send(
        self,
        call: Call[object],
        method: Any,
        values: Mapping[str, str],
        form: Mapping[str, str] | None,
        auth: Auth,
    ) -> HttpRequest:
        address = f"{self._endpoint}?{query_string({**values, 'token': auth.secret})}"
        return HttpRequest(method, address, call.operation, form=form, secrets=(auth.secret,))

    def _form(self, module: str, values: Mapping[str, Any]) -> dict[str, str]:
        """Bare numbers for references; line items under the module's own names."""
        meta = self._schema.meta(module)
        form: dict[str, str] = {}
        for name, value in values.items():
            if name == "LineItems":
                form["items"] = json.dumps([_item(each) for each in value])
                continue
            each = meta.by_wire.get(name)
            text = "" if value is None else str(value)
            if each is not None and each.family is Family.REFERENCE:
                text = str(parse_id(text).number) if text else ""
            # A value with a slash would be taken for names and values of parameters.
            form[name] = text.replace("/", "\\/")
        if "items" in form:
            form.pop("productid", None)
        return form

    # Results

    def result(self, call: Call[object], response: HttpResponse) -> object:
        asked = Asked.of(call)
        envelope = read_envelope(response)
        if envelope is None:
            raise unusable(asked, response)
        if not envelope.success:
            if envelope.code in _RENEW:
                raise SessionExpired(
                    f"{asked}: the token is not valid any more, or this machine's address changed.",
                    code=envelope.code,
                    operation=asked.operation,
                    status=response.status,
                )
            raise _refused(asked, envelope.code, envelope.message, response)
        return self._shape(call, envelope.result, asked)

    def _shape(self, call: Call[object], result: Any, asked: Asked) -> Any:
        match call:
            case calls.Query(text, module):
                meta = self._schema.meta(module or _module_of(text))
                if not isinstance(result, list):
                    raise MalformedAnswer(f"{asked}: the result is not a list of records.")
                wanted = read(text).columns
                return [self._row(meta, row, wanted) for row in result]
            case calls.Retrieve(id):
                if not isinstance(result, dict):
                    raise _gone(asked, id)
                return self._row(self._schema.meta(self._schema.module_of(id)), result, ())
            case calls.Create(module):
                number = str(result)
                if not number.isdecimal():
                    raise MalformedAnswer(f"{asked}: the answer holds no record number.")
                return {"id": f"{self._schema.prefix(module)}x{number}"}
            case calls.Revise(id) | calls.Delete(id):
                if result is False or result is None:
                    raise _gone(asked, id)
                return {"id": str(id)} if isinstance(call, calls.Revise) else {}
            case calls.Operation("picklist_dependency", _, params):
                return _dependency(result, str(params["sourcefield"]), str(params["targetfield"]))
            case _:
                return result

    def _row(self, meta: ModuleMeta, row: Mapping[str, Any], wanted: tuple[str, ...]) -> Any:
        """A record as the other dialects have it: typed ids, plain text, the columns asked for."""
        found: dict[str, Any] = {"id": f"{meta.prefix}x{row.get('record_id')}"}
        for name, value in row.items():
            each = meta.by_wire.get(name)
            if each is None or each.family in (Family.ID, Family.SECRET):
                continue
            if wanted and name not in wanted:
                continue
            if each.family is Family.REFERENCE:
                reference = self._reference(each, str(value or ""))
                if reference is not None:
                    found[name] = reference
            else:
                found[name] = html.unescape(str(value)) if value is not None else ""
        return found

    def _reference(self, each: FieldMeta, number: str) -> str | None:
        """The id for a bare number; None where the module cannot be told from it.

        An owner is taken for a user: groups share their numbers, and users are the rule.
        """
        if number in ("", "0"):
            return ""
        targets = ("Users",) if each.kind is Kind.OWNER else each.targets
        prefix = self._schema.prefix(targets[0]) if len(targets) == 1 else None
        return None if prefix is None or not number.isdecimal() else f"{prefix}x{number}"


def _item(item: Mapping[str, Any]) -> dict[str, str]:
    named = {
        ours: str(item[wire]) for wire, ours in _ITEM_FIELDS.items() if item.get(wire) is not None
    }
    return {"hdnProductId": str(parse_id(str(item["productid"])).number), **named}


def _dependency(result: Any, source: str, target: str) -> dict[str, Any]:
    """The answer of the Cloud's operation, made of the module's own."""
    found = result.get("dependencies") if isinstance(result, dict) else None
    mapping = [
        {"sourcevalue": value, "targetvalues": list(allowed[target])}
        for value, allowed in (found.items() if isinstance(found, dict) else ())
        if value != "__DEFAULT__" and isinstance(allowed, dict) and target in allowed
    ]
    return {"sourcefield": source, "targetfield": target, "valuemapping": mapping}


def _token(asked: Asked, response: HttpResponse) -> str | None:
    envelope = read_envelope(response)
    if envelope is None:
        raise unusable(asked, response)
    token = envelope.result if envelope.success else None
    return token if isinstance(token, str) and token else None


def _refused(asked: Asked, code: str, message: str, response: HttpResponse) -> Exception:
    if not code and response.status == 404:
        message = message or "there is no such module"
    return api_error(asked, code, message, status=response.status, headers=response.headers)


def _gone(asked: Asked, id: str) -> ApiError:
    return NotFound(
        f"{asked}: there is no record {id}, or it was deleted.",
        code="RECORD_NOT_FOUND",
        operation=asked.operation,
    )


def _module_of(text: str) -> str:
    words = text.split()
    lowered = [word.lower() for word in words]
    return words[lowered.index("from") + 1].rstrip(";") if "from" in lowered else ""
