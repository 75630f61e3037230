"""From the rows of an answer to records: the hot path.

A page is turned into columns and each column is read in one go, which skips the many that are
blank throughout. Only a column that holds something unreadable is read value by value, so one
bad value costs its own field of its own record. No constructor runs. Rows with the same keys
share a `Layout` that was worked out once. Measured by `tests/benchmarks/bench_hydration.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from itertools import groupby, repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from ..calls.protocols import environment_of
from ..metadata.kinds import SECRET_NAMES, Family, Kind
from ..values import Reader, reader
from ..values.uniform_rows import UniformRows, WireColumn
from ..values.whole_columns import (
    PageLayout,
    ValueColumn,
    WholeReader,
    are_plain_ids,
)
from ..values.zones import rows_in_utc
from .references import Origin, Ref, bound

if TYPE_CHECKING:
    from ..calls.operations import Row
    from ..calls.protocols import Runner
    from ..metadata.module import FieldMeta
    from .fields import Column, ModuleFacts

MOST_LAYOUTS = 64
"""Layouts kept for each model; querysets with `only` make a new one for each set of fields."""

_REFERENCES = (Family.REFERENCE, Family.ID)
_read_id: Callable[[object], Any] = reader(Kind.REFERENCE)
_UNREADABLE = (ValueError, TypeError, AttributeError, ArithmeticError)


Values: TypeAlias = dict[str, Any]
ReadRow: TypeAlias = "tuple[Values, set[str], Values | None, Values | None]"
"""One row, read: values, fields set, raw, extra; see `RecordState` for the last two.

A field that could not be read is absent from the values and in raw. The fields set is shared by
all records of a layout: replace it, never change it.
"""


class Layout:
    """How to read rows with one set of keys: known fields in the class's order, and the rest."""

    __slots__ = ("blank", "extra", "fields_set", "length", "names", "page", "readers")

    def __init__(self, columns: Mapping[str, Column], keys: Sequence[str], secrets: frozenset[str]):
        present = set(keys)
        known = [each for each in columns.values() if each.meta.wire in present]
        wires = [each.meta.wire for each in known]
        rest = present.difference(wires)
        dropped = {key for key in rest if key in secrets or key.lower() in SECRET_NAMES}
        self.names: list[str] = [each.meta.name for each in known]
        self.extra: list[str] = [key for key in keys if key in rest - dropped]
        self.length: int = len(keys)
        self.page: PageLayout = PageLayout([*wires, *self.extra, *sorted(dropped)])
        """Lacks no key of these rows, hence tells rows with others."""
        self.readers: list[Reader | None] = [
            None if each.meta.family in _REFERENCES else each.reader() for each in known
        ]
        """For each name; None is a reference, which each page makes with its own session."""
        self.fields_set: set[str] = set(self.names)
        self.blank: Values = dict.fromkeys(self.names)


class Attributes:
    """How to read some attributes alone, without making records."""

    __slots__ = ("fields", "page", "readers")

    def __init__(self, columns: Sequence[Column]) -> None:
        self.fields: list[FieldMeta] = [each.meta for each in columns]
        self.page: PageLayout = PageLayout(each.wire for each in self.fields)
        self.readers: list[WholeReader | None] = [
            None if each.meta.family in _REFERENCES else each.whole_reader() for each in columns
        ]


class Hydrator:
    """Reads the rows of one model."""

    def __init__(self, columns: Mapping[str, Column], module: ModuleFacts) -> None:
        self.layouts: dict[tuple[str, ...], Layout] = {}
        self.attributes: dict[tuple[str, ...], Attributes] = {}
        self._columns = columns
        self._module = module

    def read(self, rows: Sequence[Row], runner: Runner | None) -> Iterator[ReadRow]:
        """What these rows hold, in their order; `runner` is the session that brought them."""
        zone = environment_of(runner).zone if runner is not None else UTC
        rows = rows_in_utc(rows, (each.meta for each in self._columns.values()), zone)
        references = _References(Origin(self._module.package, runner))
        for layout, count, columns in self._tables(rows):
            yield from _read_table(layout, count, columns, references)

    def columns(
        self, rows: Sequence[Row], names: tuple[str, ...], runner: Runner | None
    ) -> list[ValueColumn] | None:
        """The values of these attributes that records of these rows would have, attribute by
        attribute. None where a row lacks one, or has a value for it that cannot be read: then a
        record tells of what it is asked for."""
        chosen = self._chosen(names)
        zone = environment_of(runner).zone if runner is not None else UTC
        rows = rows_in_utc(rows, chosen.fields, zone)
        references = _References(Origin(self._module.package, runner))
        try:
            return [
                (
                    (read or references.column)(column)
                    if column.count("") < len(column)
                    else [None] * len(column)
                )
                for read, column in zip(chosen.readers, chosen.page.columns(rows))
            ]
        except (KeyError, *_UNREADABLE):
            return None

    def _chosen(self, names: tuple[str, ...]) -> Attributes:
        """How these attributes are read; worked out once for each set of names."""
        chosen = self.attributes.get(names)
        if chosen is None:
            if len(self.attributes) >= MOST_LAYOUTS:
                self.attributes.clear()
            columns = [self._columns[name] for name in names]
            chosen = self.attributes[names] = Attributes(columns)
        return chosen

    def _tables(self, rows: Sequence[Row]) -> Iterator[tuple[Layout, int, list[WireColumn]]]:
        """The rows as columns, and how many rows they are.

        Nearly always one table: rows of a page have the same keys, but for some, such as the key
        of an attachment that comes only where there is one.
        """
        if not rows:
            return
        if isinstance(rows, UniformRows):
            layout = self._layout(tuple(rows.columns))
            yield layout, len(rows), layout.page.columns(rows)
            return
        layout = self._layout(tuple(rows[0]))
        length = layout.length
        if all(len(row) == length for row in rows):
            try:
                columns = layout.page.columns(rows)
            except KeyError:
                pass
            else:
                yield layout, len(rows), columns
                return
        for keys, group in groupby(rows, key=tuple):
            layout, alike = self._layout(keys), list(group)
            yield layout, len(alike), layout.page.columns(alike)

    def _layout(self, keys: tuple[str, ...]) -> Layout:
        """How rows with these keys are read; worked out once for each set of keys."""
        layout = self.layouts.get(keys)
        if layout is None:
            if len(self.layouts) >= MOST_LAYOUTS:
                self.layouts.clear()
            layout = self.layouts[keys] = Layout(self._columns, keys, self._module.secrets)
        return layout


def _read_table(
    layout: Layout, count: int, columns: list[WireColumn], references: _References
) -> Iterator[ReadRow]:
    rows = [layout.blank.copy() for _ in range(count)]
    raws: dict[int, Values] = {}
    for name, own_reader, column in zip(layout.names, layout.readers, columns):
        if column.count("") == count:
            continue
        try:
            read = own_reader or references.reader_of(column)
            for values, text in zip(rows, column):
                if text != "":
                    values[name] = read(text)
        except _UNREADABLE:
            for number in _read_each(name, own_reader or references.read, column, rows):
                raws.setdefault(number, {})[name] = column[number]
    fields_set = layout.fields_set
    if not raws and not layout.extra:
        for values in rows:
            yield values, fields_set, None, None
        return
    extra_rows = zip(*columns[len(layout.names) :]) if layout.extra else repeat(())
    for number, (values, cells) in enumerate(zip(rows, extra_rows)):
        raw = raws.get(number)
        extra = dict(zip(layout.extra, cells)) or None
        yield values, set(values) if raw else fields_set, raw, extra


def _read_each(
    name: str, read: Reader, column: Sequence[object], rows: list[Values]
) -> Iterator[int]:
    """Read a column value by value; yields the numbers of the rows where that fails."""
    for number, text in enumerate(column):
        try:
            rows[number][name] = None if text == "" else read(text)
        except _UNREADABLE:
            del rows[number][name]
            yield number


class _References:
    """Makes the references of a page: the same id is the same `Ref`, as most rows share a few
    owners, and what is loaded for one is loaded for all."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._made: dict[object, Ref[Any] | None] = {}

    def column(self, column: WireColumn) -> ValueColumn:
        """The references of a column."""
        self._make(column)
        return [None if text == "" else self._made[text] for text in column]

    def reader_of(self, column: WireColumn) -> Reader:
        """Reads the values of this column, all of which are made by now."""
        self._make(column)
        return self._made.__getitem__

    def _make(self, column: WireColumn) -> None:
        made, origin = self._made, self._origin
        fresh = {*column}.difference(made, ("",))
        if are_plain_ids(fresh):
            made.update((text, bound(text, origin)) for text in fresh)
        else:
            made.update((text, self.read(text)) for text in fresh)

    def read(self, text: Any) -> Ref[Any] | None:
        made = self._made.get(text)
        if made is None:
            id = _read_id(text)
            if id is None:
                return None
            made = self._made[id] = bound(id, self._origin)
        return made
