"""From a queryset of ten conditions to the text of its statement.

What is worked out of a comparison is kept, whatever its value and company. So three things are
told: ten keywords that were never met together, the same ten with other values, and what it takes
when nothing is kept.

Python's own build matters here: one that is optimised with profiles, as those of distributions
and of python.org are, takes a tenth less than one that is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, islice
from typing import Any, Final, TypeAlias, TypeVar

from generated.demo import Accounts, Contacts
from tests.benchmarks.django_rival import django_compiling
from tests.benchmarks.harness import Line, Lines, computing, faster, show, shown
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Query, Row
from vtiger_orm.calls.plans import Plan, RowStream
from vtiger_orm.planner.plain import forget_forms

T = TypeVar("T")
Keywords: TypeAlias = dict[str, Any]

COLD_GOAL: Final = 80e-6
"""Built and compiled."""
HIT_GOAL: Final = 30e-6
"""Compiled, where a queryset like it was compiled before."""
TIMES: Final = 1000


class Dry:
    """A session that keeps the first statement of a plan and sends nothing."""

    def __init__(self) -> None:
        self.environment = Environment(precedence_known=True)
        self.text = ""

    def stream(self, stream: RowStream) -> Iterator[Sequence[Row]]:
        call = next(stream)
        if not isinstance(call, Query):
            raise TypeError(f"a query begins with a statement, not with {call!r}")
        self.text = call.text
        stream.close()
        return iter(())

    def astream(self, stream: RowStream) -> AsyncIterator[Sequence[Row]]:
        raise TypeError("compiling awaits nothing")

    def run(self, plan: Plan[T]) -> T:
        raise TypeError("compiling runs nothing")

    async def arun(self, plan: Plan[T]) -> T:
        raise TypeError("compiling runs nothing")


def ten_keywords(number: int = 0) -> Keywords:
    """Ten conditions; of another number, other values."""
    since = datetime(2024, 2, 29, 13, 45, tzinfo=UTC) + timedelta(minutes=number)
    sources = list(Contacts.LeadSource)
    return {
        "lastname__startswith": f"Sm{number}",
        "firstname": f"Ada {number}",
        "leadsource": sources[number % len(sources)],
        "account_id": Accounts.ref(f"11x{number + 7}"),
        "createdtime__gte": since,
        "modifiedtime__lt": since,
        "email__endswith": f"@example{number}.com",
        "donotcall": bool(number % 2),
        "mailingcity__in": ["Berlin", f"Springfield {number}"],
        "department__contains": f"Sales{number}",
    }


def never_together() -> list[Keywords]:
    """Ten conditions each, no two of them of the same keywords."""
    more = {
        "mailingzip": "12345",
        "birthday__gte": date(1970, 1, 1),
        "title__like": "%chief%",
        "mailingcountry__in": ["France", "Italy"],
    }
    every = {**ten_keywords(), **more}.items()
    return [dict(each) for each in islice(combinations(every, 10), TIMES)]


def measure() -> Lines:
    dry = Dry()
    ours: Callable[..., Iterable[Contacts]] = Contacts.objects.using(dry).filter
    queryset = ours(**ten_keywords())
    others = [ten_keywords(number) for number in range(1, TIMES + 1)]
    querysets = [ours(**each) for each in others]
    strangers = never_together()

    def again() -> None:
        for _ in range(TIMES):
            list(queryset)

    def hit() -> None:
        for each in querysets:
            list(each)

    def hit_and_built() -> None:
        for each in others:
            list(ours(**each))

    def cold() -> None:
        for each in strangers:
            list(ours(**each))

    def forgotten() -> None:
        for each in strangers:
            forget_forms()
            list(ours(**each))

    works = (again, hit, hit_and_built, cold, forgotten)
    same, compiled, built, stranger, unkept = (
        seconds / TIMES for seconds in computing(*works, rounds=9)
    )
    django = django_compiling(TIMES // 10)
    theirs = computing(*django, rounds=9) if django else ()
    their_compiled, their_built = (
        (seconds / (TIMES // 10) for seconds in theirs) if theirs else (None, None)
    )
    for what, seconds, rival, goal in (
        ("the same queryset again", same, their_compiled, None),
        ("other values, compiled", compiled, None, HIT_GOAL),
        ("other values, built and compiled", built, their_built, None),
        ("never met together, built and compiled", stranger, None, COLD_GOAL),
        ("no form kept, built and compiled", unkept, None, None),
    ):
        yield Line(
            what=f"ten conditions, {what}",
            ours=shown(seconds),
            rival=f"Django {shown(rival)}" if rival else "",
            ratio=faster(seconds, rival) if rival else "",
            goal=f"under {shown(goal)}" if goal else "",
            met=seconds < goal if goal else None,
            remark=f"a statement of {len(dry.text)} characters" if seconds is same else "",
        )


if __name__ == "__main__":
    show(measure())
