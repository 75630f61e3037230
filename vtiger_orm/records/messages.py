"""What a record says when it refuses: what happened, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidValue, NotLoaded, RecordError
from ..metadata.module import Flaw
from ..values import unreadable

if TYPE_CHECKING:
    from pydantic import ValidationError

    from .record import BaseRecord

_DJANGO = {"pk": "id", "refresh_from_db": "refresh()", "arefresh_from_db": "arefresh()"}
"""What people who know Django look for on a record, and what it is called here."""

_NOT_IN_QUERIES = (Flaw.UNSAYABLE, Flaw.DENIED, Flaw.ABSENT, Flaw.MULTIPLIES)


def not_here(record: BaseRecord, name: str) -> RecordError:
    """Why a field of the model has no value on this record."""
    model = type(record).__name__
    meta = record._columns[name].meta
    raw = record._state.raw
    if raw and name in raw:
        return unreadable(meta, raw[name])
    id_ = record._saved_id
    if id_ is None:
        return NotLoaded(
            f"This {model} record was not saved yet, so it has no {name}: call save() first."
        )
    if meta.flaw in _NOT_IN_QUERIES:
        return NotLoaded(
            f"{model}.{name} of {id_} was not read: queries of this CRM never answer it. "
            "record.refresh() reads it."
        )
    return NotLoaded(
        f"{model}.{name} of {id_} was not read: the query did not name it, or this user may not "
        "see it. Name it in only(...), or read the whole record with record.refresh()."
    )


def unknown_name(model: type[BaseRecord], name: str) -> str:
    """That there is no such field, with the one that was probably meant."""
    if name in _DJANGO:
        return f"{model.__name__} has no {name!r}: use {_DJANGO[name]}."
    from difflib import get_close_matches

    close = get_close_matches(name, model._columns, n=1)
    meant = model._attribute_of(name) or (close[0] if close else None)
    if meant is not None:
        return f"{model.__name__} has no field {name!r}. Did you mean {meant!r}?"
    return (
        f"{model.__name__} has no field {name!r}. If it is new in the CRM, use "
        f"record.extra[{name!r}], or run: vtiger-orm pull && vtiger-orm generate"
    )


def not_of_class(model: type[BaseRecord], name: str) -> str:
    """Why the class has no such attribute: fields belong to records, queries to `objects`."""
    if name in model._columns:
        return (
            f"{model.__name__}.{name} is a field: records hold its value, queries name it in text "
            f"({name!r}), and what is known of it is {model.__name__}.meta.fields[{name!r}]."
        )
    text = f"{model.__name__} has no attribute {name!r}"
    if model._facts is None:  # `Record` itself, perhaps still being made
        return text
    elsewhere = model._elsewhere(name)
    if elsewhere is not None:
        return f"{text}: write {elsewhere}"
    from difflib import get_close_matches

    close = get_close_matches(name, {*model._columns, *dir(model)}, n=1)
    meant = model._attribute_of(name) or (close[0] if close else None)
    return f"{text}. Did you mean {meant!r}?" if meant else text


def read_only(model: type[BaseRecord], name: str) -> str:
    """That the CRM ignores what is written to this field."""
    if name == "id":
        return f"The id of {model.__name__} is given by the CRM and cannot be assigned."
    return f"{model.__name__}.{name} is read-only: the CRM ignores what is sent for it."


def refused(model: type[BaseRecord], error: ValidationError) -> InvalidValue:
    """One error of this library for all that pydantic found wrong."""
    lines = []
    for each in error.errors(include_url=False):
        cause = each.get("ctx", {}).get("error")
        name = ".".join(str(part) for part in each["loc"])
        lines.append(str(cause) if isinstance(cause, InvalidValue) else f"{name}: {each['msg']}")
    return InvalidValue(f"{model.__name__}: " + "\n".join(lines))
