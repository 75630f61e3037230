"""Law of parity: each blocking terminal has its async twin with the same parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from vtiger_orm import QuerySet, Ref, ValuesQuerySet
from vtiger_orm.records import Record

BUILDING = {
    "all",
    "defer",
    "exclude",
    "changes",
    "explain",
    "filter",
    "max_writes",
    "model",
    "none",
    "only",
    "order_by",
    "prefetch_related",
    "query",
    "reverse",
    "select_related",
    "selection",
    "using",
    "values",
    "values_list",
}
"""Ask nothing, so there is nothing to await."""


def public(cls: type) -> list[str]:
    return [name for name in dir(cls) if not name.startswith("_")]


def twins(cls: type) -> list[str]:
    """Names of the blocking terminals."""
    names = public(cls)
    return [
        name
        for name in names
        if name not in BUILDING and not (name.startswith("a") and name[1:] in names)
    ]


@pytest.mark.parametrize("cls", [QuerySet, ValuesQuerySet])
def test_every_terminal_has_its_twin(cls: type) -> None:
    for name in twins(cls):
        assert hasattr(cls, f"a{name}"), f"{cls.__name__}.{name} has no a{name}"
    alone = [name for name in public(cls) if name not in BUILDING]
    assert len(alone) == 2 * len(twins(cls))


def pairs() -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    names: list[tuple[type, str]] = [(QuerySet, name) for name in twins(QuerySet)]
    names += [(Ref, "fetch"), (Record, "save"), (Record, "delete"), (Record, "refresh")]
    return [(getattr(cls, name), getattr(cls, f"a{name}")) for cls, name in names]


def unwrapped(annotation: object) -> str:
    """`AsyncIterator` and `Iterator` are the same thing seen from the two sides."""
    return str(annotation).replace("AsyncIterator", "Iterator").replace("AsyncIter", "Iter")


@pytest.mark.parametrize(("sync", "twin"), pairs(), ids=lambda each: each.__qualname__)
def test_twins_have_the_same_signature(sync: Callable[..., Any], twin: Callable[..., Any]) -> None:
    ours, theirs = inspect.signature(sync), inspect.signature(twin)
    assert list(ours.parameters.values()) == list(theirs.parameters.values())
    assert unwrapped(ours.return_annotation) == unwrapped(theirs.return_annotation)


@pytest.mark.parametrize(("sync", "twin"), pairs(), ids=lambda each: each.__qualname__)
def test_the_twin_is_what_is_awaited(sync: Callable[..., Any], twin: Callable[..., Any]) -> None:
    assert not inspect.iscoroutinefunction(sync)
    asynchronous = inspect.iscoroutinefunction(twin) or "AsyncIterator" in str(
        inspect.signature(twin).return_annotation
    )
    assert asynchronous
    assert twin.__doc__
