"""Classes whose methods are written late are those that the standard library would have made."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pytest

import vtiger_orm
from vtiger_orm._dataclass import dataclass

T = TypeVar("T")


def of_the_runtime() -> Iterator[type[Any]]:
    for each in pkgutil.walk_packages(vtiger_orm.__path__, "vtiger_orm."):
        if ".emulator" in each.name or each.name.startswith("vtiger_orm.testing"):
            continue
        module = importlib.import_module(each.name)
        for kind in vars(module).values():
            own = isinstance(kind, type) and kind.__module__ == each.name
            if own and hasattr(kind, "__dataclass_fields__"):
                yield kind


def is_late(kind: type[Any]) -> bool:
    return type(vars(kind).get("__init__")).__module__ == "vtiger_orm._dataclass"


def test_all_can_be_written() -> None:
    found = list(of_the_runtime())
    assert len(found) > 100
    for kind in found:
        assert inspect.signature(kind)
        assert not is_late(kind)


def test_all_with_slots_are_written_late() -> None:
    """The emulator stands aside, and imports nothing but the ground."""
    root = Path(vtiger_orm.__file__).parent
    for file in root.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if "emulator" not in file.parts and "slots=True" in text:
            assert not re.search(r"^from dataclasses import .*\bdataclass\b", text, re.M), file


def kinds() -> Iterator[type[Any]]:
    """The same classes twice: by the standard library, and by us."""
    for make in (dataclasses.dataclass, dataclass):

        @make(frozen=True, slots=True)
        class Point:
            """A point."""

            origin: ClassVar[int] = 0
            x: int
            y: int = 2
            names: list[str] = field(default_factory=list)
            length: int = field(init=False, repr=False, compare=False)

            def __post_init__(self) -> None:
                object.__setattr__(self, "length", self.x + self.y)

            @property
            def doubled(self) -> int:
                return 2 * self.x

        @make(frozen=True, slots=True)
        class Named(Point):
            name: str = "p"

        @make(slots=True)
        class Open(Generic[T]):
            value: T
            more: int = 1

        @make(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
        class Same:
            value: int

        yield from (Point, Named, Open, Same)


def both() -> list[Any]:
    found = list(kinds())
    half = len(found) // 2
    return [
        pytest.param(theirs, ours, id=theirs.__name__)
        for theirs, ours in zip(found[:half], found[half:])
    ]


@pytest.mark.parametrize(("theirs", "ours"), both())
def test_they_are_alike(theirs: type[Any], ours: type[Any]) -> None:
    assert inspect.signature(theirs) == inspect.signature(ours), "before anything else is asked"
    values = {"x": 1} if "x" in theirs.__dataclass_fields__ else {"value": 3}
    one, other = theirs(**values), ours(**values)
    assert repr(one).partition("(")[2] == repr(other).partition("(")[2] or "object at" in repr(one)
    assert theirs.__slots__ == ours.__slots__
    assert theirs.__match_args__ == ours.__match_args__
    assert theirs.__doc__ == ours.__doc__
    assert theirs.__qualname__ == ours.__qualname__
    names = [(each.name, each.default, each.init) for each in dataclasses.fields(theirs)]
    assert names == [(each.name, each.default, each.init) for each in dataclasses.fields(ours)]
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert (one == theirs(**values)) == (other == ours(**values))
    assert vars(theirs).keys() - {"__firstlineno__"} == vars(ours).keys() - {"__firstlineno__"}


@pytest.mark.parametrize(("theirs", "ours"), both())
def test_what_is_refused_is_refused(theirs: type[Any], ours: type[Any]) -> None:
    for kind in (ours, theirs):
        with pytest.raises(TypeError):
            kind(1, 2, 3, 4, 5, 6)
    frozen = ours.__dataclass_params__.frozen
    values = {"x": 1} if "x" in ours.__dataclass_fields__ else {"value": 3}
    made = ours(**values)
    name = next(iter(values))
    if frozen:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, name, 2)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(made, name)
    else:
        setattr(made, name, 2)
        with pytest.raises(TypeError, match="unhashable"):
            hash(made)


@dataclass(frozen=True, slots=True)
class Kept:
    value: int
    more: int = field(init=False, default=7)


def test_pickles_and_copies_come_before_anything_else_was_asked() -> None:
    made = Kept.__new__(Kept)
    object.__setattr__(made, "value", 1)
    object.__setattr__(made, "more", 2)
    assert is_late(Kept)
    again = pickle.loads(pickle.dumps(made))
    assert (again, again.more, copy.copy(made)) == (made, 2, made)
    assert not is_late(Kept)
    match again:
        case Kept(value):
            assert value == 1
        case _:
            pytest.fail("does not match")


def test_threads_that_meet_find_the_same_class() -> None:
    for _ in range(20):
        together = threading.Barrier(8)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(partial(use, met(), together), range(8)))


def met() -> type[Any]:
    @dataclass(frozen=True, slots=True)
    class Met:
        value: int
        more: int = field(init=False, default=7)

    return Met


def use(kind: type[Any], together: threading.Barrier, number: int) -> None:
    together.wait()
    assert kind(number) == kind(number)
    assert hash(kind(number)) == hash(kind(number))
    assert kind(number).more == 7
