"""Reading: compiled queries and single records -> rows as the wire shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from .accept import storable
from .compile import CompiledStatement, Compiler
from .context import Context
from .errors import database_error
from .found import FoundRows, Row, read
from .labels import ReadAgain, encoded, may_be_read_again
from .labels import label as label_made_of
from .literals import SilentError
from .php import label_text
from .schema import Module, Schema
from .tables import quoted
from .views import View
from .vtql import Statement
from .wire import Null, identity, joins, shown

# retrieve hands out the database's own key of these as well.
_RAW_KEYS: Final = {"Groups": "groupid", "DocumentFolders": "folderid", "Tax": "taxid"}


def select(ctx: Context, view: View, statement: Statement) -> FoundRows | list[Row]:
    """The answer of a query, as a page where nothing is to be done to single rows.

    Raises `CrmError`; an SQL error is an empty list on most servers.
    """
    profile, module = ctx.profile, view.module
    thinning = profile.thinned_pages or module.name in profile.thinned_modules
    thinned = thinning and view.owners is not None
    try:
        compiled = Compiler(ctx.schema, view, statement, profile, thinned=thinned).compile()
    except SilentError:
        if profile.sql_errors_told:
            raise database_error() from None
        return []
    if statement.counted and module.is_entity and not profile.counts_records:
        return []  # a row without an id is dropped, and a count has none
    page = run(ctx, compiled)
    thins = thinned and not statement.counted
    reads_again = profile.reads_again and may_be_read_again(page.cells)
    attaches = compiled.files and has_attachments(ctx)
    if not (thins or reads_again or attaches):
        return page
    rows = page.rows()
    if thins:
        rows = [row for row in rows if _is_shared(ctx, view, row)]
    if reads_again:
        ReadAgain().rows(rows)
    if attaches and rows:
        add_attachments(ctx, view.module, rows)
    return rows


def _is_shared(ctx: Context, view: View, row: Row) -> bool:
    owner = ctx.store.row(
        f"SELECT assigned_user_id FROM {quoted(view.module.table)} WHERE id = ?",
        (int(row["id"].split("x")[1]),),
    )
    return owner is not None and owner[0] in (view.owners or ())


def run(ctx: Context, compiled: CompiledStatement) -> FoundRows:
    """What the statement finds."""
    cells = read(ctx.store.rows(compiled.sql, compiled.values))
    page = FoundRows(tuple(compiled.keys), cells)
    if not compiled.collapse:
        return page
    return FoundRows(page.keys, list(dict(zip(page.column("id"), page.cells)).values()))


def record(
    ctx: Context,
    module: Module,
    number: int,
    *,
    label: bool = True,
    written: Mapping[str, Any] | None = None,
) -> Row:
    """One record with every field the user may read.

    `written` is what was just sent, in the answer of a write: its label is made of it, cut or
    not, and is read before the fields are.
    """
    view = ctx.view(module)
    null = Null.BROKEN_REFERENCES if ctx.profile.null_told else Null.BLANK
    sql, keys = _record_sql(ctx.schema, view, null)
    found = ctx.store.row(sql, (number,))
    row: Row = dict(zip(keys, found)) if found is not None else {}
    named = label_of(module, row if written is None else _as_written(module, row, written))
    if ctx.profile.reads_again:
        again = ReadAgain()
        if written is not None:
            again.read_label(named)
        again.rows([row])
    if module.keeps_files:
        add_attachments(ctx, module, [row])
    if label and module.is_entity:
        row["label"] = encoded(named)
    if module.name in _RAW_KEYS:
        row[_RAW_KEYS[module.name]] = str(number)
    if module.name in ("Products", "Services"):
        _add_prices(ctx, module, row)
    return row


def records(ctx: Context, module: Module, numbers: Iterable[int]) -> list[Row]:
    """Several records, in the order of the numbers; those that do not exist are left out."""
    return [row for number in numbers if (row := record(ctx, module, number))]


def _as_written(module: Module, row: Row, written: Mapping[str, Any]) -> Row:
    sent = {
        each.name: storable(label_text(written[each.name]))
        for each in module.labels()
        if each.editable and isinstance(written.get(each.name), str | int | float)
    }
    return {**row, **sent}


def label_of(module: Module, row: Row) -> str:
    """The record's name, from its label fields."""
    return label_made_of([row.get(each.name) or "" for each in module.labels()])


@lru_cache(maxsize=512)
def _record_sql(schema: Schema, view: View, null: Null) -> tuple[str, tuple[str, ...]]:
    module = view.module
    fields = [
        each
        for each in view.fields.values()
        if each.returned and each.queryable
        if each.name not in view.untold and not _is_line(view, each.column.table)
    ]
    hidden = [each for each in view.fields.values() if each.twin]
    expressions = [shown(schema, view, each, null) for each in fields]
    expressions += [f"ifnull(t.{quoted(each.name)}, '')" for each in hidden]
    expressions.append(identity(module))
    keys = (*(each.name for each in fields), *(each.name for each in hidden), "id")
    tables = {each.column.table for each in fields}
    sql = (
        f"SELECT {', '.join(expressions)} FROM {quoted(module.table)} t {joins(tables)} "
        "WHERE t.id = ? LIMIT 1"
    )
    return sql, keys


def _is_line(view: View, table: str) -> bool:
    return view.module.is_inventory and table == "lines"


def _add_prices(ctx: Context, module: Module, row: Row) -> None:
    """The price in each currency, as JSON numbers, and the currency it was given in."""
    names = [name for name in module.fields if name.startswith("currency") and name[8:].isdecimal()]
    if not names or "Currency" not in ctx.schema.modules:
        return
    price = float(row.get("unit_price") or 0)
    currency = ctx.schema.modules["Currency"]
    for name in names:
        found = ctx.store.row(
            f"SELECT conversion_rate FROM {quoted(currency.table)} WHERE id = ?", (name[8:],)
        )
        amount = price * float(found[0] or 1) if found else 0.0
        row[name] = int(amount) if amount.is_integer() else round(amount, 8)
    row["currency_id"] = f"{currency.prefix}x1"


def has_attachments(ctx: Context) -> bool:
    """Whether any record has one."""
    return ctx.store.row("SELECT 1 FROM attachment LIMIT 1") is not None


def add_attachments(ctx: Context, module: Module, rows: list[Row]) -> None:
    """Put `imageattachmentids` into the rows of records that have attachments."""
    if not has_attachments(ctx):
        return
    numbers = {int(row["id"].split("x")[1]): row for row in rows if "id" in row}
    marks = ", ".join("?" * len(numbers))
    found = ctx.store.rows(
        f"SELECT record, id FROM attachment WHERE record IN ({marks}) ORDER BY id", list(numbers)
    )
    for number, attachment in found:
        row = numbers[number]
        ids = row.get("imageattachmentids")
        wire = f"{module.prefix}x{attachment}"
        row["imageattachmentids"] = f"{ids},{wire}" if ids else wire
