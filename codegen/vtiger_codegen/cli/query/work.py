"""vtiger-orm query: ask the CRM from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from vtiger_orm.calls.environment import Environment
from vtiger_orm.dialects.restfulapi_columns import why_not_in_row
from vtiger_orm.errors import NotLoaded
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.planner import explain as explained
from vtiger_orm.planner import plan_count, plan_rows
from vtiger_orm.session.settings import lists_of

from ...config import load_config
from ...live.credentials import open_session
from ...naming.lock import FILE_NAME, load_lock
from ...text.terminal import counted, say
from .groups import Groups
from .selection import Question, SnapshotPackage, meta_of, selection_of, shown_fields, zone_of
from .tables import as_csv, as_json, as_table

if TYPE_CHECKING:
    from vtiger_orm.calls.operations import Row
    from vtiger_orm.metadata.module import FieldMeta

_BINARY = ("parquet", "arrow")
WIDE = 100_000
"""Columns for a table that goes into a file or pipe, where lines need not fit a screen."""


def query(
    module: str,
    where: tuple[str, ...],
    exclude: tuple[str, ...],
    order: tuple[str, ...],
    fields: tuple[str, ...],
    limit: int,
    style: str,
    by: tuple[str, ...],
    sums: tuple[str, ...],
    count: bool,
    explain: bool,
    schema: Path | None,
    url: str | None,
    dialect: str | None,
) -> None:
    """What the verb does, as its help tells."""
    if count and explain:
        raise click.UsageError("--explain shows how records are read: leave --count out.")
    if (by or sums) and (count or fields):
        raise click.UsageError("--group-by and --sum count by themselves and name their columns.")
    if style in _BINARY and sys.stdout.isatty():
        raise click.UsageError(f"{style} is nothing for a terminal: send it into a file, > FILE.")
    config = load_config()
    folder = schema or config.schema_folder
    snapshot = Snapshot.load(folder)
    lock = load_lock(folder / FILE_NAME)
    meta = meta_of(snapshot, lock, module)
    groups = Groups.of(meta, _split(by), _split(sums)) if by or sums else None
    question = Question(
        module=module,
        where=where,
        exclude=exclude,
        order=() if groups else _split(order),
        fields=_split(fields),
        limit=None if count or groups else limit or None,
    )
    selection = selection_of(meta, question, zone_of(config.timezone))
    package = SnapshotPackage(snapshot, lock)
    if explain:
        lists = lists_of(dialect or config.dialect, package)
        env = replace(Environment.of(package.server), lists=lists)
        say(groups.explain(selection, env) if groups else explained(selection, env))
        click.secho("Nothing was sent.", err=True, dim=True)
        return
    with (
        open_session(url, dialect, config, package=package) as session,
        session.count_calls() as calls,
    ):
        if count:
            click.echo(session.run(plan_count(selection, session.environment)))
            click.secho(f"Counted in {counted(calls.count, 'call')}.", err=True, dim=True)
            return
        shown: Sequence[FieldMeta] = shown_fields(meta, question)
        pages = session.stream(plan_rows(selection, session.environment))
        named = shown if fields and session.environment.lists is not None else ()
        rows = _Counted(_told(pages, named))
        if groups:
            found = session.run(groups.rows(selection, _split(order), session.environment))
            shown, rows = groups.columns, _Counted([found[: limit or None]])
        if style in _BINARY:
            _write_binary(shown, rows, session.environment, style)
        elif style == "json":
            _write(as_json(shown, rows))
        elif style == "csv":
            _write(as_csv(shown, rows, safe=sys.stdout.isatty()))
        else:
            table = as_table(shown, rows)
            Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    _tell(rows.number, limit, calls.count, "group" if groups else "record")


def _told(pages: Iterable[Sequence[Row]], named: Sequence[FieldMeta]) -> Iterator[Sequence[Row]]:
    """The pages; raises `NotLoaded` for a field that was named and is not told: a blank would say
    that the record has none."""
    for page in pages:
        for row, field in product(page, named):
            if field.wire not in row and (why := why_not_in_row(field)) is not None:
                raise NotLoaded(f"{field.name} of {row['id']} cannot be shown: {why}")
        yield page


class _Counted:
    """The rows as they arrive, counted on the way."""

    def __init__(self, pages: Iterable[Sequence[Row]]) -> None:
        self._pages = pages
        self.number = 0

    def pages(self) -> Iterator[Sequence[Row]]:
        for page in self._pages:
            self.number += len(page)
            yield page

    def __iter__(self) -> Iterator[Row]:
        for page in self.pages():
            yield from page


def _write(pieces: Iterator[str]) -> None:
    for piece in pieces:
        click.echo(piece, nl=False, color=True)  # else what looks like a colour is cut out


def _write_binary(shown: Sequence[FieldMeta], rows: _Counted, env: Environment, style: str) -> None:
    from vtiger_orm.columns.arrow import Batches
    from vtiger_orm.frames.files import binary_writer

    batches = Batches(shown, env.zone)
    sink = sys.stdout.buffer
    with binary_writer(style, sink, batches.schema) as write:
        for page in rows.pages():
            write(batches.of(page))
    sink.flush()


def _tell(number: int, limit: int, calls: int, what: str) -> None:
    """On stderr, so that it spoils no pipe."""
    more = " There may be more: --limit 0 reads all." if limit and number == limit else ""
    told = f"{counted(number, what)} in {counted(calls, 'call')}.{more}"
    click.secho(told, err=True, dim=True)


def _split(values: tuple[str, ...]) -> tuple[str, ...]:
    """Names may come in several options or separated by commas in one."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())
