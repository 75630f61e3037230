"""What describe does not tell of a stock Vtiger, read from a server's own tables: the column
behind each field, and the order in which it lists fields and related lists.

A snapshot on disk is sorted by name. Where its fields are those of a stock module, they are put
back into the order of the server; what nobody knows follows the others.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

_ID: Final = "id"


@dataclass(frozen=True, slots=True)
class StockColumn:
    """Where the database keeps a field: table, column, and the column's SQL type."""

    table: str
    column: str
    type: str


@cache
def stock_columns() -> Mapping[str, Mapping[str, StockColumn]]:
    """Module -> field -> column, of the modules that every Vtiger has."""
    modules: dict[str, dict[str, StockColumn]] = {}
    for row in csv.DictReader(_text("columns.tsv").splitlines(), delimiter="\t"):
        column = StockColumn(row["table"], row["column"], row["type"])
        modules.setdefault(row["module"], {})[row["field"]] = column
    return modules


def in_server_order(module: str, names: Iterable[str]) -> list[str]:
    """Names of fields, `id` among them, as the server lists them.

    Names that are not sorted came from a server and are left alone.
    """
    return _ordered(list(names), _orders().get(module, {}).get("fields", ()))


def relations_in_server_order(module: str, labels: Iterable[str]) -> list[str]:
    """Labels of related lists as the server lists them."""
    return _ordered(list(labels), _orders().get(module, {}).get("relations", ()))


def _ordered(names: list[str], known: Iterable[str]) -> list[str]:
    if names != sorted(names):
        return names
    rank = {name: position for position, name in enumerate(known)}
    last = len(rank)
    return sorted(names, key=lambda name: (rank.get(name, last), name == _ID and name not in rank))


@cache
def _orders() -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = json.loads(_text("order.json"))
    return content


def _text(name: str) -> str:
    return files("vtiger_orm.emulator.engine").joinpath(name).read_text(encoding="utf-8")
