"""Things that were renamed, as somebody told: with ``--rename``, or once at a terminal.

A server does not tell: what has another name on the wire is gone and new to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from vtiger_orm.errors import ConfigError, suggest

from ..naming.lock import NamesLock, Renamed
from ..naming.renamed import follow
from .differences import OutlineNode, Path, at


class Rename(NamedTuple):
    """A thing that has another name now.

    The path is its former one, except that whatever it lies in has its new name already.
    """

    path: Path
    name: str | None
    """None: it was asked, and the thing is really gone."""

    @property
    def place(self) -> Path:
        """The path of the thing now."""
        return (*self.path[:-1], self.name or "")


def renameable(path: Path) -> bool:
    """Whether what is at a path is a module, field, picklist value or relation."""
    match path:
        case ("module", _) | ("module", _, "field" | "relation", _):
            return True
        case ("module", _, "field", _, "value", _):
            return True
    return False


def renamed_path(path: Path, renames: Iterable[Rename]) -> Path:
    """A former path with today's names."""
    for rename in renames:
        if rename.name is not None and path[: len(rename.path)] == rename.path:
            path = (*rename.place, *path[len(rename.path) :])
    return path


def relabelled(before: OutlineNode, renames: Iterable[Rename]) -> OutlineNode:
    """The former tree with today's names."""
    for rename in renames:
        if rename.name is not None:
            before = _moved(before, rename.path, rename.name)
            if rename.path[:-1] == ("module",):
                before = _mentioned(before, rename.path[-1], rename.name)
    return before


def _moved(tree: OutlineNode, path: Path, name: str) -> OutlineNode:
    """The tree with another name at a path; the label of a value that has none is its name."""
    key, rest = path[0], path[1:]
    if rest:
        return OutlineNode(tree | {key: _moved(tree[key], rest, name)})
    moved = OutlineNode()
    for each, value in tree.items():
        is_it = each == key
        moved[name if is_it else each] = name if is_it and value == key else value
    return moved


def _mentioned(tree: OutlineNode, old: str, name: str) -> OutlineNode:
    """The tree in which whatever names the module gives its new name."""
    modules = {}
    for key, module in tree["module"].items():
        fields = {
            wire: _moved(field, ("target", old), name) if at(field, ("target", old)) else field
            for wire, field in module["field"].items()
        }
        relations = {
            label: (
                OutlineNode(relation | {"name": name}) if relation.get("name") == old else relation
            )
            for label, relation in module["relation"].items()
        }
        facts = OutlineNode(module["module"])
        if key == name and facts.get("name") == old:
            facts["name"] = name
        modules[key] = OutlineNode(
            module=facts, field=OutlineNode(fields), relation=OutlineNode(relations)
        )
    return OutlineNode(tree | {"module": OutlineNode(modules)})


def applicable(renamed: Renamed, before: OutlineNode, now: OutlineNode) -> list[Rename]:
    """What the lock tells about these two trees, the outer things first.

    What was renamed twice is followed to the name that it has now.
    """
    found = _followed(renamed.modules, ("module",), before, now)
    tree = relabelled(before, found)
    for module, fields in renamed.fields.items():
        found += _followed(fields, ("module", module, "field"), tree, now)
    tree = relabelled(before, found)
    for module, by_field in renamed.members.items():
        for field, values in by_field.items():
            found += _followed(values, ("module", module, "field", field, "value"), tree, now)
    for module, relations in renamed.relations.items():
        found += _followed(relations, ("module", module, "relation"), tree, now)
    return found


def _followed(
    told: dict[str, str | None], path: Path, before: OutlineNode, now: OutlineNode
) -> list[Rename]:
    old, new = at(before, path) or OutlineNode(), at(now, path) or OutlineNode()
    found: list[Rename] = []
    taken: set[str | None] = set()
    for name in sorted(told.keys() & old.keys() - new.keys()):
        last = follow(told, name, new)
        if last is None or (last in new and last not in old and last not in taken):
            taken.add(last)
            found.append(Rename((*path, name), last))
    return found


def kept(lock: NamesLock, answers: Iterable[Rename]) -> NamesLock:
    """The lock with what was answered."""
    renamed = lock.renamed.model_copy(deep=True)
    for answer in answers:
        match answer.path:
            case ("module", name):
                renamed.modules[name] = answer.name
            case ("module", module, "field", name):
                renamed.fields.setdefault(module, {})[name] = answer.name
            case ("module", module, "field", field, "value", name):
                values = renamed.members.setdefault(module, {})
                values.setdefault(field, {})[name] = answer.name
            case ("module", module, "relation", name):
                renamed.relations.setdefault(module, {})[name] = answer.name
    return lock.model_copy(update={"renamed": renamed})


# As text: Contacts, Contacts.cf_1, Contacts.leadsource.Cold Call, Contacts.related.Deals


def spelled(path: Path) -> str:
    """A path as ``--rename`` takes it."""
    match path:
        case ("module", module, "relation", label):
            return f"{module}.related.{label}"
        case ("module", module, *rest):
            return ".".join((module, *rest[1::2]))
    raise ValueError(f"{path} cannot be renamed")


def parse_renames(texts: Sequence[str], before: OutlineNode, now: OutlineNode) -> list[Rename]:
    """What the options ``--rename OLD=NEW`` say, the outer things first.

    Raises `ConfigError` where the former snapshot has no OLD or today's no NEW.
    """
    found: list[Rename] = []
    for text in sorted(texts, key=lambda text: text.partition("=")[0].count(".")):
        rename = _parse(text, relabelled(before, found), now)
        found.append(rename)
    return sorted(found, key=lambda rename: len(rename.path))


def _parse(text: str, before: OutlineNode, now: OutlineNode) -> Rename:
    """Values may hold dots and equals signs: of all readings the one that fits is taken."""
    parts = text.split("=")
    if not parts[0].strip():
        raise _unsaid(text)
    wrong = ""
    for cut in range(1, len(parts)):
        old, new = "=".join(parts[:cut]), "=".join(parts[cut:])
        path = _path(old, before) or _path(old.strip(), before)
        if path is None:
            old = old.strip()
            wrong = wrong or f"the former snapshot has no {old}{_hint(old, before)}"
            continue
        names = [new, new.strip(), new.strip().removeprefix(spelled((*path[:-1], "")))]
        there, gone = at(now, path[:-1]) or OutlineNode(), at(before, path[:-1])
        if path[-1] in there:
            wrong = f"{old.strip()} is still there"
            continue
        for name in names:
            if name in there and name not in gone:
                return Rename(path, name)
        near = suggest(names[-1], there.keys() - gone.keys())
        wrong = (
            f"{names[-1]} was there before"
            if names[-1] in there
            else f"there is no {names[-1]} now" + (f"; did you mean {near}?" if near else "")
        )
    if not any(part.strip() for part in parts[1:]):
        raise _unsaid(text)  # not the new name of a relation that has no label
    raise ConfigError(f"--rename {text}: {wrong}.".replace("?.", "?"))


def _unsaid(text: str) -> ConfigError:
    return ConfigError(f"--rename {text}: write OLD=NEW, for example Contacts.cf_1=cf_2.")


def _path(text: str, tree: OutlineNode) -> Path | None:
    """The first thing there is that the text may name: field names may hold dots as well."""
    module, dot, rest = text.partition(".")
    readings: list[Path] = [("module", module)]
    if dot:
        parts = rest.split(".")
        cuts = ((".".join(parts[:cut]), ".".join(parts[cut:])) for cut in range(1, len(parts)))
        readings = [("module", module, "field", rest)]
        if rest.startswith("related."):
            readings.append(("module", module, "relation", rest.removeprefix("related.")))
        readings += [("module", module, "field", field, "value", value) for field, value in cuts]
    return next((path for path in readings if at(tree, path) is not None), None)


def _hint(text: str, tree: OutlineNode) -> str:
    module, dot, rest = text.partition(".")
    there = at(tree, ("module", module, "field")) if dot else at(tree, ("module",))
    near = suggest(rest or module, there or ())
    return f"; did you mean {f'{module}.{near}' if dot else near}?" if near else ""
