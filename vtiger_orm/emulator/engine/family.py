"""The modules of servers that have others than the demo: recorded describe answers, completed.

A server of the family has the demo's modules, less those it is known to lack. Where its describe
answer was recorded, that one is used, with the demo's custom fields behind it; where only a row
was, the fields are the keys of that row, as the demo describes them. A module of which nobody saw
more than its name stays a name: it is listed, and asking for it is refused as not measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Final

from ...metadata.module import Flaw
from ...metadata.snapshot import ModuleSnapshot, Snapshot
from .. import profiles
from ..profiles import Profile
from .columns import MAIN
from .schema import LINE_ITEM, Field, Module, Schema
from .stock import in_server_order

Raw = dict[str, Any]

_UNKNOWN_TYPE: Final = {"name": "string"}
# What rows and forms of one family hold though no describe of that module was recorded.
_TYPES: Final[Mapping[str, Raw]] = {
    "convertedfromlead": {"name": "reference", "refersTo": ["Leads"]},
    "created_user_id": {"name": "reference", "refersTo": ["Users"]},
    "commentadded": {"name": "boolean"},
    "cost_price": {"name": "currency"},
    "from_mailscanner": {"name": "boolean"},
    "email": {"name": "email"},
}
_NOT_IN_COREBOS: Final = frozenset({"source", "starred", "tags"})
# References that lead to more modules there.
_TARGETS: Final = {
    ("Potentials", "related_to"): ["Accounts", "Contacts"],
    ("HelpDesk", "parent_id"): ["Accounts", "Contacts"],
}


def schema_of(profile: Profile) -> Schema:
    """The schema of an installation of that kind with the demo's records in mind."""
    if not profile.recorded:
        return Schema.demo()
    return _schema_of(profile.recorded, profile.absent_modules)


@cache
def _schema_of(recorded: str, absent: frozenset[str]) -> Schema:
    with as_file(files("vtiger_orm.emulator").joinpath("demo")) as folder:
        demo = Snapshot.load(folder)
    own = _recorded(recorded)
    modules = {
        each.describe.name: each
        for each in (*_kept(demo, own, absent, recorded), *_described(demo, own))
    }
    # Nobody may ask for it, but the items of the forms are kept there.
    modules.setdefault(LINE_ITEM, demo.modules[LINE_ITEM])
    information = own["information"]
    instance = demo.instance.model_copy(
        update={
            "prefixes": {name: each.describe.id_prefix for name, each in modules.items()},
            "types": {name: demo.instance.types[name] for name in demo.instance.types},
        }
    )
    snapshot = Snapshot(instance=instance, modules=modules)
    if recorded == "corebos":
        schema = _with_six_digits(Schema.of(snapshot, lines=False))
    else:
        schema = _with_own_discounts(Schema.of(snapshot))
    schema.told = dict(information)
    if LINE_ITEM in absent:
        schema.modules[LINE_ITEM] = replace(schema.modules[LINE_ITEM], listed=False)
    return schema


def _with_own_discounts(schema: Schema) -> Schema:
    """F-RevoCRM lists the discounts of an offer behind those of its items, so that under the name
    of their column it is the offer's that come back."""
    modules = {
        module.name: (
            replace(
                module, fields={name: _own_discount(each) for name, each in module.fields.items()}
            )
            if module.is_inventory
            else module
        )
        for module in schema
    }
    return Schema(schema.instance, modules)


def _own_discount(field: Field) -> Field:
    if field.name in ("discount_amount", "discount_percent"):
        return replace(field, flaw=Flaw.ABSENT)
    if field.twin:
        return replace(field, twin=None, column=replace(field.column, table=MAIN))
    return field


def _with_six_digits(schema: Schema) -> Schema:
    """Amounts of coreBOS have six digits where those of Vtiger have eight."""
    modules = {
        module.name: replace(
            module, fields={name: _six_digits(module, each) for name, each in module.fields.items()}
        )
        for module in schema
    }
    return Schema(schema.instance, modules)


def _six_digits(module: Module, field: Field) -> Field:
    column = field.column
    digits = _DIGITS.get((module.name, field.name), 6 if column.digits == 8 else column.digits)
    return replace(field, column=replace(column, digits=digits))


_DIGITS: Final = {
    ("InventoryDetails", "total_stock"): 6,
    ("InventoryDetails", "remaining_units"): 2,
}


def _recorded(name: str) -> Raw:
    path = files("vtiger_orm.emulator.engine").joinpath("recorded", f"{name}.json")
    content: Raw = json.loads(path.read_text(encoding="utf-8"))
    return content


def _kept(
    demo: Snapshot, own: Raw, absent: frozenset[str], family: str
) -> Iterator[ModuleSnapshot]:
    """Modules of the demo that the server has as well, in its shape."""
    for each in demo:
        name = each.describe.name
        if name in absent or name in own["modules"]:
            continue
        raw = dict(each.raw)
        if family == "corebos":
            keys = own["rows"].get(name)
            known = own["modules"]["Quotes"]["fields"]
            raw = _corebos(raw, keys, {field["name"]: field for field in known})
        elif name == "LineItem":
            known = {field["name"]: field for field in raw["fields"]}
            order = in_server_order(name, sorted(known))
            raw["fields"] = [*(known[each] for each in order), *_LINE_FIELDS]
        yield _module(raw, each, absent)


# Of F-RevoCRM; in answers only.
_LINE_FIELDS: Final = (
    {"name": "usageunit", "label": "usageunit", "mandatory": False, "type": {"name": "string"}},
    {
        "name": "reducedtaxrate",
        "label": "reducedtaxrate",
        "mandatory": False,
        "type": {"name": "boolean"},
    },
)


def _described(demo: Snapshot, own: Raw) -> Iterator[ModuleSnapshot]:
    for name, recorded in own["modules"].items():
        raw = dict(recorded)
        same = demo.modules.get(name)
        if same is not None:
            custom = [each for each in same.raw["fields"] if each["name"].startswith("cf_")]
            raw["fields"] = [*raw["fields"], *custom]
        yield _module(raw, same, frozenset(), own.get("relations", {}).get(name))


def _module(
    raw: Raw,
    same: ModuleSnapshot | None,
    absent: frozenset[str],
    relations: list[Raw] | None = None,
) -> ModuleSnapshot:
    """A snapshot of a describe answer, with the related lists it tells or those of the demo."""
    told = raw.get("relatedModules")
    if relations is not None:
        pass
    elif isinstance(told, dict):
        relations = [
            {"name": each["related_module"], "label": label, "isEntity": "1", "told": each}
            for label, each in told.items()
        ]
    else:
        given = same.relations if same is not None else []
        relations = [
            each.model_dump(by_alias=True, exclude_unset=True)
            for each in given
            if each.name not in absent
        ]
    names = {each["name"] for each in raw["fields"]}
    flaws = same.flaws if same is not None else {}
    return ModuleSnapshot.model_validate(
        {
            "describe": raw,
            "relations": relations,
            "flaws": {name: flaw for name, flaw in flaws.items() if name in names},
        }
    )


def _corebos(raw: Raw, keys: list[str] | None, known: Mapping[str, Raw]) -> Raw:
    """A describe answer of the demo in the shape of coreBOS."""
    given = {each["name"]: each for each in raw["fields"]}
    if keys is None:
        names = [name for name in given if name not in _NOT_IN_COREBOS]
        if raw["isEntity"] and "created_user_id" not in given and "modifiedtime" in given:
            names.append("created_user_id")
    else:
        custom = [name for name in given if name.startswith("cf_")]
        # Nobody gets to see them, but nobody could log in without.
        secrets = sorted(profiles.SECRETS_OF_USERS) if raw["name"] == "Users" else []
        names = [*keys, *secrets, *custom, "id"]
    fields = []
    for position, name in enumerate(names, start=1):
        field = given.get(name) or known.get(name) or {"name": name, "label": name}
        targets = _TARGETS.get((raw["name"], name))
        if targets is not None:
            field = {**field, "type": {**field["type"], "refersTo": targets}}
        fields.append(_corebos_field(field, position))
    if raw["name"] == "Currency":
        fields.append(
            _corebos_field(
                {"name": "currency_position", "label": "Position", "type": {"name": "char"}}, 0
            )
        )
    whole = {key: value for key, value in raw.items() if key != "allowDuplicates"}
    return {**whole, "label_raw": raw["label"], "fields": fields, "filterFields": {}}


def _corebos_field(field: Raw, position: int) -> Raw:
    shaped = {key: value for key, value in field.items() if key != "isunique"}
    shaped.setdefault("type", _TYPES.get(field["name"], _UNKNOWN_TYPE))
    shaped.setdefault("mandatory", False)
    shaped.setdefault("nullable", True)
    shaped.setdefault("editable", field["name"] not in _TYPES)
    shaped.setdefault("default", "")
    return {"label_raw": field["label"], "sequence": str(position), **shaped}
