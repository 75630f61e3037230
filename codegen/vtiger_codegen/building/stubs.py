"""What the querysets of one module take, for type checkers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, assert_never

from vtiger_orm.aggregates.groups import parts_of
from vtiger_orm.conditions.lookups import LOOKUPS, SHAPES, Lookup, Shape
from vtiger_orm.conditions.quirks import why_not_selectable
from vtiger_orm.metadata.kinds import Family, Kind
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta
from vtiger_orm.models.crm_modules import LeadCrm, crm_class
from vtiger_orm.writing.line_items import is_inventory
from vtiger_orm.writing.required import is_required

from ..naming.reserved import UPLOAD
from ..naming.resolver import Namespace
from ..naming.words import capitalised
from .ir import Alias, Inputs, Keyword, Querysets
from .types import (
    BOOL,
    DATE,
    DATETIME,
    DECIMAL,
    FLOAT,
    INT,
    ITERABLE,
    MODELS,
    ROOT,
    RUNTIME,
    STR,
    TEXTS,
    TIME,
    TUPLE,
    Import,
    Type,
    builtin,
    generic,
    imports_of,
    named,
    optional,
    union,
)
from .value_lists import columns_of, flats_of

_LONGEST_ALIAS: Final = 80
OWNERS: Final = ("Users", "Groups")
"""What an owner field points to; a reference to exactly these is an owner at run time."""

_PLAIN: Final = {
    Family.TEXT: STR,
    Family.INTEGER: INT,
    Family.DECIMAL: union(DECIMAL, FLOAT),
    Family.BOOLEAN: BOOL,
    Family.DATE: DATE,
    Family.DATETIME: DATETIME,
    Family.TIME: TIME,
}

_MOMENT_OR_DAY: Final = union(DATETIME, DATE)
"""Conditions on moments also take days, which begin in the session's time zone."""

_READ: Final = {
    Family.TEXT: STR,
    Family.INTEGER: INT,
    Family.DECIMAL: DECIMAL,
    Family.BOOLEAN: BOOL,
    Family.DATE: DATE,
    Family.DATETIME: DATETIME,
    Family.TIME: TIME,
}
"""What fields of these are read as."""


_PRIVATE: Final = frozenset(
    (
        *("_T_co", "_Relation", "_Lookups", "_Creation", "_Search", "_Upload", "_Change", "_Input"),
        *(f"_Fields{number}" for number in range(1, 100)),
    )
)
"""Names of the stub itself, which no alias may take."""


class Classes:
    """The classes of the package, by the CRM's module names, and what is known of them."""

    def __init__(
        self, of: Mapping[str, str], files: Mapping[str, str], metas: Mapping[str, ModuleMeta]
    ) -> None:
        self.of = of
        self.files = files
        """Python modules by class."""
        self.metas = metas

    def targets(self, field: FieldMeta) -> tuple[str, ...]:
        """The classes a reference may point to, as far as the package has them."""
        if field.family is not Family.REFERENCE:
            return ()
        return tuple(self.of[module] for module in self._modules(field))

    def left_out(self, field: FieldMeta) -> tuple[str, ...]:
        """The modules a reference may point to that the package has no class for."""
        if field.family is not Family.REFERENCE:
            return ()
        modules = field.targets or (OWNERS if field.kind is Kind.OWNER else ())
        return tuple(sorted(set(modules) - self.of.keys()))

    def _modules(self, field: FieldMeta) -> tuple[str, ...]:
        if field.family is not Family.REFERENCE:
            return ()
        owner = field.kind is Kind.OWNER
        modules = (field.targets or OWNERS) if owner else sorted(set(field.targets))
        return tuple(module for module in modules if module in self.of)

    def paths(self, module: str, fields: Sequence[FieldMeta]) -> Iterator[str]:
        """The references among `fields`, and those of what they point to where that is sure."""
        for field in fields:
            if _is_followed(module, field):
                yield field.name
                modules = self._modules(field)
                if len(modules) == 1:
                    further = self.metas[modules[0]].fields.values()
                    yield from sorted(
                        f"{field.name}__{each.name}"
                        for each in further
                        if _is_followed(modules[0], each)
                    )

    def relation_paths(self, meta: ModuleMeta) -> Iterator[str]:
        """The relations of a module, and the references of what they lead to."""
        for relation in sorted(meta.relations, key=lambda each: each.name):
            if relation.module in self.of:
                yield relation.name
                further = self.metas[relation.module].fields.values()
                yield from sorted(
                    f"{relation.name}__{each.name}"
                    for each in further
                    if _is_followed(relation.module, each)
                )


def _is_readable(module: str, field: FieldMeta) -> bool:
    return why_not_selectable(module, field) is None


def _is_followed(module: str, field: FieldMeta) -> bool:
    return field.family is Family.REFERENCE and _is_readable(module, field)


def build_querysets(
    meta: ModuleMeta,
    fields: Sequence[FieldMeta],
    model: str,
    picklists: Mapping[str, str],
    classes: Classes,
) -> Querysets:
    """The stub of one module; `fields` in the order in which they are printed."""
    values = _Values(model, picklists, classes)
    written = meta.creatable or meta.updatable
    editable = [
        field for field in fields if written and field.editable and field.family is not Family.ID
    ]
    stored = {
        field.name: values.of(field)
        for field in fields
        if field.filterable or (written and field.editable)
    }
    lookups = [
        keyword
        for field in fields
        if field.filterable
        for keyword in values.lookups(field, stored[field.name])
    ]
    given = [
        Keyword(
            field.name,
            stored[field.name] if field.mandatory else optional(stored[field.name]),
            label=field.label,
        )
        for field in editable
    ]
    creation = [
        each._replace(required=is_required(field, meta)) for field, each in zip(editable, given)
    ]
    if editable and meta.creatable and is_inventory(meta) and "items" not in meta.fields:
        items = generic(ITERABLE, _line_item(classes))
        creation.append(Keyword("items", items, required=True, label="Line items"))
    relations = [
        Keyword(each.name, _manager(classes.of[each.module], model, classes))
        for each in sorted(meta.relations, key=lambda each: each.name)
        if each.module in classes.of
    ]
    crm = _crm(meta, model, classes)
    readable = [field for field in fields if _is_readable(meta.name, field)]
    row = [Keyword(field.name, values.read(field)) for field in readable]
    parts = [key for field in readable for key in parts_of(field)]
    flats = tuple(flats_of(row))
    row += [Keyword(key.name, optional(DATE if key.part == "date" else INT)) for key in parts]
    names = [field.name for field in fields if field.sortable]
    inputs = values.inputs(editable, meta)
    keywords = [*lookups, *creation, *relations, *row, *inputs.shared, *inputs.creates]
    aliases = tuple(values.aliases)
    types = [each.type for each in keywords] + [each.type for each in aliases]
    return Querysets(
        aliases=aliases,
        fields=tuple(field.name for field in readable),
        row=tuple(row),
        flats=flats,
        columns=tuple(columns_of(model, flats)),
        parts=tuple(key.name for key in parts),
        orders=tuple(name for field in names for name in (field, f"-{field}")),
        references=tuple(classes.paths(meta.name, fields)),
        fetches=tuple(classes.relation_paths(meta)),
        lookups=tuple(lookups),
        creation=tuple(sorted(creation, key=lambda each: (not each.required, each.name))),
        values=tuple(given),
        inputs=inputs,
        files=any(field.kind in (Kind.FILE, Kind.IMAGE) for field in editable),
        upload=tuple(each for each in given if each.name not in UPLOAD),
        creatable=meta.creatable,
        updatable=meta.updatable,
        relations=tuple(relations),
        crm=crm,
        imports=imports_of([*types, named(model, ROOT), crm]),
    )


def _line_item(classes: Classes) -> Type:
    """`vtiger_orm.LineItem`, which most CRMs also have a module of."""
    if "LineItem" not in classes.of.values():
        return named("LineItem", RUNTIME)
    return Type("LineItem_", frozenset({Import(RUNTIME, "LineItem", "LineItem_")}))


def _manager(target: str, model: str, classes: Classes) -> Type:
    """The queryset of related records, from the stub of their own module."""
    name = f"{target}Manager"
    return builtin(name) if target == model else named(name, f".{classes.files[target]}")


def _crm(meta: ModuleMeta, model: str, classes: Classes) -> Type:
    """What `record.crm` is made of: modules that can do more than others have a class for it."""
    found = crm_class(meta)
    others = ("Accounts", "Contacts", "Potentials") if found is LeadCrm else ()
    return generic(
        named(found.__name__, MODELS),
        _model(model),
        *(_target((classes.of[each],) if each in classes.of else ()) for each in others),
    )


class _Several(NamedTuple):
    """References to records of several modules."""

    ref: Type
    """The reference itself."""
    either: Type
    """It or the record."""


class _Values:
    """The types of values and of lookups, with short names for long ones."""

    def __init__(self, model: str, picklists: Mapping[str, str], classes: Classes) -> None:
        self.model = model
        self.picklists = picklists
        self.classes = classes
        self.aliases: list[Alias] = []
        self._references: dict[str, _Several] = {}
        self._space = Namespace(_PRIVATE)

    def of(self, field: FieldMeta) -> Type:
        """What is stored in the field, never blank."""
        family = field.family
        if family is Family.CHOICE:
            return self._choice(field)
        if family is Family.CHOICES:
            return generic(ITERABLE, self._choice(field))
        if family is Family.ID:
            return _reference_to(_model(self.model))
        if family is Family.REFERENCE:
            return self._reference(field)
        return _PLAIN[family]

    def read(self, field: FieldMeta) -> Type:
        """What reading the field gives."""
        held = self._held(field)
        return held if field.family is Family.ID else optional(held)

    def _held(self, field: FieldMeta) -> Type:
        """The same, never blank."""
        family = field.family
        if family is Family.ID:
            return generic(named("Ref", RUNTIME), _model(self.model))
        if family is Family.CHOICE:
            return self._choice(field)
        if family is Family.CHOICES:
            return generic(named("Choices", RUNTIME), self._choice(field))
        if family is Family.REFERENCE:
            return self._read_reference(field)
        return _READ[family]

    def inputs(self, editable: Sequence[FieldMeta], meta: ModuleMeta) -> Inputs:
        """The fields of input models, as attributes of a class: there ``date: date`` would name
        the field itself, so such a type gets another name."""
        names = {field.name for field in editable}
        apart: dict[str, Type] = {}
        shared, creates, updates = [], [], []
        for field in editable:
            held = self._held(field)
            if held.text in names:
                if held.text not in apart:
                    apart[held.text] = self._alias(f"_{capitalised(held.text)}", held)
                held = apart[held.text]
            left_out = Keyword(field.name, optional(held), label=field.label)
            if is_required(field, meta):
                creates.append(left_out._replace(type=held, required=True))
                updates.append(left_out)
            else:
                shared.append(left_out)
        return Inputs(tuple(shared), tuple(creates), tuple(updates))

    def _choice(self, field: FieldMeta) -> Type:
        return named(f"{self.model}.{self.picklists[field.wire]}", ROOT)

    def _read_reference(self, field: FieldMeta) -> Type:
        targets = self.classes.targets(field)
        if targets and self.classes.left_out(field):
            return generic(named("Ref", RUNTIME), union(*map(_model, targets), _target(())))
        if len(targets) < 2:
            return generic(named("Ref", RUNTIME), _target(targets))
        return self._several(field, targets).ref

    def _reference(self, field: FieldMeta) -> Type:
        targets = self.classes.targets(field)
        if self.classes.left_out(field):
            # Ids of modules without a class are plain ones, which every target is as well.
            return _reference_to(_target(()))
        if len(targets) < 2:
            return _reference_to(_target(targets))
        return self._several(field, targets).either

    def _several(self, field: FieldMeta, targets: tuple[str, ...]) -> _Several:
        """The aliases for references to these modules, named after the first field of them."""
        models = union(*map(_model, targets))
        known = self._references.get(models.text)
        if known is None:
            name = f"_{capitalised(field.name)}"
            short = models
            if len(_reference_to(models).text) > _LONGEST_ALIAS:
                short = self._alias(f"{name}Model", models)
            ref = self._alias(f"{name}Ref", generic(named("Ref", RUNTIME), short))
            either = self._alias(name, union(short, ref))
            known = self._references[models.text] = _Several(ref, either)
        return known

    def _alias(self, name: str, type_: Type) -> Type:
        alias = Alias(self._space.claim(name), type_)
        self.aliases.append(alias)
        return builtin(alias.name)

    def lookups(self, field: FieldMeta, value: Type) -> list[Keyword]:
        """The keywords of a field that the server can filter by."""
        family = field.family
        if family is Family.DATETIME:
            value = _MOMENT_OR_DAY
        choice = self._choice(field) if family in (Family.CHOICE, Family.CHOICES) else None
        arguments = _arguments(family, value, choice, self._querysets(field))
        return [Keyword(f"{field.name}{suffix}", type_) for suffix, type_ in arguments]

    def _querysets(self, field: FieldMeta) -> Type | None:
        """A queryset of the only target is taken as a subquery. Those of several targets are
        iterables of one of them, which says the same to a checker."""
        if field.family is not Family.REFERENCE:
            return None
        targets = self.classes.targets(field)
        if len(targets) > 1 or (targets and self.classes.left_out(field)):
            return None
        return generic(named("QuerySet", RUNTIME), _target(targets))


@lru_cache(maxsize=1024)
def _arguments(
    family: Family, value: Type, choice: Type | None, querysets: Type | None
) -> tuple[tuple[str, Type], ...]:
    """What is put behind a field's name, and the type of each such keyword.

    Most fields of a CRM are of few types, so the answers are kept.
    """
    return tuple(
        (
            "" if lookup is Lookup.EXACT else f"__{lookup.value}",
            _argument(family, value, choice, querysets, SHAPES[lookup]),
        )
        for lookup in LOOKUPS[family]
    )


def _argument(
    family: Family, value: Type, choice: Type | None, querysets: Type | None, shape: Shape
) -> Type:
    match shape:
        case Shape.VALUE_OR_BLANK:
            return value if family is Family.ID else optional(value)
        case Shape.VALUE:
            return value
        case Shape.VALUES:
            values = TEXTS if value is STR else generic(ITERABLE, value)
            return union(values, querysets) if querysets else values
        case Shape.PAIR:
            return generic(TUPLE, value, value)
        case Shape.TEXT:
            return STR
        case Shape.FLAG:
            return BOOL
        case Shape.NUMBER:
            return INT
        case Shape.DAY:
            return DATE
        case Shape.CHOICE:
            return choice or STR
        case Shape.SEVERAL_CHOICES:
            return generic(ITERABLE, choice) if choice else TEXTS
        case _:
            assert_never(shape)


def _model(name: str) -> Type:
    return named(name, ROOT)


def _target(targets: tuple[str, ...]) -> Type:
    return _model(targets[0]) if targets else named("Record", RUNTIME)


def _reference_to(model: Type) -> Type:
    return union(model, generic(named("Ref", RUNTIME), model))
