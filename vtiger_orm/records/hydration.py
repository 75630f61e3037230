"""From the rows of an answer to records: the hot path.

A page is read column plan by column plan: rows with the same keys share a `Layout`, which was
worked out once. A row is read in one go; only if that fails, field by field, so that one
unreadable value costs its own field alone. No constructor runs. Measured by
`tests/benchmarks/bench_hydration.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..ids import is_id
from ..metadata.kinds import SECRET_NAMES, Family
from ..references import Origin, Ref
from ..values import Reader
from .internals import new_record
from .state import RecordState

if TYPE_CHECKING:
    from ..fields import Column
    from ..operations.calls import Row
    from ..protocols import Runner
    from .record import Record

R = TypeVar("R", bound="Record")

_REFERENCES = (Family.REFERENCE, Family.ID)
MOST_LAYOUTS = 64
"""Layouts kept for each model; querysets with `only` make a new one for each set of fields."""


class Reading(NamedTuple):
    """One row, read."""

    values: dict[str, Any]
    fields_set: set[str]
    """Shared by all records of a layout: replace it, never change it."""
    raw: dict[str, Any] | None
    extra: dict[str, Any] | None


class Layout:
    """How to read rows with one set of keys: known fields in the class's order, and the rest."""

    __slots__ = ("blank", "columns", "extra", "fields_set", "length", "names", "pick", "readers")

    def __init__(self, columns: Mapping[str, Column], keys: Sequence[str], secrets: frozenset[str]):
        present = set(keys)
        self.columns = [each for each in columns.values() if each.meta.wire in present]
        self.names = [each.meta.name for each in self.columns]
        self.blank: dict[str, Any] = dict.fromkeys(self.names)
        self.fields_set = set(self.names)
        self.length = len(keys)
        self.readers: list[Reader | None] = [
            None if each.meta.family in _REFERENCES else each.reader() for each in self.columns
        ]
        """None: a reference, which each page makes with its own session."""
        wires = [each.meta.wire for each in self.columns]
        known = {*wires, *secrets}
        self.extra = [key for key in keys if key not in known and key.lower() not in SECRET_NAMES]
        self.pick = _picker(wires + self.extra)


def _picker(keys: list[str]) -> Callable[[Row], Sequence[Any]]:
    """`itemgetter` that answers a sequence for one key and for none as well."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda row: [row[key] for key in keys]


class Page:
    """Reads rows of one model that one session handed out."""

    def __init__(self, model: type[Record], runner: Runner | None) -> None:
        self._model = model
        self._origin = Origin(model, runner)
        self._references: dict[str, Ref[Any]] = {}
        self._layout: Layout | None = None
        self._readers: list[Reader] = []

    def read(self, row: Row) -> Reading:
        """The row's values. Fields that cannot be read are absent from them, and in `raw`."""
        layout = self._layout
        if layout is None or len(row) != layout.length:
            layout = self._use(row)
        try:
            texts = layout.pick(row)
        except KeyError:
            layout = self._use(row)
            texts = layout.pick(row)
        values = layout.blank.copy()
        try:
            for name, read, text in zip(layout.names, self._readers, texts):
                if text != "":
                    values[name] = read(text)
        except (ValueError, TypeError, ArithmeticError):
            values, fields_set, raw = self._read_each(layout, texts)
        else:
            fields_set, raw = layout.fields_set, None
        extra = {key: row[key] for key in layout.extra} if layout.extra else None
        return Reading(values, fields_set, raw, extra)

    def _use(self, row: Row) -> Layout:
        """Switch to the layout of this row's keys."""
        layout = self._layout = self._model._layout(tuple(row))
        reference = self._reference
        self._readers = [reference if read is None else read for read in layout.readers]
        return layout

    def _read_each(
        self, layout: Layout, texts: Sequence[Any]
    ) -> tuple[dict[str, Any], set[str], dict[str, Any]]:
        values: dict[str, Any] = {}
        raw: dict[str, Any] = {}
        for name, read, text in zip(layout.names, self._readers, texts):
            try:
                values[name] = read(text) if text != "" else None
            except (ValueError, TypeError, ArithmeticError):
                raw[name] = text
        return values, set(values), raw

    def _reference(self, text: Any) -> Ref[Any] | None:
        """The same id on the same page is the same `Ref`: most rows share a few owners."""
        reference = self._references.get(text)
        if reference is None:
            if text is None or text in ("0", 0) or (isinstance(text, str) and not text.strip(" ")):
                return None
            if not is_id(text):
                raise ValueError("not a record id")
            reference = self._references[text] = Ref._bound(text, self._origin)
        return reference


def load(model: type[R], rows: Sequence[Row], runner: Runner | None) -> list[R]:
    """The records of these rows, in their order."""
    read = Page(model, runner).read
    records = []
    for row in rows:
        values, fields_set, raw, extra = read(row)
        state = RecordState(runner)
        state.raw = raw
        state.extra = extra
        records.append(new_record(model, values, fields_set, state))
    return records
