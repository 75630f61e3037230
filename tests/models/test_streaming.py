"""Reading a large module holds a few pages, never all of it."""

from __future__ import annotations

import gc
import itertools
import re
import weakref
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from tests.support.sample_package import Accounts, Contacts, package
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Call, Query, Row
from vtiger_orm.calls.plans import Batch, Rows

TOTAL = 6_000
PAGE = 100


def answer(call: Call[Any]) -> list[Row]:
    """A CRM of 6,000 contacts, each of an account of its own, made as they are asked for."""
    assert isinstance(call, Query)
    among = re.search(r"id in \(([^)]*)\)", call.text)
    if among:
        ids = [int(each.strip(" '").rpartition("x")[2]) for each in among[1].split(",")]
        return [{"id": f"11x{number}", "accountname": f"Account {number}"} for number in ids]
    after = re.search(r"id > '?12x(\d+)", call.text)
    first = int(after[1]) + 1 if after else 1
    numbers = range(first, min(first + PAGE, TOTAL + 1))
    return [
        {"id": f"12x{number}", "lastname": f"Contact {number}", "account_id": f"11x{number}"}
        for number in numbers
    ]


class Streaming:
    """A runner without a server: the simplest thing that can perform plans."""

    package = package
    environment = Environment(precedence_known=True)

    def __init__(self) -> None:
        self.calls = 0

    def reply(self, step: Any) -> Any:
        if isinstance(step, Batch):
            return [self.reply(each) for each in step.calls]
        self.calls += 1
        return answer(step)

    def run(self, plan: Any) -> Any:
        reply: Any = None
        while True:
            try:
                reply = self.reply(plan.send(reply))
            except StopIteration as done:
                return done.value

    async def arun(self, plan: Any) -> Any:
        return self.run(plan)

    def stream(self, plan: Any) -> Iterator[Sequence[Row]]:
        reply: Any = None
        while True:
            try:
                step = plan.send(reply)
            except StopIteration:
                return
            if isinstance(step, Rows):
                yield step.rows
                reply = None if step.ahead is None else self.reply(step.ahead)
            else:
                reply = self.reply(step)

    async def astream(self, plan: Any) -> AsyncIterator[Sequence[Row]]:
        for rows in self.stream(plan):
            yield rows


class Census:
    """How many records are alive at once."""

    def __init__(self) -> None:
        self._alive: weakref.WeakSet[Any] = weakref.WeakSet()
        self.most = 0

    def see(self, record: Any) -> None:
        self._alive.add(record)
        self.most = max(self.most, len(self._alive))


def test_iterating_holds_a_page_or_two() -> None:
    runner: Any = Streaming()
    records, accounts = Census(), Census()
    seen = 0
    for contact in Contacts.objects.using(runner).select_related("account_id"):
        seen += 1
        records.see(contact)
        accounts.see(contact.account_id.loaded)
    assert seen == TOTAL
    assert records.most <= 3 * PAGE
    assert accounts.most <= 3 * PAGE
    assert runner.calls <= 2 * TOTAL // PAGE + 2


async def test_iterating_asynchronously_holds_a_page_or_two() -> None:
    runner: Any = Streaming()
    census = Census()
    seen = 0
    async for contact in Contacts.objects.using(runner).select_related("account_id"):
        seen += 1
        census.see(contact)
    assert seen == TOTAL
    assert census.most <= 3 * PAGE


def test_what_is_left_early_is_let_go() -> None:
    runner: Any = Streaming()
    gc.collect()
    before = sum(isinstance(each, Contacts | Accounts) for each in gc.get_objects())
    qs = Contacts.objects.using(runner).select_related("account_id")
    assert len(list(itertools.islice(qs, 250))) == 250
    gc.collect()
    after = sum(isinstance(each, Contacts | Accounts) for each in gc.get_objects())
    assert after <= before
    assert runner.calls <= 8
