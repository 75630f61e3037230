"""Conditions as most of them are: comparisons with plain values, all of which must hold.

What is sent for such a comparison is decided by its field, its operator and the server, so it is
worked out once and kept, with its text but for the value: the same comparison with another value,
in whatever company, takes what is known. Whether a value is plain is told by the value alone. What
is kept is what `atom_forms` made of the first one; everything else is left to the normal form,
which would make the same of all of it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from ..calls.environment import Environment
from ..conditions.quirks import quirk_of
from ..conditions.tree import And, Atom, Compare, Equal, Like, Node, OneOf
from ..conditions.tree import atoms as every_atom
from ..metadata.capabilities import Collation
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from .atom_forms import Forms, tidied
from .branches import Branch, Comparison, InList, Part, Spelt
from .packing import CHARACTER, MORE, at_most
from .statement import AND, BETWEEN, where

_is_plain: Final = re.compile(
    r"(?!-360)[%_]*[A-Za-z0-9@.,:;+/#&|-][A-Za-z0-9@.,:;+/#&|%_ -]*"
).fullmatch
"""Of texts that no server misreads, that sort behind blanks and match none as patterns; none is a
pattern of a coordinate that is not set, and none has to be escaped in a literal."""

_MOST: Final = 64
"""Comparisons of one condition."""
_LISTED: Final = "in"
_PLACE: Final = "\0"
"""In place of a value."""
_BARE: Final = at_most(())
_TOO_MUCH: Final = CHARACTER * len(BETWEEN) - MORE
"""What one more value of a list takes less than as many characters of a value."""

_comparison: Final = tuple.__new__
"""Makes a `Comparison` of its parts in half the time."""


class _Form(NamedTuple):
    """What is sent for a comparison with plain values."""

    field: FieldMeta
    guards: Branch
    """What must hold besides."""
    opening: str
    """What stands before the value, or the values."""
    closing: str
    """And what after it, guards and all."""
    size: int
    """Bytes that it takes at most, less `CHARACTER` for each character of its text and of what
    joins it to others: so much is added for the text of a whole condition."""


_Kept: TypeAlias = dict[str, dict[str, _Form | None]]


@lru_cache(maxsize=256)
def _forms_kept(module: ModuleMeta, collation: Collation) -> _Kept:
    """The forms of a module's comparisons, as far as they were asked for, by operator and wire
    name; None where the value decides as well."""
    return {operator: {} for operator in ("=", "like", "<", "<=", ">", ">=", _LISTED)}


def forget_forms() -> None:
    """As if nothing had been compiled before: for tests and benchmarks."""
    _forms_kept.cache_clear()


def plain_branch(tree: Node, module: ModuleMeta, env: Environment) -> Branch | None:
    """The one branch of a condition of plain comparisons; None where the normal form has more to
    say about it."""
    atoms = tree.children if isinstance(tree, And) else (tree,)
    if not atoms:
        return ()
    if len(atoms) > _MOST:
        return None
    kept = _forms_kept(module, env.collation)
    parts: list[Part] = []
    wires: list[str] = []
    texts: list[str] = []
    most, longest = _BARE + CHARACTER * len(AND), 0
    for atom in atoms:
        if type(atom) is OneOf:
            operator, values = _LISTED, atom.values
            if len(values) == 1 or not all(map(_is_plain, values)):
                return None
            value = BETWEEN.join(values)
            most -= (len(values) - 1) * _TOO_MUCH
            longest = max(longest, len(values))
        else:
            if type(atom) is Equal:
                operator, value = "=", atom.value
            elif type(atom) is Like:
                operator, value = "like", atom.pattern
            elif type(atom) is Compare:
                operator, value = atom.operator, atom.value
            else:
                return None
            if not _is_plain(value):
                return None
        field = atom.field
        wire = field.wire
        form = kept[operator].get(wire) or _learnt(kept[operator], atom, operator, module, env)
        if form is None:
            return None
        known, guards, opening, closing, size = form
        if known is not field:
            return None
        parts.append(
            InList(wire, atom.values)
            if type(atom) is OneOf
            else _comparison(Comparison, (wire, operator, value))
        )
        if guards:
            parts += guards
        wires.append(wire)
        texts.append(f"{opening}{value}{closing}")
        most += size
    if len(set(wires)) < len(wires):
        return tidied(tuple(dict.fromkeys(parts))) if _are_apart(tree) else None
    branch = Spelt(parts)
    branch.text = text = AND.join(texts)
    branch.most = most + CHARACTER * len(text)
    branch.longest = longest
    return branch


def _are_apart(tree: Node) -> bool:
    """Whether no two comparisons are about one thing: what several equalities of a field come to,
    or several of its lower bounds, is for the normal form to say."""
    said = [
        (atom.field.wire, atom.operator if isinstance(atom, Compare) else isinstance(atom, Like))
        for atom in every_atom(tree)
    ]
    return len(set(said)) == len(said)


def _learnt(
    kept: dict[str, _Form | None], atom: Atom, operator: str, module: ModuleMeta, env: Environment
) -> _Form | None:
    wire = atom.field.wire
    if wire not in kept:
        kept[wire] = _form(atom, operator, module, env)
    return kept[wire]


def _form(atom: Atom, operator: str, module: ModuleMeta, env: Environment) -> _Form | None:
    """What is sent for the comparison, whatever plain values it is with; None where some of them
    are sent otherwise: -360 of a coordinate, or midnight, may be stored as no value is."""
    field, wire = atom.field, atom.field.wire
    if quirk_of(module.name, wire) is not None or field.kind is Kind.DOUBLE:
        return None
    if field.family is Family.TIME and isinstance(atom, Compare):
        return None
    branches = Forms.of(module, env).positive(atom)
    if len(branches) != 1:
        return None
    guards = branches[0][1:]
    listed = operator == _LISTED
    said = InList(wire, (_PLACE,)) if listed else Comparison(wire, operator, _PLACE)
    branch = (said, *guards)
    text = where((branch,))
    opening, _, closing = text.partition(_PLACE)
    size = at_most(branch) - _BARE - CHARACTER * (len(text) + len(AND))
    return _Form(field, guards, opening, closing, size)
