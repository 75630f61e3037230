"""Everything a queryset is: one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..conditions.field_names import with_id
from ..conditions.tree import Selection

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord
    from .fetches import Fetches
    from .projection import Projection


@dataclass(frozen=True, slots=True)
class QueryState:
    """Everything a queryset is; querysets differ only in what they make of the records."""

    model: type[BaseRecord]
    selection: Selection
    session: Runner | None = None
    """Set by `using`; otherwise the session is looked up when something is asked."""
    fetches: Fetches = ()
    """References to follow, from `select_related` and `prefetch_related`."""
    projection: Projection | None = None
    """What `values` makes of the records; None hands them out as they are."""
    max_writes: int | None = None
    """Records that `update` and `delete` may write; None leaves it to the session."""

    @property
    def reading(self) -> Selection:
        """The selection that is sent: references to follow must be among its columns."""
        selection = self.selection
        if not self.fetches:
            return selection
        module = selection.module
        followed = [module.fields[each.name] for each in self.fetches if not each.relation]
        columns = module.columns if selection.columns is None else selection.columns
        if all(field in columns for field in followed):
            return selection
        return replace(selection, columns=with_id(module, (*columns, *followed)))
