"""A statement that fails answers no rows and success: no empty answer is believed."""

from __future__ import annotations

import pytest

from tests.support.planned import Server, careful, select, server
from vtiger_orm.calls.operations import Query
from vtiger_orm.conditions.tree import TRUE, Selection
from vtiger_orm.errors import SilentQueryError
from vtiger_orm.planner import plan_rows

SQL = careful(page_size=100)


def test_every_empty_answer_is_confirmed(many: Server) -> None:
    """Also of a statement that has worked before: the next may fail for another reason."""
    env = careful(page_size=100)
    assert many.ids(select(many, name="none"), env) == []
    assert many.log[-1].startswith("select count(*)")
    many.log.clear()
    assert many.ids(select(many, name="nobody"), env) == []
    assert [text.split(" from ")[0] for text in many.log] == ["select id", "select count(*)"]


def test_a_swallowed_sql_error_is_raised_with_the_statement() -> None:
    crm = server()
    crm.insert("Things", 1, name="a")
    selection = select(crm, name="a", columns="name")
    stream = plan_rows(selection, careful())
    step = next(stream)
    assert isinstance(step, Query)
    counting = stream.send([])
    assert isinstance(counting, Query)
    assert "order by" not in counting.text, "a count with an order fails although nothing is wrong"
    proof = stream.send([])
    assert isinstance(proof, Query)
    assert "name = 'a' or id > '0x0'" in proof.text, "answers a row unless the condition fails"
    every = stream.send([])
    assert isinstance(every, Query)
    assert "where" not in every.text
    with pytest.raises(SilentQueryError, match="reports an SQL error") as caught:
        stream.send([{"id": "40x1"}])
    assert caught.value.statement == counting.text
    stream = plan_rows(selection, careful())
    first = next(stream)
    stream.send([])
    again = stream.send([{"count": "1"}])
    assert again == first
    assert stream.send([]) == counting
    with pytest.raises(SilentQueryError, match="counts 1 rows") as caught:
        stream.send([{"count": "1"}])
    assert isinstance(first, Query)
    assert caught.value.statement == first.text


def test_a_count_that_answers_nothing_is_an_error() -> None:
    """Unless the condition works: then it is counting that does not."""
    from vtiger_orm.planner import plan_count

    crm = server()
    env = careful()
    plan = plan_count(select(crm, name="a"), env)
    counting = next(plan)
    assert isinstance(counting, Query)
    proof, every = plan.send([]), plan.send([])
    assert isinstance(proof, Query)
    assert "or id > '0x0'" in proof.text
    assert isinstance(every, Query)
    assert "where" not in every.text
    with pytest.raises(SilentQueryError) as caught:
        plan.send([{"id": "40x1"}])
    assert caught.value.statement == counting.text
    assert env.knowledge.counts, "nothing is learnt from a statement that fails"


def test_everything_is_true_of_a_true_condition(many: Server) -> None:
    assert many.ids(Selection(many.metas["Things"], TRUE), SQL) == [
        f"40x{number}" for number in range(1, 404)
    ]
