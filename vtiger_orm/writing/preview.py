"""What a write would do, without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from .._dataclass import dataclass
from .._writes import Problem, Rule
from ..calls.operations import Call, Create
from ..calls.server import ServerFacts
from ..errors import InvalidRecord, InvalidValue, NotSupported
from ..metadata.kinds import Family
from ..metadata.module import ModuleMeta
from ..metadata.server import Hazard
from ..records.handle import belong, handed_out_by, saved_id
from .line_items import is_inventory
from .memory import items_of
from .policies.table import is_writable
from .prepare import SaveOperation, needs_user, prepare
from .rebuild import RISK, STEPS, check_rebuildable

if TYPE_CHECKING:
    from ..records import BaseRecord

R = TypeVar("R", bound="BaseRecord")


@dataclass(frozen=True, slots=True)
class Preview:
    """A write that was not sent."""

    operation: str
    """``create``, ``revise``, ``update``, ``delete``, or ``none`` when nothing changed."""
    module: str
    records: int
    """How many records would be written."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Wire name -> wire value that each would be sent."""
    ids: tuple[str, ...] = ()
    """The records, where they exist."""
    problems: tuple[Problem, ...] = ()
    """Rules that are broken; with any, nothing would be sent."""
    steps: tuple[str, ...] = ()
    """The calls one by one and their risk, where it takes more than one."""

    @property
    def ok(self) -> bool:
        """Whether it would be sent."""
        return not self.problems

    def __str__(self) -> str:
        what = f"{self.operation} {self.records} of {self.module}"
        lines = [what if self.records else f"nothing to write in {self.module}"]
        lines += [f"  {name} = {value!r}" for name, value in self.values.items()]
        lines += [f"  {each}" for each in self.steps]
        lines += [f"  refused: {each.message}" for each in self.problems]
        return "\n".join(lines)


def of_save(
    record: BaseRecord,
    facts: ServerFacts,
    *,
    operation: SaveOperation = "revise",
    rebuild_items: bool = False,
) -> Preview:
    """What `save` would send. A new record without an owner gets the session's user then."""
    meta = record.meta
    user = "<session user>" if needs_user(record, facts) else None
    new = saved_id(record) is None
    rebuilds = (
        rebuild_items
        and is_inventory(meta)
        and facts.server.refusal(Hazard.CHANGE_HEADER) is not None
    )
    try:
        prepared = prepare(record, facts, operation=operation, present={}, accept_damage=rebuilds)
        if rebuilds and prepared is not None and not new:
            check_rebuildable(prepared)
    except (InvalidRecord, NotSupported, InvalidValue) as error:
        return refused("create" if new else operation, meta, error)
    if prepared is None:
        return Preview("none", meta.name, 0)
    values = dict(prepared.call.values)
    if user is not None:
        values["assigned_user_id"] = user
    call: Call[Any] = prepared.call
    ids = () if isinstance(call, Create) else (str(saved_id(record)),)
    steps = (*(f"{n}. {step}" for n, step in enumerate(STEPS, 1)), f"risk: {RISK}")
    return Preview(
        call.operation, meta.name, 1, values, ids, steps=steps if rebuilds and not new else ()
    )


def refused(
    operation: str, meta: ModuleMeta, error: InvalidRecord | NotSupported | InvalidValue
) -> Preview:
    """The preview of what the rules refuse."""
    if isinstance(error, InvalidRecord):
        problems = tuple(error.problems)
    else:
        problems = (Problem("", Rule.SERVER, str(error)),)
    return Preview(operation, meta.name, 0, problems=problems)


def copy_of(record: R, changes: Mapping[str, Any]) -> R:
    """A new record with the editable values of this one, its line items, and these changes.

    What makes a record itself stays behind: id, number, times, unique fields.
    """
    meta = record.meta
    values = {
        name: value
        for name, value in record.__dict__.items()
        if (each := meta.fields.get(name)) is not None
        and is_writable(meta, each)
        and not each.unique
        and each.family is not Family.ID
        and value is not None
    }
    copied = type(record)(**{**values, **changes})
    belong(copied, handed_out_by(record))
    if is_inventory(meta) and items_of(record).loaded:
        items_of(copied).replace(
            replace(item, id=None, extra=dict(item.extra), taxes=dict(item.taxes))
            for item in items_of(record)
        )
    return copied
