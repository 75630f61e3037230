"""What `values_list` yields, by the fields that it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .ir import Flat, Keyword, ListedFields
from .types import ROOT, RUNTIME, STR, TUPLE, builtin, generic, named, optional


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
    """Rows of texts, alone or after the id; of any other fields it is known how many there are.

    A signature for each pair and each three of the types of a module would be hundreds, which a
    checker compares with one another.
    """
    text = optional(STR)
    texts = next((each.names for each in flats if each.type.text == text.text), "")
    has_id = any("id" in each.fields for each in flats)
    id_ = generic(named("Ref", RUNTIME), named(model, ROOT))
    for number in (1, 2, 3) if flats else ():
        if texts:
            yield ListedFields((texts,) * number, generic(TUPLE, *[text] * number))
            if has_id and number > 1:
                more = number - 1
                yield ListedFields(
                    ('Literal["id"]', *[texts] * more), generic(TUPLE, id_, *[text] * more)
                )
        yield ListedFields((f"{model}Field",) * number, generic(TUPLE, *[builtin("Any")] * number))
