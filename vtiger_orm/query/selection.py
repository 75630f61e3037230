"""What a queryset asks for, as plain frozen facts: the planner's input."""

from __future__ import annotations

from dataclasses import dataclass

from ..metadata.module import FieldMeta, ModuleMeta
from .tree import TRUE, Node


@dataclass(frozen=True, slots=True)
class Order:
    """One field of an ORDER BY. References sort by record number, text as the CRM compares it,
    blanks come first ascending and last descending.

    Among the blanks of one field the order of further fields is the server's, which sorts NULL
    and the empty text apart although a row shows the same for both.
    """

    field: FieldMeta
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.field.name}" if self.descending else self.field.name


@dataclass(frozen=True, slots=True)
class Selection:
    """Records of one module: which, in what order, what slice of them, which fields."""

    module: ModuleMeta
    where: Node = TRUE
    order: tuple[Order, ...] = ()
    """Empty means by id, except that a parallel reading hands rows out as they come."""
    start: int = 0
    stop: int | None = None
    columns: tuple[FieldMeta, ...] | None = None
    """None means every field that can be selected; `id` is always read."""

    def __str__(self) -> str:
        order = f" order by {', '.join(map(str, self.order))}" if self.order else ""
        stop = "" if self.stop is None else self.stop
        window = f" [{self.start}:{stop}]" if self.start or self.stop is not None else ""
        return f"{self.module.name} where {self.where}{order}{window}"
