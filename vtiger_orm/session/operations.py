"""What a session offers beside running plans: questions to the CRM as a whole, and the raw call.

Each method has an a-twin. The plans are made in `administration`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from ..administration import picklists, server, tags
from ..administration.edition_limits import EditionLimit, Limit
from ..administration.server import ModuleInfo, SearchIn, User
from ..calls.operations import Json, Operation
from ..calls.plans import Plan, perform
from ..errors import InvalidValue
from ..metadata.dependencies import Dependency
from ..records.arguments import a_list, meta_of
from ..records.handle import known_id
from ..writing.memory import load_items_of

if TYPE_CHECKING:
    from ..calls.environment import Environment
    from ..calls.server import ServerFacts
    from ..metadata.describe import DescribeAnswer
    from ..models.record import Record

T = TypeVar("T")


class PerformsPlans(ABC):
    """What the operations of a session need of it."""

    def __init__(self, dependencies: Mapping[str, tuple[Dependency, ...]]) -> None:
        self.dependencies: Final = dict(dependencies)
        """Module -> picklist dependencies that are validated before a write."""

    @property
    @abstractmethod
    def facts(self) -> ServerFacts:
        """What plans need to know of this session; sends nothing."""

    @property
    @abstractmethod
    def environment(self) -> Environment:
        """Limits and settings that plans are made with; sends nothing."""

    @abstractmethod
    def run(self, plan: Plan[T]) -> T:
        """Perform the plan's calls one by one and return its result."""

    @abstractmethod
    async def arun(self, plan: Plan[T]) -> T:
        """`run`, awaited."""


class SessionOperations(PerformsPlans):
    """The operations of a session that are about no single record."""

    # Who and what

    @property
    def me(self) -> User:
        """The user this session works as; logs in where needed. `await ame()` in async code."""
        return self.run(server.me())

    async def ame(self) -> User:
        """`me`, awaited."""
        return await self.arun(server.me())

    def modules(self, with_field_type: str | Sequence[str] | None = None) -> list[ModuleInfo]:
        """The modules this user may see; with `with_field_type` (``"image"``) those that have a
        field of such a type."""
        return self.run(server.modules(with_field_type, self.facts))

    async def amodules(
        self, with_field_type: str | Sequence[str] | None = None
    ) -> list[ModuleInfo]:
        """`modules`, awaited."""
        return await self.arun(server.modules(with_field_type, self.facts))

    def describe(self, module: str | type[Record]) -> DescribeAnswer:
        """The CRM's present description of a module, which may be newer than the package."""
        return self.run(server.describe(_module(module), self.facts))

    async def adescribe(self, module: str | type[Record]) -> DescribeAnswer:
        """`describe`, awaited."""
        return await self.arun(server.describe(_module(module), self.facts))

    def extend(self) -> None:
        """Ask the server to keep the session alive, where there is such a thing."""
        self.run(server.extend(self.facts))

    async def aextend(self) -> None:
        """`extend`, awaited."""
        await self.arun(server.extend(self.facts))

    def edition_limit(self, service: EditionLimit | str) -> Limit:
        """One limit of the CRM's edition: ``edition_limit(EditionLimit.STORAGE)``."""
        return self.run(server.edition_limit(service, self.facts))

    async def aedition_limit(self, service: EditionLimit | str) -> Limit:
        """`edition_limit`, awaited."""
        return await self.arun(server.edition_limit(service, self.facts))

    # Finding

    def lookup(
        self, kind: Literal["phone", "email"], value: str, search_in: SearchIn | None = None
    ) -> list[Record]:
        """Records of any module with exactly this phone number or e-mail address.

        `search_in` names modules, or modules with the wire names of the fields to look in:
        ``{"Contacts": ["mobile", "phone"]}``.
        """
        return self.run(self._lookup(kind, value, search_in))

    async def alookup(
        self, kind: Literal["phone", "email"], value: str, search_in: SearchIn | None = None
    ) -> list[Record]:
        """`lookup`, awaited."""
        return await self.arun(self._lookup(kind, value, search_in))

    def _lookup(
        self, kind: Literal["phone", "email"], value: str, search_in: SearchIn | None
    ) -> Plan[list[Record]]:
        rows = yield from server.lookup(kind, value, search_in, self.facts)
        return server.records_of(rows, self)

    def load_items(self, records: Iterable[Record]) -> None:
        """Read the line items of many records: one call for each 50 of them and 100 items."""
        self.run(load_items_of(a_list(records), self.environment))

    async def aload_items(self, records: Iterable[Record]) -> None:
        """`load_items`, awaited."""
        await self.arun(load_items_of(a_list(records), self.environment))

    # Administration

    def delete_tag(self, *names: str, on: Record | str) -> None:
        """Drop tags from every record of the CRM. `on` is any record that has them."""
        self.run(tags.remove(known_id(on), names, self.facts, everywhere=True))

    async def adelete_tag(self, *names: str, on: Record | str) -> None:
        """`delete_tag`, awaited."""
        await self.arun(tags.remove(known_id(on), names, self.facts, everywhere=True))

    def add_picklist_values(self, model: type[Record], field: str, values: Sequence[str]) -> None:
        """Add values to a picklist; needs an administrator. Pull and generate afterwards."""
        self.run(picklists.add(meta_of(model), field, values, self.facts))

    async def aadd_picklist_values(
        self, model: type[Record], field: str, values: Sequence[str]
    ) -> None:
        """`add_picklist_values`, awaited."""
        await self.arun(picklists.add(meta_of(model), field, values, self.facts))

    def rename_picklist_value(
        self, model: type[Record], field: str, value: str, new_value: str
    ) -> None:
        """Change the text of a picklist value; needs an administrator."""
        self.run(picklists.rename(meta_of(model), field, value, new_value, self.facts))

    async def arename_picklist_value(
        self, model: type[Record], field: str, value: str, new_value: str
    ) -> None:
        """`rename_picklist_value`, awaited."""
        await self.arun(picklists.rename(meta_of(model), field, value, new_value, self.facts))

    def delete_picklist_values(
        self, model: type[Record], field: str, values: Sequence[str], *, replace_with: str
    ) -> None:
        """Delete picklist values; records that have one get `replace_with`, which the CRM
        insists on. Needs an administrator."""
        self.run(picklists.delete(meta_of(model), field, values, replace_with, self.facts))

    async def adelete_picklist_values(
        self, model: type[Record], field: str, values: Sequence[str], *, replace_with: str
    ) -> None:
        """`delete_picklist_values`, awaited."""
        await self.arun(picklists.delete(meta_of(model), field, values, replace_with, self.facts))

    def picklist_dependency(
        self, model: type[Record], source: str, target: str, *, validate: bool = False
    ) -> Dependency:
        """Which values of the picklist `target` go with each value of `source`.

        With `validate` this session refuses writes that break it, before anything is sent.
        """
        return self.run(self._dependency(model, source, target, validate))

    async def apicklist_dependency(
        self, model: type[Record], source: str, target: str, *, validate: bool = False
    ) -> Dependency:
        """`picklist_dependency`, awaited."""
        return await self.arun(self._dependency(model, source, target, validate))

    def _dependency(
        self, model: type[Record], source: str, target: str, validate: bool
    ) -> Plan[Dependency]:
        meta = meta_of(model)
        found = yield from picklists.dependency(meta, source, target, self.facts)
        if validate:
            others = [
                each
                for each in self.dependencies.get(meta.name, ())
                if (each.source, each.target) != (found.source, found.target)
            ]
            self.dependencies[meta.name] = (*others, found)
        return found

    # Anything else

    def call(
        self,
        operation: str,
        params: Mapping[str, object] | None = None,
        *,
        method: Literal["GET", "POST"] | None = None,
    ) -> Json:
        """Perform an operation of the API by its name and return its result as it came.

        Values that are no text are sent as JSON. `method` defaults to what the manuals say of the
        operation, and to GET for one that they do not have. Login, pacing and errors are taken
        care of; a POST is never repeated.
        """
        return self.run(perform(_operation(operation, method, params)))

    async def acall(
        self,
        operation: str,
        params: Mapping[str, object] | None = None,
        *,
        method: Literal["GET", "POST"] | None = None,
    ) -> Json:
        """`call`, awaited."""
        return await self.arun(perform(_operation(operation, method, params)))


_SENT_BY_POST: Final = frozenset(
    [
        "add_picklist",
        "add_related",
        "convertlead",
        "create",
        "delete",
        "delete_picklist",
        "delete_related",
        "edit_picklist",
        "extendsession",
        "reopen",
        "revise",
        "tags_add",
        "tags_delete",
        "update",
    ]
)


def _operation(
    name: str, method: Literal["GET", "POST"] | None, params: Mapping[str, object] | None
) -> Operation:
    if not (isinstance(name, str) and name.isascii() and name.replace("_", "").isalnum()):
        # The Cloud has it in the path of the address, beside which anything else could be reached.
        raise InvalidValue(f"{name!r} is not the name of an operation, such as 'listtypes'.")
    if method not in (None, "GET", "POST"):
        raise InvalidValue(f"method is 'GET' or 'POST', not {method!r:.40}.")
    if params is not None and not isinstance(params, Mapping):
        raise InvalidValue(f"params is a mapping by name, not {type(params).__name__}.")
    if method is None:
        method = "POST" if name.lower() in _SENT_BY_POST else "GET"
    return Operation(name, method, dict(params or {}))


def _module(module: str | type[Record]) -> str:
    return module if isinstance(module, str) else meta_of(module).name
