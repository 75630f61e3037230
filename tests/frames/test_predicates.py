"""What of an expression is handed down, and what is left to polars."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from generated.demo import Potentials
from vtiger_orm.frames.predicates import condition
from vtiger_orm.frames.source import wish_for

c = pl.col


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (c("nextstep") == "Call", "nextstep = 'Call'"),
        (c("nextstep") != "Call", "nextstep is not blank"),
        (c("nextstep") > "Call", "nextstep is not blank"),
        (c("amount") >= Decimal("1.5"), "amount >= '1.5'"),
        (c("amount") != Decimal(2), "amount is not blank and not amount = '2'"),
        (c("nextstep").is_null(), "nextstep is blank"),
        (c("nextstep").is_not_null(), "nextstep is not blank"),
        (c("nextstep").is_in(["a", "b"]), "nextstep in ('a', 'b')"),
        (c("isconvertedfromlead"), "isconvertedfromlead = '1'"),
        (~c("isconvertedfromlead"), "not isconvertedfromlead = '1'"),
        (c("nextstep").str.starts_with("C%"), "nextstep like 'C\\\\%%'"),
        (c("nextstep").str.ends_with("x"), "nextstep like '%x'"),
        (c("nextstep").str.contains("x", literal=True), "nextstep like '%x%'"),
        (
            c("closingdate").is_between(date(2026, 1, 1), date(2026, 2, 1), closed="left"),
            "closingdate >= '2026-01-01' and closingdate < '2026-02-01'",
        ),
        (
            (c("amount") > Decimal(1)) & (c("nextstep").str.len_chars() > 3),
            "amount > '1'",
        ),
    ],
)
def test_what_is_handed_down(expression: pl.Expr, told: str) -> None:
    assert str(condition(expression, Potentials.meta)) == told


@pytest.mark.parametrize(
    "expression",
    [
        c("nextstep").str.contains("x.*"),
        c("nextstep") == " ",
        ~c("nextstep").str.starts_with("x"),
        (c("nextstep") == "x") | (c("nextstep").str.len_chars() > 3),
        c("nextstep").map_elements(bool, return_dtype=pl.Boolean),
        c("createdtime") < datetime(2026, 1, 1, microsecond=5, tzinfo=UTC),
        c("related_to") == "no id",
        c("amount") == c("forecast_amount"),
        (c("amount") > Decimal(1)) ^ (c("probability") > Decimal(2)),
    ],
)
def test_what_is_left_to_polars(expression: pl.Expr) -> None:
    assert condition(expression, Potentials.meta) is None


def test_a_number_of_rows_comes_before_the_predicate() -> None:
    deals = Potentials.objects.only("amount", "nextstep")
    both = wish_for(deals, ["amount"], c("nextstep") == "x", 5)
    assert (both.said, both.selection.stop) == (None, 5)
    assert [each.name for each in both.columns] == ["amount", "nextstep"]
    one = wish_for(deals, None, c("nextstep") == "x", None)
    assert str(one.limited(one.selection).where) == "nextstep = 'x'"
    assert wish_for(deals[:3], None, c("nextstep") == "x", None).said is None
