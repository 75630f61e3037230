"""The answer of a write: read again where it proves nothing, compared, and told.

One way for all writes: whatever was sent is either shown by the answer or named by an adjustment.
"""

from __future__ import annotations

import html
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from .._writes import Adjustment, Reason
from ..calls.environment import Environment
from ..calls.operations import Row
from ..calls.plans import Plan, together
from ..calls.protocols import environment_of
from ..calls.server import ServerFacts, server_facts
from ..errors import ValuesAdjusted, VtigerError
from ..metadata.module import ModuleMeta
from ..planner.rows import read_row
from ..records.handle import pending
from ..values import is_blank
from ..values.zones import rows_in_utc
from .adjustments import counted, of_sent, of_unsent, text_of
from .labelled_texts import believable, doubtful_texts
from .line_items import LINE_ITEMS
from .policies.table import foreign_in, policies_of
from .prepare import Prepared
from .rules import callers_level

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord


def fields_of(row: Row) -> Row:
    """The row without what is no field: a label in HTML, an address for browsers."""
    fields = dict(row)
    fields.pop("label", None)
    fields.pop("url", None)
    return fields


# Reading again


def must_be_read(prepared: Prepared, row: Row) -> bool:
    """Whether the answer leaves open what is stored: a dialect that tells the id alone, a field
    that is repeated as it was sent, a text that may be decoded."""
    repeated = not prepared.unproved.isdisjoint(prepared.sent)
    return row.keys() == {"id"} or repeated or bool(prepared.doubtful)


def received(prepared: Prepared, row: Row, facts: ServerFacts) -> Prepared:
    """The write, knowing what of this answer to it is in doubt."""
    doubtful = doubtful_texts(prepared, row, facts)
    return prepared if doubtful == prepared.doubtful else replace(prepared, doubtful=doubtful)


def read_again(
    answers: Sequence[tuple[Prepared, Row]], runner: Runner | None
) -> Plan[list[tuple[Prepared, Row]]]:
    """The answers, in their order, with the whole record in place of what proves nothing.

    The write took place: a record that cannot be read now is left as it was answered.
    """
    facts = server_facts(runner)
    found = [(received(prepared, row, facts), row) for prepared, row in answers]
    yield from _settle_doubts(found, runner)
    open_ = [number for number, pair in enumerate(found) if must_be_read(*pair)]
    plans = [
        read_quietly(prepared.meta, str(row["id"]), environment_of(runner))
        for prepared, row in (found[number] for number in open_)
    ]
    rows = yield from together(plans)
    for number, row in zip(open_, rows):
        if row is not None:
            found[number] = (
                replace(found[number][0], unproved=frozenset(), doubtful=frozenset()),
                row,
            )
    return found


def _settle_doubts(answers: list[tuple[Prepared, Row]], runner: Runner | None) -> Plan[None]:
    """Take back the doubts about texts of which the module holds none that is encoded."""
    for number, (prepared, row) in enumerate(answers):
        doubtful = prepared.doubtful
        if not doubtful or not doubtful.isdisjoint(prepared.sent):
            continue  # what was sent may be the first that is stored encoded
        try:
            believed = yield from believable(prepared.meta, sorted(doubtful), runner)
        except VtigerError:
            continue
        if believed:
            answers[number] = replace(prepared, doubtful=frozenset()), row


def read_quietly(meta: ModuleMeta, id_: str, env: Environment) -> Plan[Row | None]:
    """The whole record, or None where it cannot be read: an error would hide what was done."""
    try:
        return (yield from read_row(meta, id_, env))
    except VtigerError:
        return None


# Comparing


def judged(prepared: Prepared, row: Row, facts: ServerFacts) -> tuple[Row, tuple[Adjustment, ...]]:
    """What of the answer can be believed, and what in it is not as it was to be."""
    believed = _believed(prepared, repaired(prepared, fields_of(row)))
    alike = {
        prepared.meta.by_wire[name].name
        for policy in policies_of(prepared.meta)
        for name in policy.zero_is_blank & believed.keys()
    }
    found = _adjustments(prepared, believed, facts.clock.zone.tz)
    return believed, tuple(each for each in found if each.field not in alike or _says_more(each))


def _says_more(adjustment: Adjustment) -> bool:
    sent = adjustment.why not in (Reason.UNASKED, Reason.COMPUTED)
    return sent or not {adjustment.sent, adjustment.stored} <= {"", "0"}


def _believed(prepared: Prepared, row: Row) -> Row:
    beside = prepared.unproved | prepared.doubtful
    for is_foreign in foreign_in(prepared.meta):
        beside |= frozenset(filter(is_foreign, row))
    return {name: value for name, value in row.items() if name not in beside} if beside else row


def _adjustments(prepared: Prepared, row: Row, zone: tzinfo) -> Iterator[Adjustment]:
    """`zone` is the CRM's as it is known by now: this very answer may have told it, and then the
    moments that were sent are others."""
    change, meta, sent = prepared.change, prepared.meta, prepared.sent
    fields = meta.fields.values()
    [as_before] = rows_in_utc([row], fields, change.zone)
    if zone != change.zone:
        [sent] = rows_in_utc([dict(sent)], fields, change.zone)
        prepared, [row] = replace(prepared, sent=sent), rows_in_utc([row], fields, zone)
    policies = policies_of(meta)
    if change.creates:
        yield from _of_new(prepared, row)
        for name in (name for policy in policies for name in policy.wanted):
            if (
                name not in sent
                and name in row
                and is_blank(text_of(row[name]), meta.by_wire[name].kind)
            ):
                yield Adjustment(meta.by_wire[name].name, "", "", Reason.MISSING)
        return
    yield from of_sent(meta, sent, row)
    written = prepared.call.values.keys()
    beside = {*sent, *(name for policy in policies for name in policy.loose)}
    computed = {
        name
        for policy in policies
        for name, sources in policy.computed.items()
        if not sources.isdisjoint(written)
    }
    yield from of_unsent(meta, change.known, as_before, computed, beside)
    items, stored = change.items, row.get(LINE_ITEMS)
    if LINE_ITEMS not in sent and items is not None and items.outdated(stored):
        yield Adjustment("items", "others", counted(stored), Reason.UNASKED)


def _of_new(prepared: Prepared, row: Row) -> Iterator[Adjustment]:
    """Of a blank that was given to a new record nothing was sent; the CRM may have a value there,
    which it computed, say."""
    meta = prepared.meta
    given = {name: value for name, value in prepared.sent.items() if value != "" or name in row}
    computed = {
        meta.by_wire[name].name
        for policy in policies_of(meta)
        for name in policy.computed.keys() & meta.by_wire.keys()
    }
    for each in of_sent(meta, given, row):
        follows = each.sent == "" and each.field in computed
        yield replace(each, why=Reason.COMPUTED) if follows else each


def repaired(prepared: Prepared, answer: Row) -> Row:
    """The answer without the server's own mistakes.

    Some answers show a text decoded once more from HTML than it is stored; what is stored is the
    text that was sent, or was there before. With line items, the header's product is null.
    """
    change, sent, shown = prepared.change, prepared.sent, prepared.shown
    texts: dict[str, Any] = change.known_texts("" if shown else "&")
    texts |= sent
    wrong = {name: text for name, text in texts.items() if _decoded_too_often(answer, name, text)}
    wrong |= {
        name: texts[name]
        for name, as_shown in shown.items()
        if name in texts and answer.get(name) == as_shown
    }
    if isinstance(items := answer.get(LINE_ITEMS), list) and LINE_ITEMS in shown:
        wrong[LINE_ITEMS] = _as_sent(sent[LINE_ITEMS], shown[LINE_ITEMS], items)
    if LINE_ITEMS in sent and not answer.get("productid") and "productid" in answer:
        wrong["productid"] = str(sent.get("productid") or "")
    return {**answer, **wrong} if wrong else answer


def _as_sent(sent: list[Row], shown: list[Row], items: list[Row]) -> list[Row]:
    """The answered items, with texts as they were sent where they are shown so."""
    if len(items) != len(sent):
        return items
    return [
        {
            name: one[name] if name in one and text == as_shown.get(name) else text
            for name, text in item.items()
        }
        for one, as_shown, item in zip(sent, shown, items)
    ]


def _decoded_too_often(answer: Row, name: str, text: object) -> bool:
    return isinstance(text, str) and "&" in text and answer.get(name) == html.unescape(text)


def forget_unanswered(record: BaseRecord, row: Mapping[str, Any], *, items: bool = False) -> None:
    """Drop from the record what an answer of the whole record does not have: nobody knows it.
    What was assigned since the write was sent stays.

    Line items are told by some answers only, so they stay unless `items` says otherwise.
    """
    meta, later = record.meta, pending(record)
    fields = meta.fields
    if not meta.by_wire.keys() <= row.keys():
        for name in [each for each in vars(record) if each in fields and each not in later]:
            if fields[name].wire not in row and name != "id":
                delattr(record, name)
    for name in [each for each in record.extra if each not in row and each not in later]:
        if items or name != LINE_ITEMS:
            del record.extra[name]


# Telling


class AdjustedValues(UserWarning):
    """The CRM stored other values than were sent, by a write that has no record to show it at."""


def warn_adjusted(what: str, adjustments: Iterable[Adjustment]) -> None:
    """Tell of what differs in what was written, summed up."""
    found = Counter((each.field, each.why) for each in adjustments)
    if found:
        told = ", ".join(f"{name} ({why}) of {number}" for (name, why), number in found.items())
        message = f"{what}: the CRM does not have what was sent: {told}."
        warnings.warn(message, AdjustedValues, stacklevel=callers_level())


def refuse_adjusted(
    what: str,
    adjustments: Sequence[Adjustment],
    facts: ServerFacts,
    record: BaseRecord | None = None,
) -> None:
    """Raise `ValuesAdjusted` in strict mode; the record has the answer by then."""
    wrong = tuple(each for each in adjustments if each.why is not Reason.COMPUTED)
    if not facts.strict or not wrong:
        return
    lines = "".join(f"\n  - {each}" for each in wrong)
    error = ValuesAdjusted(
        f"{what} was written, but the CRM does not have what was sent:{lines}", wrong
    )
    error.record = record
    raise error
