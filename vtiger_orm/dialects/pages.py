"""Pages of a query, read from the bytes of an answer straight to columns.

What a JSON reader spends most of its time on is rows: a dictionary for each, and the same keys
again and again. A page looks like the one before it, so its keys are told to the reader beforehand.
A page of whose rows any has other keys, or anything but texts and null in it, and every answer that
is no page, is read like all other answers (`answers.py`); which of the two ways it was does not
show in what is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
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
_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)
"""What readers raise; the errors of msgspec 0.19 are no `ValueError`."""


class _Expected:
    """How the pages of a statement are expected to look."""

    __slots__ = ("keys", "misses")

    def __init__(self, keys: tuple[str, ...], misses: int = 0) -> None:
        self.keys = keys
        self.misses = misses


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
        answer = _reader(expected.keys).decode(response.body)
    except _UNREADABLE:
        expected.misses += 1
        return None
    if answer.success is not True or not answer.result:
        return None
    if not _begins_with(response.body, expected.keys):
        expected.misses += 1
        return None
    expected.misses = 0
    cells = zip(*map(msgspec.structs.astuple, answer.result))
    return UniformRows(dict(zip(expected.keys, cells)))


def _begins_with(body: bytes, keys: tuple[str, ...]) -> bool:
    """Whether the first row of a page has its keys in this order, of which msgspec does not tell.

    A key with its quotation marks is found where it is one and nowhere else: within a text they
    are escaped.
    """
    first, *others = _as_in_json(keys)
    place = begin = body.find(b"[{" + first)
    for key in others:
        place = body.find(key, place)
    second_row = body.find(first, begin + len(first) + 2)
    return 0 <= begin <= place and (second_row < 0 or place < second_row)


def _learn(call: Query, rows: object) -> None:
    """Expect the next pages to look like these rows, which were read like all other answers."""
    if not isinstance(rows, list) or not rows or not rows[0]:
        return
    asked, keys = _columns_of(call), tuple(rows[0])
    known = _expected.get(asked)
    if known is not None and known.keys == keys:
        return
    if len(_expected) >= _MOST_STATEMENTS:
        _expected.clear()
    _expected[asked] = _Expected(keys, 0 if known is None else known.misses)


def _columns_of(call: Query) -> str:
    """What of a statement decides which columns its rows have: ``select ... from Contacts``."""
    columns, word, rest = call.text.partition(" from ")
    return columns + word + rest.partition(" ")[0]


@lru_cache(_MOST_STATEMENTS)
def _as_in_json(keys: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(f"{json.dumps(key)}:".encode() for key in keys)


@lru_cache(_MOST_STATEMENTS)  # users who see other fields than others take turns
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
    # What else an answer has would be passed over, however damaged; one family adds `moreinfo`.
    answer = msgspec.defstruct(
        "Answer",
        [
            ("success", bool),
            ("result", list[row]),  # type: ignore[valid-type]  # made here
            ("moreinfo", dict[str, str | int] | None, None),
        ],
        forbid_unknown_fields=True,
    )
    return msgspec.json.Decoder(answer)
