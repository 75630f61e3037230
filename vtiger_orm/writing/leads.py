"""Turning a lead into an organization, a contact and an opportunity.

The CRM does it in steps and takes none of them back: a failure half-way leaves records behind.
They are searched for, and the error tells them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from .._dataclass import dataclass
from ..calls.operations import Operation, Retrieve, Row
from ..calls.outcome import Again, Fate, outcome_of
from ..calls.plans import Plan, collect_rows, perform, together
from ..calls.protocols import environment_of
from ..calls.server import ServerFacts, recognised
from ..calls.support import require
from ..conditions.tree import Compare, Equal, Node, Selection, all_of
from ..errors import InvalidValue, MalformedAnswer, RecordError, VtigerError
from ..ids import parse_id
from ..metadata.module import ModuleMeta
from ..planner import plan_rows
from .adjustments import of_sent
from .answers import read_quietly, refuse_adjusted, warn_adjusted
from .owners import owners_in, prove
from .prepare import check_given
from .rules import to_wire

if TYPE_CHECKING:
    from ..calls.environment import Environment
    from ..calls.protocols import Runner
    from ..records import BaseRecord
    from ..records.references import Ref

A = TypeVar("A", bound="BaseRecord")
C = TypeVar("C", bound="BaseRecord")
P = TypeVar("P", bound="BaseRecord")

Wanted: TypeAlias = bool | Mapping[str, object]
"""True: made from the lead's own fields. A mapping of attributes: with these values, too."""

MODULES: Final = ("Accounts", "Contacts", "Potentials")

_CONVERTED: Final = "LEAD_ALREADY_CONVERTED"
"""Refused, and what looks like made by it is from the first time."""


@dataclass(frozen=True, slots=True)
class Conversion(Generic[A, C, P]):
    """What became of a lead; None is what was not asked for, or not made."""

    account: Ref[A] | None = None
    contact: Ref[C] | None = None
    potential: Ref[P] | None = None


class ConversionFailed(RecordError):
    """The conversion failed, or its answer was lost. `made` tells what the CRM has made so far.

    Nothing of it was taken back: finish the conversion in the CRM, or delete what was made.
    """

    def __init__(self, message: str, made: Conversion[Any, Any, Any]) -> None:
        super().__init__(message)
        self.made = made


@dataclass(frozen=True, slots=True)
class ConversionOrder:
    """What is to be made: module -> its values in wire form, beside those of the lead."""

    lead: str
    entities: Mapping[str, Mapping[str, Any]]
    assigned_to: str | None = None
    transfer_to: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """The element of `convertlead`: each entity needs ``create`` and ``name``."""
        element: dict[str, Any] = {
            "leadId": self.lead,
            "entities": {
                module: {**values, "create": True, "name": module}
                for module, values in self.entities.items()
            },
        }
        if self.assigned_to:
            element["assignedTo"] = self.assigned_to
        if self.transfer_to:
            element["transferRelatedRecordsTo"] = self.transfer_to
        return element


def order(
    lead: str,
    wanted: Mapping[str, Wanted],
    metas: Mapping[str, ModuleMeta],
    *,
    assigned_to: str | None = None,
    transfer_to: str | None = None,
) -> ConversionOrder:
    """Check and encode what is wanted. Raises `InvalidValue` when nothing is."""
    entities = {
        module: {} if given is True else _values(metas[module], given)
        for module, given in wanted.items()
        if given is not False
    }
    if not entities:
        raise InvalidValue(
            "convert() was asked to make nothing. Set account, contact or potential to True or "
            "to a dict of values."
        )
    if transfer_to and transfer_to not in entities:
        raise InvalidValue(
            f"transfer_to={transfer_to!r} names a module that the conversion does not make."
        )
    return ConversionOrder(str(parse_id(lead)), entities, assigned_to, transfer_to)


def _values(meta: ModuleMeta, given: object) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidValue(
            f"What is to be made in {meta.name} is True, False or a dict of values, not {given!r}."
        )
    for name in given:
        if name not in meta.fields:
            hint = meta.suggest(name)
            raise InvalidValue(
                f"{meta.name} has no field {name!r}." + (f" Did you mean {hint!r}?" if hint else "")
            )
    return to_wire(meta, given)


def convert(
    order: ConversionOrder, metas: Mapping[str, ModuleMeta], runner: Runner | None
) -> Plan[dict[str, str]]:
    """Module -> id of what was made. Raises `ConversionFailed` with what it found otherwise."""
    facts, env = (yield from recognised(runner)), environment_of(runner)
    require("convertlead", facts)
    for module, values in order.entities.items():
        check_given(metas[module], values, facts)
    owners = [
        (module, name, value)
        for module, values in order.entities.items()
        for name, value in owners_in(metas[module], values)
    ]
    given = [("Leads", "assigned_to", order.assigned_to)] if order.assigned_to else []
    yield from prove([*given, *owners], runner)
    # What the new records will be called has to be known before the lead disappears.
    lead = yield from perform(Retrieve(order.lead))
    call = Operation(
        "convertlead", "POST", {"element": json.dumps(order.to_wire(), ensure_ascii=False)}
    )
    try:
        answer = yield call
    except VtigerError as error:
        outcome = outcome_of(error)
        if outcome.fate is Fate.NEVER_LEFT or getattr(error, "code", None) == _CONVERTED:
            raise
        made = yield from _leftovers(order, lead, metas, env)
        if outcome.undone and not made:
            raise
        lost = outcome.again is Again.YES  # the answer; else the server broke off half-way
        if lost and made.keys() >= order.entities.keys():
            return made
        raise _failed(order, made, error) from error
    if not isinstance(answer, Mapping):
        raise MalformedAnswer("convertlead answered without the ids of what it made.")
    made = {module: str(parse_id(str(answer[module]))) for module in MODULES if answer.get(module)}
    yield from _compare(order, made, metas, facts, env)
    return made


def _compare(
    order: ConversionOrder,
    made: Mapping[str, str],
    metas: Mapping[str, ModuleMeta],
    facts: ServerFacts,
    env: Environment,
) -> Plan[None]:
    """Read what was given values, since the answer has ids alone: those that the CRM stored
    otherwise are warned of, or in strict mode raise `ValuesAdjusted`."""
    given = [module for module in made if order.entities.get(module)]
    rows = yield from together([read_quietly(metas[each], made[each], env) for each in given])
    adjusted = tuple(
        replace(each, field=f"{module}.{each.field}")
        for module, row in zip(given, rows)
        for each in of_sent(metas[module], order.entities[module], row or {})
    )
    what = ", ".join(f"{module} {id_}" for module, id_ in made.items())
    refuse_adjusted(what, adjusted, facts)
    warn_adjusted(what, adjusted)


def _failed(
    order: ConversionOrder, made: Mapping[str, str], error: VtigerError
) -> ConversionFailed:
    found = ", ".join(f"{module} {id_}" for module, id_ in made.items()) or "nothing"
    return ConversionFailed(
        f"The lead {order.lead} was not converted: {error} Found of what was to be made: {found}.",
        made_of(made),
    )


def made_of(made: Mapping[str, Any]) -> Conversion[Any, Any, Any]:
    return Conversion(made.get("Accounts"), made.get("Contacts"), made.get("Potentials"))


def _leftovers(
    order: ConversionOrder, lead: Row, metas: Mapping[str, ModuleMeta], env: Environment
) -> Plan[dict[str, str]]:
    """Records that look like made by this conversion: newer than the lead, marked as coming
    from one, and named as it names them. Search errors leave a module out."""
    made = {}
    for module in order.entities:
        meta = metas.get(module)
        where = _made_from(meta, order, lead) if meta is not None else None
        if meta is None or where is None:
            continue
        try:
            rows = yield from collect_rows(
                plan_rows(Selection(meta, where, columns=(meta.id,)), env)
            )
        except VtigerError:
            continue
        if rows:
            made[module] = str(rows[-1]["id"])
    return made


_NAMES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "Accounts": (("accountname", "company"),),
    "Contacts": (("lastname", "lastname"), ("firstname", "firstname")),
    "Potentials": (("potentialname", "company"),),
}
"""Field of what is made -> field of the lead that it is filled from."""


def _made_from(meta: ModuleMeta, order: ConversionOrder, lead: Row) -> Node | None:
    conditions: list[Node] = [Compare(meta.id, ">", order.lead)]
    mark = meta.by_wire.get("isconvertedfromlead")
    if mark is not None and mark.filterable:
        conditions.append(Equal(mark, "1"))
    given = order.entities[meta.name]
    named = False
    for wire, source in _NAMES[meta.name]:
        value = str(given.get(wire) or lead.get(source) or "")
        if value.strip() and wire in meta.by_wire:
            conditions.append(Equal(meta.by_wire[wire], value))
            named = True
    return all_of(*conditions) if named else None
