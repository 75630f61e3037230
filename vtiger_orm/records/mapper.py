"""How one model class and its module of the CRM fit together: `model.__mapper__`.

The files of this room work with mappers and know no record class, which is built of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol

from ..errors import ConfigError, RecordError
from ..metadata.module import ModuleMeta
from ..values.picklists import Picklist
from .fields import Column, ModuleFacts, bound_columns

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ..calls.protocols import Package
    from ..conditions.tree import Order
    from .hydration import Hydrator

    class _Mapped(Protocol):
        __mapper__: ClassVar[Mapper]


class Mapper:
    """What one model class knows of its module. Every class has one of its own."""

    columns: Mapping[str, Column]
    """By attribute; none before pydantic knows the fields of the class."""

    def __init__(
        self,
        name: str,
        facts: ModuleFacts | None,
        base: Mapper | None = None,
        ordering: tuple[str, ...] = (),
    ) -> None:
        """`name` is that of the class, `base` the mapper of what it inherits. A base class has no
        facts: it stands for no module. `ordering` is the order of querysets that ask for none, as
        `order_by` takes it."""
        self.name = name
        self.facts = facts
        self.ordering: tuple[str, ...] = ordering or (base.ordering if base is not None else ())
        self.columns = {}
        self.errors: dict[str, type[RecordError]] = {}
        """Subclasses of errors that are the model's own, as far as they were asked for."""
        self._inherited: Collection[str] = base.columns.keys() if base is not None else ()

    def bind(self, fields: Mapping[str, FieldInfo]) -> None:
        """Take the fields of the class, once. Raises `TypeError` as `bound_columns` does, and
        `InvalidLookup` for an ordering by something else."""
        if not self.columns:
            self.columns = bound_columns(self.name, fields, self.facts, self._inherited)
            if self.ordering:
                _ = self.order

    @property
    def module(self) -> ModuleFacts:
        """The facts; raises `ConfigError` where the class stands for no module."""
        if self.facts is None:
            raise ConfigError(
                f"{self.name} stands for no module of a CRM. Models are generated: run "
                "vtiger-orm generate"
            )
        return self.facts

    @property
    def package(self) -> Package:
        """The generated package the class belongs to, which knows the current session. Raises
        `ConfigError` where there is none."""
        package = self.module.package
        if package is None:
            raise ConfigError(f"{self.name} was declared without package=...")
        return package

    @cached_property
    def meta(self) -> ModuleMeta:
        """What `model.meta` is. Raises `ConfigError` where the class stands for no module."""
        return self.module.meta(column.meta for column in self.columns.values())

    @cached_property
    def order(self) -> tuple[Order, ...]:
        """The `ordering` as querysets hold it."""
        from ..conditions.field_names import parse_order  # the first model is there without it

        return tuple(parse_order(self.meta, name) for name in self.ordering)

    @cached_property
    def hydrator(self) -> Hydrator:
        """Reads rows of the module. Raises `ConfigError` where the class stands for none."""
        from .hydration import Hydrator  # a program may import models and read none

        return Hydrator(self.columns, self.module)

    def attribute_of(self, wire: str) -> str | None:
        """The attribute of the field with this wire name."""
        columns = self.columns.items()
        return next((name for name, column in columns if column.meta.wire == wire), None)


class MetaOf:
    """`Contacts.meta`: made when first asked for."""

    def __get__(self, record: object, model: type[_Mapped]) -> ModuleMeta:
        return model.__mapper__.meta


class OwnError:
    """`Contacts.DoesNotExist`: each model's own subclass of an error, so that `except` is exact.
    Made when first asked for."""

    def __init__(self, base: type[RecordError]) -> None:
        self._base = base

    def __get__(self, record: object, model: type[_Mapped]) -> type[RecordError]:
        name, own = self._base.__name__, model.__mapper__.errors
        if name not in own:
            above = next((each for each in model.__mro__[1:] if "__mapper__" in vars(each)), None)
            if above is None:
                return self._base
            base = getattr(above, name)
            place = {"__module__": model.__module__, "__qualname__": f"{model.__qualname__}.{name}"}
            own.setdefault(name, type(name, (base,), {**place, "__doc__": base.__doc__}))
        return own[name]


def name_picklists(model: type[_Mapped]) -> None:
    """Picklists of a class that is there to be inherited are known as the package hands them
    out: ``Contacts.LeadSource``, also in pickles and when they are shown."""
    facts = model.__mapper__.facts
    package = facts.package if facts is not None else None
    if facts is None or package is None or facts.name not in package.modules:
        return
    name = package.modules[facts.name].attribute
    if name not in package.own or model.__name__ != f"{name}Base":
        return
    for each in list(vars(model).values()):
        if isinstance(each, type) and issubclass(each, Picklist):
            each.__module__ = package.name
            each.__qualname__ = f"{name}.{each.__name__}"
