"""A list of the RestfulApi module: from a `Listing` to the parameters of the request.

Only columns that are known and values that survive the filter are let through: the planner asks
`sayable` before it says anything, and whatever is wrong here is refused before it is sent.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from ..calls.operations import Criterion, Listing
from ..errors import NotSupported
from ..ids import is_id, parse_id
from ..metadata.kinds import Family
from ..metadata.module import ModuleMeta
from .restfulapi_columns import FIRST_ITEM, ITEM_MODULES, NOT_CONVERTED, TASKS, UNLISTED, column_of

_OPERATORS: Final = {"=": "eq", "!=": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_UNSAYABLE: Final = re.compile(r"[:;<>\\\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
"""Signs that the filter takes for its own."""
_LONGEST: Final = 1000
"""Characters of a value: it travels in the address."""
_MOMENT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)")
_NUMBER: Final = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def check_listed(module: str) -> None:
    """Raise `NotSupported` for a module of which the server has no true list."""
    if (reason := UNLISTED.get(module)) is not None:
        raise NotSupported(
            f"The RestfulApi module cannot list {module}: {reason}. Read it over the server's "
            "webservice.php."
        )


def sayable(meta: ModuleMeta, said: Criterion) -> bool:
    """Whether the filter decides this comparison as it stands."""
    return _spelt(meta, said) is not None


def parameters(meta: ModuleMeta, listing: Listing) -> dict[str, str]:
    """The parameters of the module's list. Raises `NotSupported`."""
    check_listed(meta.name)
    criteria = []
    for said in listing.criteria:
        text = _spelt(meta, said)
        if text is None:
            _refuse(f"its filter cannot compare {said.wire!r} with {said.value!r}")
        criteria.append(text)
    if meta.name in ITEM_MODULES and not _is_one(listing):
        criteria.append(FIRST_ITEM)
    if meta.name == "Calendar":
        criteria.append(TASKS)
    if meta.name == "Leads":
        criteria.append(NOT_CONVERTED)
    terms = []
    for wire, descending in listing.order:
        column = column_of(meta, wire)
        if column is None:
            _refuse(f"the column of {meta.name}.{wire} is not known")
        terms.append(f"{column.name} DESC" if descending else column.name)
    found = {
        "module": meta.name,
        "start": str(listing.start),
        "length": str(listing.length),
        "order": ",".join(terms),
    }
    if criteria:
        found["criteria"] = ";".join(criteria)
    return found


def _is_one(listing: Listing) -> bool:
    """Whether one record is asked for: its rows all say the same of it."""
    return any(said.wire == "id" and said.operator == "=" for said in listing.criteria)


def _spelt(meta: ModuleMeta, said: Criterion) -> str | None:
    """``table.column:op:value``, without what the filter takes for no value; None where the
    comparison cannot be said."""
    field, column = meta.by_wire.get(said.wire), column_of(meta, said.wire)
    if field is None or column is None:
        return None
    operator, value = said.operator, said.value
    if field.family in (Family.ID, Family.REFERENCE):
        compares = column.type == "integer" or (column.type == "key" and operator == "=")
        if not compares or not is_id(value):
            return None
        value = str(parse_id(value).number)
        if value == "0":
            return None
    else:
        match field.family, column.type:
            case Family.BOOLEAN, _:
                if operator not in ("=", "!=") or value not in ("0", "1"):
                    return None
                if value == "0":
                    operator, value = ("!=" if operator == "=" else "="), "1"
            case Family.INTEGER | Family.DECIMAL, "integer" | "decimal":
                if _NUMBER.fullmatch(value) is None:
                    return None
                value = value if value.strip("-0.") else "0.0"
            case Family.DATE, "date":
                if _DAY.fullmatch(value) is None:
                    return None
            case Family.DATETIME, "datetime":
                moment = _MOMENT.fullmatch(value)
                if moment is None:
                    return None
                value = "".join(moment.groups())
            case Family.TEXT | Family.CHOICE, "text":
                if not value or value == "0" or value != value.strip() or len(value) > _LONGEST:
                    return None
                if _UNSAYABLE.search(value) is not None:
                    return None
                value = value.replace("/", "\\/")
            case _:
                return None
    return f"{column.name}:{_OPERATORS[operator]}:{value}"


def _refuse(reason: str) -> NoReturn:
    raise NotSupported(f"The RestfulApi module cannot answer this: {reason}.")
