"""Whether a row can be an answer to a condition at all, as far as what it shows tells.

Where a row is only to be checked, not decided, every doubt speaks for the server: a text that it
may store encoded, a money amount in another currency, a reference to a record that was deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.entities import codepoint2name
from typing import Final, NamedTuple

from ..calls.environment import Environment
from ..calls.operations import Row
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, Flaw, ModuleMeta
from .evaluate import Predicate, as_compared, is_blank_in, predicate, wire_text
from .quirks import quirk_of
from .tree import And, Atom, Equal, InSelection, Node, Not, OneOf, Or, RelatedTo

ENCODED: Final = re.compile("['" + "".join(re.escape(chr(each)) for each in codepoint2name) + "]")
"""Characters that HTML may write as an entity."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN: Final = re.compile("[A-Za-z0-9]+")
_TEXTS: Final = frozenset({Family.TEXT, Family.CHOICE, Family.CHOICES})
_REFERENCES: Final = frozenset({Family.REFERENCE, Family.ID})
_OWN_CLOCK: Final = frozenset({"Calendar", "Events"})
"""Modules whose dates and times some servers answer in the user's zone and compare in their own."""
_CLOCKS: Final = frozenset({Family.DATE, Family.TIME, Family.DATETIME})
_WRITTEN: Final = {
    Family.BOOLEAN: re.compile("[01]").fullmatch,
    Family.INTEGER: re.compile(r"-?[0-9]+").fullmatch,
    Family.DECIMAL: re.compile(r"-?[0-9]+(\.[0-9]+)?").fullmatch,
    Family.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch,
    Family.DATETIME: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}").fullmatch,
    Family.TIME: re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}").fullmatch,
}


class _Bounds(NamedTuple):
    """Two functions of a row between which the truth lies."""

    certain: Predicate
    possible: Predicate


def may_hold(
    node: Node, module: ModuleMeta, env: Environment, *, whichever_hour: bool = False
) -> Predicate:
    """False for rows that certainly do not satisfy the condition; with `whichever_hour` also for
    those that do not if they are of the other one of two hours that the CRM's wall shows alike."""
    tree = as_compared(node, env, certainly=whichever_hour)
    return _bounds(tree, module, env).possible


def _bounds(node: Node, module: ModuleMeta, env: Environment) -> _Bounds:
    match node:
        case Not(child):
            inner = _bounds(child, module, env)
            return _Bounds(lambda row: not inner.possible(row), lambda row: not inner.certain(row))
        case And(children) | Or(children):
            both = all if isinstance(node, And) else any
            found = [_bounds(child, module, env) for child in children]
            return _Bounds(
                lambda row: both(each.certain(row) for each in found),
                lambda row: both(each.possible(row) for each in found),
            )
        case _:
            return _of_atom(node, module, env)


def _of_atom(atom: Atom, module: ModuleMeta, env: Environment) -> _Bounds:
    if not _is_comparable(atom, module, env):
        if atom.field.family in _TEXTS and env.collation == "unknown":
            return _Bounds(lambda row: False, _alike_anywhere(atom))
        return _Bounds(lambda row: False, lambda row: True)
    holds, tells = predicate(atom, env), _tells(atom.field)
    return _Bounds(lambda row: tells(row) and holds(row), lambda row: not tells(row) or holds(row))


def _is_comparable(atom: Atom, module: ModuleMeta, env: Environment) -> bool:
    """Whether it is known how the server compares what rows show."""
    field = atom.field
    if isinstance(atom, InSelection | RelatedTo) or field.kind is Kind.CURRENCY:
        return False
    if field.flaw in (Flaw.ABSENT, Flaw.MULTIPLIES) or quirk_of(module.name, field.wire):
        return False
    if field.family in _CLOCKS and module.name in _OWN_CLOCK:
        return False
    return field.family not in _TEXTS or env.collation != "unknown"


def _alike_anywhere(atom: Atom) -> Predicate:
    """Where only the server knows how it compares text: letters and digits of ASCII are other ones
    in every collation, whatever it makes of their case."""
    match atom:
        case Equal(_, value):
            values: tuple[str, ...] = (value,)
        case OneOf(_, values):
            pass
        case _:
            values = ()
    if not values or not all(map(_PLAIN.fullmatch, values)):
        return lambda row: True
    wire, known = atom.field.wire, {each.casefold() for each in values}

    def alike(row: Row) -> bool:
        text = wire_text(row[wire]) if wire in row else ""
        return _PLAIN.fullmatch(text) is None or text.casefold() in known

    return alike


def _tells(field: FieldMeta) -> Callable[[Row], bool]:
    """Whether a row shows the very value that the server compares."""
    wire, family = field.wire, field.family
    written = _WRITTEN.get(family)

    def tells(row: Row) -> bool:
        if wire not in row:
            return False
        if is_blank_in(row, field):
            return family is not Family.REFERENCE
        text = wire_text(row[wire])
        if written is not None:
            return written(text) is not None
        if family in _REFERENCES:
            return True
        return not ENCODED.search(text) and not _CONTROL.search(text)

    return tells
