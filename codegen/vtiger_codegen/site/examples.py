"""Ready examples of a module, in its own names, each with its plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vtiger_orm.errors import VtigerError
from vtiger_orm.metadata.kinds import Family, Kind
from vtiger_orm.metadata.module import FieldMeta, Flaw
from vtiger_orm.planner import Explanation

from ..text.literals import literal
from .facts import CrmFacts, FieldRow, ModulePage
from .queries import plan_of

_VALUES = {
    Family.INTEGER: "3",
    Family.DECIMAL: 'Decimal("12.50")',
    Family.BOOLEAN: "True",
    Family.DATE: "date(2026, 7, 1)",
    Family.DATETIME: "datetime(2026, 7, 1, 9, tzinfo=UTC)",
    Family.TIME: "time(9, 30)",
}

_CREATE: Final = "1 or 2 calls: create, and retrieve where its answer leaves something open"
_RELATED: Final = "1 call for every 100 records, and at most 1 more that proves the end"


@dataclass(frozen=True, slots=True)
class Example:
    """Something to copy."""

    title: str
    code: str
    plan: Explanation | None = None
    """Of a query: how the planner reads it."""
    calls: str = ""
    """Of anything else: how many calls it takes, and which; a test does it on the embedded CRM."""


def examples(module: ModulePage, crm: CrmFacts) -> list[Example]:
    """Queries first, then what writes."""
    found = []
    for title, code in _queries(module, crm):
        try:
            found.append(Example(title, code, plan_of(code, crm)))
        except VtigerError:  # a field that this server cannot be asked by
            continue
    return [*found, *_writes(module, crm)]


def _queries(module: ModulePage, crm: CrmFacts) -> Iterator[tuple[str, str]]:
    objects = f"{module.name}.objects"
    named = _named(module)
    if named is not None:
        order = '.order_by("-modifiedtime")' if "modifiedtime" in module.meta.fields else ""
        yield "The latest ones by a name", f'{objects}.filter({named}__startswith="S"){order}[:20]'
    listed = sorted(module.picklists, key=lambda each: each.custom)  # the well-known ones first
    enum = next((each for each in listed if _member(module, each)), None)
    if enum is not None:
        member = _member(module, enum)
        yield "By a picklist value", f"{objects}.filter({enum.meta.name}={member})"
        blank = named or enum.meta.name
        yield "Not this, and not blank", (
            f"{objects}.exclude({enum.meta.name}={member}).exclude({blank}=None)"
        )
        if named is not None:
            yield "One or the other", (
                f'{objects}.filter(Q({enum.meta.name}={member}) | Q({named}__endswith="son"))'
            )
    day = _first(module, Family.DATE)
    if day is not None:
        yield "In a span of days", (
            f"{objects}.filter({day.name}__range=(date(2026, 1, 1), date(2026, 12, 31)))"
        )
    if "createdtime" in module.meta.fields:
        yield "Since a day", f"{objects}.filter(createdtime__gte=date(2026, 1, 1))"
    for meta, target in crm.references(module):
        inner = _named(target)
        usable = target.meta.is_entity and target is not module and inner is not None
        if usable and "in" in _facts(module, meta).lookups:
            yield f"Of certain {target.name}", (
                f'{objects}.filter({meta.name}__in={target.name}.objects.filter({inner}="Acme"))'
            )
            break


def _writes(module: ModulePage, crm: CrmFacts) -> Iterator[Example]:
    meta = module.meta
    if meta.creatable and meta.is_entity:
        needed = [each for each in module.fields if _is_needed(each.meta)]
        given = [f"{each.meta.name}={_given(module, each, crm)}" for each in needed]
        items = ["items=[LineItem(product, quantity=2)]"] if module.has_items else []
        lines = "".join(f"\n    {each}," for each in [*given, *items])
        code = (
            f"{module.name}.objects.create({lines}\n)"
            if lines
            else f"{module.name}.objects.create()"
        )
        yield Example("Create one, with what it needs", code, calls=_CREATE)
    variable = "record"
    if meta.updatable and meta.is_entity:
        field = _named(module)
        if field is not None:
            id_ = f'{module.name}.ref("{meta.prefix}x1")'
            code = f"{variable} = {module.name}.objects.get(id={id_})\n"
            code += f'{variable}.{field} = "New"\n{variable}.save()'
            yield Example("Change one", code, calls="2 calls: query, revise (the one field)")
    for relation in meta.relations[:1]:
        code = f"for each in {variable}.related.{relation.name}.all():\n    print(each)"
        yield Example("What is related", code, calls=_RELATED)
    if module.has_items:
        code = f"{variable}.crm.load_items()\nfor item in {variable}.crm.items:\n"
        code += "    print(item.quantity, item.product_name)"
        yield Example("Its line items", code, calls="1 call: retrieve")


def _facts(module: ModulePage, meta: FieldMeta) -> FieldRow:
    return next(each for each in module.fields if each.meta is meta)


def _named(module: ModulePage) -> str | None:
    """A text field that names records."""
    names = [*reversed(module.meta.label_fields), *module.meta.fields]
    for name in names:
        each = module.meta.fields.get(name)
        if each is None or each.family is not Family.TEXT or not each.selectable:
            continue
        if "startswith" in _facts(module, each).lookups:
            return name
    return None


def _first(module: ModulePage, family: Family) -> FieldMeta | None:
    found = (each for each in module.fields if each.meta.family is family and each.lookups)
    return next((each.meta for each in found), None)


def _member(module: ModulePage, each: FieldRow) -> str | None:
    usable = each.meta.family is Family.CHOICE and each.picklist and "in" in each.lookups
    first = next((choice.member for choice in each.choices if choice.member), None)
    return f"{module.name}.{each.picklist}.{first}" if usable and first else None


def _is_needed(meta: FieldMeta) -> bool:
    filled = meta.kind is Kind.OWNER or meta.family is Family.SECRET
    asked = meta.mandatory and meta.editable and not meta.default
    return asked and not filled and meta.flaw is not Flaw.MULTIPLIES


def _given(module: ModulePage, each: FieldRow, crm: CrmFacts) -> str:
    """A value for a field that has to have one."""
    meta = each.meta
    member = _member(module, each)
    if member is not None:
        return member
    if meta.family is Family.CHOICES:
        return f"[{literal(each.choices[0].value)}]" if each.choices else '["..."]'
    if meta.family is Family.REFERENCE:
        targets = crm.targets(meta)
        return f'{targets[0].name}.ref("{targets[0].meta.prefix}x1")' if targets else '"11x1"'
    if meta.kind is Kind.EMAIL:
        return '"ada@example.com"'
    return _VALUES.get(meta.family, f'"{"New" if len(meta.name) < 4 else "Analytical"}"')
