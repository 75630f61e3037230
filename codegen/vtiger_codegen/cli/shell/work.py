"""vtiger-orm shell: Python with your models imported and a session open."""

from __future__ import annotations

import code
import sys
from importlib import import_module
from pathlib import Path
from traceback import format_exception
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from vtiger_orm.errors import ConfigError, VtigerError

from ...config import load_config
from ...live.credentials import open_session
from ...text.terminal import counted, escaped
from .._demo import demo_session
from .._place import place_of

if TYPE_CHECKING:
    from vtiger_orm import Package


def shell(
    url: str | None,
    dialect: str | None,
    output: Path | None,
    write: bool,
    demo: bool,
    command: str | None,
) -> int:
    """What the verb does, as its help tells; the exit code."""
    config = load_config()
    module = _imported(output or config.output)
    package: Package = import_module(f"{module.__name__}._package").package
    opened = (
        demo_session(package, read_only=not write)
        if demo
        else open_session(url, dialect, config, package=package, read_only=not write)
    )
    with opened as session, session.count_calls() as calls:
        names = _names(module, session)
        if command is not None:
            outcome = _run(command, names)
        else:
            outcome = 0
            _start(names, _welcome(module, session.url, write))
    told = f"The session is closed after {counted(calls.count, 'call')}."
    click.secho(told, err=True, dim=True)
    return outcome


def _run(command: str, names: dict[str, Any]) -> int:
    """The exit code. What the lines themselves get wrong is shown as Python shows it, from their
    first frame on; what the CRM or a setting refuses is raised, as in every verb."""
    try:
        exec(compile(command, "<command>", "exec"), names)
    except VtigerError:
        raise
    except Exception as error:
        own = error.__traceback__.tb_next if error.__traceback__ else None
        click.echo("".join(format_exception(error.with_traceback(own))), nl=False, err=True)
        return 1
    return 0


def _imported(folder: Path) -> ModuleType:
    """The generated package, by the name it has from the current folder."""
    if not (folder / "_package.py").exists():
        raise ConfigError(
            f"There is no generated package in {folder}. "
            "Run: vtiger-orm pull && vtiger-orm generate"
        )
    root, parts = place_of(folder)
    sys.path.insert(0, str(root))
    return import_module(".".join(parts))


def _names(module: ModuleType, session: object) -> dict[str, Any]:
    import vtiger_orm

    names = {name: getattr(module, name) for name in module.__all__}
    extras = ("Q", "F", "Sum", "Count", "Avg", "Min", "Max", "LineItem", "Ref")
    common = {name: getattr(vtiger_orm, name) for name in extras if hasattr(vtiger_orm, name)}
    return {**common, **names, "crm": session}


def _welcome(module: ModuleType, url: str, write: bool) -> str:
    number = len(module.__all__) - 2  # connect and configure
    mode = "it may write" if write else "it only reads; --write lets it write"
    return (
        f"{number} models of {module.__name__}, Q, and the session `crm` to {escaped(url)}: {mode}."
    )


def _start(names: dict[str, Any], welcome: str) -> None:
    try:
        embed: Any = import_module("IPython.terminal.embed")
    except ImportError:
        code.interact(banner=welcome, local=names, exitmsg="")
        return
    embedded = embed.InteractiveShellEmbed(banner1=f"{welcome}\n", user_ns=names)
    embedded.run_line_magic("load_ext", "vtiger_orm.notebooks")
    embedded()
