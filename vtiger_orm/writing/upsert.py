"""get_or_create and update_or_create."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from ..calls.plans import Plan
from ..errors import DuplicateRecord
from . import save as write

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord

R = TypeVar("R", bound="BaseRecord")


def get_or_create(
    model: type[R],
    find: Callable[[], Plan[list[R]]],
    create: Callable[[Mapping[str, object]], Plan[R]],
    values: Mapping[str, object],
    defaults: Mapping[str, object],
    runner: Runner | None,
) -> Plan[tuple[R, bool]]:
    """The one record that `find` finds, or the one that `create` makes; and whether it is new.

    Where the CRM refuses the new one as a duplicate, somebody else was faster: it is looked for
    once more. Raises the model's `MultipleRecords`.
    """
    write.draft(model, {**defaults, **values})  # a wrong name is told before it is needed
    found = _one(model, (yield from find()))
    if found is not None:
        return found, False
    try:
        created = yield from create({**defaults, **values})
    except DuplicateRecord:
        found = _one(model, (yield from find()))
        if found is None:
            raise
        return found, False
    return created, True


def update_or_create(
    model: type[R],
    find: Callable[[], Plan[list[R]]],
    create: Callable[[Mapping[str, object]], Plan[R]],
    values: Mapping[str, object],
    defaults: Mapping[str, object],
    runner: Runner | None,
) -> Plan[tuple[R, bool]]:
    """The one record that `find` finds, given `defaults` and saved, or a new one."""
    record, created = yield from get_or_create(model, find, create, values, defaults, runner)
    if not created:
        for name, value in defaults.items():
            setattr(record, name, value)
        yield from write.save(record, runner=runner)
    return record, created


def _one(model: type[R], found: list[R]) -> R | None:
    if len(found) > 1:
        raise model.MultipleRecords(
            f"More than one {model.__name__} has these values: {found[0].id}, {found[1].id}, ... "
            "Name more values, so that they tell one record."
        )
    return found[0] if found else None
