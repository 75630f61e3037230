"""One keyword and its value, as a condition tree in wire form.

Everything that can be wrong with a value is found here, while the queryset is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from itertools import permutations
from typing import Final, Literal, TypeGuard

from ..errors import InvalidId, InvalidLookup, InvalidValue
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..values import SEPARATOR, is_blank, is_blank_value, is_sendable
from ..values.writing import encode
from .collation import canonical_pattern, like_literal
from .lookups import Lookup, split_keyword
from .tree import (
    FALSE,
    TRUE,
    Compare,
    DayBound,
    Equal,
    Has,
    InMonth,
    InSelection,
    Like,
    Node,
    Not,
    OneOf,
    Operator,
    Present,
    Selection,
    all_of,
    any_of,
)

MAX_LITERAL_BYTES: Final = 8189
"""Longest literal the server's lexer reads, in UTF-8 bytes as written between the quotes."""

_SHORT: Final = MAX_LITERAL_BYTES // 8
"""Characters that fit whatever they are."""
_REFERENCES: Final = frozenset({Family.REFERENCE, Family.ID})
_PLAIN: Final = frozenset({Family.TEXT, Family.CHOICE})
_ID: Final = Family.ID
_DATETIME: Final = Family.DATETIME
"""By names of their own, since they are asked for by every condition: Python 3.11 takes longer to
find a member by its class than to compare it."""
_CLOCKS: Final = (datetime, time)
_ONE_DAY: Final = timedelta(days=1)
_MOST_PERMUTED: Final = 4
"""Up to so many choices every order of them is written out (24 for four)."""


@lru_cache(maxsize=8192)
def reader(module: ModuleMeta, keyword: str) -> Callable[[object], Node]:
    """What ``keyword=value`` means on this module, as a function of the value, which raises
    `InvalidLookup` for one that does not fit. Raises it itself as `split_keyword` does."""
    field, lookup = split_keyword(module, keyword)
    return partial(_READERS[lookup], module, field)


# -- values ----------------------------------------------------------------------------------


def _wire(module: ModuleMeta, field: FieldMeta, value: object) -> str:
    """The value in wire form; empty for a list without choices."""
    if isinstance(value, str) and field.family in _PLAIN:
        # Even a tab: a text to the CRM, where only blanks are blank.
        return _sendable(module, field, str.__str__(value))
    try:
        text = encode(field, value)
    except InvalidId:
        raise
    except InvalidValue as error:
        raise InvalidLookup(f"{module.name}: {error}") from error
    if field.family is _ID and not text.startswith(module.prefix + "x"):
        raise InvalidLookup(
            f"{text!r} is not the id of a {module.name} record: those begin with "
            f"'{module.prefix}x' on this CRM."
        )
    if field.prefixes and text.partition("x")[0] not in field.prefixes:
        raise InvalidLookup(
            f"{text!r} is no id that {module.name}.{field.name} can hold: it refers to "
            f"{' or '.join(field.targets)}, whose ids begin with "
            f"{' or '.join(f'{each}x' for each in field.prefixes)} on this CRM."
        )
    return _sendable(module, field, text)


def _equal_to(module: ModuleMeta, field: FieldMeta, value: object) -> str:
    """The value in wire form, if anything can be equal to it; raises `InvalidLookup`."""
    text = _wire(module, field, value)
    if field.family in _REFERENCES and is_blank(text, field.kind):
        cure = f" Records without one are found by {field.name}=None."
        raise InvalidLookup(
            f"{text!r} is no id that {module.name}.{field.name} can have: records are numbered "
            f"from 1 on.{cure if field.family is Family.REFERENCE else ''}"
        )
    return text


def _sendable(module: ModuleMeta, field: FieldMeta, text: str) -> str:
    """The text, if it can be written in a statement at all; raises `InvalidLookup`."""
    if len(text) <= _SHORT and text.isascii():
        return text
    if not is_sendable(text):
        raise InvalidLookup(
            f"{text!r} for {module.name}.{field.name} holds half of a character (a lone "
            "surrogate), which cannot be sent. Text that was decoded with "
            "errors='surrogateescape' has such."
        )
    written = text.replace("\\", "\\\\").replace("'", "''")
    if len(written.encode()) > MAX_LITERAL_BYTES:
        raise InvalidLookup(
            f"The value for {module.name}.{field.name} is longer than the "
            f"{MAX_LITERAL_BYTES} bytes that the CRM reads in a query. Compare with a "
            f"shorter part of it: {field.name}__startswith=..."
        )
    return text


def _no_blank(module: ModuleMeta, field: FieldMeta, lookup: str, value: object) -> None:
    if is_blank_value(value):
        raise InvalidLookup(
            f"{module.name}.{field.name}__{lookup}={value!r}: a blank is neither smaller nor "
            f"larger than anything. Ask for blanks with {field.name}=None, or exclude them "
            f"with {field.name}__isnull=False."
        )


def _items(module: ModuleMeta, field: FieldMeta, lookup: str, value: object) -> list[object]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise InvalidLookup(
            f"{module.name}.{field.name}__{lookup} takes several values in a list, tuple or "
            f"set, not {value!r}."
        )
    return list(value)


def _text(module: ModuleMeta, field: FieldMeta, lookup: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidLookup(
            f"{module.name}.{field.name}__{lookup} takes text, not {type(value).__name__} "
            f"({value!r})."
        )
    return str(value)


def _number(
    module: ModuleMeta, field: FieldMeta, lookup: str, value: object, low: int, high: int
) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidLookup(
            f"{module.name}.{field.name}__{lookup} takes a number from {low} to {high}, "
            f"not {value!r}."
        )
    return value


# -- equality --------------------------------------------------------------------------------


def _exact(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    if is_blank_value(value):
        return _blank(field)
    if isinstance(value, str) and field.family in _PLAIN:
        return Equal(field, _wire(module, field, value))
    if field.family is _DATETIME and _is_day(value):
        return _in_days(field, value, value)
    text = _equal_to(module, field, value)
    if not text:
        return _blank(field)
    if field.family is Family.CHOICES:
        return _same_choices(field, text.split(SEPARATOR))
    return FALSE if _fraction(value) else Equal(field, text)


def _same_choices(field: FieldMeta, choices: list[str]) -> Node:
    """Exactly these choices, in whatever order they were saved."""
    if len(choices) == 1:
        return Equal(field, choices[0])
    if len(choices) <= _MOST_PERMUTED:
        return OneOf(field, tuple(map(SEPARATOR.join, permutations(choices))))
    parted, further = ("%" + "|##|%" * times for times in (len(choices) - 1, len(choices)))
    every = (Has(field, choice) for choice in choices)
    return all_of(*every, Like(field, parted), Not(Like(field, further)))


def _blank(field: FieldMeta) -> Node:
    return FALSE if field.family is _ID else Not(Present(field))


def _present(field: FieldMeta) -> Node:
    return TRUE if field.family is _ID else Present(field)


def _in(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    selection = getattr(value, "selection", None)
    if isinstance(selection, Selection):  # a queryset, of which the rooms above know the class
        _refuse_other_values(field, getattr(value, "value_names", ()))
        return _in_selection(module, field, selection)
    days: list[Node] = []
    texts: dict[str, None] = {}
    for item in _items(module, field, "in", value):
        if is_blank_value(item):
            days.append(_blank(field))
        elif field.family is _DATETIME and _is_day(item):
            days.append(_in_days(field, item, item))
        elif not _fraction(item):
            texts[_equal_to(module, field, item)] = None
    if not texts:
        return any_of(*days)
    values = tuple(texts)
    return any_of(Equal(field, values[0]) if len(values) == 1 else OneOf(field, values), *days)


def _refuse_other_values(field: FieldMeta, names: Iterable[str]) -> None:
    """A semi-join is made of the ids of the inner records, whatever `values_list` names."""
    other = [name for name in names if name != "id"]
    if other:
        raise InvalidLookup(
            f"{field.name}__in compares with the ids of a queryset's records, not with other "
            f"values of theirs. Read the values first: "
            f"{field.name}__in=set(queryset.values_list({other[0]!r}, flat=True))."
        )


def _in_selection(module: ModuleMeta, field: FieldMeta, inner: Selection) -> Node:
    if field.family is _ID:
        allowed: tuple[str, ...] = (module.name,)
        if inner.module is module and not inner.start and inner.stop is None:
            return inner.where
    elif field.family is Family.REFERENCE:
        allowed = field.targets
    else:
        raise InvalidLookup(
            f"{module.name}.{field.name}__in takes a list of values; only references and id "
            f"can be compared with the records of another queryset."
        )
    if allowed and inner.module.name not in allowed:
        raise InvalidLookup(
            f"{module.name}.{field.name} refers to {' or '.join(allowed)}, "
            f"not to {inner.module.name}."
        )
    return InSelection(field, inner)


def _isnull(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    if not isinstance(value, bool):
        raise InvalidLookup(
            f"{module.name}.{field.name}__isnull takes True or False, not {value!r}."
        )
    return _blank(field) if value else _present(field)


# -- order -----------------------------------------------------------------------------------


def _compare(operator: Operator, lookup: Lookup) -> Callable[[ModuleMeta, FieldMeta, object], Node]:
    def read(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
        _no_blank(module, field, lookup, value)
        if field.family is _DATETIME and _is_day(value):
            after = operator in ("<=", ">")
            return _day_bound(field, "<" if operator in ("<", "<=") else ">=", value, after)
        text = _wire(module, field, value)
        if _fraction(value):
            # The wire has whole seconds: from 12:00:00.5 on means after 12:00:00.
            return Compare(field, "<=" if operator in ("<", "<=") else ">", text)
        return Compare(field, operator, text)

    return read


def _range(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    pair: list[object] = []
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        pair = list(value)
    if len(pair) != 2:
        raise InvalidLookup(
            f"{module.name}.{field.name}__range takes a pair (first, last), both included, "
            f"not {value!r}."
        )
    for end in pair:
        _no_blank(module, field, "range", end)
    return all_of(
        _READERS[Lookup.GTE](module, field, pair[0]), _READERS[Lookup.LTE](module, field, pair[1])
    )


def _fraction(value: object) -> bool:
    return isinstance(value, _CLOCKS) and value.microsecond > 0


# -- days ------------------------------------------------------------------------------------
#
# A date stands for the whole day wherever a moment could stand, in the session's time zone:
# equal means on this day, smaller before it begins, larger after it has ended. Text is no date:
# nowhere in conditions, as for numbers and times (see `values`).


def _is_day(value: object) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)


def _day_bound(field: FieldMeta, operator: Literal["<", ">="], day: date, after: bool) -> Node:
    """Before, or from, the start of the day (or of the day after it)."""
    if after:
        if day == date.max:
            return Present(field) if operator == "<" else FALSE
        day += _ONE_DAY
    return DayBound(field, operator, day)


def _in_days(field: FieldMeta, first: date, last: date) -> Node:
    return all_of(
        _day_bound(field, ">=", first, after=False), _day_bound(field, "<", last, after=True)
    )


def _date(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    if not _is_day(value):
        cure = " Write date.fromisoformat(text)." if isinstance(value, str) else ""
        raise InvalidLookup(f"{module.name}.{field.name}__date takes a date, not {value!r}.{cure}")
    return _in_days(field, value, value)


def _year(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    year = _number(module, field, "year", value, 1, 9999)
    first, last = date(year, 1, 1), date(year, 12, 31)
    if field.family is _DATETIME:
        return _in_days(field, first, last)
    return all_of(Compare(field, ">=", first.isoformat()), Compare(field, "<=", last.isoformat()))


def _month(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    return InMonth(field, _number(module, field, "month", value, 1, 12))


# -- text and choices ------------------------------------------------------------------------


def _matches(
    lookup: Lookup, before: str, after: str
) -> Callable[[ModuleMeta, FieldMeta, object], Node]:
    def read(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
        text = _text(module, field, lookup, value)
        if not text:
            return Present(field)
        pattern = before + like_literal(text) + after
        return Like(field, _sendable(module, field, pattern))

    return read


def _like(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    pattern = canonical_pattern(_text(module, field, "like", value))
    if not pattern:
        return FALSE
    return Like(field, _sendable(module, field, pattern))


def _has(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    choice = _text(module, field, "has", value)
    if not choice.strip(" ") or SEPARATOR in choice:
        raise InvalidLookup(
            f"{module.name}.{field.name}__has takes one choice, not {value!r}. "
            f"Several are asked for with has_any or has_all, none with {field.name}=None."
        )
    return Has(field, _sendable(module, field, choice))


def _has_any(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    return any_of(*(_has(module, field, each) for each in _items(module, field, "has_any", value)))


def _has_all(module: ModuleMeta, field: FieldMeta, value: object) -> Node:
    return all_of(*(_has(module, field, each) for each in _items(module, field, "has_all", value)))


_READERS: Final[dict[Lookup, Callable[[ModuleMeta, FieldMeta, object], Node]]] = {
    Lookup.EXACT: _exact,
    Lookup.IN: _in,
    Lookup.LT: _compare("<", Lookup.LT),
    Lookup.LTE: _compare("<=", Lookup.LTE),
    Lookup.GT: _compare(">", Lookup.GT),
    Lookup.GTE: _compare(">=", Lookup.GTE),
    Lookup.RANGE: _range,
    Lookup.CONTAINS: _matches(Lookup.CONTAINS, "%", "%"),
    Lookup.STARTSWITH: _matches(Lookup.STARTSWITH, "", "%"),
    Lookup.ENDSWITH: _matches(Lookup.ENDSWITH, "%", ""),
    Lookup.LIKE: _like,
    Lookup.ISNULL: _isnull,
    Lookup.DATE: _date,
    Lookup.YEAR: _year,
    Lookup.MONTH: _month,
    Lookup.HAS: _has,
    Lookup.HAS_ANY: _has_any,
    Lookup.HAS_ALL: _has_all,
}
