"""The third-party RestfulApi module: a token, bare numbers for ids, and no metadata.

It is a transport only: what the modules are made of comes from a package that was generated from
the same server's `webservice.php`. Every answer is HTTP 200: a code that is null tells of a login
or token, an empty one of the request. The module looks at nobody's rights.

The login puts the access key into the address, as the module wants it: use TLS. Tokens are bound
to the caller's IP address and are renewed when they are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, Protocol
from urllib.parse import urlsplit

from ..calls import operations as calls
from ..calls.operations import Call
from ..calls.urls import query_string
from ..errors import (
    ApiError,
    ConfigError,
    MalformedAnswer,
    NotFound,
    NotSupported,
    SessionExpired,
    VtigerError,
)
from ..ids import parse_id, whole_number
from ..metadata.kinds import Family
from ..metadata.module import ModuleMeta
from .answers import Envelope, read_envelope
from .base import Auth, Credentials, DialectName, HttpRequest, HttpResponse, LoginFlow
from .errors import Asked, api_error
from .restfulapi_columns import ITEM_MODULES, UNTOLD
from .restfulapi_filter import check_listed, parameters
from .restfulapi_forms import decoded, form
from .restfulapi_login import logged_in
from .restfulapi_pictures import check_rows, unmended

RESTFULAPI_PATH: Final = "/modules/RestfulApi/index.php"

_RENEW: Final = frozenset({"INVALID_TOKEN", "TOKEN_NOT_FOUND"})
_KEEPS_ITEMS: Final = {"ajxaction": "DETAILVIEW"}
"""In the address of a change; without it the line items are deleted and the totals set to 0."""


RIGHTS: Final = (
    "The RestfulApi module does not apply the CRM's rights: whoever has a login reads all records "
    "and fields of all modules and may delete them. Only single fields that the user's profile "
    "hides or locks are dropped, without a word, when they are written."
)


class CrmIds(Protocol):
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
    login_spacing: ClassVar[float] = 1.01
    warning: ClassVar[str] = RIGHTS
    sends_key: ClassVar[bool] = True

    def __init__(self, url: str, schema: CrmIds | None) -> None:
        """Raises `ConfigError` without a schema: the module has no metadata of its own."""
        if schema is None:
            raise ConfigError(
                "The RestfulApi module tells nothing about modules and fields. Generate a package "
                "over the same server's webservice.php and open the session with its connect(); "
                "of the command line query, export, import, sync and shell can use the module."
            )
        self._url: Final = url
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
        auth = yield from logged_in(self._url, self._endpoint, credentials, self._schema)
        return (auth,) * count

    def time_told(self, response: HttpResponse) -> datetime | None:
        return None

    def logout(self, auth: Auth) -> HttpRequest | None:
        return None

    def answer(self, call: Call[object], auth: Auth) -> object | None:
        match call:
            case calls.Me():
                return dict(auth.identity.facts)
            case calls.Owners():
                return {"users": auth.users, "groups": auth.groups}
            case _:
                return None

    # Requests

    def request(self, call: Call[object], auth: Auth) -> HttpRequest:
        match call:
            case calls.Listing(module):
                return self._get(call, parameters(self._schema.meta(module), call), auth)
            case calls.Retrieve(id):
                check_listed(self._schema.module_of(id))
                return self._get(call, self._one(id), auth)
            case calls.Create(module, values, file):
                if file is not None:
                    raise NotSupported(
                        "The RestfulApi module takes no files: upload over webservice.php."
                    )
                fields = form(self._schema.meta(module), values, auth.numbers)
                return self._send(call, "POST", {"module": module}, fields, auth)
            case calls.Revise(id, values):
                module = self._schema.module_of(id)
                if "LineItems" in values:
                    raise NotSupported(
                        "The RestfulApi module writes line items only when it creates a record."
                    )
                keeping = _KEEPS_ITEMS if module in ITEM_MODULES else {}
                fields = form(self._schema.meta(module), values, auth.numbers)
                return self._send(call, "PUT", {**self._one(id), **keeping}, fields, auth)
            case calls.Delete(id):
                return self._send(call, "DELETE", self._one(id), None, auth)
            case calls.Operation("picklist_dependency", _, params):
                asked = {
                    "module": str(params["module"]),
                    "picklist": str(params["sourcefield"]),
                    "picklistdep": "1",
                }
                return self._get(call, asked, auth)
            case calls.Operation("picklist", _, params):
                return self._get(call, {name: str(value) for name, value in params.items()}, auth)
            case _:
                raise NotSupported(
                    f"The RestfulApi module has no operation {call.operation!r}; use the server's "
                    "webservice.php for it."
                )

    def _one(self, id: str) -> dict[str, str]:
        return {"module": self._schema.module_of(id), "id": _number(id)}

    def _get(self, call: Call[object], values: Mapping[str, str], auth: Auth) -> HttpRequest:
        address = f"{self._endpoint}?{query_string({**values, 'token': auth.secret})}"
        return HttpRequest("GET", address, call.operation, secrets=(auth.secret,))

    def _send(
        self,
        call: Call[object],
        method: Literal["POST", "PUT", "DELETE"],
        values: Mapping[str, str],
        fields: Mapping[str, str] | None,
        auth: Auth,
    ) -> HttpRequest:
        address = f"{self._endpoint}?{query_string({**values, 'token': auth.secret})}"
        return HttpRequest(method, address, call.operation, form=fields, secrets=(auth.secret,))

    # Results

    def result(self, call: Call[object], response: HttpResponse) -> object:
        asked = Asked.of(call)
        envelope = read_envelope(response)
        if envelope is None:
            raise unmended(asked, response)
        if not envelope.success:
            raise _refused(asked, envelope, response)
        return self._shape(call, envelope.result, asked)

    def _shape(self, call: Call[object], result: Any, asked: Asked) -> Any:
        match call:
            case calls.Listing(module):
                if not isinstance(result, list) or not all(isinstance(row, dict) for row in result):
                    raise MalformedAnswer(f"{asked}: the result is not a list of records.")
                check_rows(asked, result)
                meta = self._schema.meta(module)
                return [self._row(meta, row, asked) for row in result]
            case calls.Retrieve(id):
                if result is None or result is False:
                    raise _gone(asked, id)
                if not isinstance(result, dict):
                    raise MalformedAnswer(f"{asked}: the result is not a record.")
                check_rows(asked, [result])
                meta = self._schema.meta(self._schema.module_of(id))
                row = self._row(meta, result, asked)
                bare = {
                    each.wire for each in meta.by_wire.values() if each.family is Family.REFERENCE
                }
                return {
                    name: value
                    for name, value in row.items()
                    if name not in bare or not value.startswith("0x")
                }
            case calls.Create(module):
                number = whole_number(result)
                if not number:
                    raise MalformedAnswer(f"{asked}: the answer holds no record number.")
                return {"id": f"{self._schema.prefix(module)}x{number}"}
            case calls.Revise(id) | calls.Delete(id):
                if result is False or result is None:
                    raise _gone(asked, id)
                revised = isinstance(call, calls.Revise)
                if (str(result) != _number(id)) if revised else (result is not True):
                    raise MalformedAnswer(f"{asked}: the result does not say what was done.")
                return {"id": str(id)} if revised else {}
            case calls.Operation("picklist_dependency", _, params):
                return _dependency(result, str(params["sourcefield"]), str(params["targetfield"]))
            case _:
                return result

    def _row(self, meta: ModuleMeta, row: Mapping[str, Any], asked: Asked) -> dict[str, str]:
        """A record with its typed id and plain text; of what it refers to only the number is
        told."""
        number = whole_number(row.get("record_id"))
        if number is None:
            raise MalformedAnswer(f"{asked}: a record of the answer has no record_id.")
        found = {"id": f"{meta.prefix}x{number}"}
        for name, value in row.items():
            each = meta.by_wire.get(name)
            if each is None or each.family in (Family.ID, Family.SECRET) or name in UNTOLD:
                continue
            text = "" if value is None else str(value)
            if each.family is Family.REFERENCE:
                found[name] = f"0x{text}" if text.strip("0").isdecimal() else ""
            else:
                found[name] = decoded(text)
        return found


def _number(id: str) -> str:
    return str(parse_id(id).number)


def _dependency(result: Any, source: str, target: str) -> dict[str, Any]:
    """The answer of the Cloud's operation, made of the module's own."""
    found = result.get("dependencies") if isinstance(result, dict) else None
    mapping = [
        {"sourcevalue": value, "targetvalues": list(allowed[target])}
        for value, allowed in (found.items() if isinstance(found, dict) else ())
        if value != "__DEFAULT__" and isinstance(allowed, dict) and target in allowed
    ]
    return {"sourcefield": source, "targetfield": target, "valuemapping": mapping}


def _refused(asked: Asked, envelope: Envelope, response: HttpResponse) -> VtigerError:
    """Null tells of the token, which the module forgets where it looks for the code; in mended
    ones the code is where it belongs."""
    detail = envelope.detail
    nameless = isinstance(detail, dict) and "code" in detail and detail["code"] is None
    if nameless or envelope.code in _RENEW:
        return SessionExpired(
            f"{asked}: the token is not valid any more: it is an hour old, was deleted, or this "
            "machine calls from another address than it logged in from.",
            code=envelope.code or "INVALID_TOKEN",
            operation=asked.operation,
            status=response.status,
        )
    message = envelope.message
    if not envelope.code and not message:
        message = "no word: it does not know the module (case counts) or cannot read the request"
    return api_error(
        asked, envelope.code, message, status=response.status, headers=response.headers
    )


def _gone(asked: Asked, id: str) -> ApiError:
    return NotFound(
        f"{asked}: there is no record {id}, or it was deleted.",
        code="RECORD_NOT_FOUND",
        operation=asked.operation,
    )
