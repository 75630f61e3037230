"""The sentences of generated docstrings. Each ends in a full stop (`literals.docstring`)."""

from __future__ import annotations

from typing import Final

from vtiger_orm.metadata.describe import TypeInformation
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta, Flaw, ModuleMeta

from ..text.literals import one_line, phrase

_KINDS: Final = {
    Kind.STRING: "",
    Kind.TEXT: "Text of several lines.",
    Kind.PHONE: "Phone number.",
    Kind.EMAIL: "E-mail address.",
    Kind.URL: "Web address.",
    Kind.SKYPE: "Skype name.",
    Kind.BOOLEAN: "Yes or no.",
    Kind.INTEGER: "Whole number.",
    Kind.DOUBLE: "Decimal number.",
    Kind.CURRENCY: "Amount in the CRM's base currency.",
    Kind.DATE: "Date.",
    Kind.DATETIME: "Moment, with time zone.",
    Kind.TIME: "Time of day.",
    Kind.PICKLIST: "Picklist.",
    Kind.MULTIPICKLIST: "Picklist, several values.",
    Kind.OWNER: "Owner, a user or a group.",
    Kind.IMAGE: "Name of an image file.",
    Kind.FILE: "Name of a file.",
}

_LONGEST_LIST: Final = 4

_FLAWS: Final = {
    Flaw.UNSAYABLE: "Queries cannot name it.",
    Flaw.DENIED: "The CRM refuses queries that name it.",
    Flaw.ABSENT: "Queries filter by it but do not return it.",
    Flaw.UNSORTABLE: "Queries cannot sort by it.",
    Flaw.MULTIPLIES: "Queries that name it count lines instead of records.",
}


def field_doc(field: FieldMeta) -> str:
    """Label, wire name where it differs, type with unit, and what is special."""
    if field.wire == "id":
        return "Id of the record, given by the CRM."
    wire = f" (`{one_line(field.wire, 60)}`)" if field.wire != field.name else ""
    parts = [f"{phrase(field.label)}{wire}.", _type(field)]
    parts += ["Mandatory."] if field.mandatory else []
    parts += [] if field.editable else ["Read-only."]
    parts += [f"At most {field.length} characters."] if field.length else []
    parts += [_FLAWS[field.flaw]] if field.flaw else []
    return " ".join(part for part in parts if part)


def _type(field: FieldMeta) -> str:
    if field.kind is not Kind.REFERENCE:
        return _KINDS[field.kind]
    if not field.targets:
        return "Reference; the CRM does not tell to what."
    *most, last = (one_line(each, 40) for each in sorted(field.targets))
    if len(most) > _LONGEST_LIST:
        most, last = most[:_LONGEST_LIST], f"{len(most) + 1 - _LONGEST_LIST} other modules"
    return f"Reference to {', '.join(most)}{' or ' if most else ''}{last}."


def picklist_doc(field: FieldMeta) -> str:
    return f"{phrase(field.label)} (`{one_line(field.wire, 60)}`)."


def module_title(meta: ModuleMeta, name: str) -> str:
    """The first line of the module's file."""
    shown = f', shown as "{phrase(meta.label)}"' if meta.label != meta.name else ""
    wire = f" ({meta.name} on the wire)" if name != meta.name else ""
    return f"The module {name}{wire} of the CRM{shown}; ids are {meta.prefix}x<number>."


def module_doc(meta: ModuleMeta, information: TypeInformation | None) -> str:
    """The docstring of the model."""
    singular = phrase(information.singular if information else "")
    if not singular or singular.startswith("SINGLE_"):
        singular = phrase(meta.label) or meta.name
    return f"{singular}: one record of {meta.name}."
