"""What querysets write, one record and their own; files; and the change feed.

The plans are made in `writing` and `feed`; here are the methods and their a-twins.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from .._dataclass import dataclass
from ..calls.gates import aone_at_a_time, one_at_a_time
from ..calls.plans import Plan, collect_rows
from ..calls.protocols import PlanFor
from ..conditions.tree import TRUE
from ..errors import InvalidLookup, UnsupportedQuery
from ..records.arguments import a_list
from ..records.handle import known_id
from ..writing import files
from .building import check_count
from .bulk import BulkQuerySet
from .reading import read_all
from .related_conditions import narrowed, selected_rows

if TYPE_CHECKING:
    from datetime import datetime

    from ..calls.protocols import Runner
    from ..feed.changes import ChangeFeed, SyncType
    from ..metadata.module import ModuleMeta
    from ..records import BaseRecord
    from ..writing import uploads, upsert
    from ..writing.preview import Preview

M = TypeVar("M", bound="BaseRecord")


class WritingQuerySet(BulkQuerySet[M]):
    """The writing half of a queryset."""

    __slots__ = ()

    # One record

    def create(self, *args: Any, **kwargs: Any) -> M:
        """Create a record in the CRM and return it as stored.

        The owner is the session's user unless given. `items=[LineItem(...)]` are the line items
        of an inventory record. Never sent twice: raises `OutcomeUnknown`, with the record, when
        the answer was lost, and `InvalidRecord` before anything is sent.
        """
        return self._run(self._create(args, kwargs))

    async def acreate(self, *args: Any, **kwargs: Any) -> M:
        """`create`, awaited."""
        return await self._arun(self._create(args, kwargs))

    def _create(self, args: tuple[Any, ...], values: Mapping[str, Any]) -> PlanFor[M]:
        no_positions("create", args)
        from ..writing import save as write  # a program that reads does without

        return lambda runner: write.create(self._writable, values, runner=runner)

    def get_or_create(self, *args: Any, **kwargs: Any) -> tuple[M, bool]:
        """The one record with these values, or a new one made of them and `defaults`.

        Returns the record and whether it was created. Text compares as the CRM compares it:
        without regard to case, accents and trailing blanks. A record is also found by what the
        CRM made of a value when it stored it: text that was cut, characters that were replaced,
        decimals that were rounded. Raises `MisansweredQuery` for an answer that does not have
        the values. Where it made something else of one, so that the same call
        could not find the record again, that is deleted and `ValuesAdjusted` raised.
        """
        plan = self._upsert("get_or_create", args, kwargs)
        with one_at_a_time(*self._same(kwargs)):
            return self._run(plan)

    async def aget_or_create(self, *args: Any, **kwargs: Any) -> tuple[M, bool]:
        """`get_or_create`, awaited."""
        plan = self._upsert("get_or_create", args, kwargs)
        async with aone_at_a_time(*self._same(kwargs)):
            return await self._arun(plan)

    def update_or_create(self, *args: Any, **kwargs: Any) -> tuple[M, bool]:
        """The one record with these values, changed to `defaults`, or a new one of both.

        Only what differs is written. Returns the record and whether it was created.
        """
        plan = self._upsert("update_or_create", args, kwargs)
        with one_at_a_time(*self._same(kwargs)):
            return self._run(plan)

    async def aupdate_or_create(self, *args: Any, **kwargs: Any) -> tuple[M, bool]:
        """`update_or_create`, awaited."""
        plan = self._upsert("update_or_create", args, kwargs)
        async with aone_at_a_time(*self._same(kwargs)):
            return await self._arun(plan)

    def _upsert(
        self, method: str, args: tuple[Any, ...], values: dict[str, Any]
    ) -> PlanFor[tuple[M, bool]]:
        from ..writing import upsert

        no_positions(method, args)
        defaults: Mapping[str, Any] = values.pop("defaults", None) or {}
        make = upsert.get_or_create if method == "get_or_create" else upsert.update_or_create
        _refuse_conditions(self.model.meta, method, values)
        values = {name: upsert.as_stored(value) for name, value in values.items()}
        wanted = self._in_any_order().filter(**values)[:2]

        def plan(runner: Runner) -> Plan[tuple[M, bool]]:
            search = _Search(self, wanted, values, runner)
            return (yield from make(search, values, defaults, runner))

        return plan

    # The records of the queryset

    def max_writes(self, number: int) -> Self:
        """This queryset, allowed to write so many records at once in `update` and `delete`.

        The session's own limit is `max_writes`, 1,000 unless set.
        """
        check_count("max_writes", number)
        return self._with(max_writes=number)

    def update(self, *args: Any, **kwargs: Any) -> int:
        """Give every record of the queryset these values; returns how many there are.

        One call for each record that does not have them already. Raises `TooManyWrites`,
        `InvalidRecord`, and `MisansweredQuery` for a record that does not satisfy the
        conditions, before anything is written; `BulkError`, with one outcome a row, when some
        were not written.
        """
        return self._run(self._update(args, kwargs))

    async def aupdate(self, *args: Any, **kwargs: Any) -> int:
        """`update`, awaited."""
        return await self._arun(self._update(args, kwargs))

    def _update(self, args: tuple[Any, ...], values: Mapping[str, Any]) -> PlanFor[int]:
        from ..writing import many

        no_positions("update", args)
        state = self._state
        return lambda runner: many.update(
            state.selection.module,
            narrowed(state.selection, runner),
            values,
            runner,
            state.max_writes,
        )

    def delete(self) -> int:
        """Move every record of the queryset to the recycle bin; returns how many.

        Raises as `update` does.
        """
        return self._run(self._delete)

    async def adelete(self) -> int:
        """`delete`, awaited."""
        return await self._arun(self._delete)

    def _delete(self, runner: Runner) -> Plan[int]:
        from ..writing import many

        selection = self._state.selection
        return many.delete(
            selection.module, narrowed(selection, runner), runner, self._state.max_writes
        )

    def preview(self, *args: Any, **kwargs: Any) -> Preview:
        """What `update(**values)` would write, or without values what `delete()` would delete.

        Reads the records concerned, writes nothing.
        """
        return self._run(self._preview(args, kwargs))

    async def apreview(self, *args: Any, **kwargs: Any) -> Preview:
        """`preview`, awaited."""
        return await self._arun(self._preview(args, kwargs))

    def _preview(self, args: tuple[Any, ...], values: Mapping[str, Any]) -> PlanFor[Preview]:
        from ..writing import many

        no_positions("preview", args)
        selection = self._state.selection
        return lambda runner: many.preview(
            selection.module, narrowed(selection, runner), values, runner
        )

    # Files

    if TYPE_CHECKING:  # stubs narrow it, as `QuerySet` tells

        @property
        def upload(self) -> Callable[..., M]: ...
        @property
        def aupload(self) -> Callable[..., Coroutine[Any, Any, M]]: ...

    else:

        def upload(
            self,
            source: files.FileSource,
            *,
            filename: str | None = None,
            content_type: str | None = None,
            attach_to: Sequence[BaseRecord] = (),
            max_bytes: int = files.DEFAULT_LIMIT,
            **values: Any,
        ) -> M:
            """Create a document from a file, or a record with an image, and attach it to records.

            A path or an open binary file is streamed. The title of a document defaults to the
            file's name, and it is active; `values` are its other fields. Whether it can be attached
            is found out before it is created; where that fails all the same, the error's `record`
            is the document.
            """
            from ..writing import uploads

            upload = uploads.Upload(source, filename, content_type, max_bytes, a_list(attach_to))
            return self._run(self._upload(upload, values))

        async def aupload(
            self,
            source: files.FileSource,
            *,
            filename: str | None = None,
            content_type: str | None = None,
            attach_to: Sequence[BaseRecord] = (),
            max_bytes: int = files.DEFAULT_LIMIT,
            **values: Any,
        ) -> M:
            """`upload`, awaited."""
            from ..writing import uploads

            upload = uploads.Upload(source, filename, content_type, max_bytes, a_list(attach_to))
            return await self._arun(self._upload(upload, values))

    def _upload(self, upload: uploads.Upload, values: Mapping[str, Any]) -> PlanFor[M]:
        from ..writing import uploads

        return lambda runner: uploads.upload(self._writable, upload, values, runner)

    # Changes

    def changes(
        self,
        since: str | datetime | None = None,
        *,
        whose: SyncType = "application",
        deleted_among: Iterable[BaseRecord | str] = (),
    ) -> ChangeFeed[M]:
        """Records created, changed or deleted since a cursor or a moment: `for` or `async for`.

        Each item has a `cursor`; a later feed `since` it goes on behind it. Deletions are told
        where the server's `sync` can be used; elsewhere those among the ids in `deleted_among`
        that are gone. `whose` narrows to the session user's own records (``"user"``), or to those
        of the user's groups as well.
        """
        from ..feed.changes import ChangeFeed

        state, selection = self._state, self._state.selection
        if selection.where != TRUE:
            raise UnsupportedQuery(
                "changes() after filter(): a record that stops satisfying the condition would "
                "vanish from the feed. Take the changes of all records and look at each."
            )
        self._refuse_if_sliced("changes")
        held = [known_id(each) for each in a_list(deleted_among)]
        return ChangeFeed(
            self._writable,
            since,
            whose=whose,
            deleted_among=held,
            columns=selection.columns,
            runner=state.session,
        )


def _refuse_conditions(meta: ModuleMeta, method: str, values: Mapping[str, Any]) -> None:
    """Of what these make a record, values alone can be made."""
    for name in values:
        field, separator, _ = name.partition("__")
        if separator and name not in meta.fields and field in meta.fields:
            raise InvalidLookup(
                f"{method}({name}=...): a new record is made of these values, and this is a "
                f"condition. Put conditions before it, .filter({name}=...).{method}(...), and "
                "what only a new record gets into defaults={...}."
            )


@dataclass(frozen=True, slots=True)
class _Search(Generic[M]):
    """How `get_or_create` finds and makes the records of a queryset."""

    among: WritingQuerySet[M]
    wanted: WritingQuerySet[M]
    values: Mapping[str, Any]
    runner: Runner

    @property
    def model(self) -> type[M]:
        return cast("type[M]", self.among.model)

    def exactly(self) -> Plan[list[M]]:
        return (yield from read_all(self.wanted, self.runner, checked=True))

    def adjusted(self, key: upsert.SearchKey) -> Plan[list[M]]:
        certain = {name: self.values[name] for name in key.certain}
        wide = self.among.filter(*key.conditions, **certain).selection
        rows = yield from collect_rows(
            selected_rows(replace(wide, columns=key.columns), self.runner, checked=True)
        )
        ids = yield from key.chosen(rows, self.runner.environment)
        if not ids:
            return []
        return (yield from read_all(self.among.filter(id__in=ids[:2]), self.runner, checked=True))

    def create(self, values: Mapping[str, object]) -> Plan[M]:
        return (yield from self.among._create((), values)(self.runner))


def no_positions(method: str, args: tuple[Any, ...]) -> None:
    if args:
        raise TypeError(f"{method}() takes values by keyword: {method}(name=value).")
