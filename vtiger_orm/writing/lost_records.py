"""Which records of the CRM could be the one that a lost create made.

Two questions with different answers: which could be it, and whether it is certain that there is
none. The second one is what a repetition needs, so anything that speaks against it is a doubt: a
value that the CRM may have stored otherwise, a record made at that time with some of the values, a
clock that is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any, Final, NamedTuple

from ..calls.clock import ClockSource, Span
from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, collect_rows
from ..conditions.collation import ANY, like_literal
from ..conditions.tree import Compare, Equal, Like, Node, Selection, all_of, any_of
from ..dialects.restfulapi_forms import as_listed
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta
from ..planner import plan_checked_rows, plan_rows
from ..planner.checked import asked_again_if_empty
from ..values.zones import readings
from .memory import LostCreate

_SAFE_LENGTH: Final = 20
"""Text up to this length fits every column that is worth searching, so it is not cut."""
_REPLACED: Final = re.compile(r"[\x00-\x1f<>?\U00010000-\U0010ffff]+")
"""What some server stores otherwise: beyond U+FFFF question marks, markup as entities."""
_REWRITTEN: Final = frozenset({"source", "tags"})
"""Fields that the CRM fills in its own way, whatever it is sent."""
_STORED_AS_SENT: Final = frozenset({Family.CHOICE, Family.REFERENCE, Family.DATE, Family.INTEGER})
_UNLISTED: Final = frozenset({"Emails"})
"""Modules whose new records the CRM answers to no query: they lack the type that it asks for."""
_TELLING: Final = 3
"""Values by which look-alikes are searched for."""
_IN_NO_QUERY: Final = "new records of this module are in no query of the CRM"
_SLACK: Final = timedelta(seconds=5)
_ANY_ZONE: Final = timedelta(hours=15)


class Found(NamedTuple):
    """What a search for a lost record came to."""

    ids: Sequence[str] = ()
    """Records that could be it."""
    doubt: str = ""
    """Why finding none does not prove that there is none."""


def is_unlisted(meta: ModuleMeta) -> bool:
    """Whether no query finds records of the module that were made over the API."""
    return meta.name in _UNLISTED


def by_identity(meta: ModuleMeta, each: FieldMeta, value: str, env: Environment) -> Plan[Found]:
    """Search by the field that holds the caller's own identity of a record.

    The CRM ignores case, the caller does not. Text that may be stored cut or with other
    characters is looked for in those forms, too.
    """
    value = _as_told(value, env)
    plain = each.family is not Family.TEXT or _is_plain(value)
    condition: Node = Equal(each, value) if plain else Like(each, _loosely(value))
    selection = Selection(meta, condition, columns=(meta.id, each))
    rows = yield from collect_rows(plan_checked_rows(selection, env))
    if not rows and is_unlisted(meta):
        return Found(doubt=_IN_NO_QUERY)
    if each.family is not Family.TEXT:
        rounded = each.family not in _STORED_AS_SENT
        return Found(_ids(rows), f"the CRM may have rounded {each.name}" if rounded else "")
    exact = [row for row in rows if row.get(each.wire) == value]
    if exact or plain:
        return Found(_ids(exact))
    similar = [row for row in rows if _may_be(row.get(each.wire), value)]
    changed = f"{_some(_ids(similar))} has what the CRM may have made of its {each.name}"
    return Found(doubt=changed if similar else "")


def look_alikes(meta: ModuleMeta, lost: LostCreate, env: Environment) -> Plan[Found]:
    """Search for records made at the time of the create, by values that can be relied on."""
    told = ((each, _as_told(value, env)) for each, value in _reliable(meta, lost.sent))
    if is_unlisted(meta):
        return Found(doubt=_IN_NO_QUERY)
    wanted = {each: value for each, value in told if _is_comparable(value, env)}
    if not wanted:
        return Found(doubt="none of its values can be searched for")
    time = _Time(meta, lost, env)
    telling = [Equal(each, wanted[each]) for each in _most_telling(wanted)]
    condition = all_of(any_of(*telling), *time.conditions())
    columns = (meta.id, *wanted, *([time.field] if time.field is not None else []))
    selection = Selection(meta, condition, columns=tuple(dict.fromkeys(columns)))
    rows = yield from collect_rows(asked_again_if_empty(lambda: plan_rows(selection, env), env))
    alike = [row for row in rows if _alike(row, wanted, strict=not time.known)]
    ids = [str(row["id"]) for row in alike if time.fits(row)]
    if ids:
        return Found(ids)
    if alike:
        return Found(doubt=f"{_some(_ids(alike))} {time.why_not}")
    partly = [row for row in rows if time.fits(row)]
    if partly:
        return Found(doubt=f"{_some(_ids(partly))} was made then with some of its values")
    return Found()


class _Time:
    """When the lost record was made, by the CRM's own clock."""

    def __init__(self, meta: ModuleMeta, lost: LostCreate, env: Environment) -> None:
        made = meta.by_wire.get("createdtime")
        self.field = made if made is not None and made.filterable and made.selectable else None
        self._env = env
        clock = env.clock
        self._heard = clock.offset.source is not ClockSource.ASSUMED
        self.known = self._heard and clock.zone.sure and clock.zone.tz == env.zone
        self._span: Final[Span] = clock.during(lost.at - _SLACK, lost.until + _SLACK)

    def conditions(self) -> list[Node]:
        """What narrows the search down without leaving the record out."""
        if self.field is None or not self._heard:
            return []
        wide = timedelta() if self.known else _ANY_ZONE
        begin, end = self._span.begin - wide, self._span.end + wide
        return [Compare(self.field, ">=", _text(begin)), Compare(self.field, "<=", _text(end))]

    def fits(self, row: Row) -> bool:
        """Whether the row was made then, as far as the CRM's zone is known."""
        if self.field is None:
            return False
        begin, end = map(_text, self._span)
        may_be = readings(str(row.get(self.field.wire) or ""), self._env.zone)
        return any(begin <= text <= end for text in may_be)

    @property
    def why_not(self) -> str:
        if self.field is None:
            return "has its values, but when it was made cannot be asked"
        return (
            "has its values, but was made at another time by the CRM's clock, of which the zone is "
            "not known (connect(server_timezone=...) names it)"
        )


def _reliable(meta: ModuleMeta, sent: Mapping[str, Any]) -> Iterator[tuple[FieldMeta, str]]:
    """Sent values that the CRM nearly always stores unchanged and can be asked for."""
    for name, value in sent.items():
        each = meta.by_wire.get(name)
        if each is None or not each.filterable or not each.selectable or name in _REWRITTEN:
            continue
        if not isinstance(value, str) or not value.strip():
            continue
        if each.family in _STORED_AS_SENT or (each.family is Family.TEXT and _is_plain(value)):
            yield each, value


def _most_telling(wanted: Mapping[FieldMeta, str]) -> Sequence[FieldMeta]:
    texts = [each for each in wanted if each.family is Family.TEXT]
    return sorted(texts or wanted, key=lambda each: -len(wanted[each]))[:_TELLING]


def _alike(row: Row, wanted: Mapping[FieldMeta, str], *, strict: bool) -> bool:
    """Whether the row has the values: its texts suffice unless `strict`, as workflows of the CRM
    assign owners and set states."""
    texts = [each for each in wanted if each.family is Family.TEXT]
    compared = wanted if strict or not texts else texts
    return all(row.get(each.wire) == wanted[each] for each in compared)


def _as_told(text: str, env: Environment) -> str:
    """The text as this server tells it."""
    return text if env.lists is None else as_listed(text)


def _is_comparable(text: str, env: Environment) -> bool:
    """Whether a condition may name it: lists do not tell entities from the signs they stand for."""
    return env.lists is None or unescape(text) == text


def _is_plain(text: str) -> bool:
    return len(text) <= _SAFE_LENGTH and text == text.strip() and not _REPLACED.search(text)


def _loosely(text: str) -> str:
    """A pattern for whatever the CRM may have made of a text."""
    return ANY.join(map(like_literal, _REPLACED.split(text[:_SAFE_LENGTH]))) + ANY


def _may_be(stored: object, sent: str) -> bool:
    """Whether a stored text is what the CRM may have made of another: cut, with replacements."""
    if not isinstance(stored, str):
        return False
    cut, whole = (_REPLACED.sub("?", text).rstrip("? ") for text in (stored, sent))
    return whole.startswith(cut) and len(stored) >= min(_SAFE_LENGTH, len(sent))


def _ids(rows: Sequence[Row]) -> list[str]:
    return [str(row["id"]) for row in rows]


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:10]) + (", ..." if len(ids) > 10 else "")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
