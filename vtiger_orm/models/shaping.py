"""`into`: rows as instances of a class of the user, which says what to read.

Its fields are those of the module, parts of dates (``birthday__year``), and other shapes: of the
record that a reference leads to (``account`` of ``account_id``), and lists of them, of the records
in a relation. What they need is read a page at a time, as by `prefetch_related`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from .._dataclass import dataclass
from ..aggregates.functions import Avg, Count, Figure, Max, Min, Sum
from ..aggregates.groups import GroupKey, group_key
from ..conditions.field_names import with_id
from ..conditions.tree import Selection
from ..errors import InvalidLookup, NotLoaded, Unreadable, suggest
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta, Relation
from ..records.handle import package_of
from ..records.references import Ref
from ..records.shapes import Class, RowShape, ShapeField, Value, shape_of
from ..values.picklists import Choices
from ..writing.memory import state_of
from .cells import reader_of
from .fetches import Fetch, Fetches, merge

if TYPE_CHECKING:
    from ..calls.environment import Environment
    from ..calls.protocols import Package
    from ..records import BaseRecord

T = TypeVar("T")
AnyShape: TypeAlias = RowShape[Any]

_TYPES: Final[Mapping[Family, Class]] = {
    Family.TEXT: str,
    Family.CHOICE: str,
    Family.CHOICES: Choices,
    Family.INTEGER: int,
    Family.DECIMAL: Decimal,
    Family.BOOLEAN: bool,
    Family.DATE: date,
    Family.DATETIME: datetime,
    Family.TIME: time,
    Family.REFERENCE: Ref,
    Family.ID: Ref,
}


_FIGURES: Final[Mapping[Family, Class]] = {**_TYPES, Family.REFERENCE: str, Family.ID: str}


def value_of(model: type[BaseRecord], key: GroupKey) -> Value:
    """What is read of a record under a name that `values` takes."""
    field = key.field
    blank = not (field.mandatory or field.family is Family.ID)
    if key.part is not None:
        return Value(date if key.part == "date" else int, blank)
    enum = model.__mapper__.columns[field.name].enum
    if field.family is Family.CHOICES:
        return Value(Choices, blank, member=enum or str)
    if field.family is Family.CHOICE:
        return Value(enum or str, blank)
    targets = (model.meta.name,) if field.family is Family.ID else field.targets
    modules = package_of(model).modules
    named = tuple(
        (modules[each].attribute, each) if each in modules else (each,) for each in targets
    )
    return Value(_TYPES.get(field.family), blank, targets=named)


@dataclass(frozen=True, slots=True)
class _Inner:
    """A field of a shape that is itself made of other records."""

    field: ShapeField
    fetch: Fetch
    shapes: Mapping[str, ShapedRows[Any]]
    """By the module of the record."""

    def read(self, record: BaseRecord, env: Environment) -> Any:
        if self.fetch.relation:
            found: Sequence[BaseRecord] = state_of(record).related.get(self.fetch.name, ())
            return [row for each in found for row in self._rows(each, env)]
        ref: Ref[Any] | None = getattr(record, self.fetch.name)
        if ref is None:
            return None
        try:
            loaded = ref.loaded
        except NotLoaded:
            if self.field.optional:
                return None
            raise
        (row,) = self._rows(loaded, env)
        return row

    def _rows(self, record: BaseRecord, env: Environment) -> list[Any]:
        return self.shapes[record.meta.name].rows([record], env)


@dataclass(frozen=True, slots=True)
class ShapedRows(Generic[T]):
    """A shape and the module whose records it is filled with."""

    shape: RowShape[T]
    keys: tuple[GroupKey, ...]
    inner: tuple[_Inner, ...]

    @property
    def style(self) -> str:
        """As of a `Projection`."""
        return "shape"

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that are read."""
        return tuple(field.name for field in self.fields)

    @property
    def fields(self) -> Iterable[FieldMeta]:
        """What has to be read of each record."""
        return dict.fromkeys(key.field for key in self.keys)

    @property
    def fetches(self) -> Fetches:
        """What has to be followed from each record."""
        return tuple(each.fetch for each in self.inner)

    def rows(self, records: Sequence[BaseRecord], env: Environment) -> list[T]:
        """One instance a record. Raises `Unreadable` for a blank value that the shape has no
        place for, and as reading the attribute would."""
        readers = {key.name: reader_of((key,), env) for key in self.keys}
        filled = tuple(each.name for each in self.shape.fields if not each.takes_none)
        return [
            self._row(record, {name: read(record) for name, read in readers.items()}, filled, env)
            for record in records
        ]

    def _row(
        self,
        record: BaseRecord,
        values: dict[str, Any],
        filled: Sequence[str],
        env: Environment,
    ) -> T:
        for each in self.inner:
            values[each.field.name] = each.read(record, env)
        for name in filled:
            if values[name] is None:
                raise _blank(self.shape, record, name)
        try:
            return self.shape.make({each.name: values[each.name] for each in self.shape.fields})
        except ValueError as error:
            error.add_note(f"{record!r} was to become a {self.shape.name}.")
            raise


def _blank(shape: AnyShape, record: BaseRecord, name: str) -> Unreadable:
    return Unreadable(
        f"{name} of {record!r} is blank, which {shape.name} has no place for. Write "
        f"{name}: ... | None, or leave such records out: exclude({name}=None)."
    )


def shaped(model: type[BaseRecord], kind: type[T]) -> ShapedRows[T]:
    """The class as a shape of the records of a model. Raises `InvalidLookup` for a name that the
    module does not have or a type that does not fit, and `UnsupportedQuery` for a field that
    queries cannot read."""
    return _Binder(package_of(model)).bind(model, kind, ())


class _Binder:
    """Finds what the fields of shapes mean in one generated package."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def bind(
        self, model: type[BaseRecord], kind: type[T], outer: tuple[Class, ...]
    ) -> ShapedRows[T]:
        shape = shape_of(kind)
        if kind in outer:
            raise InvalidLookup(
                f"into({outer[0].__name__}): {kind.__name__} contains itself, so there is no end "
                "to what it reads. Give the inner records a shape of their own."
            )
        keys: dict[GroupKey, None] = {}
        inner: dict[str, _Inner] = {}
        for field in shape.fields:
            bound = self._inner(model, shape, field, (*outer, kind))
            if bound is None:
                key = _key(model.meta, shape, field)
                shape.check(field, value_of(model, key))
                keys[key] = None
                continue
            if bound.fetch.name in inner:
                raise shape.refuse(field.name, f"follows {bound.fetch.name} a second time.")
            inner[bound.fetch.name] = bound
            if not bound.fetch.relation:
                keys[GroupKey(model.meta.fields[bound.fetch.name])] = None
        return ShapedRows(shape, tuple(keys), tuple(inner.values()))

    def _inner(
        self,
        model: type[BaseRecord],
        shape: AnyShape,
        field: ShapeField,
        outer: tuple[Class, ...],
    ) -> _Inner | None:
        if field.several is not None:
            relation = _relation(model.meta, shape, field)
            return self._follow(
                (relation.module,), relation.name, True, field, field.several, outer
            )
        if field.inner is None:
            return None
        reference = _reference(model.meta, shape, field)
        if not reference.mandatory and not field.optional:
            name = field.inner.__name__
            raise shape.refuse(field.name, f"may be blank. Write {field.name}: {name} | None")
        targets = tuple(each for each in reference.targets if self._package.knows(each))
        if not targets:
            raise shape.refuse(
                field.name, f"follows {reference.name}, which leads to no module of the package."
            )
        return self._follow(targets, reference.name, False, field, field.inner, outer)

    def _follow(
        self,
        modules: tuple[str, ...],
        name: str,
        relation: bool,
        field: ShapeField,
        kind: Class,
        outer: tuple[Class, ...],
    ) -> _Inner:
        models = [self._package.model(each) for each in modules]
        bound = {each.meta.name: self.bind(each, kind, outer) for each in models}
        first = bound[models[0].meta.name]
        if len(models) == 1:
            columns = with_id(models[0].meta, first.fields)
            selection = Selection(models[0].meta, columns=columns)
            return _Inner(field, Fetch(name, relation, selection, first.fetches), bound)
        nested: Fetches = ()
        for each in bound.values():
            nested = merge(nested, each.fetches)
        return _Inner(field, Fetch(name, relation, nested=nested), bound)


def _key(module: ModuleMeta, shape: AnyShape, field: ShapeField) -> GroupKey:
    try:
        return group_key(module, field.name, "into")
    except InvalidLookup as error:
        raise shape.refuse(field.name, f"cannot be read. {error}") from None


def _reference(module: ModuleMeta, shape: AnyShape, field: ShapeField) -> FieldMeta:
    """The reference that a field such as ``account: AccountShape`` follows."""
    for name in (field.name, f"{field.name}_id"):
        found = module.fields.get(name)
        if found is not None and found.family is Family.REFERENCE:
            return _key(module, shape, ShapeField(name, field.annotation, True)).field
    references = [each.name for each in module.fields.values() if each.family is Family.REFERENCE]
    meant = suggest(field.name, references)
    raise shape.refuse(
        field.name,
        f"is a shape, but {module.name} has no reference {field.name} or {field.name}_id"
        + (f". Did you mean {meant!r}?" if meant else f" to follow: {', '.join(references)}."),
    )


def _relation(module: ModuleMeta, shape: AnyShape, field: ShapeField) -> Relation:
    """The relation that a field such as ``contacts: list[ContactShape]`` follows."""
    for each in module.relations:
        if each.name == field.name:
            return each
    names = [each.name for each in module.relations]
    meant = suggest(field.name, names)
    raise shape.refuse(
        field.name,
        f"is a list of shapes, but {module.name} has no such relation"
        + (f". Did you mean {meant!r}?" if meant else f": {', '.join(names)}."),
    )


def figure_value(figure: Figure) -> Value:
    """What is read under the name of a figure."""
    family = figure.field.family if figure.field is not None else None
    match figure.aggregate:
        case Count():
            return Value(int, blank=False)
        case Avg():
            return Value(Decimal)
        case Sum() | Min() | Max() if family is not None:
            return Value(_FIGURES.get(family))
        case _:
            return Value(None, blank=False)
