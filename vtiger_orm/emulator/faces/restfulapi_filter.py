"""The filter and order of the RestfulApi module as statements of the query language.

The module pastes table and column names into SQL. What its SQL would not run finds nothing, and
what its code does by mistake is done here as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..engine.casts import digits
from ..engine.schema import Field, Module

_OPERATORS: Final = {"neq": "!=", "lt": "<", "gt": ">", "lte": "<=", "gte": ">="}
"""Everything else, ``like`` too, falls through to ``=``."""
_ALIAS: Final = "CE"
_JOINED_AS_ALIAS: Final = "vtiger_crmentity"
_COLUMN: Final = re.compile(r"(?:(\w+)\.)?(\w+)")
_ORDER: Final = re.compile(r"(?:(\w+)\.)?(\w+)(?:\s+(asc|desc))?", re.IGNORECASE)

# Columns of the database that do not have the name of their field.
_COLUMNS: Final = {
    "smownerid": "assigned_user_id",
    "smcreatorid": "created_user_id",
    "parentid": "account_id",
    "accountid": "account_id",
    "contactid": "contact_id",
    "annualrevenue": "annual_revenue",
    "account_type": "accounttype",
    "reportsto": "contact_id",
    "potentialtype": "opportunity_type",
    "potentialid": "potential_id",
    "quoteid": "quote_id",
    "salesorderid": "salesorder_id",
    "vendorid": "vendor_id",
    "serialno": "serial_no",
    "salutation": "salutationtype",
    "title": "ticket_title",
    "status": "ticketstatus",
    "priority": "ticketpriorities",
    "severity": "ticketseverities",
    "category": "ticketcategories",
}


class SqlError(Exception):
    """The pasted SQL would not run: the module then finds nothing."""


@dataclass(frozen=True, slots=True)
class Term:
    """One column of an order; `field` is ``id`` or the name of a field."""

    field: str
    descending: bool = False


BY_ID: Final = (Term("id"),)
BY_CREATION: Final = (Term("createdtime"),)


def php_empty(text: str) -> bool:
    """PHP's `empty()`: true for ``0`` as well."""
    return text in {"", "0"}


def parse_number(text: str) -> int:
    """A number of the LIMIT clause. Raises `SqlError`."""
    number = digits(text.strip())
    if number is None:
        raise SqlError(text)
    return number


def parse_order(module: Module, order: str) -> tuple[Term, ...]:
    """``table.column DESC, ...``; by creation when there is none. Raises `SqlError`."""
    terms = []
    for part in order.split(",") if order.strip() else ():
        match = _ORDER.fullmatch(part.strip())
        if match is None:
            raise SqlError(part)
        field = _field(module, match[1], match[2])
        descending = (match[3] or "").lower() == "desc"
        terms.append(Term("id" if field is None else field.name, descending))
    return tuple(terms) or BY_CREATION


def parse_criteria(module: Module, criteria: str) -> str | None:
    """``table.column[:operator]:value;...`` as a condition; None when it can never be true.

    A part without a colon is ignored, an empty value or ``0`` makes the whole filter false, and
    what follows the value's own colon is lost. Raises `SqlError`.
    """
    conditions: list[str] = []
    for criterion in criteria.split(";"):
        parts = [part.strip() for part in criterion.split(":")]
        if len(parts) < 2:
            continue
        operator = "=" if len(parts) == 2 else _OPERATORS.get(parts[1], "=")
        name, value = parts[0], parts[1] if len(parts) == 2 else parts[2]
        if php_empty(name) or php_empty(value):
            return None
        match = _COLUMN.fullmatch(name)
        if match is None:
            raise SqlError(name)
        conditions.append(_condition(module, match[1], match[2], operator, value))
    return " and ".join(conditions)


def statement(
    module: Module,
    where: str,
    *,
    select: tuple[Term, ...],
    order: tuple[Term, ...],
    first: int,
    count: int,
) -> str:
    """A query of ids and the columns of `select`; only the last term of `order` may descend."""
    names = dict.fromkeys(["id", *(term.field for term in select)])
    last = order[-1]
    ordered = [term.field for term in order]
    if not last.descending and last.field != "id":
        ordered.append("id")
    return (
        f"select {','.join(names)} from {module.name}"
        f"{f' where {where}' if where else ''}"
        f" order by {','.join(ordered)}{' desc' if last.descending else ''}"
        f" limit {first},{count};"
    )


def _condition(module: Module, table: str | None, column: str, operator: str, value: str) -> str:
    field = _field(module, table, column)
    if field is None or field.kind in {"reference", "owner"}:
        number = re.match(r"\s*([0-9]+)", value)
        value = f"{module.prefix}x{number[1] if number else 0}"
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    return f"{'id' if field is None else field.name} {operator} '{quoted}'"


def _field(module: Module, table: str | None, column: str) -> Field | None:
    """The field of ``table.column``; None is the record's own number."""
    known = table in {None, _ALIAS} or str(table).startswith("vtiger_")
    if not known or table == _JOINED_AS_ALIAS:
        raise SqlError(str(table))
    key = module.id_field["label"] if module.id_field is not None else ""
    if column in {"crmid", key}:
        return None
    name = column if column in module.fields else _COLUMNS.get(column, column)
    field = module.fields.get(name)
    if field is None or not field.queryable:
        raise SqlError(column)
    return field
