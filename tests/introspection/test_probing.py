"""Finding flaws and abilities: what is concluded from what a server answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from vtiger_orm.calls.operations import Call, Operation, Query, Row
from vtiger_orm.calls.plans import Plan
from vtiger_orm.dialects.outcomes import of_status
from vtiger_orm.errors import (
    AccessDenied,
    MalformedAnswer,
    NotFound,
    NotSupported,
    RateLimited,
    ServerError,
    VtigerError,
)
from vtiger_orm.introspection.abilities import probe_abilities
from vtiger_orm.introspection.probing import Probe, probe_module
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.describe import DescribeAnswer
from vtiger_orm.metadata.module import Flaw

T = TypeVar("T")
Answer = Callable[[Call[Any]], Any]


def answered(plan: Plan[T], answer: Answer) -> T:
    """Perform a plan whose calls are answered, or refused, by a function."""
    try:
        step = next(plan)
        while True:
            assert isinstance(step, Call)
            try:
                reply = answer(step)
            except Exception as error:
                step = plan.throw(error)
            else:
                step = plan.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


def describe(*fields: str, name: str = "Things", **kinds: str) -> DescribeAnswer:
    kinds = dict.fromkeys(fields, "string") | kinds
    return DescribeAnswer.model_validate(
        {
            "name": name,
            "idPrefix": "7",
            "fields": [
                {"name": field, "label": field, "type": {"name": kind}}
                for field, kind in kinds.items()
            ],
        }
    )


class Table:
    """A module with rows, some of whose fields misbehave in a way of their own."""

    def __init__(self, rows: list[Row], **flaws: str) -> None:
        self.rows = rows
        self.flaws = flaws
        self.asked: list[str] = []

    def __call__(self, call: Call[Any]) -> Any:
        assert isinstance(call, Query)
        self.asked.append(call.text)
        match = re.fullmatch(
            r"select (.+?) from Things(?: where (.+?))?(?: order by (.+?))?(?: limit .+)?;",
            call.text,
        )
        assert match, call.text
        columns = match[1].split(",")
        named = {*columns, *re.findall(r"(\w+) like", match[2] or ""), *(match[3] or "").split(",")}
        for name in named:
            if self.flaws.get(name) == "denied":
                raise denied(name)
        if columns == ["count(*)"]:
            if any(self.flaws.get(name) == "breaks filter" for name in named):
                return []
            lines = 3 if any(self.flaws.get(name) == "lines" for name in named) else 1
            return [{"count": str(lines * len(self.rows))}]
        wanted = {"breaks select"} | ({"breaks order"} if match[3] else set())
        if any(self.flaws.get(name) in wanted for name in named):
            return []
        shown = [name for name in columns if self.flaws.get(name) != "absent"]
        return [{name: row.get(name, "") for name in shown} for row in self.rows[:1]]


def denied(name: str) -> AccessDenied:
    text = f"Permission to access '.{name}.' attribute denied."
    return AccessDenied(text, code="ACCESS_DENIED", detail={"message": text})


ROWS: list[Row] = [{"id": "7x1"}, {"id": "7x2"}]
FIELDS = ["id", "a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("flaws", "expected"),
    [
        ({}, {}),
        ({"c": "denied"}, {"c": Flaw.DENIED}),
        ({"a": "denied", "e": "denied"}, {"a": Flaw.DENIED, "e": Flaw.DENIED}),
        ({"b": "absent"}, {"b": Flaw.ABSENT}),
        ({"b": "breaks select"}, {"b": Flaw.DENIED}),
        ({"d": "breaks order"}, {"d": Flaw.UNSORTABLE}),
        ({"a": "lines", "d": "lines"}, {"a": Flaw.MULTIPLIES, "d": Flaw.MULTIPLIES}),
        ({"e": "breaks filter"}, {"e": Flaw.DENIED}),
        (
            {"a": "absent", "b": "denied", "c": "breaks order", "d": "lines"},
            {"a": Flaw.ABSENT, "b": Flaw.DENIED, "c": Flaw.UNSORTABLE, "d": Flaw.MULTIPLIES},
        ),
    ],
)
def test_flaws_are_found(flaws: dict[str, str], expected: dict[str, Flaw]) -> None:
    table = Table(ROWS, **flaws)
    probe = answered(probe_module(describe(*FIELDS), 8000), table)
    assert probe.flaws == expected
    assert probe.count == 2
    assert probe.row["id"] == "7x1"


def test_a_clean_module_costs_four_calls() -> None:
    table = Table(ROWS)
    answered(probe_module(describe(*FIELDS), 8000), table)
    assert len(table.asked) == 4


def test_names_that_cannot_be_written_are_never_sent() -> None:
    table = Table(ROWS)
    found = answered(probe_module(describe("id", "shipping_&_handling"), 8000), table)
    assert found.flaws == {"shipping_&_handling": Flaw.UNSAYABLE}
    assert not any("&" in text for text in table.asked)


def test_secrets_are_never_asked_for() -> None:
    table = Table(ROWS)
    kinds = {"user_password": "password", "accesskey": "autogenerated"}
    answered(probe_module(describe("id", "a", **kinds), 8000), table)
    assert not any("password" in text or "accesskey" in text for text in table.asked)


def test_an_empty_module_proves_only_what_it_can() -> None:
    probe = answered(probe_module(describe(*FIELDS), 8000), Table([], b="absent", c="denied"))
    assert (probe.flaws, probe.count) == ({"c": Flaw.DENIED}, 0)


def test_a_module_whose_id_is_denied_has_no_usable_field() -> None:
    def answer(call: Call[Any]) -> Any:
        assert isinstance(call, Query)
        if "count(*)" in call.text:
            return [{"count": "3"}]
        raise denied("id")

    probe = answered(probe_module(describe("taxid", "regions"), 8000), answer)
    assert probe.flaws == dict.fromkeys(("id", "taxid", "regions"), Flaw.DENIED)


@pytest.mark.parametrize(
    "refusal",
    [AccessDenied("Permission to perform the operation is denied"), MalformedAnswer("Sorry!")],
)
def test_a_module_that_answers_no_query_is_left_as_described(refusal: Exception) -> None:
    def answer(call: Call[Any]) -> Any:
        raise refusal

    probe = answered(probe_module(describe(*FIELDS), 8000), answer)
    assert (probe.flaws, probe.count) == ({}, None)


@pytest.mark.parametrize("fatal", [RateLimited("slow down"), ServerError("down")])
def test_what_says_nothing_about_the_module_is_raised(fatal: VtigerError) -> None:
    if isinstance(fatal, ServerError):
        fatal.outcome = of_status(503)

    def answer(call: Call[Any]) -> Any:
        raise fatal

    with pytest.raises(type(fatal)):
        answered(probe_module(describe(*FIELDS), 8000), answer)


def test_records_added_meanwhile_are_no_flaw() -> None:
    counts = iter(["2", "3", "3"])

    def answer(call: Call[Any]) -> Any:
        assert isinstance(call, Query)
        if "count(*)" in call.text:
            return [{"count": next(counts)}]
        return [dict.fromkeys(FIELDS, "x")]

    assert answered(probe_module(describe(*FIELDS), 8000), answer).flaws == {}


def test_records_removed_meanwhile_are_no_flaw() -> None:
    def answer(call: Call[Any]) -> Any:
        assert isinstance(call, Query)
        if "count(*)" in call.text:
            return [{"count": "1"}]
        return [dict.fromkeys(FIELDS, "x")] if "order by" not in call.text else []

    assert answered(probe_module(describe(*FIELDS), 8000), answer).flaws == {}


def test_long_lists_are_split_to_fit_the_address() -> None:
    table = Table(ROWS, field_77="denied", field_200="absent")
    fields = ["id", *(f"field_{number}" for number in range(300))]
    probe = answered(probe_module(describe(*fields), 3000), table)
    assert probe.flaws == {"field_77": Flaw.DENIED, "field_200": Flaw.ABSENT}
    assert max(map(len, table.asked)) < 3000


def test_references_are_tested_with_an_id() -> None:
    table = Table(ROWS)
    answered(probe_module(describe("id", "a", account_id="reference", owner="owner"), 8000), table)
    assert "account_id >= '1x0'" in table.asked[-1]
    assert "owner >= '1x0'" in table.asked[-1]
    assert "a like '%'" in table.asked[-1]


# Abilities


class PulledServer:
    """A CRM of one module with configurable habits."""

    def __init__(self, size: int = 5, **habits: Any) -> None:
        self.ids = [f"7x{number}" for number in range(1, size + 1)]
        self.habits = habits
        self.asked: list[str] = []

    def probes(self) -> list[Probe]:
        row = {"id": self.ids[0] if self.ids else "", "name": self.habits.get("text", "Miss Ross")}
        return [Probe("Things", {}, len(self.ids), True, row if self.ids else {})]

    def abilities(self) -> Capabilities:
        describes = [describe("id", "name"), describe("id", name="Documents")]
        return answered(
            probe_abilities(self.probes(), describes, serialised=True, url_budget=8000), self
        )

    def __call__(self, call: Call[Any]) -> Any:
        if isinstance(call, Operation):
            answer = self.habits.get(call.name, NotSupported("broken"))
            if isinstance(answer, Exception):
                raise answer
            return answer
        assert isinstance(call, Query)
        self.asked.append(call.text)
        if "count(*)" in call.text:
            return [{"count": str(self.count(call.text))}]
        after = re.search(r"id > '7x(\d+)'", call.text)
        limit = int(re.split("[ ,]", call.text)[-1].rstrip(";"))
        first = int(after[1]) if after else 0
        if offset := re.search(r" limit (\d+),", call.text):
            first, limit = int(offset[1]), int(call.text.rsplit(",", 1)[1].rstrip(";"))
        page = self.ids[first:][: min(limit, self.habits.get("cap", 100))]
        return [{"id": each} for each in page if each not in self.habits.get("hidden", ())]

    def count(self, text: str) -> int:
        if " where " not in text:
            return len(self.ids)
        if "name =" in text:
            return int(self.habits.get("equal", True))
        terms = re.findall(r"id = '(7x\d+)'|\b(and|or)\b", text.split(" where ")[1])
        first, op1, second, op2, third = [a or b for a, b in terms]
        return len(READINGS[self.habits.get("reading", "sql")](first, op1, second, op2, third))


def combined(left: set[str], op: str, right: set[str]) -> set[str]:
    return left & right if op == "and" else left | right


def from_the_left(a: str, op1: str, b: str, op2: str, c: str) -> set[str]:
    return combined(combined({a}, op1, {b}), op2, {c})


def from_the_right(a: str, op1: str, b: str, op2: str, c: str) -> set[str]:
    return combined({a}, op1, combined({b}, op2, {c}))


def and_first(a: str, op1: str, b: str, op2: str, c: str) -> set[str]:
    reading = from_the_right if op2 == "and" else from_the_left
    return reading(a, op1, b, op2, c)


READINGS = {"sql": and_first, "left": from_the_left, "right": from_the_right}


@pytest.mark.parametrize(
    ("reading", "expected"), [("sql", "sql"), ("left", "unknown"), ("right", "unknown")]
)
def test_precedence_is_proved_by_the_data(reading: str, expected: str) -> None:
    assert PulledServer(reading=reading).abilities().precedence == expected


def test_nothing_is_proved_without_records() -> None:
    found = PulledServer(0).abilities()
    assert (found.precedence, found.collation, found.thinned_pages) == ("unknown", "unknown", None)
    assert PulledServer(1).abilities().precedence == "unknown"


@pytest.mark.parametrize(
    ("size", "cap", "expected"),
    [(5, 100, 100), (150, 100, 100), (150, 200, 150), (500, 200, 200), (500, 1000, 200)],
)
def test_the_page_size_is_what_came(size: int, cap: int, expected: int) -> None:
    assert PulledServer(size, cap=cap).abilities().page_size == expected


@pytest.mark.parametrize(
    ("hidden", "expected"), [((), False), (("7x3",), True), (("7x250",), True)]
)
def test_thinned_pages_are_noticed(hidden: tuple[str, ...], expected: bool) -> None:
    assert PulledServer(250, hidden=hidden).abilities().thinned_pages is expected


def test_the_collation_is_proved_with_a_twisted_text() -> None:
    server = PulledServer(text="Miss Ross")
    assert server.abilities().collation == "general_ci"
    assert "select count(*) from Things where id = '7x1' and name = 'mIßS rOSS ';" in server.asked
    assert PulledServer(equal=False).abilities().collation == "unknown"
    assert PulledServer(text="O'Hara").abilities().collation == "unknown"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"updated": [], "deleted": []}, True),
        (NotSupported("PHP 8"), False),
        (ServerError("fatal", status=500), None),
        (AccessDenied("no"), None),
        ("odd", None),
    ],
)
def test_sync(answer: Any, expected: bool | None) -> None:
    assert PulledServer(sync=answer).abilities().sync is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (NotFound("no such file"), True),
        (AccessDenied("no"), None),
        (NotSupported("PHP 8"), False),
        (ServerError("fatal", status=500), None),
        (MalformedAnswer("html"), None),
        ([], True),
    ],
)
def test_files_retrieve(answer: Any, expected: bool | None) -> None:
    assert PulledServer(files_retrieve=answer).abilities().files_retrieve is expected


def test_a_limit_of_calls_is_not_taken_for_an_inability() -> None:
    with pytest.raises(RateLimited):
        PulledServer(sync=RateLimited("slow down")).abilities()
