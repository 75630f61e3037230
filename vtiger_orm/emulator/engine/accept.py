"""What a write sends -> what the column keeps. The server corrects silently, far more often
than it refuses."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from . import casts
from .columns import Storage
from .errors import Crash, PlainText
from .labels import encoded
from .php import php_text
from .schema import Field, Module
from .users import User

_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_TRUE: Final = frozenset({"1", "on"})
_SCRIPT: Final = re.compile(r"<script\b[^>]*>.*?</script>", re.IGNORECASE | re.DOTALL)
SEPARATOR: Final = " |##| "


def storable(text: str) -> str:
    """utf8mb3 cannot hold characters beyond U+FFFF: four question marks each."""
    if text.isascii():
        return text
    return _SURROGATE.sub("?", _ASTRAL.sub("????", text))


def accept(
    module: Module,
    field: Field,
    value: Any,
    user: User,
    *,
    plain: bool = False,
    lists: str = "refused",
) -> Any:
    """The stored form of a value for any field but references and owners.

    `plain` numbers go to the column as they are; others pass through the user's own format.
    `lists` says what becomes of a list for a text. Raises `PlainText` for one that is refused,
    and `Crash` for a list elsewhere and for a decimal that is none.
    """
    storage = field.storage
    if isinstance(value, list | dict):
        value = _of_list(field, value, lists)
    if field.kind == "boolean" and field.name != "is_admin":
        flag = value is True or (not isinstance(value, bool) and php_text(value) in _TRUE)
        return int(flag) if storage is Storage.INTEGER else str(int(flag))
    text = "" if field.kind == "picklist" and isinstance(value, bool) else php_text(value)
    if storage is Storage.TEXT:
        if field.kind == "date":
            return casts.written_date(text) or ""
        return _encoded_script(storable(text))[: field.column.length]
    if storage is Storage.INTEGER:
        return None if field.column.unset_is_null and not text else casts.integer(text)
    if storage is Storage.DECIMAL:
        return fixed(field, casts.decimal(text)) if plain else _amount(field, text, user)
    if not text:
        return None
    if storage is Storage.DATE:
        return casts.written_date(text)
    if storage is Storage.DATETIME:
        return casts.written_datetime(text)
    return casts.written_time(text)


def _of_list(field: Field, value: list[Any] | dict[str, Any], lists: str) -> Any:
    if field.storage is not Storage.TEXT or lists == "fatal":
        raise Crash(f"{field.name}: an array where one value is read")
    if lists == "first":
        first = value[0] if isinstance(value, list) and value else ""
        return first if not isinstance(first, list | dict) else _of_list(field, first, lists)
    if field.kind != "multipicklist":
        raise PlainText("Input array has 22 params, does not match query: 'insert into ...'")
    parts = value.values() if isinstance(value, dict) else value
    return SEPARATOR.join(php_text(each) for each in parts)


def _encoded_script(text: str) -> str:
    """A script element does not survive as one; all other markup does."""
    return encoded(text) if "<script" in text and _SCRIPT.search(text) else text


def empty(field: Field) -> Any:
    """What a column keeps when a record is created without the field."""
    storage = field.storage
    if field.column.unset_is_null:
        return None
    if storage is Storage.TEXT:
        return "0" if field.kind == "boolean" and field.name != "is_admin" else ""
    if storage in (Storage.INTEGER, Storage.REFERENCE, Storage.OWNER):
        return 0
    if storage is Storage.DECIMAL:
        return fixed(field, Decimal(0))
    return None


def fixed(field: Field, amount: Decimal) -> str:
    """A number with the digits of the field's column."""
    return casts.fixed(amount, field.column.whole, field.column.digits)


def _is_plain_number(field: Field) -> bool:
    if field.name.startswith("cf_"):
        return field.column.digits != 2
    return field.name in ("qty_per_unit", "qtyinstock")


def _amount(field: Field, text: str, user: User) -> str:
    """Plain numbers and currencies pass through the user's own format, which rounds them;
    currencies also through the user's currency and back. Percentages do not."""
    amount = casts.decimal(text)
    if field.kind == "double":
        if not _is_plain_number(field):
            return fixed(field, amount)
        if text and not casts.is_numeric(text):
            raise Crash(f"{field.name}: arithmetic on the text {text!r}")
    if field.kind == "currency" and user.currency_rate != 1.0:
        rate = Decimal(str(user.currency_rate))
        return fixed(field, casts.rounded(amount * rate, user.decimals) / rate)
    return fixed(field, casts.rounded(amount, user.decimals))
