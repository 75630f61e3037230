"""What a query says, apart from any schema."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """``name operator values``; values are as written, quotes included."""

    field: str
    operator: str
    """``=  !=  <  <=  >  >=  LIKE  IN``"""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One query. Names and values are as written."""

    module: str
    columns: tuple[str, ...] = ()
    everything: bool = False
    counted: bool = False
    conditions: tuple[Condition, ...] = ()
    glue: tuple[str, ...] = ()
    """``AND`` / ``OR`` between the conditions."""
    order: tuple[str, ...] = ()
    descending: bool = False
    limit: tuple[str, ...] = ()
    """Nothing, a count, or an offset and a count."""
