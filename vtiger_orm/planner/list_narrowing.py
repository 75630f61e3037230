"""What of a condition the filter of a list can be told: criteria that every wanted record fulfils.

A list joins criteria by AND and knows neither patterns nor NULL, so the whole condition is decided
on the rows, which come complete. Criteria only keep out rows that cannot be wanted: a criterion
that is left out costs pages, never a record. Text arrives decoded and may be stored with entities,
so of a text only plain signs are compared, and where an accented letter would be equal, texts that
are stored with an entity in its place are asked for as well: ``M&uuml;ller`` is ``Muller`` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from html.entities import codepoint2name
from typing import Final, TypeAlias

from ..calls.operations import Criterion
from ..conditions.collation import weigh
from ..conditions.quirks import quirk_of
from ..conditions.tree import And, Compare, Equal, Like, Node, Not, OneOf, Or, Present
from ..dialects.restfulapi_columns import column_of
from ..dialects.restfulapi_filter import sayable
from ..ids import parse_id
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta

Criteria: TypeAlias = tuple[Criterion, ...]
"""All of them hold."""

EVERYTHING: Final[tuple[Criteria, ...]] = ((),)

MOST_LISTS: Final = 20
"""So many alternatives are asked for one by one; of more only their bounds."""

_NUMBERS: Final = (Family.INTEGER, Family.DECIMAL)
_TEXTS: Final = (Family.TEXT, Family.CHOICE)
_ALWAYS_SET: Final = frozenset({"id", "createdtime", "modifiedtime"})
"""Fields that are never NULL, so that a negation is the opposite."""
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_WIDENED: Final = {"<": "<=", "<=": "<=", ">": ">=", ">=": ">="}
_PLAIN: Final = re.compile(r"[A-Za-z0-9 .,@_+()#%/-]*")
"""Signs that no CRM stores as an entity."""
_NEIGHBOURED: Final = re.compile(r"[B-Yb-y1-8]")
_MOST_ENTITIES: Final = 3
"""So many places of a text where an entity may be stored are asked for one by one; the others by
the beginning before them."""
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def narrowed(meta: ModuleMeta, tree: Node) -> tuple[Criteria, ...]:
    """Alternatives, of which each wanted record fulfils one; none where nothing is wanted."""
    return tuple(dict.fromkeys(_holds(meta, tree, True)))


def _holds(meta: ModuleMeta, node: Node, positive: bool) -> tuple[Criteria, ...]:
    match node:
        case Not(child):
            return _holds(meta, child, not positive)
        case And(children) | Or(children):
            parts = [_holds(meta, child, positive) for child in children]
            return _all(parts) if isinstance(node, And) == positive else _any(parts)
        case _:
            return _atom(meta, node, positive)


def _any(parts: Iterable[tuple[Criteria, ...]]) -> tuple[Criteria, ...]:
    found = tuple(dict.fromkeys(criteria for part in parts for criteria in part))
    return EVERYTHING if () in found or len(found) > MOST_LISTS else found


def _all(parts: Iterable[tuple[Criteria, ...]]) -> tuple[Criteria, ...]:
    """Every combination, as long as they are few; a part that makes too many is left out."""
    product = EVERYTHING
    for part in sorted(parts, key=len):
        if len(product) * len(part) <= MOST_LISTS:
            product = tuple(
                tuple(dict.fromkeys((*one, *other))) for one in product for other in part
            )
    return product


def _atom(meta: ModuleMeta, atom: Node, positive: bool) -> tuple[Criteria, ...]:
    match atom:
        case Equal(field, value):
            return _equal(meta, field, (value,), positive)
        case OneOf(field, values):
            return _equal(meta, field, values, positive)
        case Compare(field, symbol, value):
            if not positive:
                if field.wire not in _ALWAYS_SET:
                    return EVERYTHING
                symbol = _OPPOSITE[symbol]  # type: ignore[assignment]  # of the same symbols
            return _said(meta, _compared(meta, field, symbol, value))
        case Like(field, pattern) if positive and field.family in _TEXTS:
            return _beginning(meta, field, _literal(pattern))
        case Present(field) if positive and field.family is Family.REFERENCE:
            return _said(meta, (Criterion(field.wire, ">=", "0x1"),))
        case _:
            return EVERYTHING


def _said(meta: ModuleMeta, criteria: Criteria) -> tuple[Criteria, ...]:
    return (tuple(said for said in criteria if sayable(meta, said)),)


def _compared(meta: ModuleMeta, field: FieldMeta, symbol: str, value: str) -> Criteria:
    """The comparison; of numbers the next wider one, as the database compares them rounded."""
    if quirk_of(meta.name, field.wire) is not None or field.family in _TEXTS:
        return ()
    if field.family in _NUMBERS:
        symbol = _WIDENED[symbol]
    return (Criterion(field.wire, symbol, value),)  # type: ignore[arg-type]  # one of them


def _equal(
    meta: ModuleMeta, field: FieldMeta, values: tuple[str, ...], positive: bool
) -> tuple[Criteria, ...]:
    if not positive:
        if field.family is Family.ID and len(values) <= MOST_LISTS:
            return _said(meta, tuple(Criterion(field.wire, "!=", value) for value in values))
        return EVERYTHING
    if len(values) > MOST_LISTS:
        return _said(meta, _between(field, values))
    return _any([_one_value(meta, field, value) for value in values])


def _one_value(meta: ModuleMeta, field: FieldMeta, value: str) -> tuple[Criteria, ...]:
    if quirk_of(meta.name, field.wire) is not None:
        return EVERYTHING
    if field.family in _TEXTS and _PLAIN.fullmatch(value) is None:
        return _beginning(meta, field, value)
    places = _places(field, value)
    if len(places) > _MOST_ENTITIES:
        return _beginning(meta, field, value)
    equal = (Criterion(field.wire, "=", value),)
    return _each_said(meta, (equal, *_with_entities(field, value, places)))


def _between(field: FieldMeta, values: tuple[str, ...]) -> Criteria:
    """The bounds of many references."""
    if field.family not in (Family.REFERENCE, Family.ID):
        return ()
    numbers = [parse_id(value).number for value in values]
    return (
        Criterion(field.wire, ">=", f"0x{min(numbers)}"),
        Criterion(field.wire, "<=", f"0x{max(numbers)}"),
    )


def _literal(pattern: str) -> str:
    """What every text that matches the pattern begins with."""
    literal = ""
    at = 0
    while at < len(pattern) and pattern[at] not in "%_":
        match = _ESCAPED.match(pattern, at)
        literal += match[1] if match else pattern[at]
        at += 2 if match else 1
    return literal


def _beginning(meta: ModuleMeta, field: FieldMeta, text: str) -> tuple[Criteria, ...]:
    """Bounds of the texts that begin as this one does, as far as it is plain.

    Texts that go on with a control character sort before their own beginning, so the lower bound
    is the letter before.
    """
    if quirk_of(meta.name, field.wire) is not None or column_of(meta, field.wire) is None:
        return EVERYTHING
    plain = _PLAIN.match(text)
    beginning = plain[0] if plain else ""
    places = _places(field, beginning)
    beginning = beginning[: places[_MOST_ENTITIES]] if places[_MOST_ENTITIES:] else beginning
    while beginning and _NEIGHBOURED.fullmatch(beginning[-1]) is None:
        beginning = beginning[:-1]
    if not beginning or beginning != beginning.strip():
        return EVERYTHING
    rest, last = beginning[:-1], beginning[-1]
    bounds = (
        Criterion(field.wire, ">=", rest + chr(ord(last) - 1)),
        Criterion(field.wire, "<", rest + chr(ord(last) + 1)),
    )
    places = [place for place in places if place < len(beginning)]
    return _each_said(meta, (bounds, *_with_entities(field, beginning, places)))


def _places(field: FieldMeta, text: str) -> list[int]:
    """Where a text that counts as equal may be stored with an entity.

    Choices come from the CRM's own lists, in which accented letters stand as they are.
    """
    if field.family is not Family.TEXT:
        return []
    return [at for at, weight in enumerate(weigh(text)) if weight in _weights_of_entities()]


@cache
def _weights_of_entities() -> frozenset[str]:
    return frozenset(weigh(chr(code)) for code in codepoint2name if not chr(code).isascii())


def _with_entities(field: FieldMeta, text: str, places: Iterable[int]) -> Iterable[Criteria]:
    for place in places:
        before = text[:place]
        yield (
            Criterion(field.wire, ">=", f"{before}&"),
            Criterion(field.wire, "<", f"{before}'"),
        )


def _each_said(meta: ModuleMeta, alternatives: Iterable[Criteria]) -> tuple[Criteria, ...]:
    return _any([_said(meta, criteria) for criteria in alternatives])
