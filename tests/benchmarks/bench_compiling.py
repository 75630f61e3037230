"""From a queryset of ten conditions to the text of its statement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from generated.demo import Accounts, Contacts
from tests.benchmarks.harness import Line, Lines, computing, show, shown
from vtiger_orm.operations.calls import Plan, Query, Row, RowStream
from vtiger_orm.query.environment import Environment

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

    def compile_one() -> None:
        for _ in contacts.filter(
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
        ):
            pass

    def many() -> None:
        for _ in range(TIMES):
            compile_one()

    (seconds,) = computing(many, rounds=7)
    yield Line(
        what="ten conditions, built and compiled",
        ours=shown(seconds / TIMES),
        goal=f"under {shown(GOAL)}",
        met=seconds / TIMES < GOAL,
        remark=f"{dry.text.count(' and ') + 1} conditions, {len(dry.text)} characters",
    )


if __name__ == "__main__":
    show(measure())
