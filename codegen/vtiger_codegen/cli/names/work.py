"""vtiger-orm names: look up, change and accept the names that generated code has."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from vtiger_orm.errors import ConfigError, suggest
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

from ...config import load_config
from ...generate import selected
from ...naming.addresses import Named, every_name, find, parse_names, with_names
from ...naming.assignment import NamingRules, name_everything
from ...naming.lock import FILE_NAME, NamesError, NamesLock, load_lock, save_lock
from ...text.terminal import counted, escaped, say

_NEXT: Final = "Next: vtiger-orm generate"


class _Names:
    """The names of a project: those in the lock, and what would be chosen for the rest."""

    def __init__(self, schema: Path | None) -> None:
        config = load_config()
        options = config.options()
        folder = schema or config.schema_folder
        self.file = folder / FILE_NAME
        self.modules = dict(selected(Snapshot.load(folder), options))
        self.rules: NamingRules = options.naming
        self.before = load_lock(self.file)
        self.all = name_everything(self.modules, self.before, self.rules)

    def every(self, modules: Iterable[str] = ()) -> list[Named]:
        """All of them, or those of some modules."""
        return list(every_name(self._chosen(tuple(modules)), self.all))

    def _chosen(self, names: tuple[str, ...]) -> dict[str, ModuleSnapshot]:
        for name in names:
            if name not in self.modules:
                close = suggest(name, self.modules)
                hint = f' Did you mean "{close}"?' if close else ""
                raise ConfigError(f"There is no module {name!r} here.{hint}")
        return {name: self.modules[name] for name in names or self.modules}

    def save(self, lock: NamesLock, given: Iterable[tuple[Named, str]] = ()) -> list[Named]:
        """Write a lock that names everything; what is called otherwise than before.

        Raises `ConfigError` or `NamesError` for names that cannot be, or that the settings
        overrule, and writes nothing then.
        """
        try:
            named = name_everything(self.modules, lock, self.rules)
        except NamesError as error:
            raise NamesError(f"Nothing was changed. {error}") from error
        now = {each.address: each for each in every_name(self.modules, named)}
        for thing, name in given:
            if now[thing.address].name != name:
                raise ConfigError(
                    f"[tool.vtiger-orm.overrides] of pyproject.toml calls {thing.address} "
                    f"{now[thing.address].name}: change it there."
                )
        known = {each.address: each.name for each in every_name(self.modules, self.before)}
        save_lock(self.file, named)
        return [each for each in now.values() if known.get(each.address) != each.name]


def list_(modules: tuple[str, ...], odd: bool, schema: Path | None, as_json: bool) -> None:
    """What everything is called."""
    every = _Names(schema).every(modules)
    _answer([each for each in every if each.reads_badly or not odd], as_json)


def find_(text: str, schema: Path | None, as_json: bool) -> None:
    """What holds a text."""
    found = find(_Names(schema).every(), text)
    if not found:
        raise ConfigError(f"Nothing here has {text!r} in its name or label.")
    _answer(found, as_json)


def set_(pairs: tuple[str, ...], schema: Path | None) -> None:
    """Other names, all or none of them."""
    project = _Names(schema)
    given = parse_names(pairs, project.every())
    _tell(project.save(with_names(project.all, given), given), project.file)


def accept(schema: Path | None) -> None:
    """Names for everything new."""
    project = _Names(schema)
    _tell(project.save(project.before), project.file)


def _answer(found: list[Named], as_json: bool) -> None:
    if as_json:
        told = [{"address": each.address, **asdict(each)} for each in found]
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    _show(found)
    click.secho(f"{counted(len(found), 'name')}.", err=True, dim=True)


def _show(found: Iterable[Named]) -> None:
    for each in found:
        label = f'  "{each.label}"' if each.label not in ("", each.key, each.value) else ""
        say(f"{escaped(each.address)} = {each.name}{escaped(label)}")


def _tell(changed: list[Named], file: Path) -> None:
    _show(changed)
    number = counted(len(changed), "name")
    told = f"{number} changed. {_NEXT}" if changed else "has a name for everything."
    say(f"{file}: {told}" if changed else f"{file} {told}")
