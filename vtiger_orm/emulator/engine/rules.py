"""What single modules do with the values of a write before they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from . import casts
from .accept import fixed
from .activities import duration, reminder
from .columns import ACTIVITIES
from .context import Context
from .php import php_text
from .schema import Module
from .tables import quoted

Values = dict[str, Any]

IGNORED: Final = frozenset({"tags", "filedownloadcount"})
"""Fields that no write changes."""

_SOURCE: Final = "WEBSERVICE"
_SOURCE_OF_BLANK: Final = "CRM"
_INTERNAL, _EXTERNAL = "I", "E"
_DURATION: Final = ("date_start", "time_start", "due_date", "time_end")


def source(value: Any) -> str:
    """Where a new record says it comes from."""
    if value is None:
        return _SOURCE
    text = "" if value is True else php_text(value).strip()
    return text.upper() or _SOURCE_OF_BLANK


def complete_new(ctx: Context, module: Module, element: Mapping[str, Any], values: Values) -> None:
    """Values of a record that is being made; `values` holds a column for every field."""
    if module.name == "Documents":
        _complete_document(module, values, uploaded=bool(ctx.files))
    _complete(module, element, values, values)


def complete_changed(
    ctx: Context, module: Module, number: int, element: Mapping[str, Any], values: Values
) -> None:
    """Values of a record that is being changed; `values` holds what was sent."""
    if module.name in ACTIVITIES and "reminder_time" in module.fields:
        values.setdefault("reminder_time", None)
    if module.name in _WORKED_OUT or module.name in ACTIVITIES:
        stored = _stored(ctx, module, number)
        _complete(module, element, values, {**stored, **values})


_WORKED_OUT: Final = frozenset({"SalesOrder", "Potentials"})


def _complete(
    module: Module, element: Mapping[str, Any], values: Values, whole: Mapping[str, Any]
) -> None:
    if module.name in ACTIVITIES:
        _complete_activity(module, element, values, whole)
    elif module.name == "SalesOrder" and whole.get("enable_recurring") in (0, "0", "", None):
        if "invoicestatus" in values:
            values["invoicestatus"] = ""
    elif module.name == "Potentials" and "forecast_amount" in module.fields:
        _forecast(module, values, whole)


def _complete_document(module: Module, values: Values, *, uploaded: bool) -> None:
    kind = values.get("filelocationtype")
    if kind not in (_INTERNAL, _EXTERNAL) and "filename" in values:
        values["filename"] = ""
    if "filedownloadcount" in module.fields:
        values["filedownloadcount"] = 0 if kind == _INTERNAL and not uploaded else None
    if "folderid" in module.fields and not values.get("folderid"):
        values["folderid"] = 1


def _complete_activity(
    module: Module, element: Mapping[str, Any], values: Values, whole: Mapping[str, Any]
) -> None:
    if "reminder_time" in module.fields:
        sent = element.get("reminder_time")
        if module.name != "Events":
            values["reminder_time"] = None
        elif sent is not None or "reminder_time" not in values:
            values["reminder_time"] = reminder(php_text(sent))
    if not all(name in module.fields for name in _DURATION):
        return
    hours, minutes = duration(whole) or ("0", "0")
    for name, text in (("duration_hours", hours), ("duration_minutes", minutes)):
        if name in module.fields:
            values[name] = text


def starts_at_no_moment(module: Module, row: Mapping[str, Any]) -> bool:
    """Whether a stored activity's start is no moment: an error, though it was stored."""
    known = all(name in module.fields for name in _DURATION)
    return module.name in ACTIVITIES and known and duration(row) is None


def _forecast(module: Module, values: Values, whole: Mapping[str, Any]) -> None:
    """The one workflow of a fresh install that changes a value."""
    amount = casts.decimal(str(whole.get("amount") or ""))
    share = casts.decimal(str(whole.get("probability") or ""))
    field = module.fields["forecast_amount"]
    values["forecast_amount"] = fixed(field, casts.rounded(amount * share / 100, 2))


def _stored(ctx: Context, module: Module, number: int) -> Values:
    names = list(ctx.store.columns(module.table))
    row = ctx.store.row(
        f"SELECT {', '.join(map(quoted, names))} FROM {quoted(module.table)} WHERE id = ?",
        (number,),
    )
    return dict(zip(names, row or ()))
