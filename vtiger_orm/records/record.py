"""`BaseRecord`: one record as data. It asks nothing and writes nothing; `models.Record` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from .. import errors
from .._lazy import LateModule
from .._pickled import class_named, public_name, restores
from ..errors import InvalidId, InvalidValue
from ..ids import parse_id
from ..metadata.module import ModuleMeta, Relation
from .assignable import ReadOnly
from .fields import ModuleFacts, field
from .internals import (
    RecordType,
    base_init,
    new_record,
    own_fields_set,
    record_maker,
    replace_values,
    set_private,
    set_state,
)
from .mapper import Mapper, MetaOf, OwnError, name_picklists
from .references import Origin, Ref, bound
from .state import UNSET, FieldChange, RecordState, same

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

    from ..calls.operations import Row
    from ..calls.protocols import Package, Runner
    from . import messages
    from .extra import ExtraFields
else:
    messages = LateModule(__package__, "messages")  # a model is there before anything goes wrong


class BaseRecord(BaseModel, metaclass=RecordType):
    """One record of one module of the CRM, without the verbs that ask the CRM.

    See `vtiger_orm.models.Record`, which is what generated models are.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", validate_assignment=True, protected_namespaces=(), defer_build=True
    )

    if TYPE_CHECKING:
        DoesNotExist: ClassVar[type[errors.DoesNotExist]]
        MultipleRecords: ClassVar[type[errors.MultipleRecords]]
        __mapper__: ClassVar[Mapper]
        meta: ClassVar[ModuleMeta]
        _state: RecordState = PrivateAttr()
    else:  # pydantic evaluates annotations, and again for each class that inherits them
        __slots__ = ("__weakref__", "_state")
        __mapper__ = Mapper("Record", None)
        DoesNotExist: ClassVar = OwnError(errors.DoesNotExist)
        MultipleRecords: ClassVar = OwnError(errors.MultipleRecords)
        meta: ClassVar = MetaOf()

    id: ReadOnly[Ref[Any]] = field("Id", editable=False)

    # The class

    def __init_subclass__(
        cls,
        *,
        package: Package | None = None,
        module: str | None = None,
        prefix: str | None = None,
        label: str | None = None,
        label_fields: Sequence[str] = (),
        creatable: bool = True,
        updatable: bool = True,
        deletable: bool = True,
        retrievable: bool = True,
        is_entity: bool = True,
        relations: Sequence[Relation] = (),
        secrets: Sequence[str] = (),
        ordering: Sequence[str] = (),
    ) -> None:
        """A model names its module once; a subclass without keywords is of the same module.

        `prefix` is the number before the ``x`` of its ids, `label_fields` the attributes that
        make its label, `secrets` wire names that are dropped wherever they arrive. The flags say
        what the CRM lets this user do.

        `ordering` is for own classes: the order of ``objects`` and of relations where nobody
        asks for another one, as `order_by` takes it.
        """
        super().__init_subclass__()
        facts = cls.__mapper__.facts
        if module is not None:
            if prefix is None:
                raise TypeError(f"class {cls.__name__}: module= needs prefix= as well")
            facts = ModuleFacts(
                package=package,
                name=module,
                prefix=prefix,
                secrets=frozenset(secrets),
                meta=partial(
                    ModuleMeta.of,
                    module,
                    prefix,
                    label=label or module,
                    label_fields=tuple(label_fields),
                    creatable=creatable,
                    updatable=updatable,
                    deletable=deletable,
                    retrievable=retrievable,
                    is_entity=is_entity,
                    relations=tuple(relations),
                ),
            )
        if isinstance(ordering, str):
            raise TypeError(f"class {cls.__name__}: ordering=({ordering!r},) takes several fields")
        cls.__mapper__ = Mapper(cls.__name__, facts, cls.__mapper__, tuple(ordering))
        name_picklists(cls)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        cls.__mapper__.bind(cls.model_fields)
        return handler(source)

    @classmethod
    def _elsewhere(cls, name: str) -> str | None:
        """Where a name is found that the class has not; None when it is found nowhere."""
        return None

    @classmethod
    def _lacks(cls, name: str) -> str:
        """What is said of a name that the class has not."""
        mapper = cls.__mapper__
        if mapper.facts is None and name not in mapper.columns:
            # Where pydantic looks for each field of a model that is being made.
            return f"{mapper.name} has no attribute {name!r}"
        return messages.not_of_class(mapper, name, cls._elsewhere, lambda: dir(cls))

    @classmethod
    def ref(cls, id: str) -> Ref[Self]:
        """The reference to a record of this module, from text such as ``12x407``.

        Says nothing about whether the record exists. Raises `InvalidId` for text of another form
        or with the prefix of another module.
        """
        module = cls.__mapper__.module
        if not isinstance(id, str):
            raise InvalidId(id)
        if parse_id(id).prefix != module.prefix:
            why = f"ids of {module.name} begin with '{module.prefix}x' on this CRM."
            raise InvalidId(id, why)
        return bound(str.__str__(id), Origin(module.package))

    # Making one

    @classmethod
    def _load(cls, rows: Sequence[Row], runner: Runner | None) -> list[Self]:
        """Records of the rows of an answer, handed out by the session `runner`."""
        make = record_maker(cls)
        return [
            make(values, fields_set, RecordState(runner, None, raw, extra))
            for values, fields_set, raw, extra in cls.__mapper__.hydrator.read(rows, runner)
        ]

    if not TYPE_CHECKING:  # checkers make the constructor's keywords from the fields

        @base_init
        def __init__(self, /, **values: Any) -> None:
            """A record from Python values by attribute. Raises `InvalidValue`."""
            mapper = self.__mapper__
            unknown = sorted(values.keys() - mapper.columns.keys())
            if unknown:
                lines = (messages.unknown_name(mapper, name) for name in unknown)
                raise InvalidValue("\n".join(lines))
            id = values.get("id")
            is_text = isinstance(id, str) and not isinstance(id, Ref)
            if is_text:
                values["id"] = mapper.columns["id"].convert(id)
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise messages.refused(mapper, error) from error
            self._state.posted = is_text  # a reference is a program's own word

    def model_post_init(self, context: object, /) -> None:
        """Tell a new record, whose other fields are blank, from one that exists in the CRM,
        whose other fields are not known."""
        values, given = vars(self), self.__pydantic_fields_set__
        if values.get("id") is None:
            values.pop("id", None)
            given.discard("id")
        else:
            for name in values.keys() - given:
                del values[name]
        set_state(self, RecordState(old={name: UNSET for name in given if name != "id"}))

    # Reading and assigning

    if not TYPE_CHECKING:  # a visible __getattr__ or __setattr__ would hide every typo

        def __getattr__(self, name: str) -> Any:
            mapper = type(self).__mapper__
            if name in mapper.columns:
                state = self._state
                raise messages.not_here(mapper, name, self._saved_id, state.raw or {}, state.runner)
            if name.startswith("_") or hasattr(type(self), name):
                return super().__getattr__(name)
            raise AttributeError(messages.unknown_name(mapper, name))

        def __setattr__(self, name: str, value: Any) -> None:
            mapper = type(self).__mapper__
            if name in mapper.columns:
                self._assign(name, value)
            elif name.startswith("_") or hasattr(type(self), name):
                super().__setattr__(name, value)
            else:
                raise InvalidValue(messages.unknown_name(mapper, name))

        def __delattr__(self, name: str) -> None:
            """Forget a value and its change, as if it had been neither read nor given."""
            if name in type(self).__mapper__.columns:
                self._forget(name)
            else:
                super().__delattr__(name)

    def _assign(self, name: str, value: object) -> None:
        mapper = self.__mapper__
        editable = mapper.columns[name].meta.editable or self._saved_id is None
        if name == "id" or not editable:
            raise InvalidValue(messages.read_only(mapper, name))
        given = self.__pydantic_fields_set__
        old = self.__dict__[name] if name in given else UNSET
        if name not in given:
            own_fields_set(self, {*given, name})
        try:
            self.__pydantic_validator__.validate_assignment(self, name, value)
        except ValidationError as error:
            own_fields_set(self, given)
            raise messages.refused(mapper, error) from error
        self._state.note(name, old, self.__dict__[name])

    def _forget(self, name: str) -> None:
        if name == "id":
            raise InvalidValue(messages.read_only(self.__mapper__, name))
        if self._saved_id is None:
            vars(self)[name] = None
        else:
            vars(self).pop(name, None)
        own_fields_set(self, self.__pydantic_fields_set__ - {name})
        self._state.forget(name)

    @property
    def changes(self) -> Mapping[str, FieldChange]:
        """What the next `save` sends: attribute -> (old, new).

        An equal value, or going back to the one that was read, is no change. Fields of `extra`
        are there under their wire name, and line items that changed as ``LineItems``.
        """
        fields = self._changed()
        memory = self._state.operations
        return MappingProxyType({**fields, **memory.changes()}) if memory is not None else fields

    def _changed(self) -> Mapping[str, FieldChange]:
        return self._state.changes(self.__mapper__.columns, self.__dict__)

    @property
    def extra(self) -> ExtraFields:
        """Fields that came to the CRM after the package was generated, by wire name."""
        from .extra import ExtraFields

        return ExtraFields(self.__mapper__, self._state)

    @property
    def raw(self) -> Mapping[str, object]:
        """Attribute -> what the CRM sent, where its field type does not allow it.

        Reading such an attribute raises `Unreadable`; assigning a value replaces it.
        """
        return MappingProxyType(self._state.raw or {})

    # What plans need of a record

    @property
    def _saved_id(self) -> str | None:
        """The id as text, or None before the record is created."""
        return self.__dict__.get("id")

    def _outgoing(self) -> dict[str, object]:
        """What a save has to send: attribute (or wire name of `extra`) -> value.

        Of a record that exists, only fields that the CRM lets itself be told.
        """
        new, columns = self._saved_id is None, self.__mapper__.columns
        return {
            name: change.new
            for name, change in self._changed().items()
            if new or name not in columns or columns[name].meta.editable
        }

    def _settle(
        self, row: Row, runner: Runner | None, given: Mapping[str, object] | None = None
    ) -> None:
        """Take over the CRM's answer, every field it has. Nothing stays a change but what was
        assigned after these changes were `given` to the CRM."""
        later = {} if given is None else self._assigned_after(given)
        mapper = self.__mapper__
        ((read, _, raw, new),) = mapper.hydrator.read([row], runner)
        merged = {**(self.__dict__ if self._saved_id is not None else {}), **read}
        wrong = raw or ()
        values = {
            name: merged[name] for name in mapper.columns if name in merged and name not in wrong
        }
        replace_values(self, values, set(values))
        for name in later.keys() - mapper.columns.keys():
            del self.extra[name]
        self._state.settle(runner, raw, new)
        for name, value in later.items():
            if name in mapper.columns:
                old = values.get(name, UNSET)
                values[name] = value
                self.__pydantic_fields_set__.add(name)
                self._state.note(name, old, value)
            else:
                self.extra[name] = value

    def _assigned_after(self, given: Mapping[str, object]) -> dict[str, object]:
        """Values by attribute (or wire name of `extra`) that are no longer those given."""
        state, columns = self._state, self.__mapper__.columns
        assigned = {*(state.old or ()), *(state.extra_old or ()), *given}
        held = {**(state.extra or {}), **self.__dict__}
        return {
            name: held[name]
            for name in assigned
            if name in held
            and (name not in columns or columns[name].meta.editable)
            and (name not in given or not same(given[name], held[name]))
        }

    # Comparing, copying, showing

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self) or not isinstance(other, BaseRecord):
            return NotImplemented
        mine, theirs = self._state, other._state
        return (
            self.__dict__ == other.__dict__
            and (mine.extra or {}) == (theirs.extra or {})
            and (mine.raw or {}) == (theirs.raw or {})
        )

    def __hash__(self) -> int:
        if self._saved_id is None:
            raise TypeError(
                f"This {type(self).__name__} record was not saved yet: it has no id to hash by."
            )
        return hash((self.__mapper__.module.name, self._saved_id))

    def __copy__(self) -> Self:
        copied = super().__copy__()
        set_state(copied, self._state.copy())
        return copied

    def __deepcopy__(self, memo: dict[int, object] | None = None) -> Self:
        copied = super().__deepcopy__(memo)
        state = self._state.copy()
        state.extra = deepcopy(state.extra, memo)
        set_state(copied, state)
        return copied

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """A copy with the same id and session; `update` is assigned to it, checked and noted
        as changes."""
        copied = self.__deepcopy__() if deep else self.__copy__()
        for name, value in (update or {}).items():
            setattr(copied, name, value)
        return copied

    def __reduce__(self) -> tuple[object, ...]:
        """Without the session, which belongs to this process."""
        return restore_record, public_name(type(self)), self.__getstate__()

    def __getstate__(self) -> dict[Any, Any]:
        held = {
            "values": self.__dict__,
            "fields_set": sorted(self.__pydantic_fields_set__),
            **self._state.pickled(),
        }
        private = self.__pydantic_private__
        return {**held, "private": private} if private else held

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Fields that the class does not have any more are left behind."""
        known = self.__mapper__.columns.keys()
        values = {name: value for name, value in state["values"].items() if name in known}
        replace_values(self, values, known & set(state["fields_set"]))
        set_state(self, RecordState.restored(state))
        set_private(self, state.get("private"))

    def _label(self) -> str:
        names = self.meta.label_fields if self.__mapper__.facts is not None else ()
        return " ".join(str(self.__dict__[name]) for name in names if self.__dict__.get(name))

    def __str__(self) -> str:
        return self._label() or repr(self)

    def __repr__(self) -> str:
        """Module, id and label: never a whole record, which would fill logs with people."""
        label = self._label()
        shown = f" {label[:60]!r}" if label else ""
        return f"<{type(self).__name__} {self._saved_id or 'unsaved'}{shown}>"

    def __repr_args__(self) -> Any:
        yield None, self._saved_id
        yield None, self._label()


def be_base(model: type[BaseRecord]) -> None:
    """The class stands for no module and was declared with `defer_build`: pydantic makes a schema
    when somebody asks for one. Those of classes below are made at once."""
    model.model_config["defer_build"] = False
    model.__mapper__.bind(model.model_fields)


be_base(BaseRecord)


@restores
def restore_record(module: str, name: str) -> BaseRecord:
    """A record of that class, before its values are set."""
    return new_record(class_named(module, name, BaseRecord), {}, set(), RecordState())
