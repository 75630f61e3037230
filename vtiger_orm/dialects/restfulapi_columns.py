"""Where the RestfulApi module finds fields: table, column, and how the column compares.

Its filter pastes ``table.column`` into SQL, so only names that are known here are ever sent. The
tables are those that the module joins; the entity table is joined as ``CE``, and the tables of
tasks only as ``T``. Columns of the stock modules are in ``restfulapi_columns.tsv``; a custom field
is kept in a table of its module's own under its own name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from .._dataclass import dataclass
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, Flaw, ModuleMeta, shows_item


@dataclass(frozen=True, slots=True)
class DatabaseColumn:
    """A column of the CRM's database."""

    name: str
    """``table.column``, as it is pasted into SQL."""
    type: str
    """``text``, ``integer``, ``decimal``, ``date``, ``datetime``, ``time``, or ``key`` for a number
    that may be kept as text: then only equality is the same."""


NUMBER: Final = DatabaseColumn("CE.crmid", "integer")
"""The bare number of a record."""

ITEM_MODULES: Final = frozenset({"Quotes", "SalesOrder", "Invoice", "PurchaseOrder"})
"""Listed with a row for each line item."""

FIRST_ITEM: Final = "coalesce(vtiger_inventoryproductrel.sequence_no,1):eq:1"
TASKS: Final = "T.activitytype:eq:Task"
NOT_CONVERTED: Final = "T.converted:neq:1"
"""Criteria that leave a row for each record, and only records of the module itself."""

UNLISTED: Final[Mapping[str, str]] = {
    "Events": "the module fails on them with HTTP 500",
    "Emails": "the module answers tasks and events instead",
    "Users": "the module answers those users whose number happens to be that of a record",
    "Groups": "the module does not know them",
    "Currency": "the module lists records only",
    "DocumentFolders": "the module lists records only",
    "CompanyDetails": "the module lists records only",
    "LineItem": "the module lists records only",
    "ProductTaxes": "the module lists records only",
    "Tax": "the module lists records only",
}
"""Modules of which no list can be had, and why."""

UNTOLD: Final = frozenset({"tags"})
"""Fields that are shown empty, whatever the record has."""

WHY_UNTOLD: Final = (
    "the RestfulApi module shows it empty, whatever a record has. Leave it out, as with "
    "defer('tags'), or use webservice.php."
)
WHY_NO_OWNER: Final = (
    "the RestfulApi module tells the owner's number and not whether that is a user or a group. The "
    "server's webservice.php lists them, and did not answer this user's access key; nor does a "
    "record show that the owner, as a user, has changed anything. Make webservice.php reachable. "
    "Conditions on the owner work without."
)


def why_not_in_row(field: FieldMeta) -> str | None:
    """Why a row that was asked for the field may lack it; None where lists always tell it."""
    if field.wire in UNTOLD:
        return WHY_UNTOLD
    if field.kind is Kind.OWNER:
        return WHY_NO_OWNER
    if field.family is not Family.REFERENCE:
        return None
    targets = " or ".join(field.targets[:5]) or "anything"
    return (
        f"the RestfulApi module tells the bare number of a record of {targets}, and which it is "
        "could not be asked: that module is not in the snapshot (include it, pull and generate), "
        "or is none that RestfulApi lists."
    )


_NO_ROWS: Final = frozenset({Flaw.UNSAYABLE, Flaw.DENIED, Flaw.ABSENT, Flaw.MULTIPLIES})


def why_untold(module: str, field: FieldMeta) -> str | None:
    """Why lists tell nothing of the field, and what to do; None where they tell it."""
    if field.wire in UNTOLD:
        return WHY_UNTOLD
    if field.flaw not in _NO_ROWS or shows_item(field):
        return None
    if module in ITEM_MODULES and field.wire == "productid":
        return "lists show the product of each line item. record.refresh() reads the first one."
    return (
        "lists of the RestfulApi module do not tell it, or not surely. Over webservice.php "
        "record.refresh() reads it."
    )


def told_in_lists(fields: Iterable[FieldMeta]) -> list[FieldMeta]:
    """Those of the fields that lists tell."""
    return [each for each in fields if each.wire not in UNTOLD]


_ENTITY: Final = {
    "id": NUMBER,
    "assigned_user_id": DatabaseColumn("CE.smownerid", "integer"),
    "createdtime": DatabaseColumn("CE.createdtime", "datetime"),
    "modifiedtime": DatabaseColumn("CE.modifiedtime", "datetime"),
    "description": DatabaseColumn("CE.description", "text"),
}
"""Columns of every module that has records of its own."""

_CUSTOM_TABLES: Final = {
    "HelpDesk": "vtiger_ticketcf",
    "Products": "vtiger_productcf",
    "Services": "vtiger_servicecf",
    "Vendors": "vtiger_vendorcf",
    "PriceBooks": "vtiger_pricebookcf",
    "Documents": "vtiger_notescf",
    "Calendar": "",
}
"""Where the table of custom fields is not called after its module; none is joined for tasks."""

_CUSTOM_TYPES: Final = {
    Kind.INTEGER: "integer",
    Kind.DOUBLE: "decimal",
    Kind.CURRENCY: "decimal",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.REFERENCE: "key",
    Kind.OWNER: "key",
}
_CUSTOM: Final = re.compile("cf_[0-9]+")


@cache
def _stock() -> Mapping[str, Mapping[str, DatabaseColumn]]:
    modules: dict[str, dict[str, DatabaseColumn]] = {}
    text = files("vtiger_orm.dialects").joinpath("restfulapi_columns.tsv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        column = DatabaseColumn(row["column"], row["type"])
        modules.setdefault(row["module"], {})[row["field"]] = column
    return modules


def column_of(meta: ModuleMeta, wire: str) -> DatabaseColumn | None:
    """The column of a field by its wire name; None where it is not known."""
    known = _ENTITY.get(wire) or _stock().get(meta.name, {}).get(wire)
    if known is not None or _CUSTOM.fullmatch(wire) is None:
        return known
    table = _CUSTOM_TABLES.get(meta.name, f"vtiger_{meta.name.lower()}cf")
    kind = meta.by_wire[wire].kind if wire in meta.by_wire else None
    if not table or not meta.name.isidentifier():
        return None
    return DatabaseColumn(f"{table}.{wire}", _CUSTOM_TYPES.get(kind, "text") if kind else "text")
