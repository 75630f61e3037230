"""Every module of a CRM as a view of DuckDB, read when a statement needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..calls.environment import Environment
from ..calls.protocols import environment_of
from ..errors import ConfigError, NoSession
from ..package import Package
from .source import scan

if TYPE_CHECKING:
    from types import ModuleType

    from duckdb import DuckDBPyConnection


def duckdb(
    connection: DuckDBPyConnection, package: ModuleType | Package, *, max_rows: int | None = None
) -> None:
    """Register each module of the package under the name of its class, for SQL.

    ::

        import crm  # the generated package

        with crm.connect():
            frames.duckdb(connection, crm)
            connection.sql("select sales_stage, sum(amount) from Potentials group by all")

    DuckDB hands down the columns it needs and simple conditions; a condition that the CRM cannot
    be asked reads the whole module. So one scan reads at most `max_rows` records, by default the
    session's `max_scan_rows`, and raises `ScanTooLarge` beyond.
    """
    found = package if isinstance(package, Package) else getattr(package, "package", None)
    if not isinstance(found, Package):
        raise ConfigError(
            f"frames.duckdb() takes a generated package, such as the module `crm` after "
            f"`import crm`, not {package!r}."
        )
    try:
        env = environment_of(found.runner())
    except NoSession:
        env = Environment.of(found.server)
    most = env.max_scan_rows if max_rows is None else max_rows
    for module in found.modules:
        model = found.model(module)
        if model.meta.columns:
            connection.register(model.__name__, scan(model.objects, max_rows=most))
