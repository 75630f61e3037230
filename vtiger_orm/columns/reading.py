"""Pages of rows as columns of plain Python values.

A column is read in one go, and one that is blank throughout is not read at all: most of the
hundred fields of a module are blank on most records. Picklist values and references are plain
text here, moments are in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from typing import Any, Literal, TypeAlias

from ..calls.operations import Row
from ..dialects.restfulapi_columns import why_not_in_row
from ..errors import NotLoaded, Unreadable
from ..metadata.kinds import Kind
from ..metadata.module import FieldMeta
from ..values import Reader, reader
from ..values.reading import unreadable
from ..values.whole_columns import PageLayout, WholeReader, whole_reader
from ..values.zones import rows_in_utc

Unreadables: TypeAlias = Literal["raise", "null"]
"""What becomes of a value that its field's type does not allow: an error, or blank."""

ColumnValues: TypeAlias = "list[Any] | None"
"""The values of one field, `None` for blank; no list at all where every value is blank."""

UNREADABLE = (ValueError, TypeError, AttributeError, ArithmeticError)


class ColumnReader:
    """Reads the same fields from page after page."""

    __slots__ = ("_fields", "_page", "_readers", "_unreadable", "_zone")

    def __init__(
        self,
        fields: Sequence[FieldMeta],
        zone: tzinfo,
        unreadable: Unreadables = "raise",
        whole: Callable[[Kind], WholeReader] = whole_reader,
    ) -> None:
        """`zone` is the CRM's, in which it writes moments; `whole` reads columns in which all is
        as it should be, a single value is read as everywhere."""
        self._fields = tuple(fields)
        self._readers = tuple((whole(each.kind), reader(each.kind)) for each in fields)
        self._page = PageLayout(["id", *(each.wire for each in fields)])
        self._zone = zone
        self._unreadable = unreadable

    def read(self, rows: Sequence[Row]) -> list[ColumnValues]:
        """The columns of these rows, in the order of the fields.

        Raises `Unreadable` with the record and the field, unless unreadable values were asked
        for as blanks, and `NotLoaded` for a row that lacks a field.
        """
        if not rows:
            return [None] * len(self._fields)
        moved = rows_in_utc(rows, self._fields, self._zone)
        try:
            ids, *texts = self._page.columns(moved)
        except KeyError as error:
            raise self._incomplete(moved, error.args[0]) from None
        return [
            self._column(field, whole, read, column, ids)
            for field, (whole, read), column in zip(self._fields, self._readers, texts)
        ]

    def _column(
        self,
        field: FieldMeta,
        whole: WholeReader,
        read: Reader,
        texts: Sequence[Any],
        ids: Sequence[str],
    ) -> ColumnValues:
        if not any(texts) and texts.count("") == len(texts):
            return None
        try:
            return whole(texts)
        except UNREADABLE:
            return list(self._one_by_one(field, read, texts, ids))

    def _one_by_one(
        self, field: FieldMeta, read: Reader, texts: Sequence[Any], ids: Sequence[str]
    ) -> Iterator[object]:
        for text, id in zip(texts, ids):
            try:
                yield None if text == "" else read(text)
            except UNREADABLE as error:
                if self._unreadable == "raise":
                    raise of_record(id, unreadable(field, text)) from error
                yield None

    def _incomplete(self, rows: Sequence[Row], wire: str) -> NotLoaded:
        id = next((row.get("id") for row in rows if wire not in row), None)
        why = next((why_not_in_row(each) for each in self._fields if each.wire == wire), None)
        over = f". Over RestfulApi: {why} Elsewhere" if why else ":"
        return NotLoaded(
            f"The row of {id} has no {wire!r}, which was asked for{over} the user may not see this "
            "field, or it is gone since the package was generated. The CRM left it out, or the "
            "session did as it was told (missing_fields='defer'). Leave it out with only() or "
            "defer(), or pull and generate as this user."
        )


def of_record(id: str, error: Unreadable) -> Unreadable:
    """The same error with the record it is about, and what can be done where there is no `raw`."""
    text = str(error).partition(" The text is kept")[0]
    return Unreadable(
        f"{id}: {text} Correct it in the CRM, leave the field out, or ask for "
        'unreadable="null" to read such values as blank.'
    )
