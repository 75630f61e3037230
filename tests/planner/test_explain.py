"""explain(): what it shows is what is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.planned import Server, careful, described, server
from vtiger_orm.calls.environment import Environment, Knowledge
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Order, Selection
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.planner import explain

SQL = Environment(precedence_known=True)


@pytest.fixture(scope="module")
def crm() -> Server:
    crm = server()
    for number in range(1, 251):
        crm.insert("Things", number, name=f"n{number % 3}", note="a" if number % 2 else None)
    return crm


def select(crm: Server, *args: Q, order: str = "", **lookups: Any) -> Selection:
    meta = crm.metas["Things"]
    wanted = tuple(
        Order(meta.fields[name.lstrip("-")], name.startswith("-")) for name in order.split()
    )
    return Selection(meta, resolve(meta, args, lookups), wanted, columns=(meta.fields["name"],))


SELECTIONS: list[tuple[tuple[Q, ...], dict[str, Any], str, int, int | None]] = [
    ((), {}, "", 0, None),
    ((), {"name": "n1"}, "", 0, 50),
    ((), {"name": "n1"}, "", 20, 50),
    ((), {}, "-id", 0, 10),
    ((), {}, "name", 0, 10),
    ((), {}, "name", 100, 120),
    ((), {}, "-name", 0, 10),
    ((), {}, "-name", 30, 40),
    ((), {}, "-name -note", 0, 10),
    ((), {}, "name -note", 0, 10),
    ((), {}, "-name note", 0, None),
    ((~Q(name="n1"),), {}, "", 0, None),
    ((~Q(name__contains="1"),), {}, "", 0, 10),
    ((~Q(name__contains="1"),), {}, "name", 0, None),
    ((), {"note": None}, "", 0, None),
    ((), {"id__in": [f"40x{n}" for n in range(1, 251)]}, "", 0, None),
    ((Q(name="n1", note="a") | Q(name="n2", note="a"),), {}, "", 0, None),
    ((), {"name__in": []}, "", 0, None),
]


@pytest.mark.parametrize(("args", "lookups", "order", "start", "stop"), SELECTIONS)
@pytest.mark.parametrize("known", [True, False])
def test_the_first_statement_shown_is_the_first_that_is_sent(
    crm: Server,
    args: tuple[Q, ...],
    lookups: dict[str, Any],
    order: str,
    start: int,
    stop: int | None,
    known: bool,
) -> None:
    env = careful(page_size=100, precedence_known=known)
    selection = replace(select(crm, *args, order=order, **lookups), start=start, stop=stop)
    shown = explain(selection, env)
    crm.log.clear()
    crm.rows(selection, env)
    sent = [text for text in crm.log if "count(*)" not in text]
    pages = [text for text in shown.statements if "count(*)" not in text]
    assert [_before_limit(text) for text in pages[:1]] == [_before_limit(t) for t in sent[:1]]
    if "…" not in "".join(shown.statements):
        assert {*shown.statements[:1]} <= {*crm.log}
    if shown.calls is not None and shown.look_ahead is not None:
        assert shown.calls - shown.look_ahead <= len(crm.log) <= shown.calls
    assert str(shown).startswith(str(selection))


def _before_limit(text: str) -> str:
    return text.split(" limit ")[0]


def test_nothing_is_sent_for_a_condition_that_cannot_hold(crm: Server) -> None:
    found = explain(select(crm, name__in=[]), SQL)
    assert (found.statements, found.calls, found.expected_calls) == ((), 0, "none")
    assert "empty condition would mean everything" in found.reasons[0]


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        (lambda c: select(c, ~Q(name="x")), "name may be NULL"),
        (lambda c: select(c, ~Q(name__contains="x")), "there is no NOT LIKE"),
        (lambda c: select(c, order="name -note"), "one direction for all"),
        (lambda c: select(c, order="-name"), "cannot sort by a field descending and then by id"),
        (lambda c: select(c, order="parent"), "by the number of the record, not by its label"),
        (
            lambda c: select(c, ~Q(parent__in=[f"41x{n}" for n in range(1, 81)])),
            "80 values are too many for a chain",
        ),
        (
            lambda c: select(c, *(Q(name=f"a{n}") | Q(note=f"b{n}") for n in range(8))),
            "the condition is too large",
        ),
    ],
)
def test_reasons(crm: Server, selection: Any, reason: str) -> None:
    assert reason in "\n".join(explain(selection(crm), SQL).reasons)


def test_reasons_that_lie_in_the_server(crm: Server) -> None:
    two = Q(name="a", note="b") | Q(name="c", note="d")
    known = explain(select(crm, two), SQL)
    unknown = explain(select(crm, two), Environment(precedence_known=False))
    assert len(known.statements) == 1 < len(unknown.statements)
    assert known.reasons == ()
    assert "not known whether this CRM reads AND before OR" in unknown.reasons[0]
    thinned = explain(select(crm, ~Q(name="x")), Environment(thinned_pages=True))
    assert "short page is not the end" in "\n".join(thinned.reasons)
    collation = Environment(precedence_known=True, collation="unknown")
    text = str(explain(select(crm, ~Q(name="x") & ~Q(note__contains="y")), collation))
    assert "only the server can tell whether" in text
    assert "2 or 3 more for each page, for the server's verdict" in text


def test_the_plain_case_says_little(crm: Server) -> None:
    assert str(explain(replace(select(crm, name="n1"), stop=10), SQL)) == (
        "Things where name = 'n1' [0:10]\n"
        "  statements:\n"
        "    select id,name from Things where name = 'n1' order by id limit 10;\n"
        "  reading:\n"
        "    the server decides everything; by id, each page after the last id of the one before\n"
        "  calls:\n"
        "    1 to 2"
    )


def test_the_calls_of_a_slice_are_told_with_what_proves_its_end(crm: Server) -> None:
    env = careful(page_size=100)
    for wanted in (10, 50, 249, 251):
        selection = replace(select(crm), stop=wanted)
        told = explain(selection, env)
        crm.log.clear()
        crm.rows(selection, env)
        assert (told.calls, told.look_ahead) == (-(-wanted // 100) + 1, -(-wanted // 100))
        assert len(crm.log) == -(-wanted // 100) + (wanted > 250)  # of 250 rows
    nothing = replace(select(crm, name="none"), stop=10)
    crm.log.clear()
    crm.rows(nothing, env)
    assert len(crm.log) == explain(nothing, env).calls == 2
    whole = explain(select(crm), env)
    assert (whole.calls, whole.rows_per_call, whole.calls_beside) == (None, 100, 2)
    assert whole.expected_calls.startswith("1 for every 100 rows found")


def test_what_is_counted_and_how(crm: Server) -> None:
    plain = explain(select(crm, name="n1", order="-name"), SQL, "count")
    assert plain.statements == ("select count(*) from Things where name = 'n1';",)
    assert (plain.reading, plain.calls, plain.look_ahead) == ("the CRM counts", 1, 0)
    without = explain(select(crm, ~Q(name__contains="x")), SQL, "count")
    assert len(without.statements) == without.calls == 2
    assert "2 counts, added and subtracted" in str(without)
    pages = explain(select(crm, name="n1"), replace(SQL, can_count=False), "count")
    assert pages.calls is None
    assert "by pages of ids" in str(pages)
    assert pages.statements == ("select id from Things where name = 'n1' order by id limit 100;",)
    seen = replace(SQL, knowledge=Knowledge())
    seen.knowledge.counts = False  # as an answer has shown
    assert explain(select(crm, name="n1"), seen, "count").reading == pages.reading
    thinned = explain(select(crm, name="n1"), replace(SQL, thinned_pages=True), "count")
    assert thinned.calls is None
    assert "the ids are read and counted" in thinned.reading
    assert "refused" not in thinned.reading
    neither = replace(SQL, thinned_pages=True, can_count=False)
    assert "refused where their end" in explain(select(crm, name="n1"), neither, "count").reading
    nothing = explain(select(crm, name__in=[]), SQL, "count")
    assert (nothing.calls, nothing.statements) == (0, ())


def test_whether_there_is_any(crm: Server) -> None:
    plain = explain(select(crm, name="n1"), SQL, "exists")
    assert (plain.calls, plain.look_ahead) == (2, 1)
    assert "one row is asked for" in plain.reading
    on_rows = explain(select(crm, ~Q(name__contains="x")), SQL, "exists")
    assert on_rows.calls == 2
    assert explain(replace(select(crm), stop=0), SQL, "exists").calls == 0
    with pytest.raises(ValueError, match="it explains one of rows, count, exists"):
        explain(select(crm), SQL, "list")  # type: ignore[arg-type]  # what a user may write


def test_what_cannot_be_planned_is_refused_by_explain_too() -> None:
    crm = server(described("Odd", "50", {"tax1": "double"}, flaws={"tax1": Flaw.DENIED}))
    meta = crm.metas["Odd"]
    with pytest.raises(UnsupportedQuery):
        explain(Selection(meta, columns=(meta.fields["tax1"],)), SQL)


def test_long_select_lists_are_cut_where_people_read_them(crm: Server) -> None:
    selection = replace(select(crm, name="n1"), columns=None)
    explanation = explain(selection, SQL)
    (statement,) = explanation.statements
    number = len(selection.module.columns)
    assert statement.count(",") == number - 1
    assert f",… ({number} fields) from Things where name = 'n1' order by id limit" in str(
        explanation
    )
    assert "select id,name from Things" in str(explain(select(crm), SQL))
