"""Pages of a query, read from the bytes of an answer straight to columns.

What a JSON reader spends most of its time on is rows: a dictionary for each, and the same keys
again and again. A page looks like the one before it, so its keys are told to the reader beforehand.
A page of whose rows any has other keys, or anything but texts and null in it, and every answer that
is no page, is read like all other answers (`answers.py`); which of the two ways it was does not
show in what is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec

from ..calls.operations import Call, Query
from ..values.uniform_rows import UniformRows
from .base import HttpResponse

Read: TypeAlias = Callable[[Call[object], HttpResponse], object]
"""The result of a call in an answer, as `Dialect.result` reads it."""

_MOST_STATEMENTS: Final = 64
"""Statements whose pages are known, all sessions together."""
_MOST_MISSES: Final = 8
"""Pages in a row that turned out otherwise, after which a statement's pages are not tried again."""


class _Expected:
    """How the pages of a statement are expected to look."""

    __slots__ = ("keys", "misses", "read")

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self.misses = 0
        self.read: msgspec.json.Decoder[Any] | None = None
        """Made when a second page comes: most statements have one."""


_expected: Final[dict[str, _Expected]] = {}


def read_query(call: Query, response: HttpResponse, read: Read) -> object:
    """What was answered to a query; `read` reads answers of any kind."""
    page = _read_page(call, response)
    if page is not None:
        return page
    result = read(call, response)
    _learn(call, result)
    return result


def _read_page(call: Query, response: HttpResponse) -> UniformRows | None:
    """The rows of an answer that looks as expected; None for any other."""
    expected = _expected.get(_columns_of(call))
    if expected is None or expected.misses > _MOST_MISSES:
        return None
    try:
        if expected.read is None:
            expected.read = _reader(expected.keys)
        answer = expected.read.decode(response.body)
    except (ValueError, RecursionError):
        expected.misses += 1
        return None
    if answer.success is not True or not answer.result:
        return None
    expected.misses = 0
    cells = zip(*map(msgspec.structs.astuple, answer.result))
    return UniformRows(dict(zip(expected.keys, cells)))


def _learn(call: Query, rows: object) -> None:
    """Expect the next pages to look like these rows, which were read like all other answers."""
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict) or not rows[0]:
        return
    asked, keys = _columns_of(call), tuple(rows[0])
    known = _expected.get(asked)
    if known is not None and known.keys == keys:
        return
    if len(_expected) >= _MOST_STATEMENTS:
        _expected.clear()
    fresh = _expected[asked] = _Expected(keys)
    if known is not None:
        fresh.misses = known.misses


def _columns_of(call: Query) -> str:
    """What of a statement decides which columns its rows have: ``select ... from Contacts``."""
    columns, word, rest = call.text.partition(" from ")
    return columns + word + rest.partition(" ")[0]


def _reader(keys: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Raises `ValueError` for a key that is written with escapes."""
    # Keys are text of the CRM: the attributes are numbered, and only called so on the wire.
    names = [f"c{number}" for number in range(len(keys))]
    row = msgspec.defstruct(
        "Row",
        [(name, str | None) for name in names],
        rename=dict(zip(names, keys)),
        forbid_unknown_fields=True,
        gc=False,
    )
    answer = msgspec.defstruct("Answer", [("success", bool), ("result", list[row])])  # type: ignore[valid-type]  # made here
    return msgspec.json.Decoder(answer)
