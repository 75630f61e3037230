"""Which lines of an application use what changed. Pure but for reading the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path as File

from ..diff.compare import Diff, JudgedDifference, Spot
from ..diff.differences import Action, Path
from ..diff.grading import Grade
from ..diff.renames import renamed_path
from .methods import Access
from .places import Use
from .shapes import shapes_named
from .sources import parsed
from .uses import uses_in
from .vocabulary import Vocabulary


def with_uses(diff: Diff, words: Vocabulary, files: Iterable[File]) -> Diff:
    """The diff in which each change that is not safe knows where it is used.

    `words` are those of the former package, which the application was written against.
    """
    names = _names_of(diff, words)
    files = list(files)
    shapes = shapes_named(files)
    spots: dict[int, dict[Spot, None]] = defaultdict(dict)
    for source in parsed(files, [*names, *(each.class_name for each in words.modules.values())]):
        for use in uses_in(source.wrapper, words, names, source.folder, shapes):
            here = replace(use, path=renamed_path(use.path, diff.renames))
            for number, change in enumerate(diff.changes):
                if change.grade is not Grade.SAFE and _concerns(change, here):
                    line = source.line_of(use.token)
                    text = source.lines[line - 1].strip()
                    spots[number][Spot(str(source.file), line, text, use.sure)] = None
    changes = (
        replace(change, uses=tuple(spots[number])) if _is_located(change) else change
        for number, change in enumerate(diff.changes)
    )
    return replace(diff, changes=tuple(changes))


def _is_located(change: JudgedDifference) -> bool:
    """Whether uses of it can be seen; another CRM, or another version, is everywhere."""
    if change.grade is Grade.SAFE:
        return False
    return change.path[0] == "module" and change.path[2:] != ("module", "idPrefix")


def _names_of(diff: Diff, words: Vocabulary) -> Mapping[str, tuple[Path, ...]]:
    """The names of what changed, for objects of which nothing is known."""
    changed = {change.path[:6] for change in diff.changes if change.grade is not Grade.SAFE}
    found: dict[str, tuple[Path, ...]] = {}

    def look_for(name: str, path: Path | None) -> None:
        today = renamed_path(path or (), diff.renames)
        if any(today == each[: len(today)] for each in changed if len(each) >= len(today)):
            found[name] = (*found.get(name, ()), path or ())

    for of in words.modules.values():
        for name in of.fields:
            look_for(name, of.field(name))
        for name in of.relations:
            look_for(name, of.relation(name))
        for field, members in of.members.items():
            for name in members:
                look_for(name, of.member(field, name))
    return found


def _concerns(change: JudgedDifference, use: Use) -> bool:
    path, used = change.path, use.path
    match path:
        case ("module", name):
            return used[:2] == path or name == ""
        case ("module", _, "module", key):
            return used[:2] == path[:2] and use.access is _PERMISSIONS.get(key, use.access)
        case ("module", _, "field", field) if change.action is Action.ADDED:
            return _leaves_out(use, path, field)
        case ("module", _, "field", field, "mandatory" | "default"):
            return _leaves_out(use, path, field)
        case ("module", _, "field", _, "editable") | ("module", _, "field", _, "type", "length"):
            return used[:4] == path[:4] and use.access is Access.WRITE
        case ("module", _, "field", _, "flaw"):
            return used[:4] == path[:4] and len(used) == 4 and use.access is not Access.WRITE
        case ("module", _, "field", _, "value", _):
            return used == path
        case ("module", _, "field" | "relation", _, *_):
            return used[:4] == path[:4]
    return False


_PERMISSIONS = {
    "createable": Access.CREATE,
    "updateable": Access.UPDATE,
    "deleteable": Access.DELETE,
    "retrieveable": Access.REFRESH,
}


def _leaves_out(use: Use, path: Path, field: str) -> bool:
    """Whether records are created without the field, as far as that can be told."""
    if use.path != path[:2] or use.access is not Access.CREATE:
        return False
    return use.given is None or field not in use.given
