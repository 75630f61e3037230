"""What plans are made of, and how several are performed side by side.

A plan is a generator that yields calls and is sent their results; it never sleeps and opens no
socket. The drivers in `session` perform the calls, a test can feed the answers by hand.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import field
from typing import TypeAlias, TypeVar, cast

from .._dataclass import dataclass
from ..errors import VtigerError
from ..values.uniform_rows import joined
from .operations import Call, Row
from .pace import Pace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls that do not depend on each other, performed side by side where that helps.

    The reply is the list of results in the same order. With `collect` the `VtigerError` of a call
    takes its place in that list; without it the first one is raised (after the others have
    ended).
    """

    calls: Sequence[Call[object]]
    collect: bool = False
    pace: Pace | None = field(default=None, compare=False)
    """Told how the calls went; it tells how many of them may be under way at once."""
    soon: Sequence[Call[object]] = field(default=(), compare=False)
    """Calls that the plan will ask for next, these very objects. They may be under way already;
    their results, or errors, are of interest when a later step asks for them."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Emitted by a streaming plan: these rows are ready for the consumer.

    `ahead` is the step the plan needs next; a driver starts it before it hands the rows out,
    so that the server works while the consumer does. Its result is sent back as the reply.
    """

    rows: Sequence[Row]
    ahead: Step | None = None


Step: TypeAlias = "Call[object] | Batch"

Reply: TypeAlias = object
"""What a plan is sent for a step: the result of a call, the list of results of a batch. Its type
follows from the step, so it is told by whoever yields it: `perform` and its kin."""

Plan: TypeAlias = Generator[Step, Reply, T]
"""Yields calls, is sent their results (or has their error thrown in), returns a `T`."""

RowStream: TypeAlias = Generator["Step | Rows", Reply, None]
"""A plan that hands out rows on the way."""


def perform(call: Call[T]) -> Plan[T]:
    """`result = yield from perform(call)`: one call, with the type of its result."""
    return cast(T, (yield call))


def perform_all(calls: Sequence[Call[T]]) -> Plan[list[T]]:
    """The results of a batch, in the order of the calls. Raises the first error."""
    return cast("list[T]", (yield Batch(calls)))


def attempt_all(calls: Sequence[Call[T]]) -> Plan[list[T | VtigerError]]:
    """The results of a batch, in the order of the calls, errors in the places of theirs."""
    return cast("list[T | VtigerError]", (yield Batch(calls, collect=True)))


def collect_rows(stream: RowStream) -> Plan[Sequence[Row]]:
    """A streaming plan as an ordinary one that returns every row."""
    pages: list[Sequence[Row]] = []
    reply: Reply = None
    try:
        step = next(stream)
        while True:
            if isinstance(step, Rows):
                pages.append(step.rows)
                reply = (yield step.ahead) if step.ahead is not None else None
            else:
                try:
                    reply = yield step
                except BaseException as error:
                    step = stream.throw(error)
                    continue
            step = stream.send(reply)
    except StopIteration:
        return joined(pages)


def together(plans: Sequence[Plan[T]]) -> Plan[list[T]]:
    """One plan that performs all of them, the calls of each round as one batch.

    The results are in the order of the plans. The first error that a plan does not handle
    itself is raised, after that round's other calls have ended; the other plans are closed.
    """
    if len(plans) == 1:
        return [(yield from plans[0])]
    results: dict[int, T] = {}
    replies: dict[int, Reply] = {}
    waiting: list[int] = list(range(len(plans)))
    try:
        while waiting:
            steps: dict[int, Step] = {}
            for number in waiting:
                try:
                    steps[number] = _resume(plans[number], replies.get(number))
                except StopIteration as done:
                    results[number] = done.value
            waiting = list(steps)
            if waiting:
                replies = yield from _round(steps)
    finally:
        for plan in plans:
            plan.close()
    return [results[number] for number in range(len(plans))]


def _resume(plan: Plan[T], reply: Reply) -> Step:
    return plan.throw(reply) if isinstance(reply, Exception) else plan.send(reply)


def _round(steps: dict[int, Step]) -> Plan[dict[int, Reply]]:
    """Perform one step of every plan; an error takes the place of a reply."""
    calls: list[Call[object]] = []
    for step in steps.values():
        calls.extend(step.calls if isinstance(step, Batch) else (step,))
    answers = iter((yield from attempt_all(calls)))
    replies: dict[int, Reply] = {}
    for number, step in steps.items():
        if not isinstance(step, Batch):
            replies[number] = next(answers)
            continue
        own = [next(answers) for _ in step.calls]
        failed = [each for each in own if isinstance(each, Exception)]
        replies[number] = failed[0] if failed and not step.collect else own
    return replies
