"""What `values()` and `values_list()` make of records: plain dicts, tuples or single values.

Values are those a record would have: picklist members, aware datetimes, `Decimal`, references.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from ..errors import InvalidLookup

if TYPE_CHECKING:
    from ..records import BaseRecord


@dataclass(frozen=True, slots=True)
class Projection:
    """Which attributes become a row, and what kind of row."""

    names: tuple[str, ...]
    style: Literal["dict", "tuple", "named", "flat"]

    def rows(self, records: Sequence[BaseRecord]) -> list[Any]:
        """One row a record. Raises `Unreadable` as reading the attribute would."""
        return list(map(self._maker(), records))

    def _maker(self) -> Callable[[BaseRecord], Any]:
        names = self.names
        read = attrgetter(*names)
        if self.style == "flat":
            return read
        cells: Callable[[BaseRecord], Any] = read if len(names) > 1 else lambda each: (read(each),)
        if self.style == "tuple":
            return cells
        if self.style == "named":
            make: Callable[[Any], Any] = getattr(namedtuple("Row", names), "_make")  # noqa: B009
            return lambda each: make(cells(each))
        return lambda each: dict(zip(names, cells(each)))


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
