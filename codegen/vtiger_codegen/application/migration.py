"""An application rewritten to the names that a package has now. Pure but for reading files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File

import libcst as cst
from libcst import metadata as meta

from ..diff.differences import Path
from ..diff.renames import Rename, renamed_path, spelled
from ..text.literals import string
from .methods import Access
from .places import Use
from .shapes import shapes_named
from .sources import SourceFile, parsed
from .trees import Token, text
from .uses import uses_in
from .vocabulary import Vocabulary, Words


@dataclass(frozen=True, slots=True)
class Remark:
    """A line that somebody has to look at."""

    file: str
    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """One file with other content than before."""

    file: File
    content: bytes
    lines: tuple[int, ...]
    """Where something was rewritten."""


@dataclass(slots=True)
class Migration:
    """What is to be written, and what is left to do."""

    files: list[Rewritten] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NewNames:
    """What things of the former package are called now."""

    names: Mapping[Path, str]
    """Path in the former package -> name in Python."""
    values: Mapping[Path, str]
    """Path of a picklist value -> what is stored now."""
    gone: frozenset[Path]
    words: Mapping[str, tuple[Path, ...]]
    """Former name -> what it may mean, of whatever is called otherwise or gone."""
    doubtful: Mapping[str, tuple[Path, ...]]
    """Those of them that may be said of something unknown: no files, and no picklists."""
    files: Mapping[str, str]
    """Module of the CRM -> its Python file now, where that is called otherwise."""
    chained: frozenset[Path]
    """What has a name now that something else beside it had, which is called otherwise too."""


def new_names(former: Vocabulary, today: Vocabulary, renames: Iterable[Rename] = ()) -> NewNames:
    """Compare two packages; `renames` tell what is another thing in the CRM only by its name."""
    renames = tuple(renames)
    known = dict(_named(today))
    names: dict[Path, str] = {}
    values: dict[Path, str] = {}
    words: dict[str, tuple[Path, ...]] = {}
    gone = set()
    for path, name in _named(former):
        place = renamed_path(path, renames)
        if place not in known:
            gone.add(path)
        elif known[place] != name:
            names[path] = known[place]
        if path in gone or path in names:
            words[name] = (*words.get(name, ()), path)
        if path[4:5] == ("value",) and place in known and place[-1] != path[-1]:
            values[path] = place[-1]
    doubtful = {
        name: tuple(path for path in paths if path[2:] != ("file",) and path[4:] != ("class",))
        for name, paths in words.items()
    }
    chained = frozenset(_chained(former, names))
    files = {path[1]: name for path, name in names.items() if path[2:] == ("file",)}
    return NewNames(names, values, frozenset(gone), words, doubtful, files, chained)


def migrate(
    former: Vocabulary, new: NewNames, files: Iterable[File], fresh: Collection[File]
) -> Migration:
    """Rewrite what is sure, and remark on the rest.

    `fresh` are the files that are as they were when the package was the former one: only there
    may one thing get the name of another that is called otherwise as well.
    """
    found = Migration()
    files = list(files)
    shapes = shapes_named(files)
    values = {path[-1] for path in new.values}
    for source in parsed(files, [*new.words, *values]):
        _File(source, former, new, shapes, source.file in fresh).migrate(found)
    return found


def _named(words: Vocabulary) -> Iterator[tuple[Path, str]]:
    for module in words.modules.values():
        yield ("module", module.wire), module.class_name
        yield ("module", module.wire, "file"), module.file
        yield from _inside(module)


def _inside(module: Words) -> Iterator[tuple[Path, str]]:
    for name, wire in module.fields.items():
        yield ("module", module.wire, "field", wire), name
    for name, wire in module.picklists.items():
        yield ("module", module.wire, "field", wire, "class"), name
    for wire, members in module.members.items():
        for name, value in members.items():
            yield ("module", module.wire, "field", wire, "value", value), name
    for name, (label, _) in module.relations.items():
        yield ("module", module.wire, "relation", label), name


def _chained(former: Vocabulary, names: Mapping[Path, str]) -> Iterator[Path]:
    taken: dict[tuple[Path, str], Path] = {
        (_space(path), name): path for path, name in _named(former)
    }
    for path, name in names.items():
        other = taken.get((_space(path), name))
        if other is not None and other in names:
            yield path


def _space(path: Path) -> Path:
    """Things of one space have names that differ."""
    return ("module",) if len(path) == 2 else path[:1] if path[2:] == ("file",) else path[:-1]


class _File:
    """One file on its way."""

    def __init__(
        self,
        source: SourceFile,
        words: Vocabulary,
        new: NewNames,
        shapes: frozenset[str],
        fresh: bool,
    ) -> None:
        self._source = source
        self._words = words
        self._new = new
        self._shapes = shapes
        self._fresh = fresh
        self._taken = _global_names(source)

    def migrate(self, found: Migration) -> None:
        edits: dict[Token, list[tuple[int, int, str]]] = defaultdict(list)
        for use in self._uses():
            name = self._name(use)
            why = self._doubt(use, name)
            if why:
                remark = self._remark(use, why)
                found.remarks += [] if remark in found.remarks else [remark]
            elif name is not None:
                edits[use.token].append((use.start, use.end, name))
        replaced = {id(token): _edited(token, parts) for token, parts in edits.items()}
        if not replaced:
            return
        module = self._source.module.visit(_Replacer(replaced))
        lines = sorted({self._source.line_of(token) for token in edits})
        before = self._source.module.bytes
        if module.bytes != before:
            content = _rewritten(self._source.content, before, module.bytes)
            found.files.append(Rewritten(self._source.file, content, tuple(lines)))

    def _uses(self) -> list[Use]:
        source = self._source
        doubtful = self._new.doubtful
        return uses_in(source.wrapper, self._words, doubtful, source.folder, self._shapes)

    def _name(self, use: Use) -> str | None:
        """What the token should say; None where it says the right thing."""
        is_text = use.path[4:5] == ("value",) and use.access is not Access.NAME
        wanted = (self._new.values if is_text else self._new.names).get(use.path)
        return None if use.start == use.end and not is_text else wanted

    def _doubt(self, use: Use, name: str | None) -> str:
        """Why somebody has to look; empty when all is clear."""
        what = _spelled(use.path)
        if use.start == use.end and use.access is not Access.READ:
            return ""
        if use.path in self._new.gone:
            return f"{what} is gone" if use.sure else f"perhaps {what}, which is gone"
        if name is None:
            return ""
        if not use.sure:
            return f"perhaps {what}, which is called {name} now"
        if use.path in self._new.chained and not self._fresh:
            return f"{what} is called {name} now, as something else was before"
        if len(use.path) == 2 and name in self._taken:
            return f"{what} is called {name} now, but the file has another {name}"
        return ""

    def _remark(self, use: Use, why: str) -> Remark:
        line = self._source.line_of(use.token)
        return Remark(str(self._source.file), line, self._source.lines[line - 1].strip(), why)


def _spelled(path: Path) -> str:
    match path:
        case ("module", module, "file"):
            return f"the file of {module}"
        case ("module", module, "field", wire, "class"):
            return f"the picklist {module}.{wire}"
    return spelled(path)


def _global_names(source: SourceFile) -> set[str]:
    scopes = source.wrapper.resolve(meta.ScopeProvider)
    found = {scope.globals for scope in scopes.values() if scope is not None}
    return {each.name for scope in found for each in scope.assignments}


def _rewritten(content: bytes, before: bytes, after: bytes) -> bytes:
    """The file with the lines that changed; libcst gives the others back without form feeds."""
    if content == before:
        return after
    rows = zip(content.split(b"\n"), before.split(b"\n"), after.split(b"\n"), strict=True)
    return b"\n".join(
        was if told == now else (was.removesuffix(told) if was.endswith(told) else b"") + now
        for was, told, now in rows
    )


def _edited(token: Token, parts: list[tuple[int, int, str]]) -> Token:
    if isinstance(token, cst.SimpleString) and _is_whole(token, parts):
        return token.with_changes(value=_literal(token, parts[0][2]))
    said = text(token)
    for start, end, name in sorted(set(parts), reverse=True):
        said = said[:start] + name + said[end:]
    if isinstance(token, cst.Name):
        return token.with_changes(value=said)
    return token.with_changes(value=f"{token.prefix}{token.quote}{said}{token.quote}")


def _is_whole(token: cst.SimpleString, parts: list[tuple[int, int, str]]) -> bool:
    return len(parts) == 1 and parts[0][:2] == (0, len(text(token)))


def _literal(token: cst.SimpleString, said: str) -> str:
    """The text in the quotes that are there, if they can hold it."""
    plain = said.isprintable() and "\\" not in said and token.quote not in said
    if plain and (len(token.quote) == 1 or not said.endswith(token.quote[0])):
        return f"{token.prefix}{token.quote}{said}{token.quote}"
    return string(said)


class _Replacer(cst.CSTTransformer):
    def __init__(self, replaced: Mapping[int, Token]) -> None:
        super().__init__()
        self._replaced = replaced

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self._replaced.get(id(original_node), updated_node)

    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.BaseExpression:
        return self._replaced.get(id(original_node), updated_node)
