"""Conditions as most of them are: comparisons with plain values, all of which must hold.

What is sent for such a condition is decided by its fields, its operators and the server, so it is
worked out once and kept as a text with places for the values: the same comparisons with others are
filled in. Of a condition that was never met, what is known of each comparison is put together.
Whether a value is plain is told by the value alone. What is kept is what `atom_forms` made of the
first one; everything else is left to the normal form, which would make the same of all of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from ..calls.environment import Environment
from ..conditions.quirks import quirk_of
from ..conditions.tree import And, Atom, Compare, Equal, Like, Node, OneOf, atoms
from ..metadata.capabilities import Collation
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from .atom_forms import FIRST_DAY, Forms, tidied
from .branches import Branch, Comparison, InList, Part, Spelt
from .packing import CHARACTER, MORE, at_most
from .statement import BETWEEN, PLACE, with_places

_is_plain: Final = re.compile(
    r"(?!-360)[%_]*[A-Za-z0-9@.,:;+/#&|-][A-Za-z0-9@.,:;+/#&|%_ -]*"
).fullmatch
"""Of texts that no server misreads, that sort behind blanks and match none as patterns; none is a
pattern of a coordinate that is not set, and none has to be escaped in a literal."""

_MOST: Final = 64
"""Comparisons of one condition."""
_MOST_SHAPES: Final = 512
"""Conditions of one module that are kept."""
_LISTED: Final = "in"

_comparison: Final = tuple.__new__
"""Makes a `Comparison` of its parts in half the time."""

_Said: TypeAlias = tuple[str, str]
"""Wire name and operator of a comparison."""
_Form: TypeAlias = tuple[FieldMeta, Branch]
"""What is sent for a comparison with plain values: of which field it is, and what must hold
besides."""


class _Shape(NamedTuple):
    """What is sent for a condition, but for its values."""

    fields: Sequence[FieldMeta]
    guards: Sequence[tuple[int, Part]]
    """What must hold besides, and at which place of the branch."""
    decisive: frozenset[str]
    """Values with which something else is sent."""
    text: str
    """With a place for the value, or the values, of each comparison."""
    bare: int
    """Characters of the text without values."""
    least: int
    """Bytes that it takes at most, without values."""


class _Kept:
    """What is known of a module's conditions, as far as they were asked for."""

    def __init__(self, module: ModuleMeta) -> None:
        self._module = module
        self._forms: dict[_Said, _Form | None] = {}
        """None where the value decides as well."""
        self.shapes: dict[tuple[str, ...], _Shape | None] = {}
        """By wire name and operator of each comparison, one after the other; None where the normal
        form has more to say."""

    def learn(self, key: tuple[str, ...], tree: Node, env: Environment) -> _Shape | None:
        """The shape of a condition, from now on at hand."""
        if len(self.shapes) >= _MOST_SHAPES:
            self.shapes.clear()
        self.shapes[key] = shape = self._shape([*zip(key[::2], key[1::2])], tree, env)
        return shape

    def _shape(self, said: Sequence[_Said], tree: Node, env: Environment) -> _Shape | None:
        fields: list[FieldMeta] = []
        parts: list[Part] = []
        for each, atom in zip(said, atoms(tree)):
            form = self._form(each, atom, env)
            if form is None:
                return None
            fields.append(form[0])
            parts += (_with_place(*each), *form[1])
        branch, own = tuple(parts), {_with_place(*each) for each in said}
        decisive = {FIRST_DAY, *(each.value for each in parts if isinstance(each, Comparison))}
        if len({wire for wire, _ in said}) < len(said):
            if not _are_apart(said):
                return None
            branch = tidied(tuple(dict.fromkeys(parts)))
        elif len(parts) == len(said):
            decisive.clear()
        text = with_places(branch)
        return _Shape(
            fields,
            [(place, part) for place, part in enumerate(branch) if part not in own],
            frozenset(decisive),
            text,
            len(text % (("",) * len(said))),
            at_most(branch) - len(said) * CHARACTER,
        )

    def _form(self, said: _Said, atom: Atom, env: Environment) -> _Form | None:
        if said not in self._forms:
            self._forms[said] = _form(atom, self._module, env)
        return self._forms[said]


@lru_cache(maxsize=256)
def _kept_of(module: ModuleMeta, collation: Collation) -> _Kept:
    return _Kept(module)


def forget_forms() -> None:
    """As if nothing had been compiled before: for tests and benchmarks."""
    _kept_of.cache_clear()


def plain_branch(tree: Node, module: ModuleMeta, env: Environment) -> Branch | None:
    """The one branch of a condition of plain comparisons; None where the normal form has more to
    say about it."""
    children = tree.children if isinstance(tree, And) else (tree,)
    if not children:
        return ()
    if len(children) > _MOST:
        return None
    fields: list[FieldMeta] = []
    said: list[str] = []
    parts: list[Part] = []
    texts: list[str] = []
    longest = more = 0
    for atom in children:
        if type(atom) is Equal:
            operator, value = "=", atom.value
        elif type(atom) is Like:
            operator, value = "like", atom.pattern
        elif type(atom) is Compare:
            operator, value = atom.operator, atom.value
        elif type(atom) is OneOf and len(atom.values) > 1 and all(map(_is_plain, atom.values)):
            field, values = atom.field, atom.values
            fields.append(field)
            said += (field.wire, _LISTED)
            parts.append(InList(field.wire, values))
            texts.append(BETWEEN.join(values))
            more += len(values) - 1
            longest = max(longest, len(values))
            continue
        else:
            return None
        if not _is_plain(value):
            return None
        field = atom.field
        wire = field.wire
        fields.append(field)
        said += (wire, operator)
        parts.append(_comparison(Comparison, (wire, operator, value)))
        texts.append(value)
    kept = _kept_of(module, env.collation)
    key = tuple(said)
    try:
        shape = kept.shapes[key]
    except KeyError:
        shape = kept.learn(key, tree, env)
    if shape is None or shape.fields != fields:
        return None
    if shape.decisive and not shape.decisive.isdisjoint(texts):
        return None
    for place, guard in shape.guards:
        parts.insert(place, guard)
    text = shape.text % tuple(texts)
    characters = len(text) - shape.bare - more * len(BETWEEN)
    branch = Spelt(parts)
    branch.text = text
    branch.longest = longest
    branch.most = shape.least + characters * CHARACTER + more * MORE
    return branch


def _are_apart(said: Sequence[_Said]) -> bool:
    """Whether no two comparisons are about one thing: what several equalities of a field come to,
    or several of its lower bounds, is for the normal form to say."""
    topics = {(wire, "=" if operator == _LISTED else operator) for wire, operator in said}
    return len(topics) == len(said)


def _with_place(wire: str, operator: str) -> Comparison | InList:
    return InList(wire, (PLACE,)) if operator == _LISTED else Comparison(wire, operator, PLACE)


def _form(atom: Atom, module: ModuleMeta, env: Environment) -> _Form | None:
    """What is sent for the comparison, whatever plain values it is with; None where some of them
    are sent otherwise: -360 of a coordinate, or midnight, may be stored as no value is."""
    field = atom.field
    if quirk_of(module.name, field.wire) is not None or field.kind is Kind.DOUBLE:
        return None
    if field.family is Family.TIME and isinstance(atom, Compare):
        return None
    branches = Forms.of(module, env).positive(atom)
    return (field, branches[0][1:]) if len(branches) == 1 else None
