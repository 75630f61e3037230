"""What plans are made with is made anew when something of it has changed, and only then."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta, timezone
from weakref import ref

from tests.support.fake_server import FakeServer
from vtiger_orm.session.remade import Remade


def test_a_value_is_made_once_of_the_same_parts() -> None:
    made: list[tuple[int, str]] = []

    def make(number: int, text: str) -> list[object]:
        made.append((number, text))
        return [number, text]

    value = Remade[list[object]]()
    first = value.of(make, 1, "a")
    assert value.of(make, 1, "a") is first
    assert value.of(make, 2, "a") == [2, "a"]
    assert value.of(make, 1, "a") == first
    assert made == [(1, "a"), (2, "a"), (1, "a")]


def test_a_login_and_a_learnt_zone_make_other_facts_and_another_environment() -> None:
    session = FakeServer().session()
    before, facts = session.environment, session.facts
    assert session.environment is before
    assert session.facts is facts
    session.identify()
    assert session.facts is not facts
    assert (facts.met, session.facts.met) == (False, True)
    known = session.environment
    now = datetime.now(UTC).replace(microsecond=0)
    session.clock.saw_wall(f"{now + timedelta(hours=2):%Y-%m-%d %H:%M:%S}", now)
    assert session.environment.zone == timezone(timedelta(hours=2))
    assert known.zone == UTC


def test_a_session_that_nobody_holds_goes_at_once() -> None:
    """Its connections and threads with it, whenever the garbage collector comes."""
    session = FakeServer().session()
    session.identify()
    assert session.environment.parallel
    assert session.facts.met
    gone = ref(session)
    gc.disable()
    try:
        del session
        assert gone() is None
    finally:
        gc.enable()
