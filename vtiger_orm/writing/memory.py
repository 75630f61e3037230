"""What writing remembers of a record, beside what the record itself does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .._dataclass import dataclass
from .._pickled import restores
from .._writes import Adjustment
from ..calls.outcome import Fate, Outcome
from ..calls.plans import Plan, together
from ..errors import InvalidValue
from ..records.arguments import meta_of
from ..records.handle import known_id, recall, remember
from .line_items import (
    FINAL_DETAILS,
    LINE_ITEMS,
    LineItems,
    are_apart,
    is_inventory,
    read_items,
    read_items_of,
)

if TYPE_CHECKING:
    from ..calls.environment import Environment
    from ..calls.operations import Row
    from ..records import BaseRecord
    from ..records.state import FieldChange


@dataclass(frozen=True, slots=True)
class LostCreate:
    """A create that was sent and whose answer did not come. Times are this machine's, in UTC."""

    sent: Mapping[str, Any]
    """Wire values."""
    given: Mapping[str, object]
    """The same by attribute, as the record held them."""
    at: datetime
    """When it was sent."""
    until: datetime
    """When the server can no longer be at work on it."""
    said: str = ""
    """What the CRM or the connection said instead of an answer."""

    def over(self) -> bool:
        """Whether the server can no longer be at work on it."""
        return datetime.now(UTC) >= self.until

    @property
    def outcome(self) -> Outcome:
        fate = Fate.UNKNOWN if self.over() else Fate.UNDER_WAY
        return Outcome(fate, until=self.until)


class OperationState:
    """The part of a record's state that `record.crm` shows."""

    __slots__ = ("adjusted", "items", "lost", "related", "saving")

    def __init__(self) -> None:
        self.adjusted: tuple[Adjustment, ...] = ()
        self.items: LineItems | None = None
        self.lost: LostCreate | None = None
        self.saving: bool = False
        """Whether somebody creates the record right now; only then may `lost` still be settled
        by an answer."""
        self.related: dict[str, list[Any]] = {}
        """Name of a relation -> the records that `prefetch_related` brought."""

    def changes(self) -> Mapping[str, FieldChange]:
        """What a save sends besides fields: the line items, all of them."""
        change = self.items.change() if self.items is not None else None
        return {LINE_ITEMS: change} if change is not None else {}

    def doubt(self) -> OperationState | None:
        """What a copy or pickle of the record has to know: that its create was lost."""
        if self.lost is None:
            return None
        twin = OperationState()
        twin.lost = self.lost
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        """All but the doubt stays behind."""
        lost = self.lost
        if lost is None:
            return restore_doubt, (None, None)
        return restore_doubt, (dict(lost.sent), lost.at, dict(lost.given), lost.until, lost.said)


@restores
def restore_doubt(
    sent: Mapping[str, Any] | None,
    at: datetime | None,
    given: Mapping[str, object] | None = None,
    until: datetime | None = None,
    said: str = "",
) -> OperationState:
    """What is known of a record whose create was sent and not answered."""
    state = OperationState()
    if sent is not None and at is not None:
        state.lost = LostCreate(sent, given or {}, at, until or at, said)
    return state


def state_of(record: BaseRecord) -> OperationState:
    """The record's state, made when it is first needed."""
    state = recall(record)
    if not isinstance(state, OperationState):
        state = OperationState()
        remember(record, state)
    return state


def has_state(record: BaseRecord) -> bool:
    return recall(record) is not None


def items_of(record: BaseRecord) -> LineItems:
    """The record's line items; those that came with its last answer are taken over."""
    state = state_of(record)
    if state.items is None:
        state.items = LineItems()
        rows = record.extra.get(LINE_ITEMS)
        if isinstance(rows, list):
            state.items.settle(rows)
    return state.items


def take_items(record: BaseRecord, row: Row) -> None:
    """Keep the items of an answer with the record's items, where those are in use."""
    rows = row.get(LINE_ITEMS)
    record.extra.pop(FINAL_DETAILS, None)
    if has_state(record) and state_of(record).items is not None and isinstance(rows, list):
        items_of(record).settle(rows)


def load_items_of(records: Sequence[BaseRecord], env: Environment) -> Plan[None]:
    """Read the line items of many records at once, through the module LineItem."""
    by_id = {known_id(record): record for record in records}
    for record in records:
        meta = meta_of(type(record))
        if not is_inventory(meta):
            raise InvalidValue(f"Records of {meta.name} have no line items.")
    if env.lists is not None or any(are_apart(each.meta) for each in records):
        plans = [read_items(each.meta, id_, env) for id_, each in by_id.items()]
        found = dict(zip(by_id, (yield from together(plans)))) if plans else {}
    else:
        found = yield from read_items_of(list(by_id))
    for record in records:
        items_of(record).settle(found[known_id(record)])
