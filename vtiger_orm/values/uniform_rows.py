"""Rows of an answer that all have the same keys, held as columns.

Every row of a page repeats the keys of the others, and most of what is done with a page is done
column by column. So a page that could be read as columns (`dialects/pages.py`) stays columns until
somebody asks for a row, which is made then. Such rows cannot be changed: each time they are asked
for they are made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias, overload

WireRow: TypeAlias = dict[str, Any]
WireColumn: TypeAlias = Sequence[Any]
"""What an answer has for one field, row by row."""


class UniformRows(Sequence[WireRow]):
    """Rows with the same keys in the same order; equals a list of the same rows."""

    __slots__ = ("columns",)

    def __init__(self, columns: Mapping[str, WireColumn]) -> None:
        """`columns` are one or more, all of one length."""
        self.columns: Mapping[str, WireColumn] = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @overload
    def __getitem__(self, place: int) -> WireRow: ...
    @overload
    def __getitem__(self, place: slice) -> UniformRows: ...
    def __getitem__(self, place: int | slice) -> WireRow | UniformRows:
        cells = {key: column[place] for key, column in self.columns.items()}
        return UniformRows(cells) if isinstance(place, slice) else cells

    def __iter__(self) -> Iterator[WireRow]:
        keys = tuple(self.columns)
        for cells in zip(*self.columns.values()):
            yield dict(zip(keys, cells))

    def __eq__(self, other: object) -> bool:
        return list(self) == (list(other) if isinstance(other, UniformRows) else other)

    def __repr__(self) -> str:
        return repr(list(self))

    def with_columns(self, changed: Mapping[str, WireColumn]) -> UniformRows:
        """The same rows with other values under these of their keys."""
        return UniformRows({**self.columns, **changed})


def column_of(rows: Sequence[WireRow], key: str) -> WireColumn:
    """What the rows have under one key. Raises `KeyError` where one lacks it."""
    if isinstance(rows, UniformRows):
        return rows.columns[key]
    return [row[key] for row in rows]


def column_or_none(rows: Sequence[WireRow], key: str) -> Sequence[object]:
    """What the rows have under one key, None where one lacks it."""
    if isinstance(rows, UniformRows):
        return rows.columns[key] if key in rows.columns else [None] * len(rows)
    return [row.get(key) for row in rows]


def rows_where(
    rows: Sequence[WireRow], key: str, accept: Callable[[Any], bool]
) -> Sequence[WireRow]:
    """The rows whose value under this key is accepted."""
    if not isinstance(rows, UniformRows):
        return [row for row in rows if accept(row[key])]
    places = [place for place, value in enumerate(rows.columns[key]) if accept(value)]
    if places and places[-1] - places[0] + 1 == len(places):
        return rows[places[0] : places[-1] + 1]
    return UniformRows(
        {key: [column[place] for place in places] for key, column in rows.columns.items()}
    )


def without_keys(rows: Sequence[WireRow], hidden: Iterable[str]) -> Sequence[WireRow]:
    """The rows without these keys."""
    out = frozenset(hidden)
    if isinstance(rows, UniformRows):
        left = {key: column for key, column in rows.columns.items() if key not in out}
        if left:
            return UniformRows(left)
    return [{key: value for key, value in row.items() if key not in out} for row in rows]


def joined(pages: Sequence[Sequence[WireRow]]) -> Sequence[WireRow]:
    """The rows of all pages, in their order."""
    full = [page for page in pages if page]
    if len(full) == 1:
        return full[0]
    uniform = [page for page in full if isinstance(page, UniformRows)]
    if full and len(uniform) == len(full) and _are_alike(uniform):
        return UniformRows(
            {
                key: [*chain.from_iterable(page.columns[key] for page in uniform)]
                for key in uniform[0].columns
            }
        )
    return [*chain.from_iterable(full)]


def _are_alike(pages: Sequence[UniformRows]) -> bool:
    return len({tuple(page.columns) for page in pages}) == 1
