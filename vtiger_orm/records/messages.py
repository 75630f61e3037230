"""What a record says when it refuses: what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ..errors import InvalidId, InvalidValue, NotLoaded, RecordError, suggest
from ..metadata.module import Flaw, shows_item

if TYPE_CHECKING:
    from pydantic import ValidationError

    from ..calls.environment import Environment
    from ..calls.protocols import Runner
    from .mapper import Mapper

_DJANGO = {"pk": "id", "refresh_from_db": "refresh()", "arefresh_from_db": "arefresh()"}
"""What people who know Django look for on a record, and what it is called here."""

_NOT_IN_QUERIES = (Flaw.UNSAYABLE, Flaw.DENIED, Flaw.ABSENT, Flaw.MULTIPLIES)


def not_here(
    mapper: Mapper,
    name: str,
    id: str | None,
    raw: Mapping[str, object],
    runner: Runner | None = None,
) -> RecordError:
    """Why a field of the model has no value on the record with this id and these unreadable
    values; `runner` is the session that handed it out."""
    meta = mapper.columns[name].meta
    if name in raw:
        from ..values import unreadable  # a model is there without it

        return unreadable(meta, raw[name])
    if id is None:
        return NotLoaded(
            f"This {mapper.name} record was not saved yet, so it has no {name}: call save() first."
        )
    module = mapper.facts.name if mapper.facts is not None else ""
    env = None if runner is None else _environment(runner)
    if env is not None and meta.wire in env.knowledge.refused(module):
        return NotLoaded(
            f"{mapper.name}.{name} of {id} was not read: the CRM refuses this user's queries that "
            "name it, since the user's profile hides it or it was removed after the pull, and "
            "the session leaves such fields out (missing_fields='defer')."
        )
    if shows_item(meta):
        return NotLoaded(
            f"{mapper.name}.{name} of {id} was not read: it shows a line item. "
            "record.crm.load_items() reads those, into record.crm.items."
        )
    if env is not None and env.lists is not None:
        from ..dialects import restfulapi_columns as lists  # a model starts without

        if why := lists.why_untold(module, meta):
            return NotLoaded(f"{mapper.name}.{name} of {id} was not read: {why}")
        if why := lists.why_not_in_row(meta):
            return NotLoaded(
                f"{mapper.name}.{name} of {id} was not read. If the query names it: {why}"
            )
    if meta.flaw in _NOT_IN_QUERIES:
        return NotLoaded(
            f"{mapper.name}.{name} of {id} was not read: queries of this CRM never answer it. "
            "record.refresh() reads it."
        )
    return NotLoaded(
        f"{mapper.name}.{name} of {id} was not read: the query did not name it, or this user may "
        "not see it. Name it in only(...), or read the whole record with record.refresh()."
    )


def _environment(runner: Runner) -> Environment:
    from ..calls.protocols import environment_of  # a model starts without

    return environment_of(runner)


def unknown_name(mapper: Mapper, name: str) -> str:
    """That there is no such field, with the one that was probably meant."""
    if name in _DJANGO:
        return f"{mapper.name} has no {name!r}: use {_DJANGO[name]}."
    meant = mapper.attribute_of(name) or suggest(name, mapper.columns)
    if meant is not None:
        return f"{mapper.name} has no field {name!r}. Did you mean {meant!r}?"
    return (
        f"{mapper.name} has no field {name!r}. If it is new in the CRM, use "
        f"record.extra[{name!r}], or run: vtiger-orm pull && vtiger-orm generate"
    )


def not_of_class(
    mapper: Mapper,
    name: str,
    elsewhere: Callable[[str], str | None],
    attributes: Callable[[], Iterable[str]],
) -> str:
    """Why the class has no such attribute: fields belong to records, queries to `objects`.

    `elsewhere` tells where a name is found instead, `attributes` those the class has.
    """
    if name in mapper.columns:
        return (
            f"{mapper.name}.{name} is a field: records hold its value, queries name it in text "
            f"({name!r}), and what is known of it is {mapper.name}.meta.fields[{name!r}]."
        )
    text = f"{mapper.name} has no attribute {name!r}"
    found = elsewhere(name)
    if found is not None:
        return f"{text}: write {found}"
    meant = mapper.attribute_of(name) or suggest(name, {*mapper.columns, *attributes()})
    return f"{text}. Did you mean {meant!r}?" if meant else text


def read_only(mapper: Mapper, name: str) -> str:
    """That the CRM ignores what is written to this field."""
    if name == "id":
        return f"The id of {mapper.name} is given by the CRM and cannot be assigned."
    text = f"{mapper.name}.{name} is read-only: the CRM ignores what is sent for it."
    if mapper.columns[name].meta.flaw is Flaw.MULTIPLIES:
        text += " It shows a line item: those are in record.crm.items."
    return text


def refused(mapper: Mapper, error: ValidationError) -> InvalidValue:
    """One error of this library for all that pydantic found wrong."""
    found = error.errors(include_url=False)
    lines = []
    for each in found:
        cause = each.get("ctx", {}).get("error")
        if isinstance(cause, InvalidId) and len(found) == 1:
            return cause
        name = ".".join(str(part) for part in each["loc"])
        lines.append(str(cause) if isinstance(cause, InvalidValue) else f"{name}: {each['msg']}")
    return InvalidValue(f"{mapper.name}: " + "\n".join(lines))
