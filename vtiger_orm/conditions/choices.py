"""Picklist values that a condition names and the package does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..values import SEPARATOR
from .collation import equality_key
from .tree import Atom, Equal, Has, InSelection, Node, OneOf, atoms

_CHOICE: Final = Family.CHOICE
_CHOICES: Final = Family.CHOICES
"""By names of their own, as in `arguments`."""


@lru_cache(maxsize=4096)
def known_choices(module: ModuleMeta, field: FieldMeta) -> frozenset[str]:
    """The stored values that the package lists for a picklist; empty where it lists none."""
    known = frozenset(value for value, _ in field.choices)
    if module.name == "Calendar" and field.wire == "activitytype":
        # The CRM itself leaves the only type that a Calendar record has out of its picklist.
        known |= {"Task"}
    return known


def unknown_choices(module: ModuleMeta, where: Node) -> Iterator[tuple[ModuleMeta, FieldMeta, str]]:
    """The values that fields are compared with, and that are not among those of their
    picklists as the CRM compares text; those of querysets in the condition too."""
    strange: dict[str, tuple[FieldMeta, dict[str, None]]] = {}
    for atom in atoms(where):
        field = atom.field
        if field.choices and (field.family is _CHOICE or field.family is _CHOICES):
            said = _compared(atom, field)
            if not known_choices(module, field).issuperset(said):
                _, values = strange.setdefault(field.wire, (field, {}))
                values.update(dict.fromkeys(said))
        elif type(atom) is InSelection:
            yield from unknown_choices(atom.selection.module, atom.selection.where)
    for field, values in strange.values():
        alike = set(map(equality_key, known_choices(module, field)))
        for value in values:
            if equality_key(value) not in alike:
                yield module, field, value


def _compared(atom: Atom, field: FieldMeta) -> Sequence[str]:
    if isinstance(atom, Equal):
        values: tuple[str, ...] = (atom.value,)
    elif isinstance(atom, OneOf):
        values = atom.values
    else:
        return (atom.choice,) if isinstance(atom, Has) else ()
    if field.family is _CHOICE:
        return values
    return [each for value in values for each in value.split(SEPARATOR)]
