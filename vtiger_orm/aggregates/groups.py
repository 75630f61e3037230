"""By what records are grouped: fields, and years, months and days of dates."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..conditions.field_names import readable_field
from ..errors import InvalidLookup
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from .functions import same_key_of

DatePart: TypeAlias = Literal["year", "month", "date"]

_PARTS: Final[dict[Family, tuple[DatePart, ...]]] = {
    Family.DATE: ("year", "month"),
    Family.DATETIME: ("year", "month", "date"),
}


@dataclass(frozen=True, slots=True)
class GroupKey:
    """One column of `values()`: a field, or a part of a date (``closingdate__month``)."""

    field: FieldMeta
    part: DatePart | None = None

    @property
    def name(self) -> str:
        return self.field.name if self.part is None else f"{self.field.name}__{self.part}"


def parts_of(field: FieldMeta) -> list[GroupKey]:
    """The parts that a field can be grouped by; none of what is no date."""
    return [GroupKey(field, part) for part in _PARTS.get(field.family, ())]


def group_key(module: ModuleMeta, name: object, method: str) -> GroupKey:
    """The field or part of a date with this name. Raises `InvalidLookup`, `UnsupportedQuery`."""
    if isinstance(name, str) and "__" in name:
        first, _, part = name.rpartition("__")
        field = module.fields.get(first)
        if field is not None:
            possible = parts_of(field)
            for each in possible:
                if each.part == part:
                    readable_field(module, first, method)
                    return each
            if possible:
                raise InvalidLookup(
                    f"{method}({name!r}): of a {field.kind.value} field there are "
                    f"{', '.join(each.name for each in possible)}."
                )
    return GroupKey(readable_field(module, name, method))


def part_of(key: GroupKey, env: Environment) -> Callable[[Any], Any]:
    """From the field's value, which is not blank, to what is grouped by: numbers and days in
    the session's time zone."""
    match key.part:
        case None:
            return _itself
        case "year" if key.field.family is Family.DATE:
            return _year
        case "month" if key.field.family is Family.DATE:
            return _month
    zone, name = env.timezone, key.part

    def local(moment: datetime) -> object:
        there = moment.astimezone(zone)
        return there.date() if name == "date" else getattr(there, name)

    return local


def group_of(key: GroupKey, env: Environment) -> Callable[[Any], Hashable]:
    """What is equal for values of one group; blanks are a group of their own, `None`."""
    part = part_of(key, env)
    same = same_key_of(key.field, env) if key.part is None else _itself

    def of(value: Any) -> Hashable:
        return None if value is None else same(part(value))

    return of


def _itself(value: Any) -> Any:
    return value


def _year(day: date) -> int:
    return day.year


def _month(day: date) -> int:
    return day.month
