"""Rows of a query for people and for pipes: a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from vtiger_orm.errors import Unreadable
from vtiger_orm.metadata.module import FieldMeta
from vtiger_orm.values import decode

from ...text.terminal import escaped


def cells(fields: Sequence[FieldMeta], row: Mapping[str, Any]) -> list[Any]:
    """The values of a row; text that does not fit its field's type stays as it came."""
    return [_cell(field, row.get(field.wire)) for field in fields]


def _cell(field: FieldMeta, text: Any) -> Any:
    try:
        return decode(field, text)
    except Unreadable:
        return text


def plain(value: Any) -> str:
    """One value as text: blanks are empty, moments and numbers as ISO and decimal text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


def as_table(fields: Sequence[FieldMeta], rows: Iterable[Mapping[str, Any]]) -> Table:
    """A table for `rich`; nothing in it is read as markup."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for field in fields:
        numeric = field.kind.family in ("integer", "decimal")
        table.add_column(Text(field.name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(escaped(plain(value))) for value in cells(fields, row)))
    return table


def as_json(fields: Sequence[FieldMeta], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One array of objects, piece by piece. Decimals are strings, as pydantic writes them."""
    before = "[\n"
    for row in rows:
        content = {field.name: value for field, value in zip(fields, cells(fields, row))}
        text = json.dumps(content, ensure_ascii=False, default=_json_value)
        yield before + "".join(char if char.isprintable() else _json_code(char) for char in text)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _json_value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else plain(value)


def _json_code(char: str) -> str:
    return json.dumps(char)[1:-1]


def as_csv(
    fields: Sequence[FieldMeta], rows: Iterable[Mapping[str, Any]], *, safe: bool
) -> Iterator[str]:
    """A header and one line a record; `safe` escapes control characters, for a terminal."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow([field.name for field in fields])
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        texts = [plain(value) for value in cells(fields, row)]
        writer.writerow([escaped(text) if safe else _encodable(text) for text in texts])
        yield line.getvalue()


def _encodable(text: str) -> str:
    """Halves of characters cannot be written as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
