"""The rows of a selection as typed columns, page by page, without a record in between."""

from __future__ import annotations

from .reading import ColumnReader, Unreadables

__all__ = ["ColumnReader", "Unreadables"]
