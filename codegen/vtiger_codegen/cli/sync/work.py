"""vtiger-orm sync: keep modules as tables of a database, up to date."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from vtiger_orm.errors import ConfigError, Unreadable
from vtiger_orm.metadata.snapshot import Snapshot

from ...config import load_config
from ...live.credentials import open_session
from ...naming.lock import FILE_NAME, load_lock
from ...text.terminal import counted, escaped, say
from ..query.selection import SnapshotPackage, meta_of

if TYPE_CHECKING:
    from vtiger_orm.warehouse import SyncedModule

_WORDS: Final = {"load": "comparing everything", "sweep": "comparing ids", "changes": "changes"}


def sync(
    modules: tuple[str, ...],
    database: str,
    sweep: timedelta,
    names: str,
    unreadable: str,
    schema: Path | None,
    url: str | None,
    dialect: str | None,
    as_json: bool,
) -> int:
    """What the verb does, as its help tells; the exit code."""
    from vtiger_orm.warehouse.syncing import readable, sync_modules

    config = load_config()
    source = schema or config.schema_folder
    snapshot = Snapshot.load(source)
    lock = load_lock(source / FILE_NAME)
    metas = [meta_of(snapshot, lock, name) for name in modules or sorted(snapshot.modules)]
    with (
        open_session(url, dialect, config, package=SnapshotPackage(snapshot, lock)) as session,
        Console(stderr=True).status("") as status,
    ):
        metas = metas if modules else readable(metas, session)
        if not metas:
            raise ConfigError("The snapshot has no module that could be read. Pull it anew.")

        def told(module: str, what: str, read: int) -> None:
            status.update(f"{escaped(module)}: {_WORDS[what]}, {counted(read, 'record')}")

        report = sync_modules(
            database,
            metas,
            session,
            known=snapshot.modules.keys(),
            sweep=sweep,
            names=names,  # type: ignore[arg-type]  # click has checked them
            unreadable=unreadable,  # type: ignore[arg-type]  # click has checked it
            told=told,
            ended=_passed if as_json else _tell,
        )
    for module in report.gone:
        say(
            f"{escaped(module)}: is gone from the CRM; its table is kept as it is.",
            err=as_json,
            fg="yellow",
        )
    if as_json:
        click.echo(json.dumps([_as_object(each) for each in report.modules], indent=1))
    failed = [each.error for each in report.modules if each.error is not None]
    if failed:
        cure = ""
        if any(isinstance(each, Unreadable) for each in failed):
            cure = " --unreadable null keeps what cannot be read as NULL."
        number = f"{len(failed)} of {counted(len(metas), 'module')}"
        say(f"{number} could not be brought up to date.{cure}", fg="red", err=True)
    else:
        say(f"{counted(len(metas), 'module')} brought up to date.", fg="green", err=True)
    return 1 if failed else 0


def _tell(done: SyncedModule) -> None:
    name = escaped(done.module)
    for note in done.notes:
        say(f"{name}: {escaped(note)}", dim=True)
    if done.error is not None:
        say(f"{name}: {done.error}", fg="red", err=True)
        return
    what = [f"{counted(number, 'record')} {word}" for number, word in _numbers(done) if number]
    when = f"{done.swept_at:%Y-%m-%d %H:%M} UTC" if done.swept_at else "never"
    ids = "ids compared now" if done.swept else f"ids last compared {when}"
    say(f"{name}: {', '.join(what) or 'nothing new'}; {ids}.")


def _passed(done: SyncedModule) -> None:
    """Told at the end, as an object."""


def _as_object(done: SyncedModule) -> dict[str, object]:
    error = {"error": None if done.error is None else str(done.error)}
    swept_at = {"swept_at": done.swept_at and done.swept_at.isoformat()}
    plain: dict[str, object] = {each.name: getattr(done, each.name) for each in fields(done)}
    return {**plain, **swept_at, **error}


def _numbers(done: SyncedModule) -> list[tuple[int, str]]:
    return [(done.loaded, "loaded"), (done.changed, "changed"), (done.deleted, "deleted")]
