"""Plans side by side: rounds, order of results, and whose error is whose."""

from __future__ import annotations

from typing import Any

import pytest

from vtiger_orm.calls.operations import Query, Retrieve
from vtiger_orm.calls.plans import (
    Batch,
    Plan,
    Rows,
    RowStream,
    attempt_all,
    collect_rows,
    perform,
    perform_all,
    together,
)
from vtiger_orm.errors import AccessDenied, VtigerError

REFUSED = AccessDenied("refused")


def drive(plan: Plan[Any]) -> tuple[Any, list[list[str]]]:
    """Perform a plan against a server that refuses id 12x0; also the ids of each round."""
    rounds: list[list[str]] = []
    reply: Any = None
    while True:
        try:
            step = plan.send(reply)
        except StopIteration as done:
            return done.value, rounds
        calls: list[Any] = list(step.calls) if isinstance(step, Batch) else [step]
        rounds.append([call.id for call in calls])
        answers: list[Any] = [REFUSED if each.id == "12x0" else {"id": each.id} for each in calls]
        if not isinstance(step, Batch):
            reply = answers[0]
        else:
            assert step.collect
            reply = answers


def reading(*ids: str, closed: list[str] | None = None) -> Plan[list[str]]:
    found = []
    try:
        for id_ in ids:
            found.append((yield from perform(Retrieve(id_)))["id"])
    finally:
        if closed is not None:
            closed.append(ids[0])
    return found


def forgiving(id_: str) -> Plan[str]:
    try:
        row = yield from perform(Retrieve(id_))
    except AccessDenied:
        row = yield from perform(Retrieve("12x9"))
    return str(row["id"])


def in_a_batch(*ids: str, collect: bool) -> Plan[list[Any]]:
    calls = [Retrieve(id_) for id_ in ids]
    answers: list[Any] = yield from (attempt_all(calls) if collect else perform_all(calls))
    return answers


def test_each_round_is_one_batch_and_results_keep_their_order() -> None:
    found, rounds = drive(together([reading("12x1", "12x2", "12x3"), reading("12x4")]))
    assert found == [["12x1", "12x2", "12x3"], ["12x4"]]
    assert rounds == [["12x1", "12x4"], ["12x2"], ["12x3"]]


def test_one_plan_is_performed_as_it_is() -> None:
    assert drive(together([reading("12x1")])) == ([["12x1"]], [["12x1"]])
    assert drive(together([])) == ([], [])


def test_an_error_reaches_the_plan_it_belongs_to() -> None:
    found, rounds = drive(together([forgiving("12x0"), forgiving("12x1")]))
    assert found == ["12x9", "12x1"]
    assert rounds == [["12x0", "12x1"], ["12x9"]]


def test_an_error_nobody_handles_ends_all_of_them() -> None:
    closed: list[str] = []
    plans = [reading("12x1", "12x2", closed=closed), reading("12x0", closed=closed)]
    with pytest.raises(AccessDenied, match="refused"):
        drive(together(plans))
    assert sorted(closed) == ["12x0", "12x1"]


def test_batches_of_the_plans_keep_their_own_way_with_errors() -> None:
    found, _ = drive(together([in_a_batch("12x0", "12x1", collect=True), reading("12x2")]))
    assert found == [[REFUSED, {"id": "12x1"}], ["12x2"]]
    with pytest.raises(AccessDenied):
        drive(together([in_a_batch("12x1", "12x0", collect=False), reading("12x2")]))


def test_rows_are_collected_of_a_stream_that_goes_on_after_an_error() -> None:
    def stream() -> RowStream:
        try:
            yield Query("select 1;")
        except VtigerError:
            yield Query("select 2;")
        yield Rows([{"id": "12x1"}])

    plan = collect_rows(stream())
    assert next(plan) == Query("select 1;")
    assert plan.throw(VtigerError("no")) == Query("select 2;")
    with pytest.raises(StopIteration) as ended:
        plan.send([])
    assert ended.value.value == [{"id": "12x1"}]
