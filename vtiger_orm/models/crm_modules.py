"""`record.crm` of modules that have more than the others: inventory, leads, organizations,
documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..administration import server
from ..calls.plans import Plan
from ..calls.protocols import PlanFor, environment_of
from ..calls.server import server_facts
from ..metadata.module import ModuleMeta
from ..records.handle import known_id
from ..writing import leads, line_items
from ..writing.leads import Conversion, Wanted
from ..writing.line_items import LineItem, LineItems
from ..writing.links import attach
from ..writing.memory import items_of
from .accessor import R_co, model_of
from .crm import Crm

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord
    from ..records.references import Ref

A = TypeVar("A", bound="BaseRecord")
C = TypeVar("C", bound="BaseRecord")
P = TypeVar("P", bound="BaseRecord")


class InventoryCrm(Crm[R_co]):
    """Of quotes, orders and invoices."""

    __slots__ = ()

    @property
    def items(self) -> LineItems:
        """The line items; changing the list or an item in it is written by the next `save`.

        They are known after `create`, `save` and `refresh`. A query brings none: read them with
        `load_items`, or for many records with `session.load_items(records)`.
        """
        return items_of(self._record)

    @items.setter
    def items(self, items: Iterable[LineItem]) -> None:
        items_of(self._record).replace(items)

    def load_items(self) -> LineItems:
        """Read the line items; unsaved changes of them are dropped."""
        return self._run(self._load_items)

    async def aload_items(self) -> LineItems:
        """`load_items`, awaited."""
        return await self._arun(self._load_items)

    def _load_items(self, runner: Runner) -> Plan[LineItems]:
        rows = yield from line_items.read_items(self._record.meta, self._id, environment_of(runner))
        items = items_of(self._record)
        items.settle(rows)
        return items


class LeadCrm(Crm[R_co], Generic[R_co, A, C, P]):
    """Of leads."""

    __slots__ = ()

    def convert(
        self,
        *,
        account: Wanted = False,
        contact: Wanted = False,
        potential: Wanted = False,
        assigned_to: BaseRecord | str | None = None,
        transfer_to: str | None = None,
    ) -> Conversion[A, C, P]:
        """Turn the lead into the records asked for, and return references to them.

        Each is `True` to take its values from the lead, or a dict of attributes to set as well
        (a potential needs ``closingdate`` and, on most CRMs, ``potentialname`` and
        ``sales_stage``). `transfer_to` names the module that takes over notes and activities.
        An existing potential cannot be linked. A mandatory field that neither gives gets the
        first value of its picklist or ``????`` from the CRM.

        Raises `ConversionFailed`, with what was made, when the CRM fails half-way.
        """
        wanted = {"Accounts": account, "Contacts": contact, "Potentials": potential}
        return self._run(self._convert(wanted, assigned_to, transfer_to))

    async def aconvert(
        self,
        *,
        account: Wanted = False,
        contact: Wanted = False,
        potential: Wanted = False,
        assigned_to: BaseRecord | str | None = None,
        transfer_to: str | None = None,
    ) -> Conversion[A, C, P]:
        """`convert`, awaited."""
        wanted = {"Accounts": account, "Contacts": contact, "Potentials": potential}
        return await self._arun(self._convert(wanted, assigned_to, transfer_to))

    def _convert(
        self, wanted: Mapping[str, Wanted], owner: BaseRecord | str | None, transfer_to: str | None
    ) -> PlanFor[Conversion[A, C, P]]:
        metas = {
            module: model_of(self._record, module).meta
            for module, given in wanted.items()
            if given is not False
        }
        assigned = None if owner is None else known_id(owner)
        order = leads.order(
            self._id_to_write, wanted, metas, assigned_to=assigned, transfer_to=transfer_to
        )

        def plan(runner: Runner) -> Plan[Conversion[A, C, P]]:
            try:
                made = yield from leads.convert(order, metas, runner)
            except leads.ConversionFailed as error:
                error.made = self._references(
                    {
                        "Accounts": error.made.account,
                        "Contacts": error.made.contact,
                        "Potentials": error.made.potential,
                    }
                )
                raise
            return self._references(made)

        return plan

    def _references(self, made: Mapping[str, str | None]) -> Conversion[A, C, P]:
        references: dict[str, Ref[Any]] = {
            module: model_of(self._record, module).ref(id_) for module, id_ in made.items() if id_
        }
        return leads.made_of(references)


class AccountCrm(Crm[R_co]):
    """Of organizations."""

    __slots__ = ()

    def hierarchy(self) -> list[server.AccountNode]:
        """The organization's parents and members, from the top."""
        return self._run(self._hierarchy)

    async def ahierarchy(self) -> list[server.AccountNode]:
        """`hierarchy`, awaited."""
        return await self._arun(self._hierarchy)

    def _hierarchy(self, runner: Runner) -> Plan[list[server.AccountNode]]:
        model = type(self._record)
        return (yield from server.hierarchy(model, self._id, server_facts(runner)))


class DocumentCrm(Crm[R_co]):
    """Of documents."""

    __slots__ = ()

    def attach_to(self, *records: BaseRecord) -> None:
        """Link the document to records of other modules.

        It is read back that they are linked. The CRM lists active documents only, those whose
        `filestatus` is True: raises `NotRelated` for another one.
        """
        self._run(self._attach_to(records))

    async def aattach_to(self, *records: BaseRecord) -> None:
        """`attach_to`, awaited."""
        await self._arun(self._attach_to(records))

    def _attach_to(self, records: Sequence[BaseRecord]) -> PlanFor[None]:
        return lambda runner: attach(self._record, records, runner)


def crm_class(meta: ModuleMeta) -> type[Crm[Any]]:
    """The class of `record.crm` for a module; the generator types it the same way."""
    if line_items.is_inventory(meta):
        return InventoryCrm
    return _BY_MODULE.get(meta.name, Crm)


_BY_MODULE: Mapping[str, type[Crm[Any]]] = {
    "Leads": LeadCrm,
    "Accounts": AccountCrm,
    "Documents": DocumentCrm,
}
