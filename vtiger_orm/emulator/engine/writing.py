"""Writing records: what is checked, what is filled in, what is ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from . import owners, rules
from .accept import accept, empty
from .columns import ACTIVITIES, CONTACTS_OF_ACTIVITY, LINES
from .context import Context
from .errors import (
    Crash,
    CrmError,
    PlainText,
    database_error,
    internal_error,
    mandatory_missing,
)
from .labels import encoded_again
from .php import php_text
from .schema import Field, Module
from .store import LIVE
from .tables import own_columns, quoted

# What the server fills in itself, whatever is sent; one module writes two names with capitals.
_UNTOUCHED: Final = rules.IGNORED | {
    *("id", "createdtime", "modifiedtime", "modifiedby", "CreatedTime", "ModifiedTime"),
    *("source", "creator", "created_user_id"),
}
_PREFIX: Final = re.compile(r"[0-9]+", re.ASCII)

# Prefixes of record numbers (CON1387); other modules take their first three letters.
_NUMBER_PREFIXES: Final = {
    "Potentials": "POT",
    "HelpDesk": "TT",
    "SalesOrder": "SO",
    "PurchaseOrder": "PO",
    "Project": "PROJ",
    "ProjectTask": "PT",
    "ProjectMilestone": "PM",
    "ServiceContracts": "SERCON",
    "Assets": "ASSET",
    "PriceBooks": "PB",
    "Vehicles": "VEH-",
}
# Their description survives an update that does not send it.
_UNDAMAGED: Final = frozenset({"Potentials"})


def is_blank(value: Any) -> bool:
    """Whether a mandatory field counts as missing; a single blank does not."""
    return value is None or value == ""


class Writer:
    """Writes to one module for one user."""

    def __init__(self, ctx: Context, module: Module) -> None:
        self._ctx = ctx
        self._module = module
        self._view = ctx.view(module)
        self._owner: int | None = None
        """The owner that was written, where one was sent."""

    def check(self, element: Mapping[str, Any], *, creating: bool) -> None:
        """What is looked at before anything is stored, in the server's order."""
        self.check_references(element)
        if creating:
            self.check_mandatory(element)
        else:
            self.check_not_emptied(element)
        owners.check_assignable(self._ctx, self._module, element)

    def check_references(self, element: Mapping[str, Any]) -> None:
        """Raises for a reference that is no id, or the id of a module it may not point to."""
        for field in self._module.fields.values():
            if field.kind == "reference" and field.name in element:
                self._reference(field, element[field.name])

    def check_mandatory(self, element: Mapping[str, Any]) -> None:
        """Raises for the first mandatory field without a value, and only for that one."""
        for field in self._module.fields.values():
            if field.mandatory and is_blank(element.get(field.name)):
                raise self._missing(field)

    def check_not_emptied(self, element: Mapping[str, Any]) -> None:
        """The same for the mandatory fields that are sent."""
        for field in self._module.fields.values():
            if field.mandatory and field.name in element and is_blank(element[field.name]):
                raise self._missing(field)

    def _missing(self, field: Field) -> CrmError:
        named = field.name
        if self._ctx.profile.names_labels:
            named = f"{field.raw.get('label', field.name)} ({field.name})"
        return mandatory_missing(f"{named} does not have a value")

    def insert(self, element: Mapping[str, Any]) -> int:
        """Store a new record; its number. Fields nobody knows are ignored."""
        ctx, module = self._ctx, self._module
        given = self._accepted(element, creating=True)
        self._check_unique(given, None)
        values = {**blank_row(module), **given}
        now = ctx.now()
        for name, value in (
            ("createdtime", now),
            ("modifiedtime", now),
            ("CreatedTime", now),
            ("ModifiedTime", now),
            ("modifiedby", ctx.user.number),
            ("creator", ctx.user.number),
            ("created_user_id", ctx.user.number),
            ("source", rules.source(element.get("source"))),
        ):
            if name in module.fields:
                values[name] = value
        owner = module.owner_field
        if owner is not None and owner.name not in given:
            values[owner.name] = ctx.user.number
        numbering = number_field(module)
        if numbering is not None:
            numbers = ctx.profile.numbers_records
            values[numbering.name] = self._record_number() if numbers else ""
        rules.complete_new(ctx, module, element, values)
        number = ctx.store.new_number(module)
        ctx.store.register(module, number)
        ctx.store.insert(module, number, values)
        self._settle(number, element)
        return number

    def change(self, number: int, element: Mapping[str, Any]) -> None:
        """Change the fields of `element` that the user may edit."""
        given = self._accepted(element, creating=False)
        self._check_unique(given, number)
        modified = self._module.modified_field
        if modified is not None:
            given[modified.name] = self._ctx.now()
        if "modifiedby" in self._module.fields:
            given["modifiedby"] = self._ctx.user.number
        rules.complete_changed(self._ctx, self._module, number, element, given)
        self._ctx.store.update(self._module, number, given)
        self._settle(number, element)

    def conclude(self, number: int) -> None:
        """What happens once the record is stored: some writes end in an error, though done.

        Raises `PlainText` for an owner that does not exist in modules whose workflows run, and
        INTERNAL_SERVER_ERROR for an activity that starts at no moment.
        """
        ctx, module = self._ctx, self._module
        if rules.starts_at_no_moment(module, self._activity(number)):
            ctx.store.keep()
            raise internal_error()
        ending = ctx.profile.unknown_owner
        told = ending != "workflows stop"
        watched = self._owner is not None and (told or module.name in owners.RUN_WORKFLOWS)
        if watched and self._owner != 0 and not owners.exists(ctx, self._owner):
            ctx.store.keep()
            if told:
                raise database_error() if ending == "database error" else internal_error()
            raise PlainText("Sorry! Attempt to access restricted file.")

    def _activity(self, number: int) -> Mapping[str, Any]:
        if self._module.name not in ACTIVITIES:
            return {}
        names = ("date_start", "time_start", "due_date", "time_end")
        known = [name for name in names if name in self._module.fields]
        row = self._ctx.store.row(
            f"SELECT {', '.join(map(quoted, known))} FROM {quoted(self._module.table)} "
            "WHERE id = ?",
            (number,),
        )
        return dict(zip(known, row or ()))

    def damage_description(self, number: int, element: Mapping[str, Any]) -> None:
        """What `update` does to a description it was not sent."""
        module, store = self._module, self._ctx.store
        if "description" in element or "description" not in module.fields:
            return
        if module.name in _UNDAMAGED:
            return
        names = ["description", *(each.name for each in own_columns(module))]
        row = store.row(
            f"SELECT {', '.join(map(quoted, names))} FROM {quoted(module.table)} WHERE id = ?",
            (number,),
        )
        if row is None or not row[0]:
            return
        # Where some other field holds the very same text, it is spared.
        if sum(value == row[0] for value in row[1:]) == 1:
            store.update(module, number, {"description": encoded_again(row[0])})

    def _accepted(self, element: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
        module, user = self._module, self._ctx.user
        numbering = number_field(module)
        values: dict[str, Any] = {}
        for name, value in element.items():
            field = module.fields.get(name)
            if field is None or name in _UNTOUCHED:
                continue
            elsewhere = field.column.table in (LINES, CONTACTS_OF_ACTIVITY)
            if field is numbering or (elsewhere and field.twin is None):
                continue
            if not creating and not self._view.editable(field):
                continue
            if field.kind == "owner":
                blank = is_blank(value)
                values[name] = user.number if blank else self._owner_number(value)
                if field is module.owner_field:
                    self._owner = values[name]
            elif field.kind == "reference":
                values[name] = self._reference(field, value)
            else:
                values[name] = self._accept(field, value)
        return values

    def _accept(self, field: Field, value: Any) -> Any:
        lists = self._ctx.profile.lists_in_text
        return accept(self._module, field, value, self._ctx.user, lists=lists)

    def _owner_number(self, value: Any) -> int:
        return owners.owner_number(self._ctx, value)

    def _reference(self, field: Field, value: Any) -> int:
        """The number of a reference; what has no ``x`` is read as a prefix alone."""
        if is_blank(value):
            return 0
        if isinstance(value, list | dict):
            raise Crash(f"{field.name}: an array where an id is read")
        text = php_text(value)
        match = _PREFIX.match(text) if "x" not in text else None
        wire = self._ctx.wire_id(f"{match[0]}x" if match is not None else text)
        if wire.module.name not in self._view.targets(field):
            raise CrmError("REFERENCE_INVALID", f"Invalid reference specified for {field.name}")
        return wire.number or 0

    def _check_unique(self, values: Mapping[str, Any], number: int | None) -> None:
        if not self._ctx.profile.checks_duplicates:
            return
        for name, value in values.items():
            if not self._module.fields[name].unique or value in ("", None):
                continue
            table, column = quoted(self._module.table), quoted(name)
            twin = self._ctx.store.row(
                f"SELECT 1 FROM {table} WHERE {column} = ? AND _state = {LIVE} AND id <> ?",
                (value, number or 0),
            )
            if twin is not None:
                raise CrmError(0, "Duplicate(s) detected!")

    def _record_number(self) -> str:
        prefix = _NUMBER_PREFIXES.get(self._module.name, self._module.name[:3].upper())
        return f"{prefix}{self._ctx.store.next_number(f'number {self._module.name}')}"

    def _settle(self, number: int, element: Mapping[str, Any]) -> None:
        """What a write does outside the record's own columns: the contact of an event or task
        is a relation, and its type decides which of the two it is."""
        if self._module.name in ACTIVITIES and "activitytype" in self._module.fields:
            self._ctx.store.classify_activity(number)
        field = self._module.fields.get("contact_id")
        if field is None or field.column.table != CONTACTS_OF_ACTIVITY:
            return
        if "contact_id" not in element:
            return
        contact = self._reference(field, element["contact_id"])
        self._ctx.store.execute("DELETE FROM activity_contact WHERE activity = ?", (number,))
        if contact:
            self._ctx.store.execute("INSERT INTO activity_contact VALUES (?, ?)", (number, contact))


@lru_cache(maxsize=512)
def number_field(module: Module) -> Field | None:
    """The field that holds the running number of the module's records (``contact_no``)."""
    for field in module.fields.values():
        if field.kind == "string" and not field.editable and field.name.endswith("no"):
            return field
    return None


@lru_cache(maxsize=512)
def blank_row(module: Module) -> Mapping[str, Any]:
    """What the columns of a record keep that was created without any field."""
    return {field.name: empty(field) for field in own_columns(module)}
