"""What can be asked of many records, in Django's words.

Blank counts as SQL's NULL: it adds nothing, and a figure over nothing is `None` (`Count`: 0).
Numbers are exact. Text is compared as the CRM compares it, moments in UTC, references by the
number of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import date, datetime
from decimal import Context, Decimal, localcontext
from typing import Any, ClassVar, Final, Protocol, TypeAlias

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..conditions.collation import equality_key, sort_key
from ..conditions.field_names import readable_field
from ..errors import InvalidLookup
from ..ids import id_number
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..values.reading import ZERO

AggregateValue: TypeAlias = int | Decimal | date | datetime | str | None
"""What an aggregate gives: it depends on the function and the field."""

_NUMBERS: Final = frozenset({Family.INTEGER, Family.DECIMAL})
_ORDERED: Final = _NUMBERS | {
    Family.DATE,
    Family.DATETIME,
    Family.TEXT,
    Family.CHOICE,
    Family.REFERENCE,
    Family.ID,
}
_COUNTED: Final = frozenset(Family) - {Family.SECRET}

_exact: Final = Context(prec=2000)
"""Longer than any sum of what the wire can hold (400 digits on either side of the point)."""
_quotient: Final = Context(prec=28)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One figure over many records."""

    field: str | None
    """The attribute whose values it is made of."""
    distinct: bool = False
    """Whether equal values count once."""

    word: ClassVar[str]
    families: ClassVar[frozenset[Family]]

    def __post_init__(self) -> None:
        if self.field is not None and not isinstance(self.field, str):
            raise InvalidLookup(
                f"{type(self).__name__}() takes the name of a field as text, not {self.field!r}."
            )

    @property
    def alias(self) -> str:
        """The name of the result where none is given, as in Django: ``amount__sum``."""
        return f"{self.field}__{self.word}"

    def __str__(self) -> str:
        distinct = ", distinct=True" if self.distinct else ""
        field = "" if self.field is None else repr(self.field)
        return f"{type(self).__name__}({field}{distinct})"


class Count(Aggregate):
    """How many records there are; with a field, in how many it is not blank.

    ``Count("leadsource", distinct=True)`` counts different values.
    """

    __slots__ = ()
    word = "count"
    families = _COUNTED

    def __init__(self, field: str | None = None, *, distinct: bool = False) -> None:
        if distinct and field in (None, "*"):
            raise InvalidLookup("Count(distinct=True) needs the field whose values are counted.")
        Aggregate.__init__(self, None if field == "*" else field, distinct)

    @property
    def alias(self) -> str:
        return "count" if self.field is None else f"{self.field}__count"


class Sum(Aggregate):
    """The sum of a number field: an `int` or `Decimal` without rounding; `None` of nothing."""

    __slots__ = ()
    word = "sum"
    families = _NUMBERS

    def __init__(self, field: str, *, distinct: bool = False) -> None:
        Aggregate.__init__(self, field, distinct)


class Avg(Aggregate):
    """The mean of a number field where it is not blank, a `Decimal` of up to 28 digits."""

    __slots__ = ()
    word = "avg"
    families = _NUMBERS

    def __init__(self, field: str, *, distinct: bool = False) -> None:
        Aggregate.__init__(self, field, distinct)


class Min(Aggregate):
    """The smallest value of a number, day, moment, text or reference; `None` of nothing."""

    __slots__ = ()
    word = "min"
    families = _ORDERED

    def __init__(self, field: str) -> None:
        Aggregate.__init__(self, field)


class Max(Aggregate):
    """The greatest value of a number, day, moment, text or reference; `None` of nothing."""

    __slots__ = ()
    word = "max"
    families = _ORDERED

    def __init__(self, field: str) -> None:
        Aggregate.__init__(self, field)


@dataclass(frozen=True, slots=True)
class Figure:
    """An aggregate of one module, checked, under the name of its result."""

    name: str
    aggregate: Aggregate
    field: FieldMeta | None


def figures_of(
    module: ModuleMeta, args: Iterable[object], kwargs: dict[str, object], method: str
) -> tuple[Figure, ...]:
    """What `aggregate` or `annotate` was given. Raises `InvalidLookup` or `UnsupportedQuery`."""
    named: dict[str, Aggregate] = {}
    for each in args:
        given = _aggregate(each, method)
        if given.alias in named:
            raise InvalidLookup(f"{method}({given}, ...): {given} is asked for twice.")
        named[given.alias] = given
    for name, each in kwargs.items():
        if name in named:
            raise InvalidLookup(f"{method}({name}=...): the name {name!r} is given twice.")
        named[name] = _aggregate(each, method)
    if not named:
        raise InvalidLookup(f"{method}() needs what to find out: {method}(total=Sum(...)).")
    return tuple(_figure(module, name, each, method) for name, each in named.items())


def _aggregate(given: object, method: str) -> Aggregate:
    if isinstance(given, Aggregate):
        return given
    raise InvalidLookup(
        f"{method}() takes Count(), Sum(), Avg(), Min() and Max(), not {given!r}. The CRM computes "
        "nothing by itself: other figures are made in Python, or of to_polars()."
    )


def _figure(module: ModuleMeta, name: str, aggregate: Aggregate, method: str) -> Figure:
    if aggregate.field is None:
        return Figure(name, aggregate, None)
    field = readable_field(module, aggregate.field, method)
    if field.family not in aggregate.families:
        possible = ", ".join(sorted(family.value for family in aggregate.families))
        raise InvalidLookup(
            f"{aggregate}: {field.name} is a {field.kind.value} field, and "
            f"{type(aggregate).__name__} is made of: {possible}."
        )
    return Figure(name, aggregate, field)


class Collector(Protocol):
    """Takes the values of one field, `None` left out, and gives the figure."""

    def add(self, values: Iterable[Any]) -> None: ...

    def result(self) -> AggregateValue: ...


def collector(figure: Figure, env: Environment) -> Collector:
    """A fresh collector for this figure."""
    field, aggregate = figure.field, figure.aggregate
    inner: Collector
    match aggregate:
        case Sum():
            inner = _Total()
        case Avg():
            inner = _Mean()
        case Min():
            inner = _Extreme(order_key_of(field, env), -1)
        case Max():
            inner = _Extreme(order_key_of(field, env), 1)
        case _:
            inner = _Number()
    return _Once(inner, same_key_of(field, env)) if aggregate.distinct else inner


class _Number:
    def __init__(self) -> None:
        self._number = 0

    def add(self, values: Iterable[Any]) -> None:
        self._number += sum(1 for _ in values)

    def result(self) -> int:
        return self._number


class _Total:
    def __init__(self) -> None:
        self._total: int | Decimal | None = None

    def add(self, values: Iterable[int | Decimal]) -> None:
        with localcontext(_exact):
            for value in values:
                self._total = value if self._total is None else self._total + value

    def result(self) -> int | Decimal | None:
        known = self._total
        return ZERO if isinstance(known, Decimal) and not known else known


class _Mean:
    def __init__(self) -> None:
        self._total = _Total()
        self._number = 0

    def add(self, values: Iterable[int | Decimal]) -> None:
        known = list(values)
        self._number += len(known)
        self._total.add(known)

    def result(self) -> Decimal | None:
        total = self._total.result()
        if total is None:
            return None
        return _quotient.divide(Decimal(total), Decimal(self._number)) or ZERO


class _Extreme:
    """Among equal values the first is the smallest and the last the greatest, as in an order."""

    def __init__(self, key: Callable[[Any], Any], sign: int) -> None:
        self._key = key
        self._sign = sign
        self._found: Any = None
        self._at: Any = None

    def add(self, values: Iterable[Any]) -> None:
        for value in values:
            at = self._key(value)
            if self._at is None or (at >= self._at if self._sign > 0 else at < self._at):
                self._at, self._found = at, value

    def result(self) -> AggregateValue:
        found: AggregateValue = self._found
        return found


class _Once:
    """Hands on each value once."""

    def __init__(self, inner: Collector, key: Callable[[Any], Hashable]) -> None:
        self._inner = inner
        self._key = key
        self._seen: set[Hashable] = set()

    def add(self, values: Iterable[Any]) -> None:
        self._inner.add(list(self._new(values)))

    def _new(self, values: Iterable[Any]) -> Iterable[Any]:
        for value in values:
            key = self._key(value)
            if key not in self._seen:
                self._seen.add(key)
                yield value

    def result(self) -> AggregateValue:
        return self._inner.result()


_TEXTS: Final = frozenset({Family.TEXT, Family.CHOICE})


def order_key_of(field: FieldMeta | None, env: Environment) -> Callable[[Any], Any]:
    """What sorts values of the field as the CRM does."""
    if field is not None and field.family in _TEXTS and env.collation != "unknown":
        return sort_key
    if field is not None and field.family in (Family.REFERENCE, Family.ID):
        return lambda id: (id_number(id), id)
    return _itself


def same_key_of(field: FieldMeta | None, env: Environment) -> Callable[[Any], Hashable]:
    """What is equal for values of the field that the CRM takes for equal."""
    if field is not None and field.family is Family.CHOICES:
        each = equality_key if env.collation != "unknown" else _itself
        return lambda choices: frozenset(map(each, choices))
    if field is not None and field.family in _TEXTS and env.collation != "unknown":
        return equality_key
    return _itself


def _itself(value: Any) -> Any:
    return value
