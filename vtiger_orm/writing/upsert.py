"""get_or_create and update_or_create: the same call twice makes at most one record.

A record is looked for by the values as they were given, then by what the CRM may have made of
them. One that was created and still could not be found again is deleted at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import TYPE_CHECKING, Protocol, TypeVar

from .._writes import Adjustment
from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan
from ..calls.server import ServerFacts, server_facts
from ..conditions.tree import Node
from ..errors import DuplicateRecord, InvalidValue, NotSupported, ValuesAdjusted, VtigerError
from ..metadata.module import FieldMeta, ModuleMeta
from ..values import is_blank_value
from . import save as write
from .lost_records import is_unlisted
from .memory import state_of
from .policies.table import policies_of
from .prepare import filled_names
from .rules import to_wire
from .stored_forms import StoredForms, chosen, stored_forms

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord

R = TypeVar("R", bound="BaseRecord")


def as_stored(value: object) -> object:
    """The value by which a record is looked for: the CRM has no fractions of a second."""
    return value.replace(microsecond=0) if isinstance(value, datetime | time) else value


class SearchKey:
    """The values by which a record is looked for, and what the CRM may have made of them."""

    def __init__(self, meta: ModuleMeta, values: Mapping[str, object]) -> None:
        self.meta = meta
        self.names: frozenset[str] = frozenset(values)
        found = (
            stored_forms(meta.by_wire[name], text) for name, text in to_wire(meta, values).items()
        )
        self.forms: tuple[StoredForms, ...] = tuple(each for each in found if each is not None)

    @property
    def conditions(self) -> tuple[Node, ...]:
        """What every record satisfies that may hold these values in another form."""
        return tuple(each.condition for each in self.forms)

    @property
    def certain(self) -> frozenset[str]:
        """The names of values that the CRM stores as they are."""
        return self.names - {each.field.name for each in self.forms}

    @property
    def columns(self) -> tuple[FieldMeta, ...]:
        """What has to be read of a record to tell whether it is one."""
        return (self.meta.id, *(each.field for each in self.forms))

    def chosen(self, rows: Iterable[Row], env: Environment) -> Plan[list[str]]:
        """Ids of those that are."""
        found = yield from chosen(self.meta, self.forms, rows, env)
        return [str(row["id"]) for row in found]

    def refuse_unfindable(self, record: BaseRecord, facts: ServerFacts) -> None:
        """Raise `NotSupported` for a module whose new records no query finds, and `InvalidValue`
        for a blank by which a new record could not be found again: it gets a value there."""
        if is_unlisted(self.meta):
            raise NotSupported(
                f"New records of {self.meta.name} are in no query of the CRM, so they cannot be "
                "found again and each such call would make another. Nothing was sent. Make the "
                "record with create(), and keep its id."
            )
        ambiguous = {
            self.meta.by_wire[wire].name
            for policy in policies_of(self.meta)
            for wire in policy.zero_is_blank & self.meta.by_wire.keys()
        }
        for name in sorted(ambiguous.intersection(self.names)):
            if vars(record).get(name) == 0:
                raise InvalidValue(
                    f"{name}=0 does not find every {self.meta.name} record without: the CRM has 0 "
                    "there or a blank, so such a call may make another. Nothing was sent. Leave "
                    "the field out of what the record is looked for by."
                )
        blank = {name for name in self.names if is_blank_value(vars(record).get(name))}
        filled = sorted(blank & filled_names(record, facts)) if blank else []
        if filled:
            name = filled[0]
            raise InvalidValue(
                f"{name}=None finds no {self.meta.name} record that was made here: a new one gets "
                f"a value for {name}, so each such call would make another. Nothing was sent. Look "
                "for it by that value, or leave the field out."
            )

    def loses(self, adjustment: Adjustment) -> bool:
        """Whether a record that was stored so would not be found again."""
        if adjustment.field not in self.names or adjustment.stored is None:
            return False
        each = self.meta.fields[adjustment.field]
        known = (form for form in self.forms if form.field is each)
        form = next(known, StoredForms(each, adjustment.sent))
        return not form.accepts(adjustment.stored)


class Search(Protocol[R]):
    """How the records of a queryset are found and made."""

    @property
    def model(self) -> type[R]: ...
    def exactly(self) -> Plan[list[R]]:
        """At most two records with the values as they were given."""
        ...

    def adjusted(self, key: SearchKey) -> Plan[list[R]]:
        """At most two records with what the CRM may have made of the values."""
        ...

    def create(self, values: Mapping[str, object]) -> Plan[R]: ...


def get_or_create(
    search: Search[R],
    values: Mapping[str, object],
    defaults: Mapping[str, object],
    runner: Runner | None,
) -> Plan[tuple[R, bool]]:
    """The one record with these values, or a new one; and whether it is new.

    Where the CRM refuses the new one as a duplicate, somebody else was faster: it is looked for
    once more. Raises the model's `MultipleRecords`, and `ValuesAdjusted` when the CRM stored a
    value so that the record could not be found by it again; it is deleted then.
    """
    model = search.model
    write.draft(model, {**defaults, **values})  # a wrong name is told before it is needed
    key = SearchKey(model.meta, values)
    found = _one(model, (yield from search.exactly()))
    if found is None and key.forms:
        found = _one(model, (yield from search.adjusted(key)))
    if found is not None:
        return found, False
    key.refuse_unfindable(write.draft(model, {**defaults, **values}), server_facts(runner))
    try:
        created = yield from search.create({**defaults, **values})
    except DuplicateRecord:
        found = _one(model, (yield from search.exactly()))
        if found is None:
            raise
        return found, False
    except ValuesAdjusted as error:  # strict mode: it was created
        yield from keep_if_found_again(error.record, key, runner)
        raise
    yield from keep_if_found_again(created, key, runner)
    return created, True


def update_or_create(
    search: Search[R],
    values: Mapping[str, object],
    defaults: Mapping[str, object],
    runner: Runner | None,
) -> Plan[tuple[R, bool]]:
    """The one record with these values, given `defaults` and saved, or a new one."""
    record, created = yield from get_or_create(search, values, defaults, runner)
    if not created:
        for name, value in defaults.items():
            setattr(record, name, value)
        yield from write.save(record, runner=runner)
    return record, created


def keep_if_found_again(record: BaseRecord, key: SearchKey, runner: Runner | None) -> Plan[None]:
    """Delete a record just made that the same call would not find, and so make once more."""
    lost = tuple(each for each in state_of(record).adjusted if key.loses(each))
    if not lost:
        return
    what = f"{key.meta.name} {record.id}"
    told = "".join(f"\n  - {each}" for each in lost)
    try:
        yield from write.delete(record, runner=runner)
    except VtigerError as error:
        undone = f"It could not be deleted ({error})"
    else:
        undone = "It was deleted again"
    refused = ValuesAdjusted(
        f"{what} was created, but the CRM stored other values than it was looked for by, so the "
        f"same call would not find it and make another.{told}\n{undone}: look for it by values "
        "that the CRM stores as they are.",
        lost,
    )
    refused.record = record
    raise refused


def _one(model: type[R], found: list[R]) -> R | None:
    if len(found) > 1:
        raise model.MultipleRecords(
            f"More than one {model.__name__} has these values: {found[0].id}, {found[1].id}, ... "
            "Name more values, so that they tell one record."
        )
    return found[0] if found else None
