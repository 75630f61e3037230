"""From a queryset of ten conditions to the text of its statement.

Python's own build matters here: one that is optimised with profiles, as those of distributions
and of python.org are, takes a tenth less than one that is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from generated.demo import Accounts, Contacts
from tests.benchmarks.harness import Line, Lines, computing, show, shown
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Query, Row
from vtiger_orm.calls.plans import Plan, RowStream

T = TypeVar("T")

GOAL: Final = 100e-6
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


def measure() -> Lines:
    dry = Dry()
    contacts = Contacts.objects.using(dry)
    account = Accounts.ref("11x7")
    since = datetime(2024, 2, 29, 13, 45, tzinfo=UTC)

    def built() -> Iterable[Contacts]:
        return contacts.filter(
            lastname__startswith="Sm",
            firstname="Ada",
            leadsource=Contacts.LeadSource.WEB_SITE,
            account_id=account,
            createdtime__gte=since,
            modifiedtime__lt=since,
            email__endswith="@example.com",
            donotcall=False,
            mailingcity__in=["Berlin", "Springfield"],
            department__contains="Sales",
        )

    queryset = built()

    def compiling() -> None:
        for _ in range(TIMES):
            list(queryset)

    def both() -> None:
        for _ in range(TIMES):
            list(built())

    compiled, whole = computing(compiling, both, rounds=9)
    for what, seconds in (("compiled", compiled), ("built and compiled", whole)):
        yield Line(
            what=f"ten conditions, {what}",
            ours=shown(seconds / TIMES),
            goal=f"under {shown(GOAL)}",
            met=seconds / TIMES < GOAL,
            remark=f"a statement of {len(dry.text)} characters",
        )


if __name__ == "__main__":
    show(measure())
