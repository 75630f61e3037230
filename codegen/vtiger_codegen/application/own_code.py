"""Own code for the models of a package: what of it does not fit the package any more."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path as File
from symtable import symtable

import libcst as cst

from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

from ..building.own_code import FOLDER, OwnCode, own_code
from ..diff.differences import Path
from ..diff.renames import spelled
from ..generate import selected
from ..naming.assignment import name_everything
from ..naming.lock import ModuleNames, NamesLock, load_lock
from ..project import Project
from ..publish import read_text
from .own_classes import Misfit, class_misfits, defined_in, possible_files, statements_of
from .sources import SourceFile, parsed, python_files
from .trees import module_of
from .uses import is_own_code, uses_in
from .vocabulary import Vocabulary, Words, vocabulary


def own_files(package: File, settings: Mapping[str, OwnCode]) -> list[File]:
    """The files of own code: those below ``custom``, and those that the settings name, as far as
    they lie in this project."""
    custom = package / FOLDER
    found = python_files([custom]) if custom.is_dir() else []
    for each in settings.values():
        for place in (each.model, each.queryset):
            found += possible_files(place) if place is not None else []
    return [_shown(each) for each in dict.fromkeys(found) if each.is_file()]


def _shown(file: File) -> File:
    """As people call it: from where they are."""
    return file.relative_to(File.cwd()) if file.is_relative_to(File.cwd()) else file


def with_steps(words: Vocabulary, files: Iterable[File]) -> Vocabulary:
    """The words with the methods of own querysets that return one of their kind, so that what
    follows them is known. Files that are no Python are for others to refuse."""
    modules = dict(words.modules)
    for file in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError, RecursionError):
            continue
        for each in tree.body:
            if isinstance(each, ast.ClassDef):
                for base in each.bases:
                    found = words.of_companion(ast.unparse(base).rpartition(".")[2])
                    if found is not None and found[1] == "QuerySetBase":
                        known = modules[found[0].wire]
                        steps = known.steps | {*_chained(each)}
                        modules[known.wire] = replace(known, steps=steps)
    return replace(words, modules=modules)


def moved_files(words: Vocabulary, files: Mapping[str, str], package: File) -> dict[File, File]:
    """The files of own code whose modules have another file now (`files`, by module), and where
    they belong; those whose place is taken stay."""
    custom = package / FOLDER
    places = {
        custom / f"{words.modules[wire].file}.py": custom / f"{file}.py"
        for wire, file in files.items()
    }
    return {old: new for old, new in places.items() if old.is_file() and not new.exists()}


def _chained(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        match each:
            case ast.FunctionDef(name=name, returns=ast.expr() as hint):
                if ast.unparse(hint).strip("'\"") in ("Self", "typing.Self", node.name):
                    yield name


def project_misfits(project: Project) -> list[Misfit]:
    """What of the own code of a project has to be changed. Raises `ConfigError` and `NamesError`
    as generating does."""
    options = project.options
    absent = list(_absent_classes(options.own))
    files = own_files(project.output, options.own)
    if absent or not files:
        return absent
    modules = selected(Snapshot.load(project.schema), options)
    names = name_everything(modules, load_lock(project.lock_file), options.naming)
    own = own_code(modules, names, options.own, lambda path: read_text(project.output, path))
    return list(own_code_misfits(modules, names, project.output, own, files))


def _absent_classes(settings: Mapping[str, OwnCode]) -> Iterator[Misfit]:
    """Classes that the settings name and that are not there, as far as this project tells."""
    for module, own in sorted(settings.items()):
        for place in (own.model, own.queryset):
            if place is None:
                continue
            possible = possible_files(place)
            told = f"[tool.vtiger-orm.modules.{module}] names {place.name}, and there is no such"
            found = [each for each in possible if each.is_file()]
            top, dot, _ = place.module.partition(".")
            if found and not any(_may_bind(each, place.name) for each in found):
                yield Misfit(found[0], 1, f"{told} class here")
            elif not found and dot and (File(top).is_dir() or File("src", top).is_dir()):
                yield Misfit(possible[0], 1, f"{told} file")


def _may_bind(file: File, name: str) -> bool:
    """Whether a file has the name at its top level, or may have it in a way that only running it
    tells. Files that are no Python are for others to refuse."""
    content = file.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = symtable(content.decode(), str(file), "exec")
    except (SyntaxError, ValueError, RecursionError):
        return True
    bound = {
        each.get_name() for each in table.get_symbols() if each.is_assigned() or each.is_imported()
    }
    return name in bound or "__getattr__" in bound or b"import *" in content


def own_code_misfits(
    modules: Mapping[str, ModuleSnapshot],
    names: NamesLock,
    package: File,
    own: Mapping[str, OwnCode],
    files: Sequence[File],
) -> Iterator[Misfit]:
    """What hides a field, uses one that is gone, or imports what imports it.

    `names` still know what is gone. Raises `ConfigError` for a file that is no Python.
    """
    today = with_steps(vocabulary(modules, names, package.absolute().parts), files)
    words, gone = _with_gone(today, names)
    known = [each.class_name for each in words.modules.values()]
    for source in parsed(files, known):
        defined: set[str] = set()
        for node in source.module.body:
            if isinstance(node, cst.ClassDef):
                for name, where in defined_in(node):
                    defined.add(name)
                    yield from _hiding(source, _module_of(node, today, own), name, where)
        yield from class_misfits(source, today, own, package)
        for use in uses_in(source.wrapper, words, folder=source.folder):
            said = _said(words, use.path)
            if use.path in gone and said not in defined:
                what = f"{said} is gone from the package ({spelled(use.path)})"
                yield Misfit(source.file, source.line_of(use.token), what)
        yield from _circles(source, today, own)


def _with_gone(today: Vocabulary, names: NamesLock) -> tuple[Vocabulary, frozenset[Path]]:
    """The words with those of things that only the lock still knows, and these things."""
    modules: dict[str, Words] = {}
    gone: set[Path] = set()
    for wire, of in names.modules.items():
        present = today.modules.get(wire)
        if present is None:
            present = Words(
                wire, of.class_name or wire, of.python_module or "", {}, {}, {}, {}, {}, {}
            )
            gone.add(("module", wire))
        modules[wire] = _former(present, of)
        there = {*present.fields.values()}
        gone |= {("module", wire, "field", each) for each in of.fields if each not in there}
        gone |= {
            ("module", wire, "field", field, "value", value)
            for field, values in present.members.items()
            for value in of.members.get(field, {})
            if value not in values.values()
        }
        keys = {key for key, _ in present.relations.values()}
        gone |= {("module", wire, "relation", each) for each in of.relations if each not in keys}
    return replace(today, modules=modules), frozenset(gone)


def _former(words: Words, of: ModuleNames) -> Words:
    return replace(
        words,
        fields={**{name: wire for wire, name in of.fields.items()}, **words.fields},
        members={
            field: {**{name: value for value, name in of.members.get(field, {}).items()}, **members}
            for field, members in words.members.items()
        },
        relations={**{name: (key, "") for key, name in of.relations.items()}, **words.relations},
    )


def _said(words: Vocabulary, path: Path) -> str:
    """What a thing is called in Python."""
    of = words.modules[path[1]]
    match path[2:]:
        case ("field", wire):
            return next(name for name, each in of.fields.items() if each == wire)
        case ("field", wire, "value", value):
            return next(name for name, each in of.members[wire].items() if each == value)
        case ("relation", key):
            return next(name for name, each in of.relations.items() if each[0] == key)
    return of.class_name


def _module_of(node: cst.ClassDef, words: Vocabulary, own: Mapping[str, OwnCode]) -> Words | None:
    """The module whose model a class is."""
    for wire, each in own.items():
        if each.model is not None and each.model.name == node.name.value:
            return words.modules[wire]
    return None


def _hiding(
    source: SourceFile, words: Words | None, name: str, where: cst.CSTNode
) -> Iterator[Misfit]:
    if words is not None and (name in words.fields or name in words.picklists):
        wire = words.fields.get(name) or words.picklists[name]
        what = f"{name} hides the CRM's field {words.wire}.{wire}: choose another name"
        yield Misfit(source.file, source.line_of(where), what)


def _circles(source: SourceFile, words: Vocabulary, own: Collection[str]) -> Iterator[Misfit]:
    """Imports of models from the package that imports this file."""
    inside = is_own_code(words, source.folder)
    for each in statements_of(source.module.body):
        if not isinstance(each, cst.ImportFrom) or isinstance(each.names, cst.ImportStar):
            continue
        if words.inside(module_of(each, source.folder)) != ():
            continue
        for alias in each.names:
            found = words.of_companion(alias.evaluated_name)
            if found is not None and (inside or found[0].wire in own):
                what = (
                    f"{alias.evaluated_name} is imported from the package, which imports this "
                    "file: import it under `if TYPE_CHECKING:`, or inside the method"
                )
                yield Misfit(source.file, source.line_of(alias), what)
