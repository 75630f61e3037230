"""Plans of aggregates: what the server can say alone it says, the rest is read column-wise.

The CRM counts, and it orders; it adds nothing up. So `Count` is a count, `Min` and `Max` are one
row at the end of an order, and everything else reads the columns that it needs, once for all
figures together, page by page: memory holds the groups, never the rows. Figures that are asked
for one after the other are those of one moment each.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from math import ceil
from typing import Any, Final, TypeAlias

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, together
from ..columns import ColumnReader
from ..conditions.collation import equality_key
from ..conditions.tree import Equal, Node, Not, OneOf, Order, Present, Selection, all_of
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from ..planner import Explanation, explain, plan_count
from ..planner.rows import selected
from ..planner.streams import everything, pull
from .functions import AggregateValue, Collector, Count, Figure, Max, Min, collector
from .groups import GroupKey, group_of

Figures: TypeAlias = dict[str, AggregateValue]

FEW_CALLS: Final = 3
"""The most calls for which one row at the end of an order is asked for."""


@dataclass(frozen=True, slots=True)
class Group:
    """Records that are alike in every key, and their figures."""

    row: Row
    """The wire values of the keys' fields in one of the records."""
    figures: Figures


def plan_aggregate(
    selection: Selection, figures: Sequence[Figure], env: Environment
) -> Plan[Figures]:
    """The figures over all records of the selection."""
    selection = _in_any_order(selection)
    if _whole(selection) and all(_is_said(each, selection, env) for each in figures):
        values = yield from together([_said(each, selection, env) for each in figures])
        return {each.name: value for each, value in zip(figures, values)}
    groups = yield from _read(selection, (), figures, env)
    return groups[0].figures if groups else _of_nothing(figures, env)


def plan_groups(
    selection: Selection, keys: Sequence[GroupKey], figures: Sequence[Figure], env: Environment
) -> Plan[list[Group]]:
    """The groups of the selection, in the order in which their first records come."""
    selection = _in_any_order(selection)
    if counts_by_choice(selection, keys, figures, env):
        groups = yield from _counted(selection, keys[0], figures, env)
        if groups is not None:
            return groups
    return (yield from _read(selection, keys, figures, env))


def explain_groups(
    selection: Selection, keys: Sequence[GroupKey], figures: Sequence[Figure], env: Environment
) -> Explanation:
    """How `plan_groups` finds the groups. Pure: it asks the server nothing."""
    selection = _in_any_order(selection)
    reading = explain(selection.naming(_fields_of(keys, figures)), env)
    if not counts_by_choice(selection, keys, figures, env):
        return reading
    counts = len(_values_of(keys[0].field)) + 2
    calls = f"{counts} counts where that is fewer, else one and {reading.expected_calls}"
    return replace(reading, calls=None, expected_calls=calls)


def explain_aggregate(
    selection: Selection, figures: Sequence[Figure], env: Environment
) -> Explanation:
    """How `plan_aggregate` finds the figures. Pure: it asks the server nothing."""
    selection = _in_any_order(selection)
    if not (_whole(selection) and all(_is_said(each, selection, env) for each in figures)):
        return explain(selection.naming(_fields_of((), figures)), env)
    asked = [_explained(each, selection, env) for each in figures]
    calls = [each.calls for each in asked]
    most = sum(each for each in calls if each is not None) if None not in calls else None
    return replace(
        asked[0],
        selection=str(selection),
        statements=tuple(dict.fromkeys(text for each in asked for text in each.statements)),
        reading="; ".join(f"{each.name}: {how.reading}" for each, how in zip(figures, asked)),
        calls=most,
        expected_calls=" and ".join(each.expected_calls for each in asked),
        look_ahead=None,
        rows_per_call=None,
        calls_beside=None,
        reasons=tuple(dict.fromkeys(text for each in asked for text in each.reasons)),
    )


# What the server says alone


def _is_said(figure: Figure, selection: Selection, env: Environment) -> bool:
    match figure.aggregate:
        case Count(distinct=False):
            # The CRM counts references to deleted records too, which read as blank.
            return figure.field is None or figure.field.family is not Family.REFERENCE
        case Min() | Max():
            calls = explain(_at_the_end(figure, selection), env).calls
            return calls is not None and calls <= FEW_CALLS
    return False


def _said(figure: Figure, selection: Selection, env: Environment) -> Plan[AggregateValue]:
    field = figure.field
    if isinstance(figure.aggregate, Count):
        counted = selection if field is None else _where(selection, Present(field))
        return (yield from plan_count(counted, env))
    rows = yield from everything(selected(_at_the_end(figure, selection), env))
    assert field is not None
    reader = ColumnReader((field,), env.zone)
    (column,) = reader.read(rows)
    value: AggregateValue = column[0] if column else None
    return value


def _explained(figure: Figure, selection: Selection, env: Environment) -> Explanation:
    """What `_said` asks."""
    if not isinstance(figure.aggregate, Count):
        return explain(_at_the_end(figure, selection), env)
    field = figure.field
    return explain(selection if field is None else _where(selection, Present(field)), env, "count")


def _at_the_end(figure: Figure, selection: Selection) -> Selection:
    """The one record that has the smallest or greatest value."""
    assert figure.field is not None
    order = Order(figure.field, descending=isinstance(figure.aggregate, Max))
    known = _where(selection, Present(figure.field))
    return replace(known, order=(order,), stop=1, columns=(figure.field,))


# What is read


def _read(
    selection: Selection, keys: Sequence[GroupKey], figures: Sequence[Figure], env: Environment
) -> Plan[list[Group]]:
    fields = _fields_of(keys, figures)
    stream = selected(selection.naming(fields), env)
    reader = ColumnReader(fields, env.zone)
    gathered = _Gathered(keys, figures, env)
    while (rows := (yield from pull(stream))) is not None:
        gathered.add(rows, dict(zip(fields, reader.read(rows))))
    return gathered.groups()


def _fields_of(keys: Sequence[GroupKey], figures: Sequence[Figure]) -> list[FieldMeta]:
    fields = [*(key.field for key in keys), *(each.field for each in figures if each.field)]
    return list(dict.fromkeys(fields))


class _Gathered:
    """Groups as they grow."""

    def __init__(
        self, keys: Sequence[GroupKey], figures: Sequence[Figure], env: Environment
    ) -> None:
        self._keys = [(key.field, group_of(key, env)) for key in keys]
        self._figures = figures
        self._env = env
        self._found: dict[tuple[Hashable, ...], tuple[Row, list[Collector]]] = {}

    def add(self, rows: Sequence[Row], columns: Mapping[Any, list[Any] | None]) -> None:
        members: dict[tuple[Hashable, ...], list[int]] = {}
        for number, key in enumerate(self._keys_of(len(rows), columns)):
            members.setdefault(key, []).append(number)
        for key, numbers in members.items():
            for figure, each in zip(self._figures, self._collectors(key, rows[numbers[0]])):
                each.add(_values(figure, columns, numbers))

    def _keys_of(
        self, length: int, columns: Mapping[Any, list[Any] | None]
    ) -> Iterable[tuple[Hashable, ...]]:
        if not self._keys:
            return repeat((), length)
        return zip(
            *(
                repeat(None, length) if (column := columns[field]) is None else map(of, column)
                for field, of in self._keys
            )
        )

    def _collectors(self, key: tuple[Hashable, ...], row: Row) -> list[Collector]:
        known = self._found.get(key)
        if known is None:
            shown = {field.wire: row[field.wire] for field, _ in self._keys}
            known = shown, [collector(each, self._env) for each in self._figures]
            self._found[key] = known
        return known[1]

    def groups(self) -> list[Group]:
        return [
            Group(row, {figure.name: each.result() for figure, each in zip(self._figures, found)})
            for row, found in self._found.values()
        ]


def _values(
    figure: Figure, columns: Mapping[Any, list[Any] | None], numbers: Sequence[int]
) -> Iterable[Any]:
    if figure.field is None:
        return numbers
    column = columns[figure.field]
    if column is None:
        return ()
    return [value for number in numbers if (value := column[number]) is not None]


def _of_nothing(figures: Sequence[Figure], env: Environment) -> Figures:
    return {each.name: collector(each, env).result() for each in figures}


# Groups that are counted


def counts_by_choice(
    selection: Selection, keys: Sequence[GroupKey], figures: Sequence[Figure], env: Environment
) -> bool:
    """Whether the groups are the values of one picklist and only counted, so that a count a
    value may do."""
    if (
        len(keys) != 1
        or not _whole(selection)
        or not env.can_count
        or env.thins(selection.module.name)
    ):
        return False
    field = keys[0].field
    return (
        field.family is Family.CHOICE
        and field.filterable
        and bool(field.choices)
        and env.collation != "unknown"
        and all(isinstance(each.aggregate, Count) and each.field is None for each in figures)
    )


def _counted(
    selection: Selection, key: GroupKey, figures: Sequence[Figure], env: Environment
) -> Plan[list[Group] | None]:
    """A count for each value; None where reading is fewer calls, or the data moved meanwhile."""
    field = key.field
    values = _values_of(field)
    total = yield from plan_count(selection, env)
    if not values or ceil(total / env.page_size) <= len(values) + 2:
        return None
    conditions: list[Node] = [Not(Present(field)), *(Equal(field, value) for value in values)]
    blank, *numbers = yield from together(
        [plan_count(_where(selection, each), env) for each in conditions]
    )
    groups = [
        Group({field.wire: value}, _counts(figures, number))
        for value, number in [("", blank), *zip(values, numbers)]
        if number
    ]
    rest = total - blank - sum(numbers)
    if rest:
        unknown = _where(selection, Present(field), Not(OneOf(field, tuple(values))))
        others = yield from _read(unknown, (key,), figures, env)
        groups += others
        if rest != sum(_number(each) for each in others):
            return None
    return groups


def _values_of(field: FieldMeta) -> list[str]:
    """The values of a picklist, those that the CRM takes for equal once."""
    known: dict[str, str] = {}
    for value, _ in field.choices:
        known.setdefault(equality_key(value), value)
    return [value for key, value in known.items() if key]


def _counts(figures: Sequence[Figure], number: int) -> Figures:
    return {each.name: number for each in figures}


def _number(group: Group) -> int:
    number, *_ = group.figures.values()
    assert isinstance(number, int)
    return number


# Selections


def _where(selection: Selection, *nodes: Node) -> Selection:
    return replace(selection, where=all_of(selection.where, *nodes))


def _whole(selection: Selection) -> bool:
    return not selection.start and selection.stop is None


def _in_any_order(selection: Selection) -> Selection:
    """An order changes no figure unless a slice depends on it."""
    return replace(selection, order=()) if _whole(selection) else selection
