"""Querysets inside the engines of analysts, which read what they need, when they do.

::

    from vtiger_orm import frames

    deals = frames.scan(Potentials.objects)
    deals.filter(pl.col("amount") > 1000).group_by("sales_stage").agg(pl.sum("amount")).collect()
"""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .cluster import dask as dask
    from .database import duckdb as duckdb
    from .source import explain as explain
    from .source import scan as scan

__all__ = ["dask", "duckdb", "explain", "scan"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__, {"dask": "cluster", "duckdb": "database", "explain": "source", "scan": "source"}
    )
