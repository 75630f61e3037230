"""Every way to ask or change the CRM is an operation of the fault matrix, once."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import vtiger_orm

from .matrix import OPERATIONS

ROOMS: Final = ("models", "administration", "records", "feed", "session.operations")
"""Where what users call has an a-twin."""
OTHERWISE: Final = {
    "run": "what every operation is made of",
    "call": "its result is handed out as it came, whatever that is",
    "resolve": "tests/session/test_outcome_in_doubt.py: after a fault, by its nature",
    "decrypt": "tests/dialects/test_cloud_operations.py: of fields that the demo CRM has not",
    "head": "of a cursor; no call",
    "apply": "it assigns fields; save is the call",
}
"""Methods with a twin that have no row, and why."""


def twins() -> Iterator[tuple[str, str]]:
    """Public methods that have an a-twin, and their classes."""
    for found in pkgutil.walk_packages(vtiger_orm.__path__, "vtiger_orm."):
        name = found.name.removeprefix("vtiger_orm.")
        if any(name == room or name.startswith(f"{room}.") for room in ROOMS):
            module = importlib.import_module(found.name)
            for owner in vars(module).values():
                if inspect.isclass(owner) and owner.__module__ == found.name:
                    for method in vars(owner):
                        if not method.startswith("_") and f"a{method}" in vars(owner):
                            yield owner.__name__, method


def asked() -> set[str]:
    """Methods that the operations call, or name for calling."""
    here = Path(__file__).parent
    trees = [ast.parse((here / name).read_text()) for name in ("reads.py", "writes.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    named = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return named | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def test_every_method_with_a_twin_is_an_operation() -> None:
    found = set(twins())
    assert {"get", "create", "bulk_create", "lookup"} <= {method for _, method in found}
    missing = [pair for pair in found if pair[1] not in asked() | OTHERWISE.keys()]
    assert sorted(missing) == []


def test_an_operation_is_there_once() -> None:
    assert [name for name, n in Counter(each.name for each in OPERATIONS).items() if n > 1] == []
