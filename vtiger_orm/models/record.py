"""`Record`: the base of every generated model, with the verbs that ask the CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..records import BaseRecord
from ..records.record import be_base

if TYPE_CHECKING:
    from ..writing.prepare import SaveOperation
    from .crm import Crm
    from .queryset import QuerySet
    from .related import Related


class ObjectsOf:
    """`Contacts.objects`: a fresh queryset each time."""

    def __get__(self, record: Record | None, model: type[Record]) -> QuerySet[Any]:
        from .own_classes import handed_out
        from .queryset import queryset_class

        if record is not None:
            raise AttributeError(f"Querysets start at the class: write {model.__name__}.objects")
        return queryset_class(model)(handed_out(model))


class Record(BaseRecord, defer_build=True):
    """One record of one module of the CRM.

    Blank is `None`. A field that was not read is not blank: reading it raises `NotLoaded`, so
    that nothing unknown is ever written back as empty. Assignments are checked, converted and
    remembered; `save` sends what they changed. Values are immutable.

    Two records are equal when they are of the same model and hold the same values. A saved
    record hashes by module and id, so it can be kept in sets; an unsaved one has no hash.

    It is a pydantic model: `model_dump`, `model_validate`, JSON schema and FastAPI work, fields
    go by their Python names. `model_fields_set` holds what was read or given.
    """

    if TYPE_CHECKING:
        objects: ClassVar[Any]
    else:
        objects: ClassVar = ObjectsOf()

    @classmethod
    def _elsewhere(cls, name: str) -> str | None:
        from .queryset import queryset_class

        return f"{cls.__name__}.objects.{name}" if hasattr(queryset_class(cls), name) else None

    def _repr_html_(self) -> str:
        """In a notebook: what was read of it; asks nothing."""
        from ..notebooks.html import record_html

        return record_html(self)

    @property
    def related(self) -> Related:
        """The record's relations by name: ``account.related.contacts``."""
        from .related import Related

        return Related(self)

    @property
    def crm(self) -> Crm[Self]:
        """What the CRM offers for this record beside reading and saving its fields: tags, files,
        line items, conversion, what a save would send, and more."""
        from .crm_modules import crm_class

        return crm_class(self.meta)(self)

    # Writing

    def save(
        self,
        *,
        if_unmodified: bool = False,
        operation: SaveOperation = "revise",
        accept_damage: bool = False,
        rebuild_items: bool = False,
    ) -> None:
        """Create the record, or write what changed, and take over what the CRM made of it.

        With `if_unmodified` the CRM is asked first whether somebody else changed the record
        after it was read; then `StaleRecord` is raised and nothing is written. `operation`
        ``"update"`` is what the API offers beside `revise`; stock servers damage
        `description` with it.

        Some servers damage a record by some writes, which are refused (`NotSupported`).
        `accept_damage` sends them all the same and warns of what was lost (`DamagedRecord`).
        `rebuild_items` keeps the line items where a server deletes them by any change: totals go
        along, the items are made again one by one, and all is compared; `crm.preview` lists the
        steps. Raises `ItemsLost`, which holds the items, where that stops half-way.
        """
        from ..records.handle import runner_of
        from ..writing import save as write

        runner = runner_of(self)
        runner.run(
            write.save(
                self,
                if_unmodified=if_unmodified,
                operation=operation,
                runner=runner,
                accept_damage=accept_damage,
                rebuild_items=rebuild_items,
            )
        )

    async def asave(
        self,
        *,
        if_unmodified: bool = False,
        operation: SaveOperation = "revise",
        accept_damage: bool = False,
        rebuild_items: bool = False,
    ) -> None:
        """`save` for async code."""
        from ..records.handle import runner_of
        from ..writing import save as write

        runner = runner_of(self)
        await runner.arun(
            write.save(
                self,
                if_unmodified=if_unmodified,
                operation=operation,
                runner=runner,
                accept_damage=accept_damage,
                rebuild_items=rebuild_items,
            )
        )

    def delete(self) -> None:
        """Move the record to the CRM's recycle bin."""
        from ..records.handle import runner_of
        from ..writing import save as write

        runner = runner_of(self)
        runner.run(write.delete(self, runner=runner))

    async def adelete(self) -> None:
        """`delete` for async code."""
        from ..records.handle import runner_of
        from ..writing import save as write

        runner = runner_of(self)
        await runner.arun(write.delete(self, runner=runner))

    def refresh(self) -> None:
        """Read every field again; unsaved changes are dropped."""
        from ..records.handle import runner_of
        from ..writing import save as write

        runner = runner_of(self)
        runner.run(write.refresh(self, runner=runner))

    async def arefresh(self) -> None:
        """`refresh` for async code."""
        from ..records.handle import runner_of
        from ..writing import save as write

        runner = runner_of(self)
        await runner.arun(write.refresh(self, runner=runner))


be_base(Record)
