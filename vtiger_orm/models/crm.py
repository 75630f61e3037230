"""`record.crm`: what the CRM offers for one record beside reading and saving its fields.

Everything an operation adds hangs here, so that no later release takes a field's name away.
Modules that have more get a class of their own (`crm_modules.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .._writes import Adjustment
from ..administration import server, tags
from ..calls.plans import Plan
from ..calls.protocols import PlanFor, environment_of
from ..calls.server import server_facts
from ..errors import InvalidValue
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta
from ..planner.rows import read_row
from ..records.handle import saved_id
from ..writing import create_once as identity
from ..writing import files
from ..writing import preview as previews
from ..writing.line_items import ITEM_FIELDS
from ..writing.memory import has_state, state_of
from ..writing.prepare import SaveOperation
from .accessor import Accessor
from .inputs import InputModel, are_for

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord

R_co = TypeVar("R_co", bound="BaseRecord", covariant=True)


class Crm(Accessor[R_co]):
    """Operations on one record. Nothing here is a field."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            meta = self._record.meta
            owners = _ELSEWHERE.get(name, ())
            told = f"record.crm of {meta.name} has no {name!r}"
            if meta.name in owners:
                hidden = ", ".join(sorted(ITEM_FIELDS - meta.by_wire.keys()))
                told += (
                    f" here: the package knows no {hidden} of {meta.name}, without which items "
                    "cannot be written. The CRM hides it from the user who pulled, or it has no "
                    "items in these records. Pull as a user who may see it."
                )
            else:
                told += f": only records of {', '.join(owners)} have." if owners else "."
            raise AttributeError(told)

    # Writing

    @property
    def adjusted(self) -> tuple[Adjustment, ...]:
        """What is not in the CRM as the last write sent it, or changed although it was not sent;
        usually nothing. In strict mode it is an error (`ValuesAdjusted`)."""
        return state_of(self._record).adjusted if has_state(self._record) else ()

    @property
    def in_doubt(self) -> bool:
        """Whether a create of this record was sent and its answer was lost; see `resolve`."""
        if not has_state(self._record):
            return False
        state = state_of(self._record)
        return state.lost is not None and not state.saving

    def preview(
        self, *, operation: SaveOperation = "revise", rebuild_items: bool = False
    ) -> previews.Preview:
        """What `save` would send now, and every rule it breaks. Sends nothing."""
        facts = server_facts(self._runner())
        return previews.of_save(
            self._record, facts, operation=operation, rebuild_items=rebuild_items
        )

    if TYPE_CHECKING:  # stubs narrow it, as what a queryset takes

        @property
        def copy(self) -> Callable[..., R_co]: ...

    else:

        def copy(self, **changes: Any) -> R_co:
            """An unsaved record with the same editable values, and these changes.

            Unique fields and what is not loaded are left out. Line items are copied.
            """
            return previews.copy_of(self._record, changes)

    def apply(self, body: InputModel[R_co]) -> None:
        """Assign the fields that are set in a ``ContactsUpdate`` (of the record's own module).

        Sends nothing: `save` does, and `changes` shows what. Fields that were not set stay as
        they are, those that were set to `None` become blank. Raises `InvalidValue` for values of
        another module.
        """
        record = self._record
        if not are_for(body, record):
            raise InvalidValue(
                f"record.crm.apply() of {record.meta.name} takes a {type(record).__name__}Update, "
                f"not {type(body).__name__}. To assign other values: record.name = value."
            )
        for name, value in dict(body).items():
            setattr(record, name, value)

    async def aapply(self, body: InputModel[R_co]) -> None:
        """`apply`, for async code that calls every verb by its a-twin; it sends nothing either,
        `asave` does."""
        self.apply(body)

    def resolve(self, id: str | None = None, *, absent: bool = False) -> bool:
        """Find out what became of a create whose answer was lost.

        True: the record exists and is loaded. False: it does not, and `save()` may be called
        again. It is looked for by the model's external id if there is one, else by its values
        and the time it was sent.

        Raises `OutcomeUnknown` where neither can be said yet: while the server may still be at
        work on it (the error's `outcome.until` says until when), and where other records could
        be the one, which it names. Then call it with the `id`, or with `absent=True` to say that
        it is none of them.
        """
        return self._run(self._resolve(id, absent))

    async def aresolve(self, id: str | None = None, *, absent: bool = False) -> bool:
        """`resolve`, awaited."""
        return await self._arun(self._resolve(id, absent))

    def _resolve(self, id: str | None, absent: bool) -> PlanFor[bool]:
        def plan(runner: Runner) -> Plan[bool]:
            record = self._record
            if id is not None:
                yield from identity.adopt(record, record.ref(id), environment_of(runner))
                return True
            if absent:
                identity.forget(record)
                return saved_id(record) is not None
            return (
                yield from identity.resolve(record, server_facts(runner), environment_of(runner))
            )

        return plan

    # State and secrets

    def reopen(self) -> None:
        """Open the closed record again, where the user may."""
        self._run(lambda runner: server.reopen(self._id_to_write, server_facts(runner)))

    async def areopen(self) -> None:
        """`reopen`, awaited."""
        await self._arun(lambda runner: server.reopen(self._id_to_write, server_facts(runner)))

    def decrypt(self, field: str) -> str:
        """The clear text of a sensitive field; it is neither logged nor kept in the record."""
        name = self._field(field).wire
        return self._run(lambda runner: server.decrypt(self._id, name, server_facts(runner)))

    async def adecrypt(self, field: str) -> str:
        """`decrypt`, awaited."""
        name = self._field(field).wire
        return await self._arun(lambda runner: server.decrypt(self._id, name, server_facts(runner)))

    def _field(self, name: str) -> FieldMeta:
        meta = self._record.meta
        facts = meta.fields.get(name) if isinstance(name, str) else None
        if facts is None or facts.family is Family.SECRET:
            hint = meta.suggest(str(name))
            raise InvalidValue(
                f"{meta.name} has no field {name!r}." + (f" Did you mean {hint!r}?" if hint else "")
            )
        return facts

    # Tags and files

    @property
    def tags(self) -> Tags[R_co]:
        """The record's tags."""
        return Tags(self._record)

    def fetch_file(
        self, number: int = 0, *, max_bytes: int = files.DEFAULT_LIMIT
    ) -> files.StoredFile:
        """The attached file or image, in memory; `number` counts from 0 where there are several.

        Raises `DoesNotExist` when there is none, `InvalidValue` when it is larger than
        `max_bytes`, `NotSupported` where the server cannot hand files out.
        """
        return self._run(self._fetch_file(number, max_bytes))

    async def afetch_file(
        self, number: int = 0, *, max_bytes: int = files.DEFAULT_LIMIT
    ) -> files.StoredFile:
        """`fetch_file`, awaited."""
        return await self._arun(self._fetch_file(number, max_bytes))

    def _fetch_file(self, number: int, max_bytes: int) -> PlanFor[files.StoredFile]:
        def plan(runner: Runner) -> Plan[files.StoredFile]:
            meta, facts = self._record.meta, server_facts(runner)
            files.check_fetchable(facts)
            row = yield from read_row(meta, self._id, environment_of(runner))
            stored = yield from files.fetch_of(
                self._id, row or {}, facts, number=number, max_bytes=max_bytes
            )
            return stored

        return plan

    def download(
        self,
        path: str | os.PathLike[str],
        number: int = 0,
        *,
        max_bytes: int = files.DEFAULT_LIMIT,
    ) -> Path:
        """Write the attached file to `path`, or under its own name into a folder."""
        return self.fetch_file(number, max_bytes=max_bytes).write_to(path)

    async def adownload(
        self,
        path: str | os.PathLike[str],
        number: int = 0,
        *,
        max_bytes: int = files.DEFAULT_LIMIT,
    ) -> Path:
        """`download`, awaited; the disk is written in a thread."""
        import asyncio

        stored = await self.afetch_file(number, max_bytes=max_bytes)
        return await asyncio.to_thread(stored.write_to, path)


_WITH_ITEMS: Final = ("Quotes", "SalesOrder", "Invoice", "PurchaseOrder")
_ELSEWHERE: Final[dict[str, tuple[str, ...]]] = {
    "items": _WITH_ITEMS,
    "load_items": _WITH_ITEMS,
    "convert": ("Leads",),
    "hierarchy": ("Accounts",),
    "attach_to": ("Documents",),
}
"""What `record.crm` of some modules has besides (`crm_modules.py`)."""


class Tags(Accessor[R_co]):
    """`record.crm.tags`. Tags are shared by the whole CRM; these methods touch one record."""

    __slots__ = ()

    def all(self) -> list[str]:
        """The tags on the record."""
        return self._run(lambda runner: tags.read(self._id, server_facts(runner)))

    async def aall(self) -> list[str]:
        """`all`, awaited."""
        return await self._arun(lambda runner: tags.read(self._id, server_facts(runner)))

    def add(self, *names: str) -> None:
        """Put tags on the record."""
        self._run(lambda runner: tags.add(self._id_to_write, names, server_facts(runner)))

    async def aadd(self, *names: str) -> None:
        """`add`, awaited."""
        await self._arun(lambda runner: tags.add(self._id_to_write, names, server_facts(runner)))

    def remove(self, *names: str) -> None:
        """Take tags off this record; other records keep them."""
        self._run(lambda runner: tags.remove(self._id_to_write, names, server_facts(runner)))

    async def aremove(self, *names: str) -> None:
        """`remove`, awaited."""
        await self._arun(lambda runner: tags.remove(self._id_to_write, names, server_facts(runner)))
