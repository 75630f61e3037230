"""Conditions as most of them are: comparisons with plain values, all of which must hold.

What is sent for such a comparison is decided by its field, its operator and the server, so it is
worked out once and kept: the same comparison with another value, in whatever company, takes what
is known. Whether a value is plain is told by the value alone. What is kept is what `atom_forms`
made of the first one; everything else is left to the normal form, which would make the same of
all of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from ..calls.environment import Environment
from ..conditions.quirks import quirk_of
from ..conditions.tree import And, Compare, Equal, Like, Node, OneOf
from ..metadata.capabilities import Collation
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from .atom_forms import Forms, tidied
from .branches import Branch, Comparison, Part, one_of

_is_plain: Final = re.compile(
    r"(?!-360)[%_]*[A-Za-z0-9@.,:;+/#&|-][A-Za-z0-9@.,:;+/#&|%_ -]*"
).fullmatch
"""Of texts that no server misreads, that sort behind blanks and match none as patterns; none is a
pattern of a coordinate that is not set."""

_MOST: Final = 64
"""Comparisons of one condition."""
_LISTED: Final = "in"

_Written: TypeAlias = Equal | Like | Compare | OneOf
"""Atoms of which the comparison itself is sent, whatever is sent besides."""


_Form: TypeAlias = tuple[FieldMeta, Branch]
"""What is sent for a comparison with plain values: of which field it is, and what must hold
besides."""
_Kept: TypeAlias = dict[tuple[str, str], _Form | None]


@lru_cache(maxsize=256)
def _forms_kept(module: ModuleMeta, collation: Collation) -> _Kept:
    """The forms of a module's comparisons, as far as they were asked for, by wire name and
    operator; None where the value decides as well."""
    return {}


def forget_forms() -> None:
    """As if nothing had been compiled before: for tests and benchmarks."""
    _forms_kept.cache_clear()


def plain_branch(tree: Node, module: ModuleMeta, env: Environment) -> Branch | None:
    """The one branch of a condition of plain comparisons; None where the normal form has more to
    say about it."""
    atoms = tree.children if isinstance(tree, And) else (tree,)
    if len(atoms) > _MOST:
        return None
    kept = _forms_kept(module, env.collation)
    parts: list[Part] = []
    said: list[tuple[str, str]] = []
    for atom in atoms:
        if isinstance(atom, OneOf):
            operator, wire = _LISTED, atom.field.wire
            if not all(map(_is_plain, atom.values)):
                return None
            parts.append(one_of(wire, atom.values))
        else:
            if isinstance(atom, Equal):
                operator, value = "=", atom.value
            elif isinstance(atom, Like):
                operator, value = "like", atom.pattern
            elif isinstance(atom, Compare):
                operator, value = atom.operator, atom.value
            else:
                return None
            if not _is_plain(value):
                return None
            wire = atom.field.wire
            parts.append(Comparison(wire, operator, value))
        key = (wire, operator)
        form = kept.get(key) or _learnt(kept, key, atom, module, env)
        if form is None:
            return None
        field, guards = form
        if field is not atom.field:
            return None
        said.append(key)
        parts += guards
    if len({wire for wire, _ in said}) == len(said):
        return tuple(parts)
    return tidied(tuple(dict.fromkeys(parts))) if _are_apart(said) else None


def _are_apart(said: Sequence[tuple[str, str]]) -> bool:
    """Whether no two comparisons are about one thing: what several equalities of a field come to,
    or several of its lower bounds, is for the normal form to say."""
    topics = {(wire, "=" if operator == _LISTED else operator) for wire, operator in said}
    return len(topics) == len(said)


def _learnt(
    kept: _Kept, key: tuple[str, str], atom: _Written, module: ModuleMeta, env: Environment
) -> _Form | None:
    if key not in kept:
        kept[key] = _form(atom, module, env)
    return kept[key]


def _form(atom: _Written, module: ModuleMeta, env: Environment) -> _Form | None:
    """What is sent for the comparison, whatever plain values it is with; None where some of them
    are sent otherwise: -360 of a coordinate, or midnight, may be stored as no value is."""
    field = atom.field
    if quirk_of(module.name, field.wire) is not None or field.kind is Kind.DOUBLE:
        return None
    if field.family is Family.TIME and isinstance(atom, Compare):
        return None
    branches = Forms.of(module, env).positive(atom)
    return (field, branches[0][1:]) if len(branches) == 1 else None
