"""`sync`: the modules of a CRM into a database, each as far as it can be brought."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from .._dataclass import dataclass
from ..calls.outcome import tells_nothing
from ..calls.protocols import Runner
from ..columns import Unreadables
from ..columns.naming import Naming
from ..conditions.field_names import with_id
from ..dialects.restfulapi_columns import UNLISTED, told_in_lists
from ..errors import ConfigError, MissingExtra, SchemaError, VtigerError
from ..metadata.module import ModuleMeta
from ..package import Package
from .errors import WarehouseError

try:
    import sqlalchemy as sa

    from .databases import Located, errors_as_ours, located, opened
    from .filling import Filling, HearsProgress
    from .hold import Hold
    from .tables import mark_gone, prepared
except ImportError as _missing:
    raise MissingExtra("A warehouse", "warehouse") from _missing

if TYPE_CHECKING:
    from types import ModuleType

DAILY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SyncedModule:
    """What became of one module."""

    module: str
    table: str
    loaded: int = 0
    """Records written by comparing everything: the first time, and after new columns."""
    changed: int = 0
    """Records written since they are new in the CRM, or otherwise."""
    deleted: int = 0
    swept: bool = False
    """Whether ids were compared in this run."""
    swept_at: datetime | None = None
    """Deletions until then are known, also those that the CRM does not tell."""
    notes: tuple[str, ...] = ()
    """What was changed in the database's schema, in words."""
    error: VtigerError | None = None
    """Why the module could not be brought up to date; what was committed before stays."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What became of each module, in order."""

    modules: tuple[SyncedModule, ...]
    gone: tuple[str, ...] = ()
    """Modules of the database that the CRM was seen not to have any more, in this run first."""

    @property
    def ok(self) -> bool:
        return all(each.error is None for each in self.modules)

    def raise_for_errors(self) -> None:
        """Raise the first error there was."""
        for each in self.modules:
            if each.error is not None:
                raise each.error


def sync(
    to: str | sa.URL | sa.Engine,
    package: ModuleType | Package,
    *,
    modules: Iterable[str] | None = None,
    sweep: timedelta = DAILY,
    names: Naming = "attribute",
    unreadable: Unreadables = "raise",
) -> SyncReport:
    """Bring tables of a database to what the CRM has, a table for each module.

    ::

        with crm.connect():
            warehouse.sync("postgresql+psycopg://me@db/crm", crm, modules=["Contacts"])

    `to` is an address as SQLAlchemy reads it, or an engine. `package` is the generated package,
    whose session of this context is asked; `modules` are names of its classes or of the CRM, all
    without it. The first run loads every record, later ones read what changed; both go on where
    they were broken off. Ids are compared where that was last done longer ago than `sweep`, for
    what the CRM tells of no change: deletions, where the server has no `sync`, and what it
    deletes or empties along with another record.

    A new field becomes a new column, called by `names` and then for good; of one that is gone the
    column is kept, as the table of a module is. A column has the exact value or NULL for blank; a
    value that has no place in it is an `Unreadable`, or NULL with ``unreadable="null"``.

    An error about one module is in its part of the report, and the others go on. Raises
    `WarehouseBusy` while another run fills the database, `WarehouseError` for what the database
    refuses, `ConfigError` for an address that cannot be used or the database of another CRM, and
    the error that keeps the CRM out of reach. Needs the extra ``warehouse``.
    """
    database = located(to)
    del to  # a text that may hold a password, in a frame that error reports show
    found = package if isinstance(package, Package) else getattr(package, "package", None)
    if not isinstance(found, Package):
        raise ConfigError(
            f"warehouse.sync() takes a generated package, such as the module `crm` after "
            f"`import crm`, not {package!r}."
        )
    runner = found.runner()
    metas = [found.model(name).meta for name in (found.modules if modules is None else modules)]
    return sync_modules(
        database,
        metas if modules is not None else readable(metas, runner),
        runner,
        known=None if modules is not None else found.prefixes.keys(),
        sweep=sweep,
        names=names,
        unreadable=unreadable,
    )


def readable(metas: Iterable[ModuleMeta], runner: Runner) -> list[ModuleMeta]:
    """Those of all modules that the server lists."""
    unlisted = UNLISTED if runner.environment.lists is not None else ()
    return [meta for meta in metas if meta.id.selectable and meta.name not in unlisted]


def sync_modules(
    to: str | Located,
    metas: Sequence[ModuleMeta],
    runner: Runner,
    *,
    known: Collection[str] | None,
    sweep: timedelta = DAILY,
    names: Naming = "attribute",
    unreadable: Unreadables = "raise",
    told: Callable[[str, str, int], None] = lambda module, what, read: None,
    ended: Callable[[SyncedModule], None] = lambda module: None,
) -> SyncReport:
    """`sync` of modules by their facts. `known` are all modules that the CRM has, or None where
    that is not known; `told` hears how far a module is, `ended` what became of it."""
    database = located(to)
    del to
    with opened(database) as engine, errors_as_ours(engine), Hold(engine)() as hold:
        gone: list[str] = []
        if known is not None:
            with hold.commit() as connection:
                lost = mark_gone(connection, known, datetime.now(UTC))
            gone = [each.module for each in lost]
        done = []
        for meta in metas:
            tell = partial(told, meta.name)
            done.append(_one(meta, runner, hold, sweep, names, unreadable, tell))
            ended(done[-1])
    return SyncReport(tuple(done), tuple(gone))


def _one(
    meta: ModuleMeta,
    runner: Runner,
    hold: Hold,
    sweep: timedelta,
    names: Naming,
    unreadable: Unreadables,
    told: HearsProgress,
) -> SyncedModule:
    result = SyncedModule(meta.name, meta.name)
    lists = runner.environment.lists is not None
    fields = with_id(meta, told_in_lists(meta.columns) if lists else meta.columns)
    try:
        with hold.commit() as connection:
            kept = prepared(connection, meta, fields, names, datetime.now(UTC))
        filling = Filling(kept, runner, hold, unreadable, told)
        result = replace(result, table=kept.entry.table_name, notes=kept.notes)
        before = kept.entry.swept_at
        try:
            _fill(filling, sweep)
        finally:
            done, entry = filling.done, filling.entry
            result = replace(
                result,
                loaded=done.loaded,
                changed=done.changed,
                deleted=done.deleted,
                swept=entry.swept_at != before,
                swept_at=entry.swept_at,
            )
    except VtigerError as error:
        if _ends_the_run(error):
            raise
        return replace(result, error=error)
    return result


def _ends_the_run(error: VtigerError) -> bool:
    """Whether the next module would meet it as well; a package that does not fit is told of
    each."""
    of_all = tells_nothing(error) and not isinstance(error, SchemaError)
    return of_all or isinstance(error, WarehouseError)


def _fill(filling: Filling, sweep: timedelta) -> None:
    if not filling.has_feed:
        filling.load()
    elif filling.entry.comparison == "load":
        filling.load()
        filling.follow()
    else:
        told = filling.follow()
        swept = filling.entry.swept_at
        due = swept is None or datetime.now(UTC) - swept >= sweep
        if due or not told or filling.entry.comparison == "sweep":
            filling.sweep()
    filling.finish()
