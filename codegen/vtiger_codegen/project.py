"""Folders in, folders out: what the verbs `generate` and `check` do, without their printing."""

from __future__ import annotations

import difflib
import gc
import keyword
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from vtiger_orm.errors import ConfigError, suggest
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

from .config import Config
from .generate import Options, Output, generate, selected
from .naming.assignment import name_everything
from .naming.lock import FILE_NAME, NamesError, NamesLock, load_lock, lock_text, save_lock
from .naming.renamed import with_renames
from .naming.things import listed_values
from .publish import FileChanges, file_changes, publish, read_text, write_once
from .rendering.render import Renderer

_COUNTED: Final = re.compile(r"_[0-9]*$")
"""What the resolver puts behind a name that is taken."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What a run of `generate` did."""

    changes: FileChanges
    new_names: tuple[str, ...]
    """Names that were chosen in this run, as ``Contacts cf_853 -> loyalty_tier``, and what looks
    like a rename that nobody has told."""
    modules: int


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One way in which code, lock and snapshot do not agree."""

    what: str
    where: str
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """A snapshot, its lock and the package made of them."""

    schema: Path
    output: Path
    options: Options

    @classmethod
    def of(
        cls,
        config: Config,
        *,
        schema: Path | None = None,
        output: Path | None = None,
        templates: Path | None = None,
    ) -> Project:
        """The project of the settings; what is given here comes first.

        Raises `ConfigError` for an output folder that Python could not import.
        """
        package = output or config.output
        name = package.resolve().name
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ConfigError(
                f"No package can be called {name!r}: applications import it by the name of its "
                "folder, so that has to be a Python name. Choose another output folder."
            )
        return cls(
            schema=schema or config.schema_folder,
            output=package,
            options=config.options(templates),
        )

    @property
    def lock_file(self) -> Path:
        return self.schema / FILE_NAME

    def generate(self, *, locked: bool = False) -> Generated:
        """Write package and lock.

        The lock is written first: if the package cannot be written then, the next run gives it
        the same names.
        """
        with _rare_collections():
            return self._generate(locked)

    def _generate(self, locked: bool) -> Generated:
        snapshot = Snapshot.load(self.schema)
        before = with_renames(load_lock(self.lock_file), selected(snapshot, self.options))
        output = self._output(snapshot, before, locked=locked)
        file_changes(self.output, output.files)
        if not locked:
            save_lock(self.lock_file, output.lock)
        done = publish(self.output, output.files)
        modules = selected(snapshot, self.options)
        fresh = tuple(_new_names(before, output.lock, modules)) if before.modules else ()
        return Generated(done, fresh, len(modules))

    def customise(self, modules: Sequence[str]) -> list[Path]:
        """Write the files for own code of these modules where there are none; the new ones.

        `modules` are the CRM's names or those of the classes. Raises `ConfigError` for one that
        the package has not, and where the settings name own classes elsewhere.
        """
        found = selected(Snapshot.load(self.schema), self.options)
        names = name_everything(found, load_lock(self.lock_file), self.options.naming)
        by_class = {names.modules[name].class_name: name for name in found}
        files: dict[PurePosixPath, str] = {}
        for given in modules:
            name = given if given in found else by_class.get(given)
            if name is None:
                close = suggest(given, [*found, *filter(None, by_class)])
                hint = f' Did you mean "{close}"?' if close else ""
                raise ConfigError(f"The package has no module {given!r}.{hint}")
            if name in self.options.own:
                raise ConfigError(
                    f"The settings say where the own classes of {name} are (modules.{name}): "
                    "write them there."
                )
            files |= Renderer(self.options.templates).own_code(names.modules[name])
        return write_once(self.output, files)

    def check(self) -> list[Mismatch]:
        """Everything that `generate --locked` would refuse or change."""
        with _rare_collections():
            return self._check()

    def _check(self) -> list[Mismatch]:
        snapshot = Snapshot.load(self.schema)
        lock = load_lock(self.lock_file)
        try:
            output = self._output(snapshot, lock, locked=True)
        except NamesError as error:
            return [Mismatch("names", line.strip()) for line in str(error).split("\n")]
        mismatches = []
        if output.lock.to_text() != lock_text(self.lock_file):
            mismatches.append(Mismatch("differs", self.lock_file.name))
        plan = file_changes(self.output, output.files)
        for path in plan.written:
            found = read_text(self.output, path)
            what = "missing" if found is None else "differs"
            diff = _diff(path, found, output.files[path])
            mismatches.append(Mismatch(what, str(path), diff))
        mismatches += [Mismatch("left over", str(path)) for path in plan.removed]
        return mismatches

    def _output(self, snapshot: Snapshot, lock: NamesLock, *, locked: bool) -> Output:
        return generate(
            snapshot,
            lock,
            self.options,
            locked=locked,
            current=lambda path: read_text(self.output, path),
        )


@contextmanager
def _rare_collections() -> Iterator[None]:
    """A schema is a million objects that all stay alive: looking for garbage among them again
    and again takes longer than everything else."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _diff(path: PurePosixPath, found: str | None, wanted: str) -> str:
    before, after = (found or "").splitlines(), wanted.splitlines()
    lines = difflib.unified_diff(before, after, f"{path} (now)", f"{path} (wanted)", lineterm="")
    return "\n".join(lines)


def _new_names(
    before: NamesLock, after: NamesLock, modules: Mapping[str, ModuleSnapshot]
) -> Iterator[str]:
    for module, names in after.modules.items():
        known = before.modules.get(module)
        if known is None:
            yield f"{module} -> {names.class_name}"
            continue
        if module not in modules:
            continue
        described = modules[module]
        fields = {each.name: each for each in described.describe.fields}
        for what, there in (
            ("fields", fields.keys()),
            ("picklists", fields.keys()),
            ("relations", described.relations_by_key.keys()),
        ):
            old, new = getattr(known, what), getattr(names, what)
            for key in new:
                if key not in old:
                    yield f"{module} {_shown(key)} -> {new[key]}{_kept(new[key], new, there)}"
        for field, members in names.members.items():
            old = known.members.get(field, {})
            values = listed_values(fields[field]) if field in fields else {}
            for value, name in members.items():
                if value not in old:
                    yield f"{module} {field} {value!r} -> {name}{_kept(name, members, values)}"


def _kept(name: str, names: Mapping[str, str], there: Container[str]) -> str:
    """Why the name is not the one that was wished for, where that still is of something gone."""
    wished = _COUNTED.sub("", name)
    for key, other in names.items():
        if wished == other != name and key not in there:
            return f" ({wished} stays with {_shown(key)}, which is gone: vtiger-orm names set)"
    return ""


def _shown(name: str) -> str:
    """Names of the CRM must not command a terminal."""
    return name if name.isprintable() else repr(name)
