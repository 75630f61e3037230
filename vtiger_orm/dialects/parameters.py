"""What both dialects of the vendor have in common: names of parameters, shapes of results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ..calls import operations as calls
from ..calls.operations import Call
from ..calls.urls import sendable
from ..errors import InvalidValue, MalformedAnswer, NotSupported
from ..ids import is_id, parse_id
from ..metadata.kinds import SECRET_NAMES
from .errors import Asked
from .pdo_information import with_line_items

Method: TypeAlias = Literal["GET", "POST"]


def parameters(call: Call[object]) -> tuple[Method, dict[str, Any]]:
    """How a call is sent and with which parameters, operation and authentication apart."""
    match call:
        case calls.ListTypes() | calls.Me():
            return "GET", {}
        case calls.Describe(module) | calls.RelatedTypes(module):
            return "GET", {"elementType": module}
        case calls.Query(text):
            return "GET", {"query": text}
        case calls.QueryRelated(text, id, label):
            return "GET", {"id": id, "relatedLabel": label, "query": text}
        case calls.Retrieve(id):
            return "GET", {"id": id}
        case calls.RetrieveRelated(id, label, module):
            return "GET", {"id": id, "relatedLabel": label, "relatedType": module}
        case calls.Create(module, values):
            return "POST", {"elementType": module, "element": dict(values)}
        case calls.Update(id, values) | calls.Revise(id, values):
            return "POST", {"element": {**values, "id": id}}
        case calls.Delete(id):
            return "POST", {"id": id}
        case calls.Operation(_, method, params):
            return ("GET" if method.upper() == "GET" else "POST"), dict(params)
        case _:
            raise NotSupported(f"This dialect has no operation for {type(call).__name__}.")


def as_text(value: object) -> str:
    """A parameter as text: whatever is not text is sent as JSON, as the vendor's clients do.

    Raises `InvalidValue` for what has no JSON, and for text that cannot be sent.
    """
    if isinstance(value, str):
        return sendable(value)
    try:
        told = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValue(f"A parameter cannot be sent as JSON: {error}.") from None
    return sendable(told)


def public_facts(user: Mapping[str, Any]) -> dict[str, Any]:
    """What a server tells about a user, without the access key and password hash among it."""
    return {name: value for name, value in user.items() if name.lower() not in SECRET_NAMES}


def shape(call: Call[object], result: object, asked: Asked) -> object:
    """The result as its call promises it; raises `MalformedAnswer` for anything else."""
    match call:
        case calls.Query() | calls.QueryRelated() | calls.RetrieveRelated():
            # PHP's lists with holes come as objects; an empty list comes as one, and no other
            # thing says that there are no rows.
            rows = list(result.values()) if isinstance(result, Mapping) and result else result
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise _odd(asked, "a list of records", result)
            return rows
        case calls.Operation() | calls.ListTypes():
            return result
        case calls.Create():
            return with_line_items(_record(asked, result))
        case calls.Retrieve(id) | calls.Revise(id, _) | calls.Update(id, _):
            row = _record(asked, result)
            # Prefixes may differ (Calendar and Events), numbers are unique.
            if parse_id(row["id"]).number != parse_id(id).number:
                raise MalformedAnswer(f"{asked} of {id}: the CRM answered with {row['id']}.")
            return with_line_items(row)
        case calls.Delete(id):
            if not isinstance(result, dict) or result.get("status") != "successful":
                raise MalformedAnswer(
                    f"{asked} of {id}: the CRM does not say that it was done. It may be deleted: "
                    "query for the id to be sure."
                )
            return result
        case _:
            if not isinstance(result, dict):
                raise _odd(asked, "a record", result)
            return result


def _record(asked: Asked, result: object) -> Mapping[str, Any]:
    """A record with its id: what comes without one would be created once more by the next save."""
    if not isinstance(result, dict):
        raise _odd(asked, "a record", result)
    id = result.get("id")
    if not isinstance(id, str) or not is_id(id):
        raise MalformedAnswer(f"{asked}: the CRM reports success, but sent a record without an id.")
    return result


def _odd(asked: Asked, expected: str, result: object) -> MalformedAnswer:
    return MalformedAnswer(
        f"{asked}: the CRM reports success, but its result is not {expected}: "
        f"{type(result).__name__}{', and empty' if result == {} else ''}."
    )
