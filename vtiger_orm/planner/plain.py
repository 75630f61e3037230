"""Conditions as most of them are: comparisons with plain values, all of which must hold.

What is sent for such a condition is decided by its fields, its operators and the server, so it is
worked out once and kept as a text with places for the values: the same comparisons with others are
filled in. Of a condition that was never met, what is known of each comparison is put together.
Whether a value is plain is told by the value alone. What is kept is what `atom_forms` made of the
first one; everything else is left to the normal form, which would make the same of all of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
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
from .statement import AND, BETWEEN, PLACE, with_places

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

_NONE: Final[frozenset[str]] = frozenset()
_BARE: Final = at_most(())

_Said: TypeAlias = tuple[str, ...]
"""Wire name and operator of each comparison, one after the other."""


class _Shape(NamedTuple):
    """What is sent for comparisons, but for their values."""

    fields: list[FieldMeta]
    guards: list[tuple[int, Part]]
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
        self.shapes: dict[_Said, _Shape | None] = {}
        """None where the normal form has more to say."""

    def learn(self, said: _Said, tree: Node, env: Environment) -> _Shape | None:
        """The shape of a condition, and those of its comparisons, from now on at hand."""
        if len(self.shapes) >= _MOST_SHAPES:
            self.shapes.clear()
        pairs = [*zip(said[::2], said[1::2])]
        shapes = [*map(self.shapes.get, pairs)]
        if None in shapes:
            shapes = [self._alone(pair, atom, env) for pair, atom in zip(pairs, atoms(tree))]
        known = [shape for shape in shapes if shape is not None]
        self.shapes[said] = found = _joined(said, known) if len(known) == len(pairs) else None
        return found

    def _alone(self, said: tuple[str, str], atom: Atom, env: Environment) -> _Shape | None:
        """The shape of one comparison; None where some plain values are sent otherwise: -360 of a
        coordinate, or midnight, may be stored as no value is."""
        with suppress(KeyError):  # another thread may clear them at any time
            return self.shapes[said]
        found, field = None, atom.field
        is_odd = quirk_of(self._module.name, field.wire) is not None or field.kind is Kind.DOUBLE
        if not is_odd and not (field.family is Family.TIME and isinstance(atom, Compare)):
            branches = Forms.of(self._module, env).positive(atom)
            if len(branches) == 1:
                guards = branches[0][1:]
                found = _shape([field], (_with_place(*said), *guards), guards)
        self.shapes[said] = found
        return found


def _shape(fields: list[FieldMeta], branch: Branch, guards: Collection[Part]) -> _Shape:
    """That of a branch with places for values; `guards` must hold besides, said or implied."""
    text = with_places(branch)
    decisive = {FIRST_DAY, *(each.value for each in guards if isinstance(each, Comparison))}
    return _Shape(
        fields,
        [(place, part) for place, part in enumerate(branch) if part in guards],
        frozenset(decisive) if len(branch) > 1 else _NONE,
        text,
        len(text % (("",) * len(fields))),
        at_most(branch) - len(fields) * CHARACTER,
    )


def _joined(said: _Said, shapes: Sequence[_Shape]) -> _Shape | None:
    """The shape of these comparisons together."""
    if len(shapes) == 1:
        return shapes[0]
    if len(set(said[::2])) < len(shapes):
        return _of_few_fields(said, shapes) if _are_apart(said) else None
    fields, guards, decisive, texts, bare, least = zip(*shapes)
    more = len(shapes) - 1
    return _Shape(
        [*chain.from_iterable(fields)],
        _in_their_places(guards) if any(guards) else [],
        _NONE.union(*decisive),
        AND.join(texts),
        sum(bare) + more * len(AND),
        sum(least) - more * _BARE,
    )


def _in_their_places(guards: Iterable[list[tuple[int, Part]]]) -> list[tuple[int, Part]]:
    """Guards of one comparison after the other, at their places in the branch of all."""
    found: list[tuple[int, Part]] = []
    for number, own in enumerate(guards):
        begin = number + len(found)
        found += [(begin + place, guard) for place, guard in own]
    return found


def _of_few_fields(said: _Said, shapes: Sequence[_Shape]) -> _Shape:
    """Of comparisons of which some are of one field: one may imply what another needs besides."""
    parts: list[Part] = []
    guards: list[Part] = []
    for pair, shape in zip(zip(said[::2], said[1::2]), shapes):
        besides = [guard for _, guard in shape.guards]
        parts += (_with_place(*pair), *besides)
        guards += besides
    fields = [shape.fields[0] for shape in shapes]
    return _shape(fields, tidied(tuple(dict.fromkeys(parts))), guards)


def _are_apart(said: _Said) -> bool:
    """Whether no two comparisons are about one thing: what several equalities of a field come to,
    or several of its lower bounds, is for the normal form to say."""
    topics = {
        (wire, "=" if operator == _LISTED else operator)
        for wire, operator in zip(said[::2], said[1::2])
    }
    return 2 * len(topics) == len(said)


def _with_place(wire: str, operator: str) -> Comparison | InList:
    return InList(wire, (PLACE,)) if operator == _LISTED else Comparison(wire, operator, PLACE)


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
