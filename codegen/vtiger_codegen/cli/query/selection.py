"""From the words of a command line to a selection: conditions, orders and fields as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache, partial
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vtiger_orm.conditions.field_names import parse_order, readable_field, with_id
from vtiger_orm.conditions.lookups import SHAPES, Shape, split_keyword
from vtiger_orm.conditions.q import resolve
from vtiger_orm.conditions.tree import Node, Selection, all_of, negated
from vtiger_orm.errors import ConfigError, InvalidLookup, InvalidValue, SnapshotError, suggest
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.package import FORMAT, Package
from vtiger_orm.values import convert
from vtiger_orm.values.reading import read_boolean, read_day, read_moment

from ...naming.lock import ModuleNames, NamesLock


@dataclass(frozen=True, slots=True)
class Question:
    """What the options of ``vtiger-orm query`` say, still as text."""

    module: str
    where: tuple[str, ...] = ()
    """Each ``field__lookup=value``; all must hold."""
    exclude: tuple[str, ...] = ()
    """As `where`; none may hold."""
    order: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    limit: int | None = None


def meta_of(snapshot: Snapshot, lock: NamesLock, module: str) -> ModuleMeta:
    """The module's facts, with the names of the generated package where it has been made.

    Raises `SnapshotError` naming the nearest module there is.
    """
    found = snapshot.modules.get(module)
    if found is None:
        close = suggest(module, snapshot.modules)
        hint = f"Did you mean {close}?" if close else f"It has: {', '.join(snapshot.modules)}."
        raise SnapshotError(f"The snapshot has no module {module!r}. {hint}")
    names = lock.modules.get(module) or ModuleNames()
    return module_meta(found, names.fields, names.relations, snapshot.instance.prefixes)


class SnapshotPackage(Package):
    """What a session has to know of the snapshot's CRM, to use it well and refuse another."""

    def __init__(self, snapshot: Snapshot, lock: NamesLock) -> None:
        instance = snapshot.instance
        super().__init__(
            "the snapshot",
            format=FORMAT,
            generator="",
            dialect=instance.dialect,
            version=instance.version,
            modules={name: ("", instance.prefixes[name]) for name in snapshot.modules},
            others=instance.others,
            capabilities=instance.capabilities.model_dump(),
        )
        self._facts = cache(partial(meta_of, snapshot, lock))

    def meta(self, module: str) -> ModuleMeta:
        return self._facts(module)


def selection_of(meta: ModuleMeta, question: Question, zone: tzinfo) -> Selection:
    """The selection that the question asks for.

    Raises `InvalidLookup` for unknown fields and lookups and for values that do not fit, and
    `UnsupportedQuery` for what cannot be ordered or read.
    """
    conditions = [_condition(meta, text, zone) for text in question.where]
    conditions += [negated(_condition(meta, text, zone)) for text in question.exclude]
    return Selection(
        meta,
        where=all_of(*conditions),
        order=tuple(parse_order(meta, name) for name in question.order),
        stop=question.limit,
        columns=with_id(meta, shown_fields(meta, question)),
    )


def shown_fields(meta: ModuleMeta, question: Question) -> tuple[FieldMeta, ...]:
    """The columns to show: those asked for, else the id, what names a record, and what the
    conditions and the order are about."""
    if question.fields:
        return tuple(readable_field(meta, name, "--fields") for name in question.fields)
    keywords = [each.partition("=")[0].strip() for each in (*question.where, *question.exclude)]
    fields = [meta.fields[name] for name in meta.label_fields]
    fields += [split_keyword(meta, keyword)[0] for keyword in keywords]
    fields += [parse_order(meta, name).field for name in question.order]
    return tuple(dict.fromkeys((meta.id, *(each for each in fields if each.selectable))))


def zone_of(name: str) -> tzinfo:
    """A time zone by its name; raises `ConfigError`."""
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"There is no time zone {name!r}; write for example 'UTC'.") from error


def _condition(meta: ModuleMeta, text: str, zone: tzinfo) -> Node:
    keyword, separator, value = text.partition("=")
    keyword = keyword.strip()
    if not separator:
        raise InvalidLookup(
            f"{text!r} is not a condition: write field=value or field__lookup=value, for example "
            "lastname__startswith=Sm."
        )
    field, lookup = split_keyword(meta, keyword)
    return resolve(meta, (), {keyword: _argument(field, SHAPES[lookup], keyword, value, zone)})


def _argument(field: FieldMeta, shape: Shape, keyword: str, text: str, zone: tzinfo) -> Any:
    """The text as the value that the lookup takes."""
    match shape:
        case Shape.TEXT | Shape.CHOICE:
            return text
        case Shape.FLAG:
            return _parse(read_boolean, keyword, text, "true or false")
        case Shape.NUMBER:
            return _parse(int, keyword, text, "a whole number")
        case Shape.DAY:
            return _parse(read_day, keyword, text, "a date such as 2024-02-29")
        case Shape.SEVERAL_CHOICES:
            return items_of(text)
        case Shape.VALUES:
            return [_value(field, keyword, each, zone) for each in items_of(text) or [""]]
        case Shape.PAIR:
            ends = items_of(text)
            if len(ends) != 2:
                raise InvalidLookup(
                    f"{keyword}={text}: this takes the first and the last value, both included: "
                    f"{keyword}=a,b."
                )
            return [_value(field, keyword, each, zone) for each in ends]
        case _:
            return _value(field, keyword, text, zone)


def _value(field: FieldMeta, keyword: str, text: str, zone: tzinfo) -> Any:
    if not text.strip():
        return None
    if field.family is Family.DATETIME:
        wanted = "a day such as 2024-02-29, or a moment such as 2024-02-29T13:45"
        return _parse(lambda given: _moment(given, zone), keyword, text, wanted)
    try:
        return convert(field, items_of(text) if field.family is Family.CHOICES else text)
    except InvalidValue as error:
        raise InvalidLookup(f"{keyword}={text}: {error}") from error


def _parse(read: Callable[[str], Any], keyword: str, text: str, wanted: str) -> Any:
    try:
        return read(text.strip())
    except ValueError:
        raise InvalidLookup(f"{keyword}={text!r}: this takes {wanted}.") from None


def _moment(text: str, zone: tzinfo) -> date | datetime:
    """A day, or a moment; without an offset it is one of the configured time zone."""
    try:
        return read_day(text)
    except ValueError:
        moment = read_moment(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


_ITEM: Final = re.compile(
    r"""[ ]*(?: "(?P<quoted>(?:[^"]|"")*)"[ ]* | (?P<plain>(?!")(?:\\,|[^,])*) )(?P<end>,|\Z)""",
    re.X,
)


def items_of(text: str) -> list[str]:
    """Comma-separated values; one that holds a comma has it as ``\\,`` or is put in double quotes,
    in which quotes are doubled."""
    found, at = [], 0
    while text:
        match = _ITEM.match(text, at)
        if match is None:
            raise InvalidLookup(
                f"{text!r} is not a list of values: write a,b,c. A value that holds a comma is "
                'written a\\,b or "a,b".'
            )
        quoted = match["quoted"]
        plain = (match["plain"] or "").replace("\\,", ",")
        found.append(plain if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if not match["end"]:
            break
    return found
