"""Law of parity: each blocking terminal has its async twin with the same parameters."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

import vtiger_orm
from vtiger_orm import QuerySet, Ref, ValuesQuerySet
from vtiger_orm.models import Record
from vtiger_orm.models.reading import BaseQuerySet
from vtiger_orm.models.related_manager import RelatedManager

BUILDING = {
    "all",
    "annotate",
    "changes",
    "defer",
    "exclude",
    "explain",
    "explain_aggregate",
    "fetches",
    "filter",
    "into",
    "max_writes",
    "model",
    "none",
    "only",
    "order_by",
    "prefetch_related",
    "q",
    "query",
    "reverse",
    "select_related",
    "selection",
    "using",
    "value_names",
    "values",
    "values_list",
}
"""Ask nothing, so there is nothing to await; `changes` is iterated with `for` or `async for`."""

LOADED = {"loaded"}
"""Of related managers: never asks."""

NO_TERMINALS = (
    "vtiger_orm.emulator",
    "vtiger_orm.testing",
    "vtiger_orm.session",
    "vtiger_orm.calls.gates",
    "vtiger_orm.calls.protocols",
    "vtiger_orm.calls.resuming",
)
"""Parts whose asynchronous methods are no twins, or are compared by their own tests."""


def public(cls: type) -> list[str]:
    return [name for name in dir(cls) if not name.startswith("_")]


def is_async(member: Any) -> bool:
    if inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member):
        return True
    return inspect.isfunction(member) and "AsyncIterator" in str(
        member.__annotations__.get("return")
    )


@pytest.mark.parametrize("cls", [QuerySet, ValuesQuerySet, RelatedManager])
def test_every_terminal_of_a_queryset_has_its_twin(cls: type) -> None:
    terminals = set(public(cls)) - BUILDING - LOADED
    twins = {name for name in terminals if is_async(getattr(cls, name))}
    assert twins == {f"a{name}" for name in terminals - twins}


def classes() -> Iterator[type]:
    """Every class of the runtime that an application can meet."""
    for found in pkgutil.walk_packages(vtiger_orm.__path__, "vtiger_orm."):
        if found.name.startswith(NO_TERMINALS):
            continue
        module = import_module(found.name)
        for each in vars(module).values():
            if inspect.isclass(each) and each.__module__ == found.name:
                yield each


def pairs() -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """Each async method with the blocking one it is named after."""
    found = {}
    for cls in classes():
        for name, member in vars(cls).items():
            if is_async(member) and not name.startswith("_"):
                assert name.startswith("a"), f"{cls.__name__}.{name} is async without an a"
                sync = getattr(cls, name[1:], None)
                assert sync is not None, f"{cls.__name__}.{name} has no {name[1:]}"
                found[f"{cls.__name__}.{name[1:]}"] = sync, member
    return found


PAIRS = pairs()


def test_the_pairs_are_found() -> None:
    for cls, name in [
        (BaseQuerySet, "get"),
        (BaseQuerySet, "iterator"),
        (QuerySet, "in_bulk"),
        (Ref, "fetch"),
    ]:
        assert f"{cls.__name__}.{name}" in PAIRS
    for name in ("save", "delete", "refresh"):
        assert f"{Record.__name__}.{name}" in PAIRS
    assert "RelatedManager.add" in PAIRS


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_twins_take_and_give_the_same(name: str) -> None:
    sync, twin = PAIRS[name]
    ours, theirs = inspect.signature(sync), inspect.signature(twin)
    assert list(ours.parameters.values()) == list(theirs.parameters.values())
    given = str(theirs.return_annotation).replace("AsyncIterator", "Iterator")
    assert str(ours.return_annotation) == given


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_the_blocking_one_blocks_and_both_say_what_they_do(name: str) -> None:
    sync, twin = PAIRS[name]
    assert not is_async(sync)
    assert sync.__doc__
    assert twin.__doc__
