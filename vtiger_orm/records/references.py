"""`Ref`: a record id that knows what it refers to.

A reference is text (``11x3``), so it goes to JSON, to sets and to lookups as it is. For type
checkers ``Ref["Accounts"]`` is generic and `fetch` returns an ``Accounts``; at run time it is
``Annotated[Ref, Targets(("Accounts",))]``, so that no module of a generated package imports
another.
"""

from __future__ import annotations

from importlib import import_module
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    NamedTuple,
    Self,
    TypeVar,
    get_args,
)

from .._pickled import restores
from ..errors import ConfigError, InvalidId, NoSession, NotLoaded
from ..ids import is_id, parse_id
from .internals import new_record
from .state import RecordState

if TYPE_CHECKING:
    from typing import Protocol

    from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from ..calls.protocols import Package, Runner

    class ModuleOfRecords(Protocol):
        """What a model's class tells of its module."""

        @property
        def package(self) -> Package | None: ...
        @property
        def name(self) -> str: ...
        @property
        def prefix(self) -> str: ...


M_co = TypeVar("M_co", bound="BaseModel", covariant=True)


class Targets(NamedTuple):
    """The modules a reference field accepts; none means that the CRM does not tell."""

    modules: tuple[str, ...] = ()
    facts: tuple[ModuleOfRecords, ...] = ()
    """Those of the modules, where each was given as a class: ids of others are refused then."""

    @classmethod
    def of(cls, item: object) -> Targets:
        """From what stands in the brackets of `Ref[...]`: names, classes or a union of them."""
        parts = item.split("|") if isinstance(item, str) else get_args(item) or (item,)
        facts = [_facts(part) for part in parts]
        names = (
            part if isinstance(part, str) else known.name if known else ""
            for part, known in zip(parts, facts)
        )
        return cls(
            tuple(name.strip() for name in names if name and name.strip() != "Record"),
            tuple(known for known in facts if known) if all(facts) else (),
        )

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Text from outside becomes a reference to one of these modules, or is refused."""
        from pydantic_core import core_schema

        inner = handler(source)
        if not self.facts:
            return inner
        return core_schema.no_info_after_validator_function(self._checked, inner)

    def _checked(self, ref: Ref[Any]) -> Ref[Any]:
        if origin_of(ref) is not None:  # a model or a session has handed it out
            return ref
        known = next((each for each in self.facts if each.prefix == ref.prefix), None)
        if known is None:
            begin = " or ".join(f"'{each.prefix}x'" for each in self.facts)
            why = f"ids of {' or '.join(self.modules)} begin with {begin} on this CRM."
            raise InvalidId(str(ref), why)
        return bound(str(ref), Origin(known.package))


def _facts(model: object) -> ModuleOfRecords | None:
    return getattr(getattr(model, "__mapper__", None), "facts", None)


class Origin:
    """Where references come from: a generated package, and the session, if any.

    All references of one page share one.
    """

    __slots__ = ("package", "runner")

    def __init__(self, package: Package | None, runner: Runner | None = None) -> None:
        self.package: Package | None = package
        self.runner: Runner | None = runner


class Ref(str, Generic[M_co]):
    """The id of a record of module `M_co`.

    Text becomes a reference by ``Accounts.ref("11x3")``, which checks form and prefix. Made from
    text alone, ``Ref("11x3")``, it belongs to no package and cannot be fetched.
    Raises `InvalidId` for text that is no id.
    """

    __slots__ = ("_origin", "_record")
    _origin: Origin | None
    _record: Any

    def __new__(cls, text: str) -> Self:
        if not isinstance(text, str) or not is_id(text):
            raise InvalidId(text)
        ref = str.__new__(cls, text)
        ref._origin = ref._record = None
        return ref

    if not TYPE_CHECKING:

        def __class_getitem__(cls, item: object) -> object:
            return Annotated[cls, Targets.of(item)]

    @property
    def prefix(self) -> str:
        """The number of the module on this CRM; other CRMs number modules differently."""
        return parse_id(self).prefix

    @property
    def number(self) -> int:
        """The number of the record; one sequence runs over all modules of a CRM."""
        return parse_id(self).number

    @property
    def loaded(self) -> M_co:
        """The record, if it was read already: by `select_related`, `fetch`, or because a record
        was assigned. Never asks the CRM; raises `NotLoaded`."""
        if self._record is None:
            raise NotLoaded(
                f"The record {self} was not read. Name the field in select_related(...) when the "
                "records that hold the reference are read, or read this one with fetch()."
            )
        if isinstance(self._record, NotLoaded):
            raise NotLoaded(f"The record {self} was asked for, but is not there. {self._record}")
        record: M_co = self._record
        return record

    def fetch(self) -> M_co:
        """Read the record now, through the session that handed the reference out or the current
        one. Raises the model's `DoesNotExist` if it is gone."""
        record = self._unread()
        record.refresh()
        self._record = record
        return self.loaded

    async def afetch(self) -> M_co:
        """`fetch` for async code."""
        record = self._unread()
        await record.arefresh()
        self._record = record
        return self.loaded

    def _unread(self) -> Any:
        """The record with nothing but its id."""
        if self._origin is None:
            raise NoSession(
                f"The reference {self} was made from text alone, so its CRM is not known. Make "
                'it with the model, for example Accounts.ref("11x3").'
            )
        package, runner = self._origin.package, self._origin.runner
        if package is None:
            raise ConfigError(
                f"The reference {self} is of a model that was declared without package=..."
            )
        own = bound(str(self), self._origin)
        return new_record(package.model_of(self), {"id": own}, {"id"}, RecordState(runner))

    if not TYPE_CHECKING:  # a visible __getattr__ would hide every typo

        def __getattr__(self, name: str) -> Any:
            hint = ""
            if not name.startswith("_"):
                hint = (
                    f": it is the record's id. Use .fetch().{name}, which asks the CRM (afetch() "
                    f"in async code), or .loaded.{name} after select_related(...)"
                )
            raise AttributeError(f"'Ref' object has no attribute {name!r}{hint}")

    def __repr__(self) -> str:
        return f"Ref({str.__repr__(self)})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        """Without the session, which belongs to this process."""
        package = self._origin.package if self._origin else None
        unread = isinstance(self._record, NotLoaded)
        record = str(self._record) if unread else self._record
        return restore_reference, (str(self), package.name if package else None), record

    def __setstate__(self, record: object) -> None:
        """The record that was loaded, or the text that tells why it could not be read."""
        self._record = NotLoaded(record) if isinstance(record, str) else record

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """For a `Ref` field of any pydantic model. `Ref[Accounts]` and fields of records also
        check the prefix."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, Ref) else cls(value),
            serialization=core_schema.to_string_ser_schema(when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(JSON_SCHEMA)


JSON_SCHEMA = {"type": "string", "pattern": r"^\d+x\d+$", "examples": ["11x3"]}


def bound(id: str, origin: Origin | None, record: object = None) -> Ref[Any]:
    """A reference to an id that has been checked already."""
    ref: Ref[Any] = str.__new__(Ref, id)
    ref._origin = origin
    ref._record = record
    return ref


def origin_of(ref: Ref[Any]) -> Origin | None:
    """Where the reference comes from; None when it was made from text alone."""
    return ref._origin


def attach(ref: Ref[Any], record: object) -> None:
    """Remember the record that is referred to, so that `loaded` has it, or the `NotLoaded` that
    tells why it could not be read."""
    ref._record = record


@restores
def restore_reference(id: str, package: str | None) -> Ref[Any]:
    """A reference to a record of the generated package of that name, if there was one."""
    if not is_id(id):
        raise InvalidId(id)
    return bound(id, Origin(import_module(package).package) if package is not None else None)
