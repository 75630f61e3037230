"""The server's rules for values, checked before anything is sent.

Pure: wire values in, problems out. A server that stores nonsense without a word (a bad e-mail
address, a number out of range) is not imitated: what it would damage is refused here.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from typing import Any, Final

from .._writes import Problem, Rule
from ..calls.server import ServerFacts
from ..conditions.choices import known_choices
from ..errors import InvalidRecord, InvalidValue, NotSupported
from ..ids import is_id, parse_id
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, Flaw, ModuleMeta
from ..values import SEPARATOR, is_blank
from ..values.writing import encode, plain
from ..values.zones import repeated, to_wall

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_INTEGER_LIMIT: Final = 2**31
_OWNERS: Final = ("Users", "Groups")


class UnknownPicklistValue(UserWarning):
    """A value that the picklist did not have when the package was generated."""


def to_wire(meta: ModuleMeta, values: Mapping[str, object], zone: tzinfo = UTC) -> dict[str, Any]:
    """The wire values of attributes, moments as a CRM of this zone writes them.

    A name the module does not know is the wire name of a field newer than the package; its value
    is written by its Python type alone. Raises `InvalidRecord` that lists every value that has no
    wire form.
    """
    wire: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        each = meta.fields.get(name)
        try:
            if each is not None:
                text = encode(each, value)
                is_moment = each.family is Family.DATETIME
                wire[each.wire] = _on_the_wall(name, text, zone) if is_moment else text
            else:
                wire[name] = plain(value)
        except InvalidValue as error:
            problems.append(Problem(name, Rule.VALUE, str(error)))
        except ValueError as error:
            problems.append(Problem(name, Rule.VALUE, f"{name}: {error}"))
    if problems:
        raise InvalidRecord(meta.name, problems)
    return wire


def _on_the_wall(name: str, text: str, zone: tzinfo) -> str:
    wall, hour = to_wall(text, zone), repeated(text, zone)
    if hour is not None and hour.second:
        raise InvalidValue(
            f"{name}: the clock of the CRM ({zone}) shows {wall} twice, because summer time ends, "
            f"and stores no more than that: {text} UTC would be read as the moment before. Give "
            f"one outside of {hour.begin} to {hour.end} there."
        )
    return wall


def check_create(meta: ModuleMeta, wire: Mapping[str, Any], facts: ServerFacts) -> list[Problem]:
    """Problems of the values of a `create`, completed ones (the owner) included."""
    problems = list(check_module(meta))
    for each in meta.fields.values():
        asked_for = each.mandatory and each.editable and not each.default
        # What shows a line item is filled by the items, and a rule of theirs says so.
        item = each.flaw is Flaw.MULTIPLIES
        filled = each.kind is Kind.OWNER or each.family is Family.SECRET or item
        if asked_for and not filled and is_blank(wire.get(each.wire), each.kind):
            problems.append(_missing(meta, each))
    problems.extend(check_values(meta, wire, facts))
    return problems


def check_revise(
    meta: ModuleMeta,
    wire: Mapping[str, Any],
    facts: ServerFacts,
    *,
    present: Mapping[str, Any] | None = None,
) -> list[Problem]:
    """Problems of the changed values of a record; `present` are its other known wire values."""
    problems: list[Problem] = []
    if not meta.updatable:
        problems.append(_forbidden(meta, "change records of"))
    for name, value in wire.items():
        each = meta.by_wire.get(name)
        if each is not None and each.mandatory and is_blank(value, each.kind):
            problems.append(_missing(meta, each))
    problems.extend(check_values(meta, wire, facts, present=present))
    return problems


def check_module(meta: ModuleMeta) -> Iterator[Problem]:
    """Whether there may be new records at all."""
    if not meta.creatable:
        yield _forbidden(meta, "create records in")


SINGLE_ITEMS: Final = frozenset({"LineItem", "InventoryDetails"})
"""Modules whose records are the items of quotes, orders and invoices."""


def check_single_item(meta: ModuleMeta) -> list[Problem]:
    """Of items that are written one by one the totals of their record know nothing, and the other
    items of a record that loses one have other ids from then on."""
    if meta.name not in SINGLE_ITEMS:
        return []
    message = (
        f"{meta.name} records are items of quotes, orders and invoices. A CRM that is sent a "
        "single one leaves the totals of its quote, order or invoice as they were, and gives the "
        "others new ids where one is deleted. Change record.crm.items of the quote, order or "
        "invoice; save(accept_damage=True) changes a single item all the same. Nothing was sent."
    )
    return [Problem("", Rule.SERVER, message)]


def check_delete(meta: ModuleMeta) -> list[Problem]:
    """Why no record of the module may be deleted."""
    forbidden = [] if meta.deletable else [_forbidden(meta, "delete records of")]
    return forbidden or check_single_item(meta)


def enforce(meta: ModuleMeta, problems: Iterable[Problem], facts: ServerFacts) -> None:
    """Warn of the mild problems; raise `InvalidRecord` with all of them if one is fatal, or
    `NotSupported` where nothing but the server is in the way."""
    found = list(problems)
    fatal = [each for each in found if each.fatal or facts.strict]
    if fatal and all(each.rule is Rule.SERVER for each in fatal):
        raise NotSupported(" ".join(each.message for each in fatal))
    if fatal:
        raise InvalidRecord(meta.name, fatal)
    for each in found:
        message = f"{meta.name}: {each.message}"
        warnings.warn(message, UnknownPicklistValue, stacklevel=callers_level())


def check_values(
    meta: ModuleMeta,
    wire: Mapping[str, Any],
    facts: ServerFacts,
    *,
    present: Mapping[str, Any] | None = None,
) -> Iterator[Problem]:
    """Problems of single values; `present` are other known wire values of the record."""
    for name, value in wire.items():
        each = meta.by_wire.get(name)
        if each is None:
            continue
        if each.family is Family.SECRET:
            yield Problem(each.name, Rule.READ_ONLY, f"{each.name} is a secret and never written.")
        elif not each.editable:
            yield Problem(
                each.name,
                Rule.READ_ONLY,
                f"{each.name} cannot be written: the CRM sets it, or the user may only read it.",
            )
        elif isinstance(value, str) and not is_blank(value, each.kind):
            yield from _check_value(meta, each, value, facts)
    yield from _check_dependencies(meta, wire, facts, present or {})


def _check_value(
    meta: ModuleMeta, each: FieldMeta, value: str, facts: ServerFacts
) -> Iterator[Problem]:
    match each.family:
        case Family.TEXT:
            yield from _check_text(each, value, facts)
        case Family.CHOICE:
            yield from _check_choice(meta, each, [value])
        case Family.CHOICES:
            yield from _check_choice(meta, each, value.split(SEPARATOR))
        case Family.INTEGER:
            if not -_INTEGER_LIMIT <= int(value) < _INTEGER_LIMIT:
                yield Problem(
                    each.name,
                    Rule.RANGE,
                    f"{each.name}: {value} does not fit the CRM's 32-bit numbers, which would "
                    f"cut it to {_INTEGER_LIMIT - 1}.",
                )
        case Family.REFERENCE:
            yield from _check_reference(each, value, facts)
        case _:
            return


def _check_text(each: FieldMeta, value: str, facts: ServerFacts) -> Iterator[Problem]:
    if each.length and len(value) > each.length:
        yield Problem(
            each.name,
            Rule.LENGTH,
            f"{each.name} takes {each.length} characters, the text has {len(value)}; the CRM "
            "would cut it silently.",
        )
    if each.kind is Kind.EMAIL and _EMAIL.fullmatch(value) is None:
        yield Problem(each.name, Rule.EMAIL, f"{each.name}: {value!r} is not an e-mail address.")
    if facts.strict and facts.dialect != "cloud" and any(ord(char) > 0xFFFF for char in value):
        yield Problem(
            each.name,
            Rule.CHARACTERS,
            f"{each.name} has characters beyond U+FFFF (emoji), which this CRM stores as '????'.",
        )


def _check_choice(meta: ModuleMeta, each: FieldMeta, values: list[str]) -> Iterator[Problem]:
    known = known_choices(meta, each)
    if not known:
        return
    for value in values:
        if value not in known:
            yield Problem(
                each.name,
                Rule.PICKLIST,
                f"{value!r} is not a value of {meta.name}.{each.name} that the package knows; the "
                "CRM stores it as it is. Pull and generate again if it is new.",
                fatal=False,
            )


def _check_reference(each: FieldMeta, value: str, facts: ServerFacts) -> Iterator[Problem]:
    if not is_id(value):
        yield Problem(each.name, Rule.REFERENCE, f"{each.name}: {value!r} is not a record id.")
        return
    targets = each.targets or (_OWNERS if each.kind is Kind.OWNER else ())
    prefixes = {facts.prefixes[target] for target in targets if target in facts.prefixes}
    if prefixes and len(prefixes) == len(targets) and parse_id(value).prefix not in prefixes:
        names = {prefix: module for module, prefix in facts.prefixes.items()}
        found = names.get(parse_id(value).prefix, "another module")
        yield Problem(
            each.name,
            Rule.REFERENCE,
            f"{each.name} refers to {' or '.join(targets)}; {value} is of {found}.",
        )


def _check_dependencies(
    meta: ModuleMeta, wire: Mapping[str, Any], facts: ServerFacts, present: Mapping[str, Any]
) -> Iterator[Problem]:
    for dependency in facts.dependencies.get(meta.name, ()):
        if dependency.source not in wire and dependency.target not in wire:
            continue
        source = str(wire.get(dependency.source, present.get(dependency.source)) or "")
        target = str(wire.get(dependency.target, present.get(dependency.target)) or "")
        if source and not dependency.allows(source, target):
            allowed = ", ".join(map(repr, dependency[source])) or "a blank only"
            each = meta.by_wire.get(dependency.target)
            name = each.name if each else dependency.target
            yield Problem(
                name,
                Rule.DEPENDENCY,
                f"{name}={target!r} does not go with {dependency.source}={source!r}, which allows "
                f"{allowed}.",
            )


def callers_level() -> int:
    """The `stacklevel`, seen from the caller of this, of the code that uses the library."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OWN):
        level, frame = level + 1, frame.f_back
    return level


_OWN: Final = f"{__name__.partition('.')[0]}."


def _missing(meta: ModuleMeta, each: FieldMeta) -> Problem:
    return Problem(each.name, Rule.MANDATORY, f"{each.name} ({each.label}) is mandatory.")


def _forbidden(meta: ModuleMeta, what: str) -> Problem:
    return Problem(
        "", Rule.MODULE, f"The user of the snapshot may not {what} {meta.name} over the API."
    )
