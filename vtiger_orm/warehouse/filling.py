"""One module brought up to date: compared with the CRM by id, or by what changed.

What is read and how far it was read are committed together, a chunk at a time, so a run that is
broken off anywhere goes on where it was. Records are written as they were read last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

import sqlalchemy as sa

from .._dataclass import dataclass
from ..calls.operations import Row
from ..calls.plans import collect_rows
from ..calls.protocols import Runner
from ..calls.server import server_facts
from ..columns import Unreadables
from ..conditions.tree import TRUE, Compare, OneOf, Order, Selection
from ..errors import NotSupported, UnsupportedQuery
from ..feed.by_sync import uses_sync
from ..feed.changes import changes, check
from ..feed.cursors import Position, moment_of, start
from ..feed.request import WINDOW, FeedRequest
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from ..planner import plan_rows
from . import catalogue
from .catalogue import ByIds, ModuleEntry
from .hold import Hold
from .rows import Cells, RowMaker, between, held, last_of, put, remove
from .tables import Kept

LOADED_AT_ONCE: Final = 1_000
SWEPT_AT_ONCE: Final = 10_000
"""Records that are compared and committed together."""

HearsProgress: TypeAlias = Callable[[str, int], None]
"""Told what is being done, and how many records it has read so far."""


@dataclass(slots=True)
class Done:
    """What became of the table's records."""

    loaded: int = 0
    """Read and written by comparison of everything."""
    changed: int = 0
    """Written since the CRM has them otherwise, or new."""
    deleted: int = 0


class Filling:
    """Brings one module's table to what the CRM has."""

    def __init__(
        self, kept: Kept, runner: Runner, hold: Hold, unreadable: Unreadables, told: HearsProgress
    ) -> None:
        self._kept = kept
        self._entry = kept.entry
        self._runner = runner
        self._hold = hold
        self._told = told
        self._dialect = hold.dialect
        self._unreadable: Unreadables = unreadable
        self.done: Done = Done()

    @property
    def entry(self) -> ModuleEntry:
        """How far the module has come."""
        return self._entry

    @property
    def has_feed(self) -> bool:
        """Whether the CRM can tell what changed in the module."""
        try:
            check(self._kept.meta)
        except UnsupportedQuery:
            return False
        return True

    def load(self) -> None:
        """Compare every value of every record; where the feed begins is found out first."""
        if self._entry.cursor is None and self.has_feed:
            cursor = self._beginning().encode()
            with self._hold.commit() as connection:
                self._save(connection, replace(self._entry, cursor=cursor))
        self._compare("load", self._kept.fields, LOADED_AT_ONCE)

    def sweep(self) -> None:
        """Compare ids, times and references: the CRM tells no change of records that it deletes
        or empties along with others."""
        fields = [each for each in self._kept.fields if _moves_along(each)]
        self._compare("sweep", fields, SWEPT_AT_ONCE)

    def follow(self) -> bool:
        """Write what changed since the cursor. False where deletions are not told any more, as
        they were before: then a sweep is due."""
        position = Position.decode(self._entry.cursor or "", self._kept.meta.name)
        try:
            self._follow(position)
        except NotSupported:
            if not position.by_sync:
                raise
            self._follow(replace(position, by_sync=False))
            return False
        return True

    # By id

    def begin(self, what: ByIds) -> None:
        """Note that a comparison is under way, unless it is already."""
        if self._entry.comparison is None:
            entry = self._entry.comparing(what, datetime.now(UTC))
            with self._hold.commit() as connection:
                self._save(connection, entry)

    def _compare(self, what: ByIds, fields: Sequence[FieldMeta], size: int) -> None:
        self.begin(what)
        maker = self._maker(fields)
        whole = len(fields) == len(self._kept.fields)
        read = 0
        for rows, ended in _chunks(self._pages(fields), size):
            read += len(rows)
            last = None if ended else last_of(rows)
            self._take(maker.of(rows), maker.keys, last, whole)
            self._told(what, read)

    def _take(
        self, rows: Sequence[Cells], keys: Sequence[str], last: str | None, whole: bool
    ) -> None:
        """Compare a chunk with the table, write what differs, and note that it is done."""
        by_id = {row[keys[0]]: row for row in rows}
        with self._hold.reading() as connection:
            there = between(connection, self._kept, self._entry.compared_to, last, keys)
        differing = [id for id, row in by_id.items() if there.get(id) != row]
        gone = there.keys() - by_id.keys()
        if whole:
            new = [by_id[id] for id in differing]
        else:
            new = self._read(differing)
            gone |= set(differing) - {row[keys[0]] for row in new}
        entry = self._entry.compared() if last is None else replace(self._entry, compared_to=last)
        with self._hold.commit() as connection:
            self.done.deleted += remove(connection, self._kept, gone)
            put(connection, self._kept, new)
            self._save(connection, entry)
        if whole:
            self.done.loaded += len(new)
        else:
            self.done.changed += len(new)

    def _pages(self, fields: Sequence[FieldMeta]) -> Iterator[Sequence[Row]]:
        meta, after = self._kept.meta, self._entry.compared_to
        selection = Selection(
            meta,
            TRUE if after is None else Compare(meta.id, ">", after),
            order=(Order(meta.id),),  # also where several sessions read
            columns=tuple(fields),
        )
        return self._runner.stream(plan_rows(selection, self._runner.environment))

    def _read(self, ids: Sequence[str]) -> list[Cells]:
        """These records, whole; those that are gone are left out."""
        meta, maker = self._kept.meta, self._maker(self._kept.fields)
        found: list[Cells] = []
        for at in range(0, len(ids), LOADED_AT_ONCE):
            some = OneOf(meta.id, tuple(ids[at : at + LOADED_AT_ONCE]))
            selection = Selection(meta, some, columns=self._kept.fields)
            plan = plan_rows(selection, self._runner.environment)
            found += maker.of(self._runner.run(collect_rows(plan)))
        return found

    # By time

    def _beginning(self) -> Position:
        """Where a feed begins that is to tell whatever changes from now on.

        `sync` takes the server's "now". The CRM's wall, whose zone may not be known, is read at
        the last change, and is believed where it shows an earlier time than that.
        """
        meta, env = self._kept.meta, self._runner.environment
        here = env.clock.here()
        now = env.clock.during(here, here).begin
        if uses_sync(FeedRequest(meta, Position(meta.name)), server_facts(self._runner)):
            return start(now, meta.name)
        stamp = meta.by_wire["modifiedtime"]
        last = Selection(meta, order=(Order(stamp, True),), stop=1, columns=(meta.id, stamp))
        rows = self._runner.run(collect_rows(plan_rows(last, env)))
        newest = moment_of(rows[0], env.zone) if rows else None
        return start(min(newest or now, now), meta.name)

    def _follow(self, position: Position) -> None:
        kept, runner = self._kept, self._runner
        request = FeedRequest(kept.meta, position, columns=kept.fields, window=WINDOW)
        read = 0
        for items in runner.stream(changes(request, server_facts(runner), runner.environment)):
            if not items:
                continue
            read += len(items)
            told = {item["id"]: item["row"] for item in items}
            gone = {id for id, row in told.items() if row is None}
            new, again = self._made([row for row in told.values() if row is not None])
            gone |= again - {row[kept.keys[0]] for row in new}
            cursor = items[-1]["page"].cursor(items[-1]["index"] + 1)
            new = self._differing(new)
            with self._hold.commit() as connection:
                self.done.deleted += remove(connection, kept, gone)
                put(connection, kept, new)
                self._save(connection, replace(self._entry, cursor=cursor))
            self.done.changed += len(new)
            self._told("changes", read)

    def _differing(self, rows: Sequence[Cells]) -> list[Cells]:
        """Those that the table has otherwise: a feed tells the last moments again."""
        key = self._kept.keys[0]
        with self._hold.reading() as connection:
            there = held(connection, self._kept, [row[key] for row in rows])
        return [row for row in rows if there.get(row[key]) != row]

    def _made(self, rows: Sequence[Row]) -> tuple[list[Cells], set[str]]:
        """The values of these rows, and the ids of those that had to be read again, since the
        CRM told them without some of their fields."""
        names = [each.wire for each in self._kept.fields]
        whole = [row for row in rows if all(name in row for name in names)]
        cut = [row["id"] for row in rows if not all(name in row for name in names)]
        return self._maker(self._kept.fields).of(whole) + self._read(cut), set(cut)

    # Both

    def finish(self) -> None:
        """Note that the module is as the CRM has it now."""
        with self._hold.commit() as connection:
            self._save(connection, replace(self._entry, synced_at=datetime.now(UTC)))

    def _save(self, connection: sa.Connection, entry: ModuleEntry) -> None:
        catalogue.save_module(connection, entry)
        self._entry = entry

    def _maker(self, fields: Sequence[FieldMeta]) -> RowMaker:
        keys = dict(zip(self._kept.fields, self._kept.keys))
        return RowMaker(
            fields,
            [keys[each] for each in fields],
            self._runner.environment.zone,
            self._unreadable,
            self._dialect,
        )


def _moves_along(field: FieldMeta) -> bool:
    return field.family in (Family.ID, Family.REFERENCE) or field.wire == "modifiedtime"


def _chunks(pages: Iterator[Sequence[Row]], size: int) -> Iterator[tuple[list[Row], bool]]:
    """Pages put together, and whether it is the end; at the end also a chunk without rows."""
    waiting: list[Row] = []
    for page in pages:
        waiting += page
        if len(waiting) >= size:
            yield waiting, False
            waiting = []
    yield waiting, True
