"""The ids of the records related to a record, read completely.

`query_related` is pasted together by the server as text, so only one statement is ever sent, by
id and page by page; every other condition is applied by an ordinary query on the ids found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import QueryRelated, Row
from ..calls.plans import Plan, perform
from ..calls.server import ServerFacts
from ..calls.support import require
from ..errors import MalformedAnswer, SilentQueryError
from ..ids import id_number, parse_id
from ..metadata.kinds import Kind
from ..metadata.module import FieldMeta, ModuleMeta, Relation
from . import corebos_relations as corebos
from .asking import check_ids, check_rows, counted, stuck
from .branches import ALWAYS, Branch, Comparison, one_of
from .pages_by_id import PagesAfter
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

DOCUMENTS: Final = "Documents"
"""The related list holds those that are active, whose `filestatus` is 1."""

_NEVER_BY_REFERENCE: Final = frozenset({"Calendar", "Events", "Emails", DOCUMENTS, "SMSNotifier"})


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

    def read(self, env: Environment, facts: ServerFacts) -> Plan[list[str]]:
        """The ids of all related records; raises `NotSupported` where they cannot be read."""
        if corebos.has_relations(facts):
            return (yield from corebos.related_ids(self))
        require("query_related", facts)
        return (yield from related_ids(self, env))

    def _usable(self, field: FieldMeta | None) -> FieldMeta | None:
        if field is None or not field.filterable or self.source.name not in field.targets:
            return None
        return field

    def __str__(self) -> str:
        which = " (active documents)" if self.target.name == DOCUMENTS else ""
        return f"{self.source.name} {self.id}, relation {self.relation.label!r}{which}"


def related_ids(side: Side, env: Environment) -> Plan[list[str]]:
    """The ids of all related records, in order, page by page."""

    def page(bounds: tuple[Comparison, ...], limit: int) -> Statement:
        return _ids(side, bounds or _every(side), limit)

    def asking(statement: Statement, env: Environment) -> Plan[list[Row]]:
        rows = yield from _rows(side, statement)
        env.knowledge.page_holds(len(rows), QueryRelated.operation)
        return rows

    def proving(statement: Statement, env: Environment) -> Plan[list[Row]]:
        rows = yield from asking(statement, env)
        if not rows and pages.last is None and (yield from _none_counted(side, env)):
            return []
        return rows or (yield from asking(statement, env))

    operation = QueryRelated.operation
    pages = PagesAfter(page, env, asking=asking, proving=proving, operation=operation)
    found: dict[str, None] = {}
    while not pages.ended:
        last = pages.last
        rows = yield from pages.next_page(env.page_size)
        found.update((str(row["id"]), None) for row in rows)
        if rows and last is not None and id_number(str(rows[-1]["id"])) <= id_number(last):
            raise stuck(side.target.name)
    return list(found)


def count_related(side: Side, env: Environment, facts: ServerFacts) -> Plan[int]:
    """How many records are related; the server answers no row at all for none."""
    if corebos.has_relations(facts):
        return len((yield from corebos.related_ids(side)))
    require("query_related", facts)
    number = yield from _counted(side)
    if not number and (yield from _rows(side, _ids(side, _every(side), 1))):
        return len((yield from related_ids(side, env)))
    return number


def are_related(side: Side, ids: Sequence[str], facts: ServerFacts) -> Plan[set[int]]:
    """The numbers of those of the ids that are related. That one is not is believed where an id
    that is related comes beside it; raises `SilentQueryError` where that does not."""
    if corebos.has_relations(facts):
        return {id_number(each) for each in (yield from corebos.related_ids(side))}
    require("query_related", facts)
    found: set[int] = set()
    for at in range(0, len(ids), 50):
        found |= yield from _among(side, {id_number(each) for each in ids[at : at + 50]})
    return found


def _among(side: Side, numbers: set[int]) -> Plan[set[int]]:
    found: set[int] = set()
    while missing := numbers - found:
        witness = min(found, default=None)
        listed = missing if witness is None else {*missing, witness}
        rows = yield from _asked(side, listed)
        if not rows and witness is None:
            related = yield from _numbers(side, _ids(side, _every(side), 1))
            if not related and not (yield from _counted(side)):
                return found
            witness = min(related, default=min(missing))
            rows = yield from _asked(side, {*missing, witness})
        if witness is not None and witness not in rows:
            raise SilentQueryError(
                f"{side}: the CRM leaves out a related record that was asked for, so which others "
                "are related cannot be told. This is how it reports an SQL error. Try it again.",
                statement=str(_listed(side, listed)),
                operation=QueryRelated.operation,
                module=side.target.name,
            )
        if witness is not None and not rows & missing:
            return found
        found |= rows & missing
    return found


def _asked(side: Side, numbers: set[int]) -> Plan[set[int]]:
    """Those of the numbers whose records are related. Raises `MalformedAnswer` for others."""
    rows = yield from _numbers(side, _listed(side, numbers))
    if strange := rows - numbers:
        raise MalformedAnswer(
            f"{side}: the CRM answered {side.target.prefix}x{min(strange)}, which it was not asked "
            "about, so its answer is that to another question. A cache between here and the CRM "
            "may answer instead."
        )
    return rows


def _listed(side: Side, numbers: set[int]) -> Statement:
    ids = tuple(f"{side.target.prefix}x{number}" for number in sorted(numbers))
    return _ids(side, (one_of("id", ids),), 100)


def _numbers(side: Side, page: Statement) -> Plan[set[int]]:
    return {id_number(str(row["id"])) for row in (yield from _rows(side, page))}


def _ids(side: Side, condition: Branch, limit: int) -> Statement:
    return Statement(side.target.name, ("id",), (condition,), order=("id",), limit=limit)


def _every(side: Side) -> Branch:
    return (Comparison("id", ">", f"{side.target.prefix}x0"),)


def _none_counted(side: Side, env: Environment) -> Plan[bool]:
    """Whether a count, where there is one, shows that nothing is related."""
    return env.can_count and not (yield from _counted(side))


def _counted(side: Side) -> Plan[int]:
    count = Statement(side.target.name, (), ALWAYS)
    rows = yield from perform(count.related_to(str(parse_id(side.id)), side.relation.label))
    check_rows(rows)
    return counted(rows[0]) if rows else 0


def _rows(side: Side, page: Statement) -> Plan[list[Row]]:
    rows = yield from perform(page.related_to(str(parse_id(side.id)), side.relation.label))
    check_ids(rows)
    return rows
