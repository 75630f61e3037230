"""Random data and random conditions for the laws: awkward on purpose."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from vtiger_orm.conditions.lookups import LOOKUPS, Lookup
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Node, Order
from vtiger_orm.metadata.module import ModuleMeta

TEXTS = [
    "a", "A", "ä", "b", "B ", "ab", "aB", "ba", "a b", " a", "ß", "s", "straße", "strase",
    "x'y", "x''y", "'", "\\", "a\\", "\\'", "a\\b", "50%", "50", "5_", "50_", "%", "_", "_%",
    "a%b", "l1\nl2", "l1", "a\n", "a\tb", "客户", "é", "e", "ı", "I", "i", "or 1=1", ";", '"',
    "1", "10", "9", "|##|", "a |##| b",
]  # fmt: skip
"""Case, accent and blank twins; quotes, backslashes, wildcards, line ends, separators."""

CHOICES = ["a", "A", "b", "a b", "50%", "it's", "x_y", "客"]
DAYS = ["2023-12-31", "2024-01-01", "2024-02-28", "2024-02-29", "2024-03-01", "1999-03-05"]
MOMENTS = [
    "2023-12-31 23:30:00",
    "2024-01-01 00:00:00",
    "2024-02-29 23:59:59",
    "2024-03-01 00:00:00",
    "2024-03-31 01:30:00",
    "1999-03-05 12:00:00",
]
HOURS = ["00:00:00", "06:18:00", "12:00:00", "23:59:59"]
WHOLES = [-5, 0, 1, 2, 9, 10, 100]
OWNER_NUMBERS = [7, 8]
DELETED = 999
"""The number of an owner that is no more, though records still refer to it."""

texts = st.one_of(st.sampled_from(TEXTS), st.text("aAäb' \\%_\n|#", min_size=1, max_size=4)).filter(
    lambda text: bool(text.strip(" "))
)
blank_or = st.sampled_from([None, "", " ", "   "])

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.one_of(texts, blank_or),
    "note": st.one_of(texts, blank_or),
    "mail": st.one_of(texts, blank_or),
    "stage": st.one_of(st.sampled_from(CHOICES), blank_or),
    "tags_": st.one_of(
        st.lists(st.sampled_from(CHOICES), min_size=1, max_size=3).map(" |##| ".join), blank_or
    ),
    "whole": st.sampled_from([None, *WHOLES]),
    "amount": st.sampled_from(
        [
            *(None, "0.000", "1.500", "-2.250", "10.000", "9.000"),
            *("-360.0000000", "-360.0000000", "-360.000", "-400.000"),
        ]
    ),
    "money": st.sampled_from([None, "0.00000000", "12.50000000", "100.00000000"]),
    "flag": st.sampled_from([None, "", " ", "0", "1"]),
    "day": st.sampled_from([None, "0000-00-00", "0000-12-31", *DAYS]),
    "moment": st.sampled_from([None, "0000-00-00 00:00:00", *MOMENTS]),
    "hour": st.sampled_from([None, *HOURS]),
    "parent": st.sampled_from([None, 0, DELETED, *OWNER_NUMBERS]),
    "assigned_user_id": st.sampled_from([None, 1]),
}
"""Raw column values of the module ``Things``."""

records = st.fixed_dictionaries(VALUES)


def datasets(most: int = 30) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of one module; few enough to shrink, more than a page."""
    return st.lists(records, min_size=0, max_size=most)


_zoned = st.sampled_from(MOMENTS).map(lambda m: datetime.fromisoformat(m).replace(tzinfo=UTC))
_OPERANDS: dict[str, st.SearchStrategy[Any]] = {
    "name": texts,
    "title": texts,
    "rank": st.sampled_from(WHOLES),
    "note": texts,
    "mail": texts,
    "stage": st.sampled_from(CHOICES),
    "tags_": st.lists(st.sampled_from(CHOICES), min_size=1, max_size=5, unique=True),
    "whole": st.sampled_from(WHOLES),
    "amount": st.sampled_from(
        [Decimal(0), Decimal("1.5"), Decimal("-2.25"), 10, 9, -360, Decimal("-360.00"), -400]
    ),
    "money": st.sampled_from([0, Decimal("12.50"), 100]),
    "flag": st.booleans(),
    "day": st.sampled_from(DAYS).map(date.fromisoformat),
    "moment": st.one_of(
        _zoned,
        _zoned.map(lambda moment: moment.replace(microsecond=500)),
        st.sampled_from(DAYS).map(date.fromisoformat),
    ),
    "hour": st.sampled_from(HOURS).map(time.fromisoformat),
    "parent": st.sampled_from(["41x7", "41x8", "41x999"]),
    "assigned_user_id": st.sampled_from(["19x1", "19x2"]),
    "id": st.integers(1, 30).map(lambda number: f"40x{number}"),
}


@st.composite
def lookups(draw: st.DrawFn, meta: ModuleMeta, fields: list[str] | None = None) -> tuple[str, Any]:
    """A keyword with a value that fits."""
    names = sorted({*_OPERANDS} & {*meta.fields})
    if meta.name == "Owners":
        names.remove("id")  # operands of ids are those of Things
    name = draw(st.sampled_from(fields or names))
    operand = _OPERANDS[name]
    lookup = draw(st.sampled_from(LOOKUPS[meta.fields[name].family]))
    value: Any
    match lookup:
        case Lookup.EXACT:
            blanks = st.sampled_from([None, ""])
            value = draw(operand if name == "id" else st.one_of(operand, operand, blanks))
        case Lookup.IN:
            value = draw(st.lists(st.one_of(operand, st.none()), max_size=4))
        case Lookup.RANGE:
            value = (draw(operand), draw(operand))
        case Lookup.CONTAINS | Lookup.STARTSWITH | Lookup.ENDSWITH:
            value = draw(st.one_of(texts, st.sampled_from(["", " ", "a", "\\", "%"])))
        case Lookup.LIKE:
            value = draw(st.text("aAb%_\\ '", max_size=4))
        case Lookup.ISNULL:
            value = draw(st.booleans())
        case Lookup.DATE:
            value = date.fromisoformat(draw(st.sampled_from(DAYS)))
        case Lookup.YEAR:
            value = draw(st.sampled_from([1, 1999, 2023, 2024, 9999]))
        case Lookup.MONTH:
            value = draw(st.integers(1, 12))
        case Lookup.HAS:
            value = draw(st.sampled_from(CHOICES))
        case Lookup.HAS_ANY | Lookup.HAS_ALL:
            value = draw(st.lists(st.sampled_from(CHOICES), max_size=3))
        case _:
            value = draw(operand)
    return f"{name}__{lookup}" if lookup is not Lookup.EXACT else name, value


def conditions(meta: ModuleMeta, depth: int = 4, fields: list[str] | None = None) -> Any:
    """Trees of at most this depth over all lookups of all fields."""
    leaf = lookups(meta, fields).map(lambda pair: Q(**{pair[0]: pair[1]}))
    tree = leaf
    for _ in range(depth - 1):
        pair = st.tuples(tree, tree)
        tree = st.one_of(
            leaf,
            pair.map(lambda two: two[0] & two[1]),
            pair.map(lambda two: two[0] | two[1]),
            tree.map(lambda one: ~one),
        )
    return tree.map(lambda q: resolved(meta, q))


def resolved(meta: ModuleMeta, q: Q) -> Node:
    return resolve(meta, [q], {})


@st.composite
def orders(draw: st.DrawFn, meta: ModuleMeta) -> tuple[Order, ...]:
    """Up to three fields, each in any direction, or the id alone."""
    names = draw(
        st.one_of(
            st.lists(st.sampled_from(sorted({*meta.fields} - {"id"})), max_size=3, unique=True),
            st.just(["id"]),
        )
    )
    return tuple(Order(meta.fields[name], draw(st.booleans())) for name in names)
