"""Plans that create, save, delete and re-read one record.

`save` sends the changed fields with `revise` and nothing else; the answer, which is the whole
record as the CRM now has it, is loaded back. `create` fills in the owner from the session's user.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar

from ..errors import DoesNotExist, InvalidValue, StaleRecord
from ..metadata.kinds import Kind
from ..metadata.module import FieldMeta, ModuleMeta
from ..values import encode
from .calls import Create, Delete, Me, Plan, Retrieve, Revise, Row, Update, perform

if TYPE_CHECKING:
    from ..protocols import Runner
    from ..records import Record

    R = TypeVar("R", bound=Record)

SaveOperation: TypeAlias = Literal["revise", "update"]


class Writable(Protocol):
    """What these plans need of a record."""

    meta: ClassVar[ModuleMeta]

    @property
    def _saved_id(self) -> str | None:
        """The record's id as text, or None before it is created."""
        ...

    def _outgoing(self) -> Mapping[str, object]:
        """What a save has to send: attribute (or wire name of `extra`) -> value."""
        ...

    def _settle(self, row: Row, runner: Runner | None) -> None:
        """Take over the CRM's answer: every field it has, no change pending."""
        ...


def to_wire(meta: ModuleMeta, values: Mapping[str, object]) -> dict[str, Any]:
    """Attributes and Python values as wire names and wire text.

    A name the module does not know passes unchanged if its value is text: it is a field newer
    than the package. Raises `InvalidValue` naming the field.
    """
    wire: dict[str, Any] = {}
    for name, value in values.items():
        facts = meta.fields.get(name)
        if facts is not None:
            wire[facts.wire] = encode(facts, value)
        elif value is None or isinstance(value, str):
            wire[name] = value or ""
        else:
            raise InvalidValue(
                f"{meta.name}.{name} is not known to the generated package, so its value "
                f"{value!r} cannot be written in the CRM's form. Pass text, or pull and generate "
                "again."
            )
    return wire


def owner_field(meta: ModuleMeta) -> FieldMeta | None:
    """The mandatory owner field, which the CRM does not fill by itself."""
    for facts in meta.fields.values():
        if facts.kind is Kind.OWNER and facts.mandatory:
            return facts
    return None


def create_row(meta: ModuleMeta, wire: Mapping[str, Any]) -> Plan[Row]:
    """Create one record from wire values; the owner defaults to the session's user."""
    values = dict(wire)
    owner = owner_field(meta)
    if owner is not None and not values.get(owner.wire):
        me = yield from perform(Me())
        values[owner.wire] = me["id"]
    row = yield from perform(Create(meta.name, values))
    return row


def create(
    model: type[R], values: Mapping[str, object], *, runner: Runner | None = None
) -> Plan[R]:
    """Create a record of `model` from attributes and return it as the CRM stored it."""
    row = yield from create_row(model.meta, to_wire(model.meta, values))
    return model._load([row], runner)[0]


def save(
    record: Writable,
    *,
    if_unmodified: bool = False,
    operation: SaveOperation = "revise",
    runner: Runner | None = None,
) -> Plan[None]:
    """Write what changed: `create` without an id, else `revise` (or `update` when asked).

    With `if_unmodified` the record's `modifiedtime` is read first and compared with the one
    that was loaded; raises `StaleRecord` when they differ.
    """
    meta = record.meta
    values = to_wire(meta, record._outgoing())
    id_ = record._saved_id
    if id_ is None:
        row = yield from create_row(meta, values)
        record._settle(row, runner)
        return
    if not values:
        return
    if if_unmodified:
        yield from check_unmodified(record)
    if operation == "update":
        row = yield from perform(Update(id_, values))
    else:
        row = yield from perform(Revise(id_, values))
    record._settle(row, runner)


def check_unmodified(record: Writable) -> Plan[None]:
    """Raise `StaleRecord` when the CRM's `modifiedtime` is no longer the loaded one."""
    meta = record.meta
    id_ = record._saved_id
    if id_ is None or "modifiedtime" not in meta.by_wire:
        raise StaleRecord(
            f"This {meta.name} record has no modifiedtime to compare. Save without if_unmodified."
        )
    facts = meta.by_wire["modifiedtime"]
    loaded = encode(facts, getattr(record, facts.name))
    row = yield from perform(Retrieve(id_))
    if row.get("modifiedtime") != loaded:
        raise StaleRecord(
            f"{meta.name} {id_} was changed in the CRM at {row.get('modifiedtime')} UTC, after "
            f"it was read ({loaded}). Refresh it and apply the change again."
        )


def delete(record: Writable) -> Plan[None]:
    """Move the record to the CRM's recycle bin."""
    id_ = record._saved_id
    if id_ is None:
        raise DoesNotExist(
            f"This {record.meta.name} record was never saved: there is nothing to delete."
        )
    yield from perform(Delete(id_))


def refresh(record: Writable, *, runner: Runner | None = None) -> Plan[None]:
    """Read the record again; unsaved changes are dropped."""
    id_ = record._saved_id
    if id_ is None:
        raise DoesNotExist(
            f"This {record.meta.name} record was never saved: there is nothing to read."
        )
    row = yield from perform(Retrieve(id_))
    record._settle(row, runner)
