"""Writing as coreBOS does it: dates that are left out are today, everything else is believed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from .. import casts
from ..accept import accept
from ..errors import Crash, CrmError, database_error
from ..php import php_text
from ..schema import Field
from ..writing import Writer, is_blank
from .identify import wire_id

_CALENDAR: Final = "cbCalendar"
_MOMENTS: Final = ("dtstart", "dtend")
_PARTS: Final = {"dtstart": ("date_start", "time_start"), "dtend": ("due_date", "time_end")}
# Dates of orders that recur stay empty.
_NEVER_TODAY: Final = frozenset({"start_period", "end_period"})


class CorebosWriter(Writer):
    """Writes to one module of a coreBOS for one user."""

    def check_mandatory(self, element: Mapping[str, Any]) -> None:
        """The moments of the calendar are mandatory by description only."""
        if self._module.name == _CALENDAR:
            element = {**dict.fromkeys(_MOMENTS, "now"), **element}
        super().check_mandatory(element)

    def insert(self, element: Mapping[str, Any]) -> int:
        element = self._with_today(element)
        if self._module.name == _CALENDAR:
            element = self._with_parts(element, creating=True)
        if "isconvertedfromlead" in self._module.fields:
            element = {"isconvertedfromlead": _UNSET, **element}
        return super().insert(element)

    def change(self, number: int, element: Mapping[str, Any]) -> None:
        if self._module.name == _CALENDAR:
            element = self._with_parts(element, creating=False, number=number)
        super().change(number, element)

    def _with_today(self, element: Mapping[str, Any]) -> dict[str, Any]:
        today = self._ctx.now()[:10]
        dates = {
            field.name: today
            for field in self._module.fields.values()
            if field.kind == "date"
            and element.get(field.name) is None
            and field.name not in _NEVER_TODAY
            and not field.name.startswith("cf_")
        }
        return {**element, **dates}

    def _with_parts(
        self, element: Mapping[str, Any], *, creating: bool, number: int = 0
    ) -> dict[str, Any]:
        """Days and times of an activity, which follow its moments whatever is sent."""
        whole = dict(element)
        for name in (*_PARTS["dtstart"], *_PARTS["dtend"]):
            whole.pop(name, None)
        moments = {}
        for name, (day, clock) in _PARTS.items():
            if is_blank(element.get(name)):
                if not creating:
                    moments[name] = self._stored(number, name)
                    continue
                moment = self._ctx.now()
            else:
                moment = casts.compared_datetime(php_text(element[name]))
                if moment == casts.ZERO_DATETIME:
                    raise database_error()
            whole[name] = moments[name] = moment
            whole[day], whole[clock] = moment[:10], moment[11:]
        start, end = (datetime.fromisoformat(moments[name]) for name in _MOMENTS)
        seconds = int((end - start).total_seconds())
        whole["duration_hours"] = str(casts.integer(str(seconds / 3600)))
        whole["duration_minutes"] = str(abs(seconds) % 3600 // 60)
        return whole

    def _stored(self, number: int, name: str) -> str:
        row = self._ctx.store.row(
            f'SELECT "{name}" FROM "{self._module.table}" WHERE id = ?', (number,)
        )
        return str(row[0]) if row is not None and row[0] else self._ctx.now()

    def _accept(self, field: Field, value: Any) -> Any:
        if value is _UNSET:
            return ""
        if field.storage == "date" and not isinstance(value, list | dict):
            return _date(php_text(value))
        return accept(self._module, field, value, self._ctx.user, lists="fatal")

    def _reference(self, field: Field, value: Any) -> int:
        if is_blank(value):
            return 0
        if isinstance(value, list | dict):
            raise Crash(f"{field.name}: an array where an id is read")
        wire = wire_id(self._ctx, php_text(value))
        if wire.module.name not in field.targets:
            raise CrmError("REFERENCE_INVALID", f"Invalid reference specified for {field.name}")
        return wire.number or 0


_UNSET: Final = object()


def _date(text: str) -> str | None:
    """ISO only: another date becomes the zero date, anything else NULL."""
    found = casts.written_date(text)
    return casts.ZERO_DATE if found is not None and text.strip()[:4].count(".") else found
