"""The change feed: what was created, changed or deleted since a cursor.

Two ways, one shape. Where the server has a usable `sync`, pages come from it, deletions
included; else rows are read by (modifiedtime, id), and deletions are found on request by
comparing ids. A page ends with a whole second, so that nothing is lost where many records share
one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar, get_args

from ..calls.operations import Me, Operation, Row
from ..calls.plans import Plan, Reply, Rows, RowStream, Step, collect_rows, perform
from ..calls.server import ServerFacts, server_facts
from ..calls.support import is_unknown
from ..conditions.tree import TRUE, Compare, Equal, Node, OneOf, Order, Selection, all_of
from ..errors import ApiError, InvalidValue, MalformedAnswer, NotSupported, UnsupportedQuery
from ..ids import id_number
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner import plan_rows
from ..planner.asking import check_ids
from ..records.handle import load, package_of
from ..values.zones import to_utc
from .cursors import Position, created_at, in_order, moment_of, start

if TYPE_CHECKING:
    from ..calls.environment import Environment
    from ..calls.protocols import Runner
    from ..records import BaseRecord
    from ..records.references import Ref

M = TypeVar("M", bound="BaseRecord")

_Reading: TypeAlias = Generator["Step | Rows", Reply, Position]

_LATEST: Final = datetime.max.replace(tzinfo=UTC)

_WINDOW: Final = 500
"""Changes that are read, sorted and handed out together."""

SyncType: TypeAlias = Literal["user", "userandgroup", "application"]
"""Whose records: the session user's own, those of the user's groups too, or all visible ones."""


class ChangeKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change(Generic[M]):
    """One item of the feed."""

    kind: ChangeKind
    id: Ref[M]
    record: M | None
    """The record as it was read; None when it was deleted."""
    page: Page
    index: int

    @property
    def cursor(self) -> str:
        """Store this after the item was processed: a feed `since` it goes on behind it."""
        return self.page.position(self.index + 1).encode()

    def __repr__(self) -> str:
        return f"<Change {self.kind} {self.id}>"


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Items that were read together; their cursors are worked out when they are asked for."""

    base: Position
    items: Sequence[tuple[str, Row | None, datetime]]

    def position(self, number: int) -> Position:
        """The position once the first `number` items are handed out."""
        return self.base.after(self.items[:number])


@dataclass(frozen=True, slots=True)
class Request:
    """What a feed is asked for."""

    module: ModuleMeta
    position: Position
    whose: SyncType = "application"
    columns: tuple[FieldMeta, ...] | None = None
    deleted_among: tuple[str, ...] = ()
    """Ids the caller holds; those that the CRM no longer has are reported as deleted."""


def uses_sync(whose: SyncType, facts: ServerFacts) -> bool:
    """Whether pages come from `sync`.

    A stock webservice.php does not hand the sync type on to its handler: it always answers the
    user's own records.
    """
    if facts.server.capabilities.sync is False or "GET sync" in facts.unknown_operations:
        return False
    if facts.dialect == "cloud":
        return True
    return facts.dialect == "webservice" and whose == "user" and not facts.php8_names


def changes(request: Request, facts: ServerFacts, env: Environment) -> RowStream:
    """The feed's items, each as ``{"kind", "id", "row", "page", "index"}``, page by page."""
    check(request.module)
    position = request.position
    if uses_sync(request.whose, facts):
        try:
            position = yield from _by_sync(request, position, facts, env)
        except _Unusable:
            position = yield from _by_time(request, position, env)
    else:
        position = yield from _by_time(request, position, env)
    if request.deleted_among:
        yield from _missing(request, position, env)


def check(meta: ModuleMeta) -> None:
    """Raise `UnsupportedQuery` for a module without `modifiedtime`."""
    if "modifiedtime" not in meta.by_wire or not meta.by_wire["modifiedtime"].selectable:
        raise UnsupportedQuery(
            f"{meta.name} has no modifiedtime, so its changes cannot be told. Read it whole and "
            "compare."
        )


class _Unusable(Exception):
    """`sync` does not work for this module; nothing was handed out yet."""


# By sync


def _by_sync(
    request: Request, position: Position, facts: ServerFacts, env: Environment
) -> _Reading:
    position = position.in_zone(env.clock.zone.tz)
    first, asked = True, position.reads_from - timedelta(seconds=1)
    while True:
        answer = yield from _sync(request, asked, facts, first=first)
        first = False
        rows = yield from _whole(request, answer.get("updated") or [], env)
        last = _last_time(answer)
        if last is not None and rows and not answer.get("deleted"):
            env.clock.saw_wall(max(str(row.get("modifiedtime")) for row in rows), last)
        zone = env.clock.zone.tz
        position = position.in_zone(zone)
        # Deletions first: a feed that is resumed behind them is resumed by the time of a record.
        gone = [str(id_) for id_ in answer.get("deleted") or []]
        remembered = max(position.time, last or position.time)
        items: list[tuple[str, Row | None, datetime]] = [
            (id_, None, remembered) for id_ in gone if not position.knows(id_, None)
        ]
        items += [
            # A wall whose zone is not known may show a time to come.
            (row["id"], row, min(moment_of(row, zone), last or _LATEST))
            for row in in_order(rows, zone)
            if not position.knows(row["id"], row)
        ]
        page = Page(position, items)
        yield Rows(_shown(page, request, zone))
        position = page.position(len(items))
        if last is not None and last > position.time:
            position = replace(position, time=last)
        if not answer.get("more"):
            return position
        following = max(last or asked, asked)
        if following == asked:
            raise MalformedAnswer(
                f"sync of {request.module.name} promises more but does not move on in time."
            )
        asked = following


def _sync(request: Request, since: datetime, facts: ServerFacts, *, first: bool) -> Plan[Row]:
    params = {
        "modifiedTime": str(max(1, int(since.timestamp()))),
        "elementType": request.module.name,
        "syncType": request.whose,
    }
    try:
        answer = yield Operation("sync", "GET", params)
    except (ApiError, NotSupported, MalformedAnswer) as error:
        if not first or request.whose == "userandgroup":
            raise
        if is_unknown(error, facts):
            facts.unknown_operations.add("GET sync")
        elif not isinstance(error, ApiError):
            raise
        # Not offered for custom modules, and for all records only to administrators.
        raise _Unusable from error
    if not isinstance(answer, dict):
        raise MalformedAnswer("sync answered without updated and deleted records.")
    return answer


def _whole(request: Request, updated: Iterable[Any], env: Environment) -> Plan[list[Row]]:
    """Full records: some servers answer them, others answer only ids."""
    entries = list(updated)
    check_ids([each for each in entries if isinstance(each, dict)])
    ids = [str(each) for each in entries if not isinstance(each, dict)]
    ids += [str(each["id"]) for each in entries if isinstance(each, dict) and len(each) <= 2]
    rows = [each for each in entries if isinstance(each, dict) and len(each) > 2]
    if ids:
        meta = request.module
        found = OneOf(meta.id, tuple(dict.fromkeys(ids)))
        rows += yield from collect_rows(
            plan_rows(Selection(meta, found, columns=_columns(request)), env)
        )
    return rows


def _last_time(answer: Row) -> datetime | None:
    text = str(answer.get("lastModifiedTime") or "")
    return datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else None


# By modifiedtime and id


def _by_time(request: Request, position: Position, env: Environment) -> _Reading:
    meta = request.module
    stamp = meta.by_wire["modifiedtime"]
    whose = yield from _ownership(request)
    zone = env.zone
    position = position.in_zone(zone)
    lower: Node = Compare(stamp, ">=", _text(position.wall_from(zone, env.clock.now())))
    while True:
        # A window ends with a whole second. Whatever changes while it is read leaves it towards
        # the future, where a later window finds it.
        edge = yield from _edge(meta, stamp, all_of(lower, whose), env)
        upper = () if edge is None else (Compare(stamp, "<=", edge),)
        window = Selection(meta, all_of(lower, *upper, whose), columns=_columns(request))
        rows = yield from collect_rows(plan_rows(window, env))
        items: list[tuple[str, Row | None, datetime]] = [
            (row["id"], row, moment_of(row, zone))
            for row in in_order(rows, zone)
            if not position.knows(row["id"], row)
        ]
        if items:
            page = Page(position, items)
            yield Rows(_shown(page, request, zone))
            position = page.position(len(items))
        if edge is None:
            return position
        lower = Compare(stamp, ">", edge)


def _edge(meta: ModuleMeta, stamp: FieldMeta, where: Node, env: Environment) -> Plan[str | None]:
    """The time of the last change of a full window, None where fewer are left."""
    last = Selection(
        meta,
        where,
        order=(Order(stamp),),
        start=_WINDOW - 1,
        stop=_WINDOW,
        columns=(meta.id, stamp),
    )
    rows = yield from collect_rows(plan_rows(last, env))
    return to_utc(str(rows[0]["modifiedtime"]), env.zone) if rows else None


def _ownership(request: Request) -> Plan[Node]:
    if request.whose == "application":
        return TRUE
    owner = request.module.by_wire.get("assigned_user_id")
    if request.whose == "userandgroup" or owner is None:
        raise NotSupported(
            f"This server has no usable sync, and without it changes of {request.module.name} "
            f"cannot be narrowed to {request.whose!r}. Use 'application' (all visible records) "
            "or 'user', and filter what comes."
        )
    me = yield from perform(Me())
    return Equal(owner, str(me["id"]))


def _missing(request: Request, position: Position, env: Environment) -> RowStream:
    """Deletions by comparison: ids the caller holds that are no longer there to be read."""
    held = tuple(dict.fromkeys(request.deleted_among))
    meta = request.module
    found = yield from collect_rows(
        plan_rows(Selection(meta, OneOf(meta.id, held), columns=(meta.id,)), env)
    )
    there = {id_number(row["id"]) for row in found}
    gone = [id_ for id_ in held if id_number(id_) not in there]
    page = Page(position, [(id_, None, position.time) for id_ in gone])
    yield Rows(
        [_item(page, number, ChangeKind.DELETED) for number in range(len(gone))],
    )


def _columns(request: Request) -> tuple[FieldMeta, ...] | None:
    if request.columns is None:
        return None
    meta = request.module
    needed = [meta.id, meta.by_wire["modifiedtime"]]
    if "createdtime" in meta.by_wire:
        needed.append(meta.by_wire["createdtime"])
    return tuple(dict.fromkeys((*request.columns, *needed)))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


# What comes out


def _shown(page: Page, request: Request, zone: tzinfo) -> list[Row]:
    began = request.position
    shown = []
    for number, (id_, row, _) in enumerate(page.items):
        if row is None:
            kind = ChangeKind.DELETED
        elif id_ not in began.seen and created_at(row, zone) >= began.reads_from:
            kind = ChangeKind.CREATED
        else:
            kind = ChangeKind.UPDATED
        shown.append(_item(page, number, kind))
    return shown


def _item(page: Page, number: int, kind: ChangeKind) -> Row:
    id_, row, _ = page.items[number]
    return {"kind": kind, "id": id_, "row": row, "page": page, "index": number}


class ChangeFeed(Generic[M]):
    """What `Contacts.objects.changes()` is: iterate it with `for` or `async for`.

    Nothing is asked before that. Iterating again goes on where it stopped. `cursor` is the
    position behind the last item that was handed out, where the feed begins before the first
    one, and None before the first one of a feed of everything.
    """

    def __init__(
        self,
        model: type[M],
        since: str | datetime | None = None,
        *,
        whose: SyncType = "application",
        deleted_among: Iterable[str] = (),
        columns: tuple[FieldMeta, ...] | None = None,
        runner: Runner | None = None,
    ) -> None:
        meta = model.meta
        check(meta)
        if whose not in get_args(SyncType):
            raise InvalidValue(
                f"changes(whose={whose!r}): give one of {', '.join(map(repr, get_args(SyncType)))}."
            )
        self._model = model
        self._runner = runner
        self._whose: SyncType = whose
        self._columns = columns
        self._held = tuple(str(id_) for id_ in deleted_among)
        self._start = start(since, meta.name)
        self._resumed = since is not None
        self._last: Change[M] | None = None

    @property
    def cursor(self) -> str | None:
        if self._last is not None:
            return self._last.cursor
        return self._start.encode() if self._resumed else None

    def __iter__(self) -> Iterator[Change[M]]:
        runner = self._runner or package_of(self._model).runner()
        for items in runner.stream(self._stream(runner)):
            for change in self._load(items, runner):
                self._last = change
                yield change

    async def __aiter__(self) -> AsyncIterator[Change[M]]:
        runner = self._runner or package_of(self._model).runner()
        async for items in runner.astream(self._stream(runner)):
            for change in self._load(items, runner):
                self._last = change
                yield change

    def _stream(self, runner: Runner) -> RowStream:
        last = self._last
        position = self._start if last is None else last.page.position(last.index + 1)
        request = Request(self._model.meta, position, self._whose, self._columns, self._held)
        return changes(request, server_facts(runner), runner.environment)

    def _load(self, items: Sequence[Row], runner: Runner) -> list[Change[M]]:
        rows = [item["row"] for item in items if item["row"] is not None]
        records = iter(load(self._model, rows, runner))
        return [
            Change(
                item["kind"],
                self._model.ref(item["id"]),
                next(records) if item["row"] is not None else None,
                item["page"],
                item["index"],
            )
            for item in items
        ]
