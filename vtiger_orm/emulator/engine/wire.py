"""Stored columns as SQL expressions that give what the wire shows: text, NULL only on servers
that tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from .columns import CONTACTS_OF_ACTIVITY, LINES, Storage
from .schema import GROUPS, USERS, Field, Module, Schema
from .store import LIVE
from .tables import quoted
from .views import View

_JOINS: Final = {
    LINES: 'LEFT JOIN "m_LineItem" li ON li.parent_id = t.id',
    CONTACTS_OF_ACTIVITY: "LEFT JOIN activity_contact ac ON ac.activity = t.id",
}


def column(field: Field) -> str:
    """The field's column in a statement over its module (alias ``t``)."""
    if field.column.table == LINES:
        return f"li.{quoted(field.twin or field.name)}"
    if field.column.table == CONTACTS_OF_ACTIVITY:
        return "ac.contact"
    return f"t.{quoted(field.name)}"


def one_contact(expression: str) -> str:
    """An expression over a module that is not joined: of an activity's contacts the first."""
    return expression.replace(
        "ac.contact", "(SELECT min(contact) FROM activity_contact WHERE activity = t.id)"
    )


def joins(tables: Iterable[str]) -> str:
    """The joins that multiply rows; all other tables are one with the module's own."""
    return " ".join(_JOINS[each] for each in sorted(set(tables)) if each in _JOINS)


class Null(Enum):
    """What an answer shows of NULL."""

    BLANK = "blank"
    """An empty text, everywhere."""
    TOLD = "told"
    """JSON null: rows of a query, where the server tells it."""
    BROKEN_REFERENCES = "broken references"
    """JSON null for a reference that leads nowhere, an empty text for NULL itself: records, on
    the same server."""


def shown(schema: Schema, view: View, field: Field, null: Null = Null.BLANK) -> str:
    """The field's value on the wire."""
    source = column(field)
    storage = field.storage
    if storage is Storage.REFERENCE:
        found = _reference(schema, view.targets(field), source)
        if null is Null.BROKEN_REFERENCES:
            return f"CASE WHEN {source} IS NULL THEN '' ELSE {found} END"
        return found if null is Null.TOLD else f"ifnull({found}, '')"
    if storage is Storage.OWNER:
        # An owner that is gone shows as its bare number.
        known = f"(SELECT o.wire FROM owner o WHERE o.id = {source})"
        return f"coalesce({known}, CAST({source} AS TEXT), '')"
    if field.kind == "reference":  # kept as text: the role of a user, which nobody may read
        return "''"
    text = f"CAST({source} AS TEXT)" if storage is Storage.INTEGER else source
    told = null is Null.TOLD or (null is Null.BROKEN_REFERENCES and not field.described)
    return text if told else f"ifnull({text}, '')"


def identity(module: Module) -> str:
    """The record's own id on the wire; prefixes are digits (checked by the snapshot)."""
    return f"'{module.prefix}x' || t.id"


def _reference(schema: Schema, targets: Sequence[str], source: str) -> str:
    """The id of the live record that a number means; references to anything else are empty."""
    records = [name for name in targets if name in schema.modules]
    options = []
    entities = [name for name in records if schema.modules[name].shares_ids]
    if entities:
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in entities)
        options.append(
            f"(SELECT e.wire FROM entity e WHERE e.id = {source} "
            f"AND e.state = {LIVE} AND e.module IN ({names}))"
        )
    for name in records:
        module = schema.modules[name]
        if name in (USERS, GROUPS):
            options.append(
                f"(SELECT o.wire FROM owner o WHERE o.id = {source} AND o.module = '{name}')"
            )
        elif not module.shares_ids:
            options.append(
                f"(SELECT '{module.prefix}x' || r.id FROM {quoted(module.table)} r "
                f"WHERE r.id = {source})"
            )
    if not options:
        return "NULL"
    return options[0] if len(options) == 1 else f"coalesce({', '.join(options)})"
