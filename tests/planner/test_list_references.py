"""Numbers in place of ids: whose they are is asked for, and what the session lacks is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.planned import described
from vtiger_orm.calls.environment import Environment
from vtiger_orm.errors import AccessDenied, RateLimited, SchemaMismatch, VtigerError
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.planner.list_references import References

META = module_meta(
    described("Deals", "13", {"parent": "reference"}, targets={"parent": ["Owners"]})
)


def resolved(failure: VtigerError) -> Any:
    references = References({"Owners": "41"}, Environment())
    plan = references.resolved(META, [{"id": "13x1", "parent": "0x7"}], ["parent"])
    next(plan)
    try:
        plan.throw(failure)
    except StopIteration as done:
        return done.value
    raise AssertionError("nothing else is asked")


@pytest.mark.parametrize("refusal", [AccessDenied("not yours"), SchemaMismatch("unknown")])
def test_what_cannot_be_told_is_left_out(refusal: VtigerError) -> None:
    assert resolved(refusal) == [{"id": "13x1"}]


def test_a_limit_of_calls_says_nothing_of_the_records() -> None:
    with pytest.raises(RateLimited):
        resolved(RateLimited("slow down"))
