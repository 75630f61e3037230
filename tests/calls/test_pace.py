"""How wide a long reading is: as many calls at once as pay, and no more."""

from __future__ import annotations

from itertools import pairwise

import pytest

from vtiger_orm.calls.pace import ALONE, MOST, Pace, Parallel
from vtiger_orm.errors import ConfigError

AUTO = Parallel.of("auto")


def rounds(pace: Pace, number: int, *, seconds: float = 0.02, waited: float = 0.5) -> list[int]:
    """So many rounds whose calls take so long, and for which the consumer waits this share of
    the time that they take together."""
    widths = []
    for _ in range(number):
        calls = pace.width
        for _ in range(calls):
            pace.answered(seconds, alone=calls == 1)
        pace.went(waited * seconds, seconds)
        widths.append(pace.width)
    return widths


def test_a_setting_is_read_or_refused() -> None:
    assert Parallel.of("auto") == (1, MOST)
    assert (Parallel.of(1), Parallel.of(4)) == (ALONE, (4, 4))
    for wrong in (0, -1, True, 1.5, "4", None):
        with pytest.raises(ConfigError, match="parallel must be"):
            Parallel.of(wrong)  # type: ignore[arg-type]  # what a user may write


def test_it_begins_alone_and_doubles_while_the_consumer_waits() -> None:
    pace = Pace(AUTO)
    assert pace.width == 1
    widths = rounds(pace, 20)
    assert widths[:4] == [1] * 4, "short readings never have more than one call under way"
    assert widths[-1] == MOST
    assert widths == sorted(widths)


def test_a_slow_consumer_keeps_it_alone() -> None:
    pace = Pace(AUTO)
    assert rounds(pace, 50, waited=0.05)[-1] == 1


def test_a_consumer_that_becomes_slow_makes_it_narrower() -> None:
    pace = Pace(AUTO)
    rounds(pace, 20)
    assert rounds(pace, 10, waited=0.0)[-1] == 1


def test_a_server_with_one_processor_is_left_alone() -> None:
    """Two calls at once take twice as long: nothing is won, so it is not tried again for long.
    The first time tells nothing, since a session may have been opened for it, and another once
    may have been held up by anything."""
    pace = Pace(AUTO)
    widths = []
    for _ in range(40):
        widths += rounds(pace, 1, seconds=0.02 * pace.width)
    assert max(widths) == 2
    assert widths.count(2) == 3
    assert 2 in [rounds(pace, 1, seconds=0.02 * pace.width)[0] for _ in range(30)], "tried anew"


def test_sessions_that_are_opened_on_the_way_are_no_reason_to_stay_alone() -> None:
    """On a stock server each call more at once needs a login of its own first."""
    pace = Pace(AUTO)
    widths, seen = [], {1}
    for _ in range(20):
        login = 0.0 if pace.width in seen else 0.05
        seen.add(pace.width)
        widths += rounds(pace, 1, seconds=0.025 + login)
    assert widths[-1] == MOST


def test_calls_that_are_done_no_sooner_together_are_made_one_by_one() -> None:
    """Each takes little longer, and yet the round as long as all of them: the reader is busy."""
    pace = Pace(AUTO)
    for _ in range(12):
        calls = pace.width
        for _ in range(calls):
            pace.answered(0.02, alone=calls == 1)
        pace.went(0.01 * calls, 0.02 * calls)
    assert pace.width == 1


def test_limits_that_are_nearly_used_up_leave_one_call() -> None:
    pace = Pace(AUTO)
    rounds(pace, 20)
    pace.answered(0.02, alone=False)
    pace.went(0.5, 1.0, pressed=True)
    assert pace.width == 1
    assert rounds(pace, 20)[-1] == 1


def test_a_number_is_kept_whatever_happens() -> None:
    pace = Pace(Parallel.of(3))
    assert set(rounds(pace, 30, seconds=9.0, waited=0.0)) == {3}
    pace.alone()
    assert rounds(pace, 3) == [1, 1, 1]


def steps(
    pace: Pace, number: int, *, seconds: float = 0.02, whole: float = 0.02, waited: float = 0.01
) -> list[int]:
    """So many steps of one call each, which took so long; the time between two handed out."""
    widths = []
    for _ in range(number):
        pace.answered(seconds, alone=pace.width == 1)
        pace.went(waited, whole)
        widths.append(pace.width)
    return widths


def wide() -> Pace:
    """As many as there may be, after calls that took 20 ms alone; at the beginning of a round."""
    pace = Pace(AUTO)
    rounds(pace, 20)
    assert pace.width == MOST
    return pace


def test_as_many_steps_as_calls_are_under_way_are_judged_as_one() -> None:
    """The first of them waits for all, the others are there."""
    pace = wide()
    for _ in range(10):
        assert steps(pace, 1, whole=0.02, waited=0.02) == [MOST]
        assert set(steps(pace, MOST - 1, whole=0.0, waited=0.0)) == {MOST}


def test_a_round_in_which_the_consumer_hardly_waited_makes_it_narrower_by_one() -> None:
    pace = wide()
    assert steps(pace, MOST, whole=0.01, waited=0.0001) == [MOST] * (MOST - 1) + [MOST - 1]
    assert steps(pace, MOST, whole=0.01, waited=0.0004)[-1] == MOST - 1, "it waits a little"
    assert steps(pace, MOST, whole=0.01, waited=0.002)[-1] == MOST


@pytest.mark.parametrize(("slower", "narrower"), [(1.5, 0), (3.0, 0), (3.5, 1), (5.0, 1)])
def test_calls_that_crowd_each_other_are_one_less(slower: float, narrower: int) -> None:
    pace = wide()
    assert steps(pace, MOST, seconds=0.02 * slower, whole=0.01)[-1] == MOST - narrower


@pytest.mark.parametrize(("slower", "wider"), [(1.6, True), (1.8, False)])
def test_more_are_tried_while_calls_are_hardly_slower_than_alone(
    slower: float, wider: bool
) -> None:
    pace = Pace(AUTO)
    rounds(pace, 5)
    assert pace.width == 2
    assert steps(pace, 4, seconds=0.02 * slower, whole=0.012)[-1] == (4 if wider else 2)


def test_rounds_in_vain_halve_it_and_it_rests_there() -> None:
    pace = wide()
    slow = {"seconds": 0.02, "whole": 0.02}
    assert steps(pace, MOST, **slow)[-1] == MOST, "one may have been held up by anything"
    assert rounds(pace, 1) == [MOST]
    assert steps(pace, 2 * MOST, **slow)[-1] == MOST // 2
    assert rounds(pace, 39) == [MOST // 2] * 39
    assert rounds(pace, 1) == [MOST]


def test_it_rests_twice_as_long_each_time() -> None:
    """On a server with one processor, which it is tried on again and again."""
    pace, tried = Pace(AUTO), list[int]()
    for number in range(2000):
        before = pace.width
        rounds(pace, 1, seconds=0.02 * pace.width)
        if before == 1 < pace.width:
            tried.append(number)
    rests = [later - sooner for sooner, later in pairwise(tried)]
    assert len(rests) == 5
    assert all(1.8 * sooner < later < 2.1 * sooner for sooner, later in pairwise(rests))


def test_limits_change_nothing_of_a_number_that_was_told() -> None:
    pace = Pace(Parallel.of(3))
    pace.answered(0.02, alone=False)
    pace.went(0.5, 1.0, pressed=True)
    assert pace.width == 3
