"""The CRM's modules and fields, made from a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from ...metadata.module import Flaw
from ...metadata.snapshot import Instance, ModuleSnapshot, Snapshot
from .columns import ACTIVITIES, INVENTORY, Storage, StoredColumn, column_of
from .stock import in_server_order, relations_in_server_order

USERS: Final = "Users"
GROUPS: Final = "Groups"
LINE_ITEM: Final = "LineItem"

# In rows, though describe does not tell of them.
_UNDESCRIBED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "HelpDesk": (("update_log", "text"),),
    "LineItem": (("description", "text"),),
    **dict.fromkeys(
        sorted(INVENTORY - {"PurchaseOrder"}),
        (("image", "string"), ("purchase_cost", "double"), ("margin", "double")),
    ),
    "PurchaseOrder": (("image", "string"),),
}
_HIDDEN_COLUMNS: Final = frozenset({"hdnDiscountPercent", "hdnDiscountAmount"})


# A CRM needs users and groups, and these fields of them, even when its snapshot was pulled by
# somebody who may not see them.
_ESSENTIAL: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    USERS: (
        "19",
        (
            *("user_name", "is_admin", "user_password", "confirm_password", "first_name"),
            *("last_name", "email1", "status", "hour_format", "date_format", "accesskey"),
            *("time_zone", "callduration", "othereventduration"),
        ),
    ),
    GROUPS: ("20", ("groupname", "description")),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what describe says, and where it is kept."""

    name: str
    kind: str
    column: StoredColumn
    raw: Mapping[str, Any]
    """The field as described."""
    mandatory: bool
    editable: bool
    unique: bool
    default: str
    targets: tuple[str, ...]
    described: bool = True
    flaw: Flaw | None = None
    twin: str | None = None
    """The field under whose name its value comes back, where two share one column name."""

    @property
    def storage(self) -> Storage:
        return self.column.storage

    @property
    def queryable(self) -> bool:
        """Whether a query may name it at all."""
        return self.flaw is not Flaw.DENIED

    @property
    def returned(self) -> bool:
        """Whether its value appears in rows under its own name."""
        return self.flaw not in (Flaw.ABSENT, Flaw.DENIED, Flaw.UNSAYABLE) and self.twin is None


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """One module and its fields (`id` excluded)."""

    name: str
    prefix: str
    raw: Mapping[str, Any]
    """The describe answer without its fields."""
    fields: Mapping[str, Field]
    id_field: Mapping[str, Any] | None
    """`id` as described; ProductTaxes has none."""
    order: tuple[str, ...]
    """Names of all described fields, `id` among them, as the server lists them."""
    label_fields: tuple[str, ...]
    relations: tuple[Mapping[str, Any], ...]
    is_entity: bool
    information: Mapping[str, Any]
    """Its entry in listtypes."""
    listed: bool = True
    """False for a module that the CRM needs but its snapshot does not hold."""

    @property
    def table(self) -> str:
        """Name of its table: events and tasks share one."""
        return "m_Calendar" if self.name in ACTIVITIES else f"m_{self.name}"

    @property
    def owner_field(self) -> Field | None:
        field = self.fields.get("assigned_user_id")
        return field if field is not None and field.storage is Storage.OWNER else None

    @property
    def modified_field(self) -> Field | None:
        """The moment of the last change; one stock module writes the name with capitals."""
        return self.fields.get("modifiedtime") or self.fields.get("ModifiedTime")

    @property
    def keeps_files(self) -> bool:
        """Whether rows tell the ids of attachments, whatever fields were asked for."""
        return any(each.kind in ("image", "file") for each in self.fields.values())

    @property
    def is_inventory(self) -> bool:
        return self.name in INVENTORY

    @property
    def shares_ids(self) -> bool:
        """Whether its record numbers come from the counter that all records share."""
        return self.is_entity and self.name != USERS

    def labels(self) -> tuple[Field, ...]:
        """The fields that make a record's label."""
        names = [_LABEL_COLUMNS.get((self.name, each), each) for each in self.label_fields]
        return tuple(self.fields[each] for each in names if each in self.fields)


# describe gives a database column here that is not a field name.
_LABEL_COLUMNS: Final = {
    ("Documents", "title"): "notes_title",
    ("HelpDesk", "title"): "ticket_title",
}


class Schema:
    """All modules of one CRM, by name and by id prefix."""

    def __init__(self, instance: Instance, modules: Mapping[str, Module]) -> None:
        self.instance = instance
        self.modules: dict[str, Module] = dict(modules)
        self.by_prefix: dict[str, Module] = {each.prefix: each for each in modules.values()}
        self.told: dict[str, Mapping[str, Any]] = {}
        """What listtypes tells where it is known to tell more than the modules here."""

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules.values())

    @property
    def is_cloud(self) -> bool:
        """Whether the Cloud itself described it: it is served as it is then."""
        return self.instance.dialect == "cloud"

    @property
    def date_format(self) -> str:
        """How the user writes dates who pulled the snapshot: described with every date."""
        formats = (
            field.raw["type"].get("format")
            for module in self
            for field in module.fields.values()
            if field.kind == "date"
        )
        return next(filter(None, formats), "yyyy-mm-dd")

    @classmethod
    def of(cls, snapshot: Snapshot, *, lines: bool = True) -> Schema:
        """The schema of a snapshot. `lines`: whether inventory modules keep line items, which one
        family keeps in a module of its own."""
        modules = {
            name: _module(each, snapshot.instance, lines)
            for name, each in sorted(snapshot.modules.items(), key=lambda item: _order(item[1]))
        }
        taken = {each.prefix for each in modules.values()}
        for name in (USERS, GROUPS):
            if name not in modules:
                described = _essential(name, taken)
                taken.add(described.describe.id_prefix)
                module = _module(described, snapshot.instance, lines)
                modules[name] = replace(module, listed=False)
        return cls(snapshot.instance, modules)

    @classmethod
    def load(cls, folder: str | Path) -> Schema:
        """The schema of a snapshot folder. Raises `SnapshotError` when it cannot be read."""
        return cls.of(Snapshot.load(folder))

    @classmethod
    def demo(cls) -> Schema:
        """The schema of the demo CRM; read once."""
        return _demo()


@cache
def _demo() -> Schema:
    with as_file(files("vtiger_orm.emulator").joinpath("demo")) as folder:
        return Schema.load(folder)


def _order(module: ModuleSnapshot) -> tuple[bool, int]:
    """Entities first, each group by prefix, as listtypes does."""
    describe = module.describe
    return not describe.is_entity, int(describe.id_prefix)


def _module(snapshot: ModuleSnapshot, instance: Instance, lines: bool) -> Module:
    describe, raw = snapshot.describe, snapshot.raw
    name = describe.name
    id_field = None
    fields: dict[str, Field] = {}
    raw_fields = {each["name"]: each for each in raw.get("fields", ())}
    by_name = {each.name: each for each in describe.fields}
    order = in_server_order(name, by_name)
    for described in (by_name[each] for each in order):
        if described.name == "id":
            id_field = raw_fields["id"]
            continue
        fields[described.name] = Field(
            name=described.name,
            kind=described.type.name,
            column=column_of(name, raw_fields[described.name], lines=lines),
            raw=raw_fields[described.name],
            mandatory=described.mandatory,
            editable=described.editable,
            unique=described.isunique,
            default=described.default or "",
            targets=tuple(described.type.refers_to),
            flaw=_flaw(name, described.name, snapshot),
            twin=_twin(name, described.name) if lines else None,
        )
    for extra, kind in _UNDESCRIBED.get(name, ()):
        if extra not in fields and (lines or name not in INVENTORY):
            fields[extra] = _undescribed(name, extra, kind)
    for needed in _ESSENTIAL.get(name, ("", ()))[1]:
        if needed not in fields:
            fields[needed] = replace(_undescribed(name, needed, "string"), flaw=Flaw.DENIED)
    types = instance.types.get(name)
    information = {
        "isEntity": describe.is_entity,
        "label": describe.label,
        "singular": describe.label,
        **(types.model_dump(by_alias=True) if types else {}),
    }
    return Module(
        name=name,
        prefix=describe.id_prefix,
        raw={key: value for key, value in raw.items() if key != "fields"},
        fields=fields,
        id_field=id_field,
        order=tuple(order),
        label_fields=tuple(describe.label_fields),
        relations=_relations(snapshot),
        is_entity=describe.is_entity,
        information=information,
    )


def _relations(snapshot: ModuleSnapshot) -> tuple[Mapping[str, Any], ...]:
    """The answer of `relatedtypes`, in the order of a stock server."""
    given = snapshot.to_json()["relations"]
    labels = relations_in_server_order(snapshot.describe.name, [each["label"] for each in given])
    rank = {label: position for position, label in enumerate(labels)}
    return tuple(sorted(given, key=lambda each: rank[each["label"]]))


def _essential(name: str, taken: set[str]) -> ModuleSnapshot:
    prefix, fields = _ESSENTIAL[name]
    if prefix in taken:
        prefix = str(max(map(int, taken)) + 1)
    return ModuleSnapshot.model_validate(
        {
            "describe": {
                "name": name,
                "label": name,
                "idPrefix": prefix,
                "isEntity": name == USERS,
                "fields": [
                    *({"name": each, "type": {"name": "string"}} for each in fields),
                    {"name": "id", "type": {"name": "autogenerated"}},
                ],
            }
        }
    )


def _flaw(module: str, field: str, snapshot: ModuleSnapshot) -> Flaw | None:
    if module == "ProductTaxes":
        return None  # what it lacks is an `id`, and every select list gets one
    known = snapshot.flaws.get(field)
    if known is not None:
        return known
    if not field.replace("_", "a").isalnum() or not field.isascii():
        return Flaw.UNSAYABLE
    if module in ("Products", "Services") and _is_numbered(field, "tax", "currency"):
        return Flaw.DENIED
    if (module, field) == ("Emails", "filename"):
        return Flaw.DENIED
    return None


def _twin(module: str, field: str) -> str | None:
    if module in INVENTORY and field in _HIDDEN_COLUMNS:
        return "discount_percent" if field == "hdnDiscountPercent" else "discount_amount"
    return None


def _is_numbered(name: str, *stems: str) -> bool:
    return any(name.startswith(stem) and name[len(stem) :].isdecimal() for stem in stems)


def _undescribed(module: str, name: str, kind: str) -> Field:
    raw = {"name": name, "label": name, "type": {"name": kind}}
    return Field(
        name=name,
        kind=kind,
        column=column_of(module, raw),
        raw=raw,
        mandatory=False,
        editable=False,
        unique=False,
        default="",
        targets=(),
        described=False,
    )
