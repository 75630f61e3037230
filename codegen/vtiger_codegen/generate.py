"""Snapshot, lock and settings to the files of a package: everything but the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from vtiger_orm.errors import ConfigError, suggest
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

from .building.build import build_package
from .building.own_code import OwnCode, own_code
from .naming.assignment import NamingRules, name_everything
from .naming.lock import NamesLock
from .rendering.render import Renderer, left_alone
from .rendering.source_lines import formatted


@dataclass(frozen=True, slots=True)
class Options:
    """What decides the output beside snapshot and lock."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    naming: NamingRules = field(default_factory=NamingRules)
    templates: Path | None = None
    own: Mapping[str, OwnCode] = field(default_factory=dict)
    """What the settings say of classes that the application writes, by module."""


@dataclass(frozen=True, slots=True)
class Output:
    """A generated package in memory."""

    files: dict[PurePosixPath, str]
    lock: NamesLock


CurrentText = Callable[[PurePosixPath], "str | None"]
"""The text a file of the package has now; None when it does not exist."""


def generate(
    snapshot: Snapshot,
    lock: NamesLock,
    options: Options | None = None,
    *,
    locked: bool = False,
    current: CurrentText = lambda path: None,
) -> Output:
    """Every file of the package and the lock that belongs to it.

    The same snapshot, lock, options and own classes give the same bytes. `current` is read for the
    own code below ``custom``. For other files it only saves time: one that has the printed text
    already is known to be formatted.

    Raises `ConfigError` or `NamesError`; nothing was written then.
    """
    options = options or Options()
    modules = selected(snapshot, options)
    names = name_everything(modules, lock, options.naming, locked=locked)
    own = own_code(modules, names, options.own, current)
    package = build_package(snapshot, modules, names, own)
    files = Renderer(options.templates).render(package)
    for path, text in files.items():
        printed = left_alone(text)
        if _is_formatted(path, options) and printed != current(path):
            printed = left_alone(formatted(text))
        files[path] = printed
    return Output(files, names)


def _is_formatted(path: PurePosixPath, options: Options) -> bool:
    """Whether black is asked: the other files are printed as it would print them."""
    replaced = options.templates is not None and path.suffix == ".py"
    return replaced or path.name in ("__init__.py", "_package.py")


def selected(snapshot: Snapshot, options: Options) -> dict[str, ModuleSnapshot]:
    """The modules that the include and exclude patterns leave, in the order of their names.

    Raises `ConfigError` when none is left, or when a pattern fits nothing.
    """
    names = chosen(snapshot.modules, options.include, options.exclude)
    if not names:
        raise ConfigError(
            "No module is left to generate: the snapshot has "
            f"{len(snapshot.modules)} modules, include = {list(options.include)}, "
            f"exclude = {list(options.exclude)}. Widen the patterns."
        )
    check_patterns(options.include, options.exclude, snapshot)
    return {name: snapshot.modules[name] for name in names}


def chosen(names: Iterable[str], include: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """The names that fit the patterns, sorted."""
    return sorted(
        name
        for name in names
        if any(fnmatchcase(name, pattern) for pattern in include)
        and not any(fnmatchcase(name, pattern) for pattern in exclude)
    )


def check_patterns(include: Sequence[str], exclude: Sequence[str], *snapshots: Snapshot) -> None:
    """Raise `ConfigError` for a pattern that fits no module of the CRM, which is a slip.

    What was excluded from the snapshots is still known by name, where the CRM lists its modules.
    """
    listed = {name for each in snapshots for name in each.instance.types}
    known = sorted(listed.union(*({*each.modules, *each.instance.skipped} for each in snapshots)))
    for what, patterns in (("include", include), ("exclude", exclude if listed else ())):
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in known):
                close = suggest(pattern, known)
                hint = f' Did you mean "{close}"?' if close else ""
                raise ConfigError(f"{what} {pattern!r} fits no module that the CRM showed.{hint}")
