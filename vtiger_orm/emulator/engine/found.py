"""What a query finds, as the database gives it: the names once, and the values of each row.

A dictionary for each row takes as long as reading it. Most pages are printed as they are, and
need none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Cells = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class FoundRows:
    """Rows of the same columns, all of them text or NULL."""

    keys: tuple[str, ...]
    """Names of the columns. Of two that are alike the last one counts, where the first stands."""
    cells: Sequence[Cells]

    def rows(self) -> list[Row]:
        """As an answer of the API has them."""
        return [dict(zip(self.keys, each)) for each in self.cells]

    def column(self, name: str) -> Sequence[str | None]:
        """The values of one column. Raises `ValueError` where there is none."""
        place = -1 - self.keys[::-1].index(name)
        return [each[place] for each in self.cells]

    def __len__(self) -> int:
        return len(self.cells)
