"""The common ground of `record.crm` and its kin: one record, and plans run by its session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import NotLoaded
from ..records.handle import package_of, runner_of, saved_id
from ..writing.posted import refuse_posted

if TYPE_CHECKING:
    from ..calls.protocols import PlanFor, Runner
    from ..records import BaseRecord

R_co = TypeVar("R_co", bound="BaseRecord", covariant=True)
T = TypeVar("T")


class Accessor(Generic[R_co]):
    """Something of one record that asks the CRM; every such method has an a-twin."""

    __slots__ = ("_record",)

    def __init__(self, record: R_co) -> None:
        self._record = record

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._record!r}>"

    @property
    def _id(self) -> str:
        """The record's id; raises `NotLoaded` for an unsaved record."""
        id_ = saved_id(self._record)
        if id_ is None:
            raise NotLoaded(
                f"This {self._record.meta.name} record is not saved yet, so the CRM has nothing "
                "of it. Save it first."
            )
        return str(id_)

    @property
    def _id_to_write(self) -> str:
        """The same for what changes the record; raises `InvalidValue` for an id that came with
        data from outside."""
        id_ = self._id
        refuse_posted(self._record)
        return id_

    def _runner(self) -> Runner:
        return runner_of(self._record)

    def _run(self, plan: PlanFor[T]) -> T:
        runner = self._runner()
        return runner.run(plan(runner))

    async def _arun(self, plan: PlanFor[T]) -> T:
        runner = self._runner()
        return await runner.arun(plan(runner))


def model_of(record: BaseRecord, module: str) -> type[BaseRecord]:
    """The class of another module of the record's package."""
    model: type[BaseRecord] = package_of(type(record)).model(module)
    return model
