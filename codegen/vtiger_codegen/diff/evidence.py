"""What may have been renamed: pairs of things that are gone and new, and what speaks for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from .differences import Action, Difference, OutlineNode, Path, at
from .renames import Rename, renameable

_SIMILAR: Final = 0.75
"""Texts of which so much is the same may be two spellings of one."""
_SHARED: Final = 0.5
"""Picklists that share so many of their values may be one."""
_SAME_FIELDS: Final = 0.8
"""Modules that share so many of their fields may be one."""


class Candidate(NamedTuple):
    """A pair that may be one thing."""

    rename: Rename
    evidence: tuple[str, ...]


class _Case(NamedTuple):
    weight: float
    evidence: tuple[str, ...]


def candidates(
    found: Iterable[Difference], before: OutlineNode, now: OutlineNode
) -> list[Candidate]:
    """Pairs among what is gone and what is new, each thing at most once, the surest first.

    `before` has today's names already, as far as they are known.
    """
    gone: dict[Path, list[str]] = {}
    new: dict[Path, list[str]] = {}
    for each in found:
        side = {Action.REMOVED: gone, Action.ADDED: new}.get(each.action)
        if side is not None and renameable(each.path):
            side.setdefault(each.path[:-1], []).append(each.path[-1])
    return [
        candidate
        for place in sorted(gone.keys() & new.keys())
        for candidate in _pairs(place, gone[place], new[place], before, now)
    ]


def _pairs(
    place: Path, gone: list[str], new: list[str], before: OutlineNode, now: OutlineNode
) -> Iterator[Candidate]:
    judge = _JUDGES[place[-1]]
    there, here = at(before, place), at(now, place)
    cases = [
        (case, old, name)
        for old in gone
        for name in new
        if (case := judge(there, here, old, name)) is not None
    ]
    taken: set[tuple[bool, str]] = set()
    for case, old, name in sorted(cases, key=lambda each: (-each[0].weight, each[1:])):
        if (False, old) not in taken and (True, name) not in taken:
            taken |= {(False, old), (True, name)}
            yield Candidate(
                Rename((*place, old), name), (*case.evidence, *_rivals(cases, old, name))
            )


def _rivals(cases: Iterable[tuple[_Case, str, str]], old: str, name: str) -> Iterator[str]:
    """What else is as likely: `old` under another name, something else under `name`."""
    weights = {(gone, new): case.weight for case, gone, new in cases}
    for (gone, new), weight in sorted(weights.items()):
        if weight >= weights[old, name] and (gone == old) is not (new == name):
            yield f"as likely: {gone}={new}"


def _modules(before: OutlineNode, now: OutlineNode, old: str, new: str) -> _Case | None:
    shared = _overlap(before[old]["field"], now[new]["field"])
    if shared < _SAME_FIELDS:
        return None
    return _Case(shared, (f"{round(shared * 100)} % of the fields are the same",))


def _fields(before: OutlineNode, now: OutlineNode, old: str, new: str) -> _Case | None:
    one, two = before[old], now[new]
    type_ = at(one, ("type", "name"))
    if type_ != at(two, ("type", "name")):
        return None
    evidence = [f"the same type {type_}"]
    weight = 0.0
    label = str(one.get("label") or "")
    likeness = _similar(label, str(two.get("label") or ""))
    if likeness:
        evidence.append(f"{'the same' if likeness == 1 else 'a similar'} label {label!r}")
        weight += 2 * likeness
    values, others = one.get("value") or OutlineNode(), two.get("value") or OutlineNode()
    shared = _overlap(values, others)
    if shared >= _SHARED:
        evidence.append(f"{len(values.keys() & others.keys())} of {len(values)} values")
        weight += 2 * shared
    if one.get("target") and one["target"] == two.get("target"):
        evidence.append("the same targets")
        weight += 0.5
    if _position(one) is not None and _position(one) == _position(two):
        evidence.append("the same position")
        weight += 1
    return _Case(weight, tuple(evidence)) if weight >= 1 else None


def _values(before: OutlineNode, now: OutlineNode, old: str, new: str) -> _Case | None:
    """The order of a picklist is kept by the CRM, so that the place says something."""
    weight = _similar(old, new)
    evidence = ["a similar value"] if weight else []
    if before[old] and before[old] != old and before[old] == now[new]:
        evidence.append(f"the same label {before[old]!r}")
        weight += 1
    if list(before).index(old) == list(now).index(new) and len(before) == len(now):
        evidence.append("the same place in the list")
        weight += 1
    return _Case(weight, tuple(evidence)) if evidence else None


def _relations(before: OutlineNode, now: OutlineNode, old: str, new: str) -> _Case | None:
    one, two = before[old], now[new]
    if one.get("name") != two.get("name"):
        return None
    evidence = [f"to the same module {one.get('name')}"]
    if one.get("relation_id") and one["relation_id"] == two.get("relation_id"):
        evidence.append("the same id")
    return _Case(len(evidence) + _similar(old, new), tuple(evidence))


def _position(field: OutlineNode) -> tuple[str, str] | None:
    """Where the CRM shows a field, as far as it tells (Cloud and coreBOS do)."""
    sequence, block = field.get("sequence"), field.get("block")
    name = block.get("blockid") if isinstance(block, dict) else block
    return None if sequence is None else (str(name), str(sequence))


def _similar(one: str, two: str) -> float:
    """How much of two texts is the same, whatever its case; 0 where that is too little."""
    matcher = SequenceMatcher(None, one.casefold().strip(), two.casefold().strip())
    if not one or not two or matcher.real_quick_ratio() < _SIMILAR:
        return 0.0
    if matcher.quick_ratio() < _SIMILAR or (found := matcher.ratio()) < _SIMILAR:
        return 0.0
    return found


def _overlap(one: OutlineNode, two: OutlineNode) -> float:
    every = one.keys() | two.keys()
    return len(one.keys() & two.keys()) / len(every) if every else 0.0


_JUDGES: Final = {"module": _modules, "field": _fields, "value": _values, "relation": _relations}
