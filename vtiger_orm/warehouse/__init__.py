"""A CRM kept as tables of a database: loaded once, then brought up to date by what changed.

::

    from vtiger_orm import warehouse
    import crm  # the generated package

    with crm.connect():
        report = warehouse.sync("sqlite:///crm.db", crm)

Needs the extra ``warehouse`` (SQLAlchemy) and the database's own driver.
"""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .errors import WarehouseBusy as WarehouseBusy
    from .errors import WarehouseError as WarehouseError
    from .syncing import SyncedModule as SyncedModule
    from .syncing import SyncReport as SyncReport
    from .syncing import sync as sync

__all__ = ["SyncReport", "SyncedModule", "WarehouseBusy", "WarehouseError", "sync"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "SyncReport": "syncing",
            "SyncedModule": "syncing",
            "WarehouseBusy": "errors",
            "WarehouseError": "errors",
            "sync": "syncing",
        },
    )
