"""vtiger-orm sync: keep modules as tables of a database, up to date."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from vtiger_orm.errors import ConfigError, Unreadable
from vtiger_orm.metadata.snapshot import Snapshot

from ..config import load_config
from ..live.credentials import DIALECTS, connecting, open_session
from ..naming.lock import FILE_NAME, load_lock
from ..text.terminal import counted, escaped, say
from .export import NAMINGS
from .query.selection import meta_of, package_of

if TYPE_CHECKING:
    from vtiger_orm.warehouse import SyncedModule

_EVERY: Final = re.compile(r"every=([0-9]{1,6})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_WORDS: Final = {"load": "comparing everything", "sweep": "comparing ids", "changes": "changes"}


class Interval(click.ParamType[timedelta]):
    """``always``, or ``every=`` a number of minutes, hours or days."""

    name = "interval"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if value == "always":
            return timedelta(0)
        match = _EVERY.fullmatch(str(value))
        if match is None:
            self.fail("write always, or every= and a time: every=1d, every=12h, every=30m.")
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.command(short_help="Modules as tables of a database, brought up to date by what changed.")
@click.argument("modules", nargs=-1)
@click.option(
    "--to",
    "database",
    required=True,
    envvar="VTIGER_WAREHOUSE",
    metavar="URL",
    help="Address of the database, as SQLAlchemy reads it.  [VTIGER_WAREHOUSE]",
)
@click.option(
    "--sweep",
    type=Interval(),
    default="every=1d",
    show_default=True,
    metavar="always|every=1d",
    help="How often ids are compared, for deletions that the CRM does not tell.",
)
@click.option(
    "--names",
    type=click.Choice(NAMINGS),
    default="attribute",
    show_default=True,
    help="What new columns are called.",
)
@click.option(
    "--unreadable",
    type=click.Choice(["raise", "null"]),
    default="raise",
    show_default=True,
    help="What becomes of a value that its field's type does not allow.",
)
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
@click.option("--url", help="Address of the CRM.  [VTIGER_URL]")
@click.option("--dialect", type=click.Choice(DIALECTS), help="How the CRM is talked to.")
@connecting
@click.pass_context
def sync(
    ctx: click.Context,
    modules: tuple[str, ...],
    database: str,
    sweep: timedelta,
    names: str,
    unreadable: str,
    schema: Path | None,
    url: str | None,
    dialect: str | None,
) -> None:
    """Bring a table for each of MODULES, or of all, to what the CRM has.

    \b
    vtiger-orm sync --to sqlite:///crm.db
    vtiger-orm sync --to postgresql+psycopg://me@db/crm Contacts Accounts --sweep always

    The first run loads every record, the next ones read what changed; broken off, each goes on
    where it was. Tables follow the snapshot: run pull before, so that new fields and modules
    come along. What is gone from the CRM keeps its column or table. Exits with 1 if a module
    could not be brought up to date; the others were.
    """
    from vtiger_orm.warehouse.syncing import sync_modules

    config = load_config()
    source = schema or config.schema_folder
    snapshot = Snapshot.load(source)
    lock = load_lock(source / FILE_NAME)
    metas = [meta_of(snapshot, lock, name) for name in modules or sorted(snapshot.modules)]
    if not modules:
        metas = [meta for meta in metas if meta.id.selectable]
    if not metas:
        raise ConfigError("The snapshot has no module that could be read. Pull it anew.")
    with (
        open_session(url, dialect, config, package=package_of(snapshot)) as session,
        Console(stderr=True).status("") as status,
    ):

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
            ended=_tell,
        )
    for module in report.gone:
        say(f"{escaped(module)}: is gone from the CRM; its table is kept as it is.", fg="yellow")
    failed = [each.error for each in report.modules if each.error is not None]
    if failed:
        cure = ""
        if any(isinstance(each, Unreadable) for each in failed):
            cure = " --unreadable null keeps what cannot be read as NULL."
        number = f"{len(failed)} of {counted(len(metas), 'module')}"
        say(f"{number} could not be brought up to date.{cure}", fg="red", err=True)
    ctx.exit(1 if failed else 0)


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


def _numbers(done: SyncedModule) -> list[tuple[int, str]]:
    return [(done.loaded, "loaded"), (done.changed, "changed"), (done.deleted, "deleted")]
