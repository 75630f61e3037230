"""The common ground of `record.crm` and its kin: one record, and plans run by its session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from ..calls.plans import Plan
from ..calls.protocols import Runner
from ..errors import NotLoaded

if TYPE_CHECKING:
    from ..records import BaseRecord

R_co = TypeVar("R_co", bound="BaseRecord", covariant=True)
T = TypeVar("T")

PlanFor: TypeAlias = Callable[[Runner], Plan[T]]
"""A plan, once it is known which session performs it."""


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
        id_ = self._record._saved_id
        if id_ is None:
            raise NotLoaded(
                f"This {self._record.meta.name} record is not saved yet, so the CRM has nothing "
                "of it. Save it first."
            )
        return str(id_)

    def _runner(self) -> Runner:
        return self._record._package().runner_for(self._record)

    def _run(self, plan: PlanFor[T]) -> T:
        runner = self._runner()
        return runner.run(plan(runner))

    async def _arun(self, plan: PlanFor[T]) -> T:
        runner = self._runner()
        return await runner.arun(plan(runner))


def model_of(record: BaseRecord, module: str) -> type[Any]:
    """The class of another module of the record's package."""
    return record._package().model(module)
