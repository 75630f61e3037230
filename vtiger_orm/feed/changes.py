"""The change feed: what was created, changed or deleted since a cursor.

Two ways, one shape. Where the server has a usable `sync`, pages come from it, deletions
included; else rows are read by modifiedtime, and deletions are found on request by comparing
ids. Which way a feed was read is kept in its cursor: it is never changed for one that tells less.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Literal, TypeVar, get_args

from .._dataclass import dataclass
from ..calls.operations import Row
from ..calls.plans import Rows, RowStream, collect_rows
from ..calls.resuming import AsyncResumable, Resumable
from ..calls.server import ServerFacts, recognised
from ..conditions.tree import OneOf, Selection
from ..errors import InvalidValue, LimitReached, NotSupported, UnsupportedQuery
from ..ids import id_number
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner import plan_rows
from ..records.handle import load, package_of
from .by_sync import Refused, by_sync, uses_sync
from .by_time import by_time
from .cursors import EPOCH, OVERLAP, Page, Position, start
from .request import WINDOW, ChangeKind, FeedRequest, SyncType, item

if TYPE_CHECKING:
    from datetime import timedelta

    from ..calls.environment import Environment
    from ..calls.protocols import Runner
    from ..records import BaseRecord
    from ..records.references import Ref

__all__ = [
    "Change",
    "ChangeFeed",
    "ChangeKind",
    "Changed",
    "Deleted",
    "FeedRequest",
    "SyncType",
    "changes",
]

logger: logging.Logger = logging.getLogger("vtiger_orm")

M = TypeVar("M", bound="BaseRecord")

_WINDOW: Final = WINDOW


@dataclass(frozen=True, slots=True)
class Change(Generic[M]):
    """One item of the feed: `Changed` or `Deleted`, told apart by `kind` or by their class."""

    kind: ChangeKind
    id: Ref[M]
    record: M | None
    """The record as it was read; None when it was deleted."""
    page: Page
    index: int

    @property
    def cursor(self) -> str:
        """Store this after the item was processed: a feed `since` it goes on behind it."""
        return self.page.cursor(self.index + 1)

    def __repr__(self) -> str:
        return f"<Change {self.kind} {self.id}>"


@dataclass(frozen=True, slots=True, repr=False)
class Changed(Change[M]):
    """A record that was created or updated, as it was read."""

    kind: Literal[ChangeKind.CREATED, ChangeKind.UPDATED]
    record: M


@dataclass(frozen=True, slots=True, repr=False)
class Deleted(Change[M]):
    """A record that is gone."""

    kind: Literal[ChangeKind.DELETED]
    record: None


def changes(request: FeedRequest, facts: ServerFacts, env: Environment) -> RowStream:
    """The feed's items, each as ``{"kind", "id", "row", "page", "index"}``, page by page."""
    check(request.module)
    if uses_sync(request, facts):
        try:
            position = yield from by_sync(request, facts, env)
        except Refused as refusal:
            _without_sync(request, str(refusal))
            _tell(request, refusal)
            position = yield from by_time(_by_time_from_now(request), env)
    else:
        _without_sync(request, "this server is known not to have it for this feed")
        position = yield from by_time(_by_time_from_now(request), env)
    yield from _missing(request, position, env)


def _by_time_from_now(request: FeedRequest) -> FeedRequest:
    return replace(request, position=replace(request.position, by_sync=False))


def _tell(request: FeedRequest, refusal: Refused) -> None:
    logger.warning(
        "changes of %s are read by modifiedtime, since the server refuses sync (%s). Deletions "
        "are told only among the ids in deleted_among=",
        *(request.module.name, refusal),
    )


def _without_sync(request: FeedRequest, why: str) -> None:
    """Raise `NotSupported` where a feed that told deletions would tell them no more."""
    if request.position.by_sync and not request.deleted_among:
        name = request.module.name
        raise NotSupported(
            f"This feed of {name} was read by sync, which tells deletions, and sync is refused "
            f"now: {why}. Nothing was passed over. Try again from the same cursor; or give the ids "
            "of the records that you hold, changes(since=cursor, deleted_among=ids), and it goes "
            "on by modifiedtime."
        )


def check(meta: ModuleMeta) -> None:
    """Raise `UnsupportedQuery` for a module without `modifiedtime`."""
    if "modifiedtime" not in meta.by_wire or not meta.by_wire["modifiedtime"].selectable:
        raise UnsupportedQuery(
            f"{meta.name} has no modifiedtime, so its changes cannot be told. Read it whole and "
            "compare."
        )


def _missing(request: FeedRequest, position: Position, env: Environment) -> RowStream:
    """Deletions by comparison: ids the caller holds that are no longer there to be read."""
    held = tuple(dict.fromkeys(request.deleted_among))
    meta = request.module
    found = yield from collect_rows(
        plan_rows(Selection(meta, OneOf(meta.id, held), columns=(meta.id,)), env)
    )
    there = {id_number(row["id"]) for row in found}
    gone = [id_ for id_ in held if id_number(id_) not in there]
    page = Page(position, [(id_, None, None) for id_ in gone], EPOCH, position.time, env.zone)
    yield Rows([item(page, number, ChangeKind.DELETED) for number in range(len(gone))])


class ChangeFeed(Generic[M]):
    """What `Contacts.objects.changes()` is: iterate it with `for` or `async for`.

    Nothing is asked before that. Iterating again goes on where it stopped, and so does one
    iterator that a limit of calls has stopped (`LimitReached`). `cursor` is the
    position behind the last item that was handed out, where the feed begins before the first
    one, and None before the first one of a feed of everything.

    Every change that moves `modifiedtime` is told at least once, as long as it can be seen
    within `overlap` of that time; what the CRM changes along with another record moves none.
    A few changes are told twice where the CRM's clock or zone were not what they had been, and
    a `since=` that is a datetime tells those of a little more than `overlap` before it as well.
    """

    overlap: ClassVar[timedelta] = OVERLAP
    """How long after its `modifiedtime` a change may become visible: 30 seconds."""

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
        self._given = self._start.encode() if isinstance(since, datetime) else since
        self._last: Change[M] | None = None

    @property
    def cursor(self) -> str | None:
        if self._last is not None:
            return self._last.cursor
        return self._given

    def __iter__(self) -> Iterator[Changed[M] | Deleted[M]]:
        return Resumable(self._told())

    def _told(self) -> Generator[Changed[M] | Deleted[M] | LimitReached, None, None]:
        runner = self._runner or package_of(self._model).runner()
        pages = runner.stream(self._stream(runner))
        try:
            while True:
                try:
                    items = next(pages)
                except StopIteration:
                    return
                except LimitReached as error:
                    yield error
                    continue
                for change in self._load(items, runner):
                    self._last = change
                    yield change
        finally:
            close = getattr(pages, "close", None)
            if close is not None:
                close()

    def __aiter__(self) -> AsyncIterator[Changed[M] | Deleted[M]]:
        return AsyncResumable(self._atold())

    async def _atold(self) -> AsyncGenerator[Changed[M] | Deleted[M] | LimitReached, None]:
        runner = self._runner or package_of(self._model).runner()
        pages = runner.astream(self._stream(runner))
        try:
            while True:
                try:
                    items = await anext(pages)
                except StopAsyncIteration:
                    return
                except LimitReached as error:
                    yield error
                    continue
                for change in self._load(items, runner):
                    self._last = change
                    yield change
        finally:
            close = getattr(pages, "aclose", None)
            if close is not None:
                await close()

    def _stream(self, runner: Runner) -> RowStream:
        last = self._last
        position = self._start if last is None else last.page.position(last.index + 1)
        request = FeedRequest(
            *(self._model.meta, position, self._whose, self._columns, self._held), _WINDOW
        )
        facts = yield from recognised(runner)
        yield from changes(request, facts, runner.environment)

    def _load(self, items: Sequence[Row], runner: Runner) -> list[Changed[M] | Deleted[M]]:
        rows = [item["row"] for item in items if item["row"] is not None]
        records = iter(load(self._model, rows, runner))
        found: list[Changed[M] | Deleted[M]] = []
        for each in items:
            kind, place = each["kind"], (each["page"], each["index"])
            id_ = self._model.ref(each["id"])
            if each["row"] is None:
                found.append(Deleted(ChangeKind.DELETED, id_, None, *place))
            else:
                found.append(Changed(kind, id_, next(records), *place))
        return found
