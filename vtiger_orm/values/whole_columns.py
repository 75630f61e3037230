"""A column of wire values read in one go: as `reader` reads each of them, only sooner.

Most texts need no more than to be told from blanks, and most values of other kinds come again and
again: owners, days, zeros. So texts are looked at in place, and what repeats is read once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

from ..metadata.kinds import Family, Kind
from .reading import Reader, reader
from .uniform_rows import UniformRows, WireColumn

ValueColumn: TypeAlias = list[Any]
WholeReader: TypeAlias = Callable[[WireColumn], ValueColumn]
"""Reads a column; raises what the reader of its kind raises for any of its values."""


class PageLayout:
    """How rows with certain keys become columns: worked out once, used for page after page.

    Records, values and Arrow tables all begin with it."""

    __slots__ = ("keys", "pick")

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys: tuple[str, ...] = tuple(keys)
        self.pick: Callable[[Mapping[str, Any]], WireColumn] = _picker(self.keys)
        """A row's values in this order."""

    def columns(self, rows: Sequence[Mapping[str, Any]]) -> list[WireColumn]:
        """Key by key what the rows have; raises `KeyError` for a row that lacks one."""
        if isinstance(rows, UniformRows):
            return [rows.columns[key] for key in self.keys]
        return list(zip(*map(self.pick, rows))) if rows else [()] * len(self.keys)


def _picker(keys: tuple[str, ...]) -> Callable[[Mapping[str, Any]], WireColumn]:
    """`itemgetter` that answers a sequence also for one key and for none."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda row: [row[key] for key in keys]


def whole_reader(kind: Kind, own: Reader | None = None) -> WholeReader:
    """How a column of this kind is read: blank is None. `own` reads single values otherwise than
    the kind's reader does."""
    if own is not None:
        return _others(own)
    read = reader(kind)
    match kind.family:
        case Family.TEXT | Family.CHOICE:
            return _texts(read)
        case Family.REFERENCE | Family.ID:
            return _references(read)
        case _:
            return _others(read)


def _texts(read: Reader) -> WholeReader:
    def whole(column: WireColumn) -> ValueColumn:
        joined = _joined(column)
        if joined is None or joined[:1] == " " or f"{_BETWEEN} " in joined:
            return _one_by_one(read, column)
        return [text or None for text in column] if "" in column else list(column)

    return whole


def _references(read: Reader) -> WholeReader:
    repeated = _others(read)

    def whole(column: WireColumn) -> ValueColumn:
        try:
            plain = are_plain_ids({*column})  # owners are few, on however many rows
        except TypeError:
            plain = False
        return [text or None for text in column] if plain else repeated(column)

    return whole


def _others(read: Reader) -> WholeReader:
    def whole(column: WireColumn) -> ValueColumn:
        if _joined(column) is None:
            return _one_by_one(read, column)
        known = {text: None if text == "" else read(text) for text in {*column}}
        return [known[text] for text in column]

    return whole


_BETWEEN: Final = "\0"
_ids: Final = re.compile(
    f"(?:[0-9]{{1,9}}x[1-9][0-9]{{0,17}})?(?:{_BETWEEN}(?:[0-9]{{1,9}}x[1-9][0-9]{{0,17}})?)*",
    re.ASCII,
).fullmatch
"""Plain ids of records, and blanks."""


def are_plain_ids(texts: Collection[object]) -> bool:
    """Whether each of the values is an id of a record, or blank, and needs no closer look."""
    joined = _joined(texts)
    return joined is not None and joined.count(_BETWEEN) < len(texts) and _ids(joined) is not None


def _one_by_one(read: Reader, column: WireColumn) -> ValueColumn:
    return [None if text == "" else read(text) for text in column]


def _joined(column: Iterable[Any]) -> str | None:
    """The column as one text, None where not all of it is text: 1 equals True, and a number has
    no place in a text."""
    try:
        return _BETWEEN.join(column)
    except TypeError:
        return None
