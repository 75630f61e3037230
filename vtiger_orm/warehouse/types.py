"""The SQL type of each kind of field, and values on their way in and out.

Whatever the database, a value comes back equal to the one that went in:

=========================  ==================  ==================  ===================
field                      PostgreSQL          DuckDB              SQLite
=========================  ==================  ==================  ===================
text, picklist, reference  TEXT                VARCHAR             TEXT
whole number               BIGINT              BIGINT              BIGINT
number with decimals       NUMERIC(38, 8)      DECIMAL(38, 8)      TEXT, plain digits
yes or no                  BOOLEAN             BOOLEAN             BOOLEAN, 0 or 1
day, time of day           DATE, TIME          DATE, TIME          text as in ISO 8601
moment                     TIMESTAMPTZ         TIMESTAMPTZ         text, in UTC
multi-select               JSONB               JSON                JSON
=========================  ==================  ==================  ===================

SQLite keeps numbers with decimals as floats, which are not exact; as text they are:
``sum(amount)`` converts them by itself, sorting wants ``order by cast(amount as real)``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..metadata.kinds import Family

PRECISION: Final = 38
SCALE: Final = 8
"""The CRM's widest column is ``decimal(27, 8)``."""

_EXACTLY: Final = Context(prec=PRECISION, traps=[Inexact, InvalidOperation])
_STEP: Final = Decimal(1).scaleb(-SCALE)
_LARGEST_INTEGER: Final = 2**63 - 1
_TEXTUAL: Final = frozenset({Family.TEXT, Family.CHOICE, Family.REFERENCE, Family.ID})


class ExactNumber(TypeDecorator[Decimal]):
    """A `Decimal` that no database rounds."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.Numeric(PRECISION, SCALE)
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        match dialect.name:
            case "sqlite":
                return dialect.type_descriptor(sa.Text())
            case "duckdb":
                return _AsDriven(PRECISION, SCALE)
            case _:
                return dialect.type_descriptor(sa.Numeric(PRECISION, SCALE))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        # DuckDB's driver makes a float of a long Decimal, and an exact number of its digits.
        if value is not None and dialect.name in ("sqlite", "duckdb"):
            return format(value, "f")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class _AsDriven(sa.Numeric[Decimal]):
    """What the driver takes and gives, where the dialect would go by way of a float."""

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


class UtcMoment(TypeDecorator[datetime]):
    """An aware `datetime` in UTC."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.DateTime(timezone=True)
    cache_ok: bool | None = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def sql_type(family: Family) -> TypeEngine[Any]:
    """The type of a column that holds fields of this family."""
    match family:
        case Family.INTEGER:
            return sa.BigInteger()
        case Family.DECIMAL:
            return ExactNumber()
        case Family.BOOLEAN:
            return sa.Boolean()
        case Family.DATE:
            return sa.Date()
        case Family.DATETIME:
            return UtcMoment()
        case Family.TIME:
            return sa.Time()
        case Family.CHOICES:
            return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
        case _:
            return sa.Text()


def misfit(family: Family, value: object, dialect: str) -> str | None:
    """Why a value that is not blank has no place in a column of its family; None where it has."""
    if family is Family.INTEGER and isinstance(value, int):
        return None if abs(value) <= _LARGEST_INTEGER else "it is longer than 64 bits"
    if isinstance(value, Decimal):
        try:
            _EXACTLY.quantize(value, _STEP)
        except (Inexact, InvalidOperation):
            return f"it does not fit a NUMERIC({PRECISION}, {SCALE})"
        return None
    for text in value if isinstance(value, list | tuple) else (value,):
        if isinstance(text, str) and (why := _no_text(text, dialect)):
            return why
    return None


def _no_text(text: str, dialect: str) -> str | None:
    if text.isascii():
        if dialect == "postgresql" and "\0" in text:
            return "it holds the character NUL, which PostgreSQL refuses"
        return None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "it holds half of a character, which is no UTF-8"
    return _no_text("\0", dialect) if "\0" in text else None
