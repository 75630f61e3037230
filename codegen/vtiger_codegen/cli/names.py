"""vtiger-orm names: look up, change and accept the names that generated code has."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from vtiger_orm.errors import ConfigError, suggest
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

from ..config import load_config
from ..generate import selected
from ..naming.addresses import Named, every_name, find, parse_names, with_names
from ..naming.assignment import NamingRules, name_everything
from ..naming.lock import FILE_NAME, NamesError, NamesLock, load_lock, save_lock
from ..text.terminal import counted, escaped, say

_NEXT: Final = "Next: vtiger-orm generate"

_schema = click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)


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


@click.group(short_help="Look up, change and accept the names that generated code has.")
def names() -> None:
    """What everything in the CRM is called in Python, as names.lock keeps it.

    \b
    vtiger-orm names list --odd                          names that read badly
    vtiger-orm names find tier                           by wire name, label or name
    vtiger-orm names set Contacts.cf_852=tier "Contacts.leadsource.Cold Call=CALL"
    vtiger-orm names accept                              choose names for what is new
    """


@names.command(name="list")
@click.argument("modules", nargs=-1)
@click.option("--odd", is_flag=True, help="Only names that read badly, like a_b_3.")
@_schema
def list_(modules: tuple[str, ...], odd: bool, schema: Path | None) -> None:
    """What everything in MODULES is called; of all modules when none is named.

    Each line is an address, as `set` takes it, with the name and the CRM's own text.
    """
    every = _Names(schema).every(modules)
    _show([each for each in every if each.reads_badly or not odd])


@names.command(name="find")
@click.argument("text")
@_schema
def find_(text: str, schema: Path | None) -> None:
    """Everything whose wire name, label, value or name in Python holds TEXT."""
    found = find(_Names(schema).every(), text)
    if not found:
        raise ConfigError(f"Nothing here has {text!r} in its name or label.")
    _show(found)


@names.command(name="set")
@click.argument("pairs", nargs=-1, required=True, metavar="ADDRESS=NAME...")
@_schema
def set_(pairs: tuple[str, ...], schema: Path | None) -> None:
    """Give things other names. ADDRESS is what `list` shows:

    \b
    Contacts                         the class of a module
    file Contacts                    its file
    Contacts.cf_852                  a field
    picklist Contacts.leadsource     the class of a picklist
    Contacts.leadsource.Cold Call    one of its members
    Contacts.related.Deals           a relation

    All or none are changed; other names stay as they are.
    """
    project = _Names(schema)
    given = parse_names(pairs, project.every())
    _tell(project.save(with_names(project.all, given), given), project.file)


@names.command()
@_schema
def accept(schema: Path | None) -> None:
    """Choose names for everything new, as `generate` would, and write only names.lock.

    Tells what does not fit in a lock that was merged or edited by hand.
    """
    project = _Names(schema)
    _tell(project.save(project.before), project.file)


def _show(found: Iterable[Named]) -> None:
    for each in found:
        label = f'  "{each.label}"' if each.label not in ("", each.key, each.value) else ""
        say(f"{escaped(each.address)} = {each.name}{escaped(label)}")


def _tell(changed: list[Named], file: Path) -> None:
    _show(changed)
    number = counted(len(changed), "name")
    say(f"{file}: {number} changed." if changed else f"{file} has a name for everything.")
    if changed:
        say(_NEXT)
