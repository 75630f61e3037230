"""What `values_list` yields, by the fields that it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from .ir import Flat, Keyword, ListedFields
from .types import BOOL, DATE, DATETIME, DECIMAL, INT, STR, TIME, TUPLE, builtin, generic, optional

_PLAIN: Final = {optional(each).text for each in (BOOL, DATE, DATETIME, DECIMAL, INT, TIME)}
"""What many fields of a module are, and is not text."""


def flats_of(row: Sequence[Keyword]) -> Iterator[Flat]:
    """The fields by the type that reading them gives, in the order of their first ones."""
    names: dict[str, list[str]] = {}
    for each in row:
        names.setdefault(each.type.text, []).append(each.name)
    types = {each.type.text: each.type for each in row}
    several = 0
    for text, fields in names.items():
        several += len(fields) > 1
        yield Flat(f"_Fields{several}" if len(fields) > 1 else "", types[text], tuple(fields))


def columns_of(model: str, flats: Sequence[Flat]) -> Iterator[ListedFields]:
    """Rows of one field, and of the id with a number, a date or a flag; of two and three others
    which of them are texts, or the id in front, and of any other field its place. The first that
    fits a call counts.

    A signature for each pair and each three of the types of a module would be hundreds.
    """
    text = optional(STR).text
    is_alone = sum(len(each.fields) for each in flats) == 1
    ids = [('Literal["id"]', each.type) for each in flats if "id" in each.fields and not is_alone]
    texts = [(each.names, each.type) for each in flats if each.type.text == text]
    others = [each for each in flats if each.type.text != text]
    # Where there is nothing else, a signature for anything would be the same once more.
    rest = [*texts, *([(f"{model}Field", builtin("Any"))] if others else [])]
    for each in flats:
        yield ListedFields((each.names,), generic(TUPLE, each.type))
    plain = [each for each in others if each.type.text in _PLAIN]
    for (id, type_), each in product(ids, plain):
        yield ListedFields((id, each.names), generic(TUPLE, type_, each.type))
    for number in (2, 3) if flats else ():
        for row in product([*ids, *rest], *[rest] * (number - 1)):
            names, types = zip(*row)
            yield ListedFields(names, generic(TUPLE, *types))
