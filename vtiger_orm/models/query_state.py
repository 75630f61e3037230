"""Everything a queryset is: one frozen value; and what `values` makes of its records.

Values are those a record would have: picklist members, aware datetimes, `Decimal`, references.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from .._dataclass import dataclass
from ..aggregates.groups import GroupKey, group_key
from ..conditions.tree import TRUE, Node, Selection
from ..errors import InvalidLookup
from .cells import column_of, reader_of

if TYPE_CHECKING:
    from ..calls.environment import Environment
    from ..calls.protocols import Runner
    from ..metadata.module import ModuleMeta
    from ..records import BaseRecord
    from ..values.whole_columns import ValueColumn
    from .fetches import Fetches
    from .shaping import ShapedRows


def whole_of(model: type[BaseRecord], where: Node = TRUE) -> Selection:
    """The records of a model under a condition, in the order that its class asks for."""
    return Selection(model.meta, where, order=model.__mapper__.order)


@dataclass(frozen=True, slots=True)
class Projection:
    """Which attributes become a row of `values()` or `values_list()`, and what kind of row."""

    names: tuple[str, ...]
    style: Literal["dict", "tuple", "named", "flat"]

    def rows(self, records: Sequence[BaseRecord], env: Environment) -> list[Any]:
        """One row a record. Raises `Unreadable` as reading the attribute would."""
        return list(map(self._maker(records[0].meta, env), records)) if records else []

    def rows_of(
        self,
        module: ModuleMeta,
        columns: Callable[[tuple[str, ...]], list[ValueColumn] | None],
        env: Environment,
    ) -> ValueColumn | None:
        """The same from the values of attributes, which `columns` reads, without records; None
        where it has none."""
        keys = _keys(module, self.names)
        found = columns(tuple(key.field.name for key in keys))
        if found is None:
            return None
        cells = [column_of(key, column, env) for key, column in zip(keys, found)]
        match self.style:
            case "flat":
                return cells[0]
            case "tuple":
                return list(zip(*cells))
            case "named":
                return list(map(_row_class(self.names)._make, zip(*cells)))
        return [dict(zip(self.names, each)) for each in zip(*cells)]

    def _maker(self, module: ModuleMeta, env: Environment) -> Callable[[BaseRecord], Any]:
        names = self.names
        read = reader_of(_keys(module, names), env)
        if self.style == "flat":
            return read
        cells: Callable[[BaseRecord], Any] = read if len(names) > 1 else lambda each: (read(each),)
        if self.style == "tuple":
            return cells
        if self.style == "named":
            make = _row_class(names)._make
            return lambda each: make(cells(each))
        return lambda each: dict(zip(names, cells(each)))


@lru_cache(maxsize=256)  # a page of few columns is read in less time than its keys are found
def _keys(module: ModuleMeta, names: tuple[str, ...]) -> tuple[GroupKey, ...]:
    return tuple(group_key(module, name, "values") for name in names)


def _row_class(names: tuple[str, ...]) -> Any:
    """The class of the rows that `values_list(named=True)` yields."""
    return namedtuple("Row", names)


def list_projection(names: tuple[str, ...], *, flat: bool, named: bool) -> Projection:
    """What the arguments of `values_list` ask for. Raises `InvalidLookup`."""
    if flat and named:
        raise InvalidLookup("values_list() takes flat=True or named=True, not both.")
    if flat and len(names) != 1:
        raise InvalidLookup(
            f"values_list(flat=True) takes exactly one field, not {len(names)}: flat rows are "
            "the values of that field."
        )
    return Projection(names, "named" if named else "flat" if flat else "tuple")


@dataclass(frozen=True, slots=True)
class QueryState:
    """Everything a queryset is; querysets differ only in what they make of the records."""

    model: type[BaseRecord]
    selection: Selection
    session: Runner | None = None
    """Set by `using`; otherwise the session is looked up when something is asked."""
    fetches: Fetches = ()
    """References to follow, from `select_related` and `prefetch_related`."""
    projection: Projection | ShapedRows[Any] | None = None
    """What `values` or `into` makes of the records; None hands them out as they are."""
    max_writes: int | None = None
    """Records that `update` and `delete` may write; None leaves it to the session."""

    def under(self, where: Node) -> QueryState:
        """The same under this condition instead."""
        return QueryState(
            self.model,
            self.selection.under(where),
            self.session,
            self.fetches,
            self.projection,
            self.max_writes,
        )

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
        return selection.keeping((*columns, *followed))
