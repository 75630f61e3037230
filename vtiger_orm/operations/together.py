"""Several plans performed side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from .calls import Batch, Call, Plan, Step

T = TypeVar("T")


def together(plans: Sequence[Plan[T]]) -> Plan[list[T]]:
    """One plan that performs all of them, the calls of each round as one batch.

    The results are in the order of the plans. The first error that a plan does not handle
    itself is raised, after that round's other calls have ended; the other plans are closed.
    """
    if len(plans) == 1:
        return [(yield from plans[0])]
    results: dict[int, T] = {}
    replies: dict[int, Any] = {}
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


def _resume(plan: Plan[T], reply: Any) -> Step:
    return plan.throw(reply) if isinstance(reply, Exception) else plan.send(reply)


def _round(steps: dict[int, Step]) -> Plan[dict[int, Any]]:
    """Perform one step of every plan; an error takes the place of a reply."""
    calls: list[Call[Any]] = []
    for step in steps.values():
        calls.extend(step.calls if isinstance(step, Batch) else (step,))
    answers = iter(cast("list[Any]", (yield Batch(calls, collect=True))))
    replies: dict[int, Any] = {}
    for number, step in steps.items():
        if not isinstance(step, Batch):
            replies[number] = next(answers)
            continue
        own = [next(answers) for _ in step.calls]
        failed = [each for each in own if isinstance(each, Exception)]
        replies[number] = failed[0] if failed and not step.collect else own
    return replies
