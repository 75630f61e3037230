"""Every value comes out of a database as it went in, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.warehouse.types import misfit, sql_type

TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES: Final[dict[Family, st.SearchStrategy[Any]]] = {
    Family.TEXT: TEXT,
    Family.INTEGER: st.integers(-(2**70), 2**70),
    Family.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False, places=8)
    | st.decimals(-(10**31), 10**31, places=9),
    Family.BOOLEAN: st.booleans(),
    Family.DATE: st.dates(),
    Family.DATETIME: st.datetimes(
        datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)
    ),
    Family.TIME: st.times(),
    Family.CHOICES: st.lists(TEXT, max_size=4),
}


@pytest.fixture
def through(engine: sa.Engine) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    columns = [sa.Column(family.value, sql_type(family)) for family in VALUES]
    table = sa.Table("kept", sa.MetaData(), sa.Column("n", sa.Integer), *columns)
    table.create(engine)

    def there_and_back(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        with engine.begin() as connection:
            connection.execute(sa.delete(table))
            connection.execute(
                sa.insert(table), [{"n": number, **row} for number, row in enumerate(rows)]
            )
            found = connection.execute(sa.select(table).order_by(table.c.n)).mappings()
            return [{name: row[name] for name in rows[0]} for row in found]

    return there_and_back


@examples(30)
@given(data=st.data())
def test_there_and_back(
    through: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
    engine: sa.Engine,
    data: st.DataObject,
) -> None:
    row = {
        family.value: st.none() | strategy.filter(fits(family, engine))
        for family, strategy in VALUES.items()
    }
    rows = data.draw(st.lists(st.fixed_dictionaries(row), min_size=1, max_size=5))
    assert through(rows) == rows


def fits(family: Family, engine: sa.Engine) -> Callable[[object], bool]:
    return lambda value: misfit(family, value, engine.dialect.name) is None


@pytest.mark.parametrize(
    ("family", "value", "why"),
    [
        (Family.INTEGER, 2**63, "64 bits"),
        (Family.INTEGER, -(2**63) - 1, "64 bits"),
        (Family.DECIMAL, Decimal("0.123456789"), "NUMERIC"),
        (Family.DECIMAL, Decimal(10) ** 30, "NUMERIC"),
        (Family.TEXT, "half \ud83d", "half of a character"),
        (Family.CHOICES, ["ok", "half \ud83d"], "half of a character"),
        (Family.TEXT, "nul \0", "NUL"),
        (Family.TEXT, "ünul \0", "NUL"),
        (Family.INTEGER, 2**63 - 1, None),
        (Family.DECIMAL, Decimal(10) ** 29, None),
        (Family.DATE, date(9999, 12, 31), None),
        (Family.TIME, time(23, 59, 59), None),
    ],
)
def test_what_has_no_place_is_told(family: Family, value: object, why: str | None) -> None:
    told = misfit(family, value, "postgresql")
    assert (told is None) if why is None else (told is not None and why in told)
    if why == "NUL":
        assert misfit(family, value, "sqlite") is None
