"""What a query finds: the names once, and the values of each row.

The database hands out a row as one text, JSON: to get its values one by one takes twice as long.
A dictionary for each row would take as long again. Most pages are printed as they are, and need
none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import msgspec

Row = dict[str, Any]
Cells = Sequence[str | None]

_MOST: Final = 100
"""Values of one text: functions of SQLite take 127 of them."""
_TEXTS: Final = msgspec.json.Decoder(list[list[str | None]])


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


def selected(expressions: Sequence[str]) -> str:
    """The columns of a statement whose rows `read` reads; what they give is text or NULL."""
    starts = range(0, len(expressions), _MOST)
    return ", ".join(f"json_array({', '.join(expressions[at : at + _MOST])})" for at in starts)


def read(rows: Iterable[Iterable[str]]) -> Sequence[Cells]:
    """The values of rows, as the expressions gave them."""
    parts = [_TEXTS.decode(f"[{','.join(part)}]") for part in zip(*rows)]
    return parts[0] if len(parts) == 1 else [list(chain(*each)) for each in zip(*parts)]
