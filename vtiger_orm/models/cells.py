"""The values that `values`, `values_list` and `into` read of a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ..aggregates.groups import GroupKey, part_of

if TYPE_CHECKING:
    from ..calls.environment import Environment
    from ..records import BaseRecord
    from ..values.whole_columns import ValueColumn


def reader_of(keys: Sequence[GroupKey], env: Environment) -> Callable[[BaseRecord], Any]:
    """What reads these values: a tuple of them, or the one alone."""
    if all(key.part is None for key in keys):
        return attrgetter(*(key.name for key in keys))
    reads = [(key.field.name, part_of(key, env)) for key in keys]

    def cell(record: BaseRecord, name: str, part: Callable[[Any], Any]) -> Any:
        value = getattr(record, name)
        return None if value is None else part(value)

    if len(reads) == 1:
        return lambda record: cell(record, *reads[0])
    return lambda record: tuple(cell(record, *each) for each in reads)


def column_of(key: GroupKey, values: ValueColumn, env: Environment) -> ValueColumn:
    """What is read of many values of the key's field."""
    if key.part is None:
        return values
    part = part_of(key, env)
    return [None if value is None else part(value) for value in values]
