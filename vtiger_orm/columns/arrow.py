"""Columns as Arrow record batches. Imported late: it needs pyarrow, the extra ``arrow``.

Types follow the describe answer alone, so every page has the same schema: text, picklists and
references are strings, numbers with decimals are ``decimal128(38, 8)`` (the CRM's widest column
is ``decimal(27, 8)``), moments ``timestamp[us, UTC]``, multi-selects lists of strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final

from ..calls.operations import Row
from ..errors import MissingExtra, Unreadable
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta
from ..values.reading import shown
from ..values.uniform_rows import WireColumn, joined
from ..values.whole_columns import WholeReader, whole_reader
from .naming import Naming, column_names
from .reading import ColumnReader, ColumnValues, Unreadables

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError as _missing:
    raise MissingExtra("Data as Arrow tables", "arrow") from _missing

PRECISION: Final = 38
SCALE: Final = 8
AT_ONCE: Final = 1_000
"""Rows of a batch, where the whole is wanted."""
_MOMENT: Final = pa.timestamp("us", tz="UTC")
MISFITS: Final = (pa.ArrowInvalid, OverflowError, UnicodeEncodeError)


def schema_of(
    fields: Sequence[FieldMeta], categories: bool = False, naming: Naming = "attribute"
) -> pa.Schema:
    """The schema of these fields: attribute names; labels and wire names as metadata.

    With `categories` picklists are dictionary-encoded.
    """
    return pa.schema(
        pa.field(
            name,
            _type_of(each.family, categories),
            nullable=each.family is not Family.ID,
            metadata={"label": each.label, "wire": each.wire},
        )
        for each, name in zip(fields, column_names(fields, naming))
    )


def _type_of(family: Family, categories: bool) -> pa.DataType:
    match family:
        case Family.INTEGER:
            return pa.int64()
        case Family.DECIMAL:
            return pa.decimal128(PRECISION, SCALE)
        case Family.BOOLEAN:
            return pa.bool_()
        case Family.DATE:
            return pa.date32()
        case Family.DATETIME:
            return _MOMENT
        case Family.TIME:
            return pa.time64("us")
        case Family.CHOICES:
            return pa.list_(pa.string())
        case Family.CHOICE if categories:
            return pa.dictionary(pa.int32(), pa.string())
        case _:
            return pa.string()


class Batches:
    """Makes a record batch of each page of rows."""

    def __init__(
        self,
        fields: Sequence[FieldMeta],
        zone: tzinfo,
        unreadable: Unreadables = "raise",
        categories: bool = False,
        labels: bool = False,
    ) -> None:
        """With `labels` columns and picklist values are called as the CRM's users read them."""
        self.schema: pa.Schema = schema_of(fields, categories, "label" if labels else "attribute")
        self._labels = tuple(dict(each.choices) if labels else {} for each in fields)
        self._fields = tuple(fields)
        self._reader = ColumnReader(fields, zone, unreadable, _whole_reader)
        self._unreadable = unreadable

    def of(self, rows: Sequence[Row]) -> pa.RecordBatch:
        """Raises `Unreadable` for a value that cannot be read or does not fit its column."""
        columns = self._reader.read(rows)
        arrays = [
            self._array(field, type, _labelled(column, labels) if labels else column, rows)
            for field, type, column, labels in zip(
                self._fields, self.schema.types, columns, self._labels
            )
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def reader(self, pages: Iterable[Sequence[Row]]) -> pa.RecordBatchReader:
        """A stream that reads a page when a batch is asked for."""
        return pa.RecordBatchReader.from_batches(self.schema, map(self.of, pages))

    def together(self, pages: Iterable[Sequence[Row]]) -> pa.Table:
        """The pages as one table, several of them a batch: each column costs by itself."""
        return self.table(map(self.of, _in_batches(pages)))

    def table(self, batches: Iterable[pa.RecordBatch]) -> pa.Table:
        """The batches together; an empty table of the right types without any."""
        return pa.Table.from_batches(batches, schema=self.schema)

    def _array(
        self, field: FieldMeta, type: pa.DataType, column: ColumnValues, rows: Sequence[Row]
    ) -> pa.Array[Any]:
        if column is None:
            return _nulls(len(rows), type)
        try:
            return _array(column, type)
        except MISFITS:
            return _array(list(self._fitting(field, type, column, rows)), type)

    def _fitting(
        self, field: FieldMeta, type: pa.DataType, column: list[Any], rows: Sequence[Row]
    ) -> Iterator[object]:
        for value, row in zip(column, rows):
            try:
                pa.scalar(value, type)
            except MISFITS as error:
                if self._unreadable == "raise":
                    raise Unreadable(
                        f"{row['id']}: {shown(row[field.wire])} of {field.name!r} does not fit a "
                        f"column of type {type}. Leave the field out, or ask for "
                        'unreadable="null" to read such values as blank.'
                    ) from error
                yield None
            else:
                yield value


def _whole_reader(kind: Kind) -> WholeReader:
    return _moments if kind.family is Family.DATETIME else whole_reader(kind)


def _moments(texts: WireColumn) -> Any:
    """Moments in UTC as an array: Python's own cost Arrow four times as much as their texts, and
    every record has two. Raises `ValueError` or `ArithmeticError` where one needs a closer look."""
    array = _array([text or None for text in texts], pa.string()).cast(pa.timestamp("us"))
    pc.min(array).as_py()  # not a year 0, which Arrow has and Python has not
    return array.cast(_MOMENT)


def _in_batches(pages: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
    waiting: list[Sequence[Row]] = []
    for page in pages:
        waiting.append(page)
        if sum(map(len, waiting)) >= AT_ONCE:
            yield joined(waiting)
            waiting = []
    if waiting:
        yield joined(waiting)


def _labelled(column: ColumnValues, labels: Mapping[str, str]) -> ColumnValues:
    """Picklist values under their labels; one that is not known stays as it is."""
    if column is None:
        return None
    return [
        (
            [labels.get(each, each) for each in value]
            if isinstance(value, list | tuple)
            else labels.get(value, value)
        )
        for value in column
    ]


def _nulls(number: int, type: pa.DataType) -> pa.Array[Any]:
    make: Any = pa.nulls
    array: pa.Array[Any] = make(number, type)
    return array


def _array(values: list[Any] | pa.Array[Any], type: pa.DataType) -> pa.Array[Any]:
    if isinstance(values, pa.Array):
        return values
    array: pa.Array[Any] = pa.array(values, type)
    return array
