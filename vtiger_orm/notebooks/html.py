"""Querysets and records as HTML: at most one call and ten rows, and never an error.

Everything that comes from the CRM is text here, never markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Final, Protocol

from ..calls.operations import Row
from ..calls.plans import Batch, Plan, Rows, RowStream
from ..conditions.tree import InSelection, RelatedTo, contains
from ..errors import NoSession, Unreadable, VtigerError
from ..planner import plan_rows
from ..records.handle import saved_id
from ..values import decode

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..conditions.tree import Selection
    from ..metadata.module import FieldMeta
    from ..planner.explain import Explanation
    from ..records import BaseRecord

MOST_ROWS: Final = 10
MOST_COLUMNS: Final = 12
_LONGEST: Final = 80
_STYLE: Final = "text-align:left;vertical-align:top"


class Explained(Protocol):
    """What can tell what it would ask."""

    def explain(self) -> Explanation: ...


def queryset_html(queryset: Explained, selection: Selection, runner: Callable[[], Runner]) -> str:
    """The first rows of what is selected with the statement that reads them; the plan alone where
    there is no session, inside `async with`, and where rows would take more than one call."""
    told = [plan_html(queryset)]
    try:
        told.insert(0, _rows(selection, runner()))
    except NoSession:
        told.append("<p><i>No session is open, so nothing was asked.</i></p>")
    except Exception as error:
        told.append(f"<p><i>{_text(error)}</i></p>")
    return "".join(told)


def plan_html(queryset: Explained) -> str:
    """What would be asked."""
    try:
        return f"<pre style='white-space:pre-wrap'>{_text(queryset.explain())}</pre>"
    except Exception as error:
        return f"<p>{_text(error)}</p>"


def record_html(record: BaseRecord) -> str:
    """The fields that were read, with their labels; asks nothing."""
    try:
        meta, values = record.meta, vars(record)
        lines = [
            (field.label, name, values[name])
            for name, field in meta.fields.items()
            if name in values and name != "id"
        ]
        id_ = saved_id(record) or "not saved"
        rows = "".join(
            f"<tr><th style='{_STYLE}'>{_text(label)}</th><td><code>{_text(name)}</code></td>"
            f"<td style='{_STYLE}'>{_text(_plain(value))}</td></tr>"
            for label, name, value in lines
            if value is not None
        )
        blank = sum(value is None for _, _, value in lines)
        more = f"<p><i>{blank} blank</i></p>" if blank else ""
        return f"<p><b>{_text(meta.name)}</b> {_text(id_)}</p><table>{rows}</table>{more}"
    except Exception as error:
        return f"<p>{_text(error)}</p>"


# -- rows ------------------------------------------------------------------------------------


def _rows(selection: Selection, runner: Runner) -> str:
    last = selection.start + MOST_ROWS
    first = replace(selection, stop=last if selection.stop is None else min(selection.stop, last))
    found = None
    if not contains(selection.where, RelatedTo, InSelection):  # whose ids are read before
        found = runner.run(_by_one_call(plan_rows(first, runner.environment)))
    if found is None:
        return "<p><i>The first rows take more than one call, so they are not shown.</i></p>"
    fields = _columns(selection)
    head = "".join(f"<th style='{_STYLE}'>{_text(each.name)}</th>" for each in fields)
    body = "".join(
        "<tr>"
        + "".join(f"<td style='{_STYLE}'>{_cell(field, row)}</td>" for field in fields)
        + "</tr>"
        for row in found
    )
    number = "The first" if len(found) == MOST_ROWS else "By one call:"
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<p>{number} {len(found)} of {_text(selection.module.name)}</p>"
    )


def _by_one_call(stream: RowStream) -> Plan[list[Row] | None]:
    """The rows that the first call brings; None where a second one comes before any row."""
    rows: list[Row] = []
    asked = False
    try:
        step = next(stream)
        while True:
            wanted = step
            if isinstance(step, Rows):
                rows += step.rows
                if len(rows) >= MOST_ROWS:
                    return rows[:MOST_ROWS]
                if step.ahead is None:
                    step = stream.send(None)
                    continue
                wanted = step.ahead
            several = isinstance(wanted, Batch) and len(wanted.calls) > 1
            if asked or several:
                return rows or None
            asked = True
            try:
                reply = yield wanted  # type: ignore[misc]  # Rows were taken above
            except VtigerError as error:
                step = stream.throw(error)
            else:
                step = stream.send(reply)
    except StopIteration:
        return rows
    finally:
        stream.close()


def _columns(selection: Selection) -> Sequence[FieldMeta]:
    """Those that were asked for, else what names a record and what the question is about."""
    module = selection.module
    if selection.columns is not None:
        return selection.columns[:MOST_COLUMNS]
    named = [module.fields[name] for name in module.label_fields if name in module.fields]
    rest = [each for each in module.columns if each.selectable]
    return list(dict.fromkeys([module.id, *named, *rest]))[:MOST_COLUMNS]


def _cell(field: FieldMeta, row: Row) -> str:
    text = row.get(field.wire)
    try:
        return _text(_plain(decode(field, text)))
    except Unreadable:
        return _text(_plain(text))


# -- text ------------------------------------------------------------------------------------


def _plain(value: object) -> str:
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _text(value: object) -> str:
    """As text of the page, whatever it holds."""
    shown = "".join(each if each.isprintable() or each == "\n" else " " for each in str(value))
    return escape(shown, quote=True)
