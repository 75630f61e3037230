"""The ids of the records related to a record, read completely.

`query_related` is pasted together by the server as text, so only one statement is ever sent, by
id and page by page; every other condition is applied by an ordinary query on the ids found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, perform
from ..calls.server import Facts
from ..calls.support import require
from ..errors import NotSupported
from ..ids import id_number, parse_id
from ..metadata.kinds import Kind
from ..metadata.module import FieldMeta, ModuleMeta, Relation
from .asking import check_ids, counted
from .branches import ALWAYS, Comparison, one_of
from .statement import Statement

ONE_TO_MANY: Final[Mapping[tuple[str, str], str]] = {
    ("Accounts", "Assets"): "account",
    ("Accounts", "Contacts"): "account_id",
    ("Accounts", "Invoice"): "account_id",
    ("Accounts", "Quotes"): "account_id",
    ("Accounts", "Sales Order"): "account_id",
    ("Contacts", "Invoice"): "contact_id",
    ("Contacts", "Purchase Order"): "contact_id",
    ("Contacts", "Quotes"): "contact_id",
    ("Contacts", "Sales Order"): "contact_id",
    ("Potentials", "Quotes"): "potential_id",
    ("Potentials", "Sales Order"): "potential_id",
    ("Products", "Assets"): "product",
    ("Project", "Project Milestones"): "projectid",
    ("Project", "Project Tasks"): "projectid",
    ("Quotes", "Sales Order"): "quote_id",
    ("SalesOrder", "Invoice"): "salesorder_id",
    ("Vendors", "Products"): "vendor_id",
    ("Vendors", "Purchase Order"): "vendor_id",
}
"""(module, relation label) -> the field of the related module that makes the relation, and makes
it alone. The metadata do not tell; these relations are the same on every Vtiger."""

_NEVER_BY_REFERENCE: Final = frozenset({"Calendar", "Events", "Emails", "Documents", "SMSNotifier"})


@dataclass(frozen=True, slots=True)
class Side:
    """One relation as seen from one record."""

    id: str
    """The record whose relation it is."""
    source: ModuleMeta
    relation: Relation
    target: ModuleMeta

    @property
    def reference(self) -> FieldMeta | None:
        """The field of the related records that makes the relation, where it is one of those.

        Beside the known ones: where the CRM tells that records can only be created there, not
        selected, and the related module has just one field that refers to this module.
        """
        known = ONE_TO_MANY.get((self.source.name, self.relation.label))
        if known is not None:
            return self._usable(self.target.by_wire.get(known))
        if self.relation.actions != ("add",) or self.target.name in _NEVER_BY_REFERENCE:
            return None
        fields = [
            each
            for each in self.target.fields.values()
            if each.kind is Kind.REFERENCE and self.source.name in each.targets
        ]
        return self._usable(fields[0]) if len(fields) == 1 else None

    def read(self, env: Environment, facts: Facts) -> Plan[list[str]]:
        """The ids of all related records; raises `NotSupported` where they cannot be read."""
        check_readable(self, facts)
        return (yield from related_ids(self, env))

    def _usable(self, field: FieldMeta | None) -> FieldMeta | None:
        if field is None or not field.filterable or self.source.name not in field.targets:
            return None
        return field

    def __str__(self) -> str:
        return f"{self.source.name} {self.id}, relation {self.relation.label!r}"


def check_readable(side: Side, facts: Facts) -> None:
    """Raise `NotSupported` where an empty answer would prove nothing."""
    require("query_related", facts)
    if side.target.name == "Documents" and _answers_no_documents(facts):
        raise NotSupported(
            f"Related documents cannot be read on this server: Vtiger 8.0 answers an empty list "
            f"for {side}, even where documents are linked. Linking works. Read them in the CRM, "
            "or keep the documents' ids in a field of your own."
        )


def _answers_no_documents(facts: Facts) -> bool:
    return facts.dialect == "webservice" and (facts.version or "8.").startswith("8.")


def related_ids(side: Side, env: Environment) -> Plan[list[str]]:
    """The ids of all related records, in order, page by page."""
    found: dict[str, None] = {}
    last = f"{side.target.prefix}x0"
    while True:
        later = ((Comparison("id", ">", last),),)
        page = Statement(side.target.name, ("id",), later, order=("id",), limit=env.page_size)
        rows = yield from _rows(side, page)
        found.update(dict.fromkeys(str(row["id"]) for row in rows))
        if not rows or (len(rows) < env.page_size and not env.thinned_pages):
            return list(found)
        following = str(parse_id(str(rows[-1]["id"])))
        if id_number(following) <= id_number(last):
            return list(found)
        last = following


def count_related(side: Side, facts: Facts) -> Plan[int]:
    """How many records are related; the server answers no row at all for none."""
    check_readable(side, facts)
    count = Statement(side.target.name, (), ALWAYS)
    rows = yield from perform(count.related_to(str(parse_id(side.id)), side.relation.label))
    return counted(rows[0]) if rows else 0


def are_related(side: Side, ids: Sequence[str], facts: Facts) -> Plan[set[int]]:
    """The numbers of those of the ids that are related."""
    check_readable(side, facts)
    found: set[int] = set()
    for at in range(0, len(ids), 50):
        listed = one_of("id", tuple(str(parse_id(each)) for each in ids[at : at + 50]))
        page = Statement(side.target.name, ("id",), ((listed,),), order=("id",), limit=100)
        rows = yield from _rows(side, page)
        found.update(id_number(str(row["id"])) for row in rows)
    return found


def _rows(side: Side, page: Statement) -> Plan[list[Row]]:
    rows = yield from perform(page.related_to(str(parse_id(side.id)), side.relation.label))
    check_ids(rows)
    return rows
