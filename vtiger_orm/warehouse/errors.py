"""What can go wrong with the database, beside what can go wrong with the CRM."""

from __future__ import annotations

from ..errors import VtigerError


class WarehouseError(VtigerError):
    """The database refused something, or could not be reached. What was committed before stays,
    and the next run goes on from there."""


class WarehouseBusy(WarehouseError):
    """Another run fills this database right now; this one changed nothing more."""
