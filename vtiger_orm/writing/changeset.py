"""What is to be written to one record, whichever way it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from .._dataclass import dataclass
from ..calls.operations import FilePart, Row
from ..errors import Unreadable
from ..metadata.kinds import Family
from ..metadata.module import ModuleMeta
from ..records.handle import outgoing, pending, saved_id
from ..records.state import UNSET
from ..values import decode
from ..values.writing import encode
from ..values.zones import rows_in_utc, to_wall
from .line_items import LineItems, is_inventory
from .memory import has_state, items_of

if TYPE_CHECKING:
    from ..records import BaseRecord


@dataclass(frozen=True, slots=True)
class Changeset:
    """A new record, or changes of one that exists."""

    meta: ModuleMeta
    id: str | None
    """None creates a record."""
    values: Mapping[str, object]
    """Attribute, or wire name of a field newer than the package -> new value."""
    known: Mapping[str, object] = field(default_factory=dict)
    """Attribute -> value as it was read from the CRM, of fields that change and of others."""
    items: LineItems | None = None
    """The line items as far as they are in use, changed or not."""
    file: FilePart | None = None
    zone: tzinfo = UTC
    """The CRM's own, in which wire values have their moments."""
    stored: Row = field(default_factory=dict)
    """Wire name -> wire value of what was read for this write, just before it."""
    by_update: bool = False
    """Whether it is written by `update`, not by `revise`."""
    accepts_damage: bool = False
    """Whether it is written although the server loses something by it."""
    of_record: bool = False
    """Whether there is a record that shows the answer afterwards."""

    @property
    def creates(self) -> bool:
        return self.id is None

    @property
    def writes_items(self) -> bool:
        """Whether the line items are written too: all of them, or none."""
        items = self.items
        return items is not None and items.loaded and (self.creates or items.changed)

    def known_text(self, wire: str) -> str | None:
        """The wire value of what was read; None where it is not known."""
        each = self.meta.by_wire.get(wire)
        if each is None or each.name not in self.known:
            return None
        text = encode(each, self.known[each.name])
        return to_wall(text, self.zone) if each.family is Family.DATETIME else text

    def known_texts(self, holding: str = "") -> dict[str, str]:
        """Wire name -> text as it was read, of texts that hold this one."""
        fields = self.meta.fields
        return {
            fields[name].wire: value
            for name, value in self.known.items()
            if isinstance(value, str) and holding in value
        }

    def with_stored(self, row: Row) -> Changeset:
        """The same, knowing the fields of this row as well."""
        if not row:
            return self
        found = known_of(self.meta, row, self.zone)
        return replace(self, known={**found, **self.known}, stored=row)


def known_of(meta: ModuleMeta, row: Row, zone: tzinfo = UTC) -> dict[str, object]:
    """Attribute -> value of a row of a CRM of this zone, without what cannot be read."""
    found: dict[str, object] = {}
    [row] = rows_in_utc([row], meta.fields.values(), zone)
    for name, text in row.items():
        each = meta.by_wire.get(name)
        if each is not None and each is not meta.id:
            try:
                found[each.name] = decode(each, text)
            except Unreadable:
                continue
    return found


def changeset_of(record: BaseRecord, file: FilePart | None = None, zone: tzinfo = UTC) -> Changeset:
    """What saving the record would write to a CRM of this zone."""
    meta, id_ = record.meta, saved_id(record)
    known: dict[str, object] = {}
    if id_ is not None:
        changes, known = pending(record), dict(vars(record))
        for name in known.keys() - meta.fields.keys():
            del known[name]  # an attribute of an own class
        for name, change in changes.items():
            known.pop(name, None)
            if change.old is not UNSET and name in meta.fields:
                known[name] = change.old
        known.pop("id", None)
    # A record that exists has no items of its own before somebody asked for them.
    in_use = is_inventory(meta) and (id_ is None or has_state(record))
    items = items_of(record) if in_use else None
    return Changeset(meta, id_, outgoing(record), known, items, file, zone, of_record=True)
