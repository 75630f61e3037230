"""The law of the feed: every change that moves `modifiedtime` is told at least once.

With writers at work while it reads, pauses of any length, clocks that are set, calls that fail,
and in every way of going on: behind an item, behind the last one, from a moment, after an error.
Also a change that is stored up to `OVERLAP` after its time; and deletions where sync tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generated.demo import Contacts
from tests.support.kinds import KINDS, open_session
from vtiger_orm import VtigerError
from vtiger_orm.emulator import Crm, faults
from vtiger_orm.feed import changes as feed
from vtiger_orm.feed.cursors import OVERLAP, Page

LATEST = 30
RECORDS = 6
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)

Told = set[tuple[str, str]]

assert settings.default is not None
_EXAMPLES = settings.default.max_examples // 3 or 1
"""Each of them is a small life of a CRM."""


@dataclass
class World:
    """One CRM, its writers, one reader, and two clocks: the server's and this machine's."""

    crm: Crm
    kind: str
    here: datetime = BEGIN
    ids: list[str] = field(default_factory=list)
    state: dict[str, str] = field(default_factory=dict)
    told: Told = field(default_factory=set)
    cursors: list[Any] = field(default_factory=list)
    moment: datetime | None = None
    """When the last whole reading began, by the server; None where its clock was set back."""
    number: int = 0
    jumps: int = 0
    back: bool = False
    """Whether the server's clock was set back since the last reading that told something."""
    aware: set[Any] | None = None
    """The cursors of readings since it was set back; None where it never was."""

    def __post_init__(self) -> None:
        self.crm.clock.freeze(BEGIN)
        self.ids = [self.created() for _ in range(RECORDS)]
        self.read(BEGIN)

    # What happens

    def pause(self, seconds: float) -> None:
        self.here += timedelta(seconds=seconds)
        self.crm.clock.advance(seconds)

    def jump(self, seconds: float) -> None:
        """Somebody sets the server's clock. What is done between setting it back and setting it
        on again leaves no trace, unless a change is told meanwhile; and none for whoever goes on
        from a cursor of before."""
        if seconds > 0 and self.aware is not None:
            aware = [each for each in self.cursors if each in self.aware]
            if self.back or not aware:
                return
            self.cursors = aware
        self.jumps += 1
        self.crm.clock.advance(seconds)
        if seconds < 0:
            self.back = True
            self.aware = set()
            # A moment knows no clock: what it meant by the old one, nobody can tell.
            self.moment = None
            self.cursors = [each for each in self.cursors if isinstance(each, str)]

    def created(self) -> str:
        self.number += 1
        id_ = str(self.crm.create("Contacts", {"lastname": f"N{self.number}"})["id"])
        self.state[id_] = f"N{self.number}"
        return id_

    def write(self, which: int, late: int = 0) -> None:
        """A change that is visible from now on, and has a time of so many seconds ago."""
        id_ = self.ids[which % len(self.ids)]
        if self.state[id_] == "deleted":
            return
        self.number += 1
        self.crm.run("revise", element={"id": id_, "lastname": f"N{self.number}"})
        if late:
            time = self.crm.clock() - timedelta(seconds=late)
            self.crm.engine.backdoor.set(id_, modifiedtime=time.strftime("%Y-%m-%d %H:%M:%S"))
        self.state[id_] = f"N{self.number}"

    def delete(self, which: int) -> None:
        id_ = self.ids[which % len(self.ids)]
        if self.kind != "stock" and self.state[id_] != "deleted":
            self.crm.run("delete", id=id_)
            self.state[id_] = "deleted"

    # The reader

    @contextmanager
    def session(self) -> Iterator[None]:
        with open_session(self.crm, self.kind, page_size=4, server_timezone=UTC) as session:
            vars(session.clock)["here"] = lambda: self.here
            yield

    def read(self, since: Any, meanwhile: Callable[[], None] | None = None, after: int = 0) -> None:
        """Read on from there, as far as it goes; somebody else does something meanwhile."""
        if meanwhile is not None:
            self.crm.faults.next(faults.Meanwhile(lambda *_: meanwhile()), after=after)
        began, jumps = self.crm.clock(), self.jumps
        whose: Any = "user" if self.kind == "php7" else "application"
        changes = Contacts.objects.only("lastname").changes(since, whose=whose)
        with self.session():
            reached = [since]
            try:
                for each in changes:
                    told = each.record.lastname if each.record else "deleted"
                    self.told.add((str(each.id), str(told)))
                    reached.append(each.cursor)
                if jumps == self.jumps:
                    self.moment, self.back = began, self.back and len(reached) == 1
                    if self.aware is not None:
                        self.aware.update(reached[1:])
            except VtigerError:
                pass
        self.crm.faults.clear()
        texts = [each for each in self.cursors if isinstance(each, str)]
        if len(reached) > 1 or isinstance(since, str):
            reached.append(changes.cursor)  # else it is the moment, in other words
        if jumps != self.jumps:
            reached = [each for each in reached if isinstance(each, str)]
        self.cursors = [*texts[-1:], *reached]

    def go_on(self, way: int, **more: Any) -> None:
        """Read on: from the end, from some item (what follows it comes again), from a moment."""
        if way == -1 and self.moment is not None:
            self.read(self.moment, **more)
        else:
            self.read(self.cursors[-1 - max(0, way) % len(self.cursors)], **more)

    def proves(self) -> None:
        self.pause(3600)
        self.go_on(0)
        untold = {each for each in self.state.items() if each not in self.told}
        assert not untold, untold


@pytest.fixture(autouse=True, scope="module")
def small_windows() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "_WINDOW", 5)
        yield


whiches = st.integers(0, RECORDS - 1)
pauses = st.one_of(st.integers(0, 3), st.integers(0, 120), st.sampled_from([3600, 86400]))
jumps = st.sampled_from([-86400, -3600, -90, -40, -20, 2, 30, 3600])
events: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    st.tuples(st.just("write"), whiches, st.sampled_from([0, 0, 1, 10, LATEST])),
    st.tuples(st.just("pause"), pauses),
    st.tuples(st.just("jump"), jumps),
    st.tuples(st.just("delete"), whiches),
)
readings = st.tuples(
    st.just("read"),
    st.integers(-1, 7),
    st.lists(events, max_size=4),
    st.integers(0, 6),
    st.booleans(),
)


def happen(world: World, steps: list[tuple[Any, ...]]) -> None:
    for name, *arguments in steps:
        if name != "read":
            getattr(world, name)(*arguments)
            continue
        way, others, after, failing = arguments
        if failing:
            world.crm.faults.next(faults.DroppedConnection(), times=3, after=after + 1)
        world.go_on(way, meanwhile=partial(happen, world, others), after=after)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=_EXAMPLES)
@given(steps=st.lists(st.one_of(events, readings), min_size=4, max_size=12))
@example(
    # A clock that was set back is set on in the middle of a reading.
    steps=[
        *[("jump", -86400), *(("write", which, 0) for which in range(3))],
        *[("read", 0, [], 0, False), ("read", -1, [("write", 0, 0), ("jump", 3600)], 4, False)],
    ]
)
def test_everything_is_told(
    templates: dict[str, Crm], kind: str, steps: list[tuple[Any, ...]]
) -> None:
    with templates[kind].copy() as crm:
        world = World(crm, kind)
        happen(world, steps)
        world.proves()


@pytest.fixture
def world(crm: Crm, kind: str) -> World:
    world = World(crm, kind)
    world.pause(300)
    world.go_on(0)
    return world


@pytest.mark.parametrize("late", [1, LATEST // 2, LATEST])
@pytest.mark.parametrize("way", [0, 1, -1])
def test_a_change_that_is_stored_late_is_told(world: World, late: int, way: int) -> None:
    """A later one was told before, and its cursor is where the feed goes on."""
    world.write(0)
    world.go_on(0)
    world.write(1, late=late)
    world.go_on(way)
    assert set(world.state.items()) <= world.told


@pytest.mark.parametrize("back", [0, 4, 60, 7200])
def test_a_clock_that_is_set_back_hides_nothing(world: World, back: int) -> None:
    """Neither by less than can be noticed, nor by so much that the feed was ahead for hours; and
    a change that is stored late is told then, too."""
    world.write(0)
    world.go_on(0)
    world.jump(-back)
    world.write(1, late=LATEST)
    world.pause(3 * back)
    world.go_on(0)
    assert set(world.state.items()) <= world.told


def test_a_record_of_the_future_silences_nothing(world: World) -> None:
    world.write(0)
    world.crm.engine.backdoor.set(world.ids[0], modifiedtime="2099-01-01 00:00:00")
    for number in range(4):
        world.go_on(number % 2)
        world.write(1 + number)
        world.pause(100)
    world.go_on(0)
    assert set(world.state.items()) <= world.told


def test_a_long_reading_loses_nothing_behind_the_reader(world: World) -> None:
    for number in range(RECORDS):
        world.write(number)

    def others() -> None:
        world.pause(1)
        world.write(0)
        world.pause(400)
        world.write(RECORDS - 1)

    for after in range(8):
        world.go_on(0, meanwhile=others, after=after)
    world.proves()


def test_a_reader_that_writes_comes_to_an_end(world: World) -> None:
    """Each change makes another one: those are for the next time."""
    count = 0
    with world.session():
        for each in Contacts.objects.changes(BEGIN):
            count += 1
            assert count < 1000
            if each.record is not None and str(each.id) in world.ids:
                world.pause(1)
                world.write(world.ids.index(str(each.id)))
    assert count <= 3 * RECORDS


def test_the_margin_is_named() -> None:
    assert Contacts.objects.changes().overlap == OVERLAP == timedelta(seconds=LATEST)


def test_a_cursor_of_an_item_costs_no_more_in_a_long_page(world: World) -> None:
    """It shares all but a few bytes with those of the other items, made once."""
    for _ in range(40):
        world.created()
    made: list[int] = []
    whole = Page.cursor

    def counted(page: Page, number: int) -> str:
        known = page._head
        text = whole(page, number)
        made.append(known is not page._head)
        return text

    with pytest.MonkeyPatch.context() as patch, suppress(VtigerError), world.session():
        patch.setattr(Page, "cursor", counted)
        items = list(Contacts.objects.changes(BEGIN))
        tails = {len(each.cursor.partition(".")[2]) for each in items}
    assert len(items) > 40
    assert len(tails) == 1
    assert sum(made) <= len({id(each.page) for each in items})
