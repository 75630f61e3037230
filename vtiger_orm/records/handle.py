"""What the rooms above ask of a record, and tell it, beside its fields.

Every public name of a record may be a field of some CRM, so none is left for this. Here is the
only door: no other file outside of this room reads a private name of a record or a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from ..errors import InvalidValue
from .arguments import a_record
from .record import BaseRecord

if TYPE_CHECKING:
    from ..calls.operations import Row
    from ..calls.protocols import Package, Runner
    from ..values.whole_columns import ValueColumn
    from .state import FieldChange, Memory

R = TypeVar("R", bound=BaseRecord)


def package_of(model: type[BaseRecord]) -> Package:
    """The generated package of a model, which knows the current session. Raises `ConfigError`
    for a class that belongs to none."""
    return model.__mapper__.package


def load(model: type[R], rows: Sequence[Row], runner: Runner | None) -> list[R]:
    """Records of the rows of an answer, in their order, handed out by the session `runner`."""
    return model._load(rows, runner)


def columns_of(
    model: type[BaseRecord], rows: Sequence[Row], names: tuple[str, ...], runner: Runner | None
) -> list[ValueColumn] | None:
    """The values of these attributes that records of these rows would have, attribute by
    attribute; None where a record has to tell that it lacks one."""
    return model.__mapper__.hydrator.columns(rows, names, runner)


def saved_id(record: BaseRecord) -> str | None:
    """The id as text, or None before the record is created."""
    return record._saved_id


def is_posted(record: BaseRecord) -> bool:
    """Whether the record's id came with data from outside, and no answer of the CRM since."""
    return record._state.posted


def id_of(item: BaseRecord | str) -> str | None:
    """The id that a reference, a text or a record stands for; None for an unsaved record. Raises
    `InvalidValue` for anything else."""
    return item if isinstance(item, str) else a_record(item)._saved_id


def known_id(item: BaseRecord | str) -> str:
    """As `id_of`; raises `InvalidValue` for a record that is not saved yet, too."""
    id_ = id_of(item)
    if id_ is None:
        name = a_record(item).meta.name
        raise InvalidValue(f"This {name} record is not saved yet: call save() first.")
    return id_


def handed_out_by(record: BaseRecord) -> Runner | None:
    """The session that handed the record out; None for one that was made or unpickled here."""
    return record._state.runner


def runner_of(record: BaseRecord) -> Runner:
    """The session that asks and writes for the record: the one that handed it out, else the
    current one of its package. Raises `NoSession` when there is neither."""
    own = record._state.runner
    return own if own is not None else package_of(type(record)).runner()


def belong(record: BaseRecord, runner: Runner | None) -> None:
    """Let the record be one that the session handed out."""
    record._state.runner = runner


def outgoing(record: BaseRecord) -> dict[str, object]:
    """What a save has to send: attribute (or wire name of `extra`) -> value.

    Of a record that exists, only fields that the CRM lets itself be told.
    """
    return record._outgoing()


def pending(record: BaseRecord) -> Mapping[str, FieldChange]:
    """What was assigned and not saved: attribute -> (old, new). `record.changes` tells line items
    besides, which writing keeps."""
    return record._changed()


def settle(
    record: BaseRecord,
    row: Row,
    runner: Runner | None,
    given: Mapping[str, object] | None = None,
) -> None:
    """Take over the CRM's answer to a write or a reading: every field it has. No change is
    pending then but what was assigned after these changes were `given` to the CRM."""
    record._settle(row, runner, given)


def recall(record: BaseRecord) -> Memory | None:
    """What `remember` was told last; None at first."""
    return record._state.operations


def remember(record: BaseRecord, operations: Memory) -> None:
    """Keep what `record.crm` knows of the record."""
    record._state.operations = operations
