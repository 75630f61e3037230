"""Exactly the rows of a condition, in id order, by the cheapest way that is complete.

Conditions the server can be sent are sent. For the rest there are two ways: the rows in which
fields are NULL are fetched by themselves, or a superset is *scanned* and the whole condition
evaluated on it. The first page of the superset often is all of it, so it is read before the
choice is made (and kept).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from ..calls.operations import Row
from ..calls.plans import Plan, Rows, RowStream
from ..conditions.tree import Present
from ..errors import ScanTooLarge
from .asking import counts
from .atom_forms import is_unusual
from .branches import SENDABLE, Branches, IsNull
from .compiled import Compiled
from .normal_form import absorb, negative_atoms
from .null_rows import ask_null_free, noted, null_rows
from .pages_by_id import after
from .sending import by_id, sent
from .streams import chained, first_page, merged, pull, window
from .verdicts import judged

FEW_NULL_SETS: Final = 2
"""NULL rows of up to so many sets of fields are fetched without counting first."""


class Strategy(StrEnum):
    """How the rows of a condition are found."""

    NOTHING = "no record can satisfy the condition: nothing is sent"
    EXACT = "the server decides everything"
    NULL_ROWS = "blanks are fetched by themselves: NULL comes first in ascending order"
    PROBE = "the first page decides: complete, or NULL rows by themselves, or scanning"
    SCAN = "the server sends a superset, the rest is decided on the rows"


def strategy_of(what: Compiled) -> Strategy:
    """The way for this condition; depends on nothing but the condition and the server."""
    if not what.branches:
        return Strategy.NOTHING
    if what.is_exact:
        return Strategy.EXACT
    if what.thinned or what.until_empty:
        return Strategy.SCAN
    few = not what.has_residual and len(what.null_fields) <= FEW_NULL_SETS
    if few and (what.verdict_atoms or _only_blanks(what)):
        return Strategy.NULL_ROWS
    return Strategy.SCAN if what.verdict_atoms else Strategy.PROBE


def in_id_order(
    what: Compiled,
    more: Iterable[str] = (),
    *,
    start: int = 0,
    stop: int | None = None,
    descending: bool = False,
) -> RowStream:
    """The rows by id. `more` names columns to read besides those of `what`; the fields that
    local evaluation needs are added. Raises `ScanTooLarge` as `scan` does."""
    more = tuple(more)
    match strategy_of(what):
        case Strategy.EXACT:
            return sent(what, what.branches, more, start=start, stop=stop, descending=descending)
        case Strategy.NOTHING:
            stream = chained(())
        case Strategy.NULL_ROWS:
            stream = _with_null_rows(what, more, descending, learning=not what.bounds)
        case Strategy.PROBE:
            stream = _probe(what, more, descending, sliced=stop is not None)
        case Strategy.SCAN:
            stream = scan(what, more, descending=descending, sliced=stop is not None)
    return window(stream, start, stop)


def scan(
    what: Compiled, more: Iterable[str] = (), *, descending: bool = False, sliced: bool = False
) -> RowStream:
    """The superset, judged row by row.

    Raises `ScanTooLarge` when it has more than `max_scan_rows` rows: after the first page, or
    for a slice when so many were read in vain.
    """
    stream = sent(what, what.superset, (*more, *what.decided_by), descending=descending)
    yield from judged(at_most(stream, what, counted=not sliced), what)


def at_most(stream: RowStream, what: Compiled, *, counted: bool = False) -> RowStream:
    """The stream, until more than `max_scan_rows` rows have been read.

    With `counted` the superset is counted after the first page, unless that is the last one, so
    that nothing is read in vain.
    """
    read = 0
    if counted:
        page, rest = yield from first_page(stream)
        if page:
            yield Rows(page)
        if rest is None:
            return
        size = yield from superset_size(what)
        if size > what.env.max_scan_rows:
            raise too_large(what, size)
        read, stream = len(page), rest
    while (following := (yield from pull(stream))) is not None:
        read += len(following)
        if read > what.env.max_scan_rows + what.env.page_size:
            raise too_large(what, read)
        yield Rows(following)


def superset_size(what: Compiled) -> Plan[int]:
    """How many rows a scan would read; statements that overlap count twice."""
    return (yield from _size(what, what.superset))


def _size(what: Compiled, branches: Branches) -> Plan[int]:
    groups = what.packing.packed(branches)
    return sum((yield from counts([what.statement(group) for group in groups], what.env)))


def at_hand(rows: Sequence[Row]) -> RowStream:
    """Rows that are already there, as a stream."""
    yield Rows(rows)


def too_large(what: Compiled, rows: int) -> ScanTooLarge:
    """The refusal, with both numbers and the ways out."""
    return ScanTooLarge(
        f"An exact answer from {what.module.name} needs reading {rows} rows or more, but "
        f"max_scan_rows is {what.env.max_scan_rows}. Part of the condition cannot be sent to the "
        f"CRM ({what.residual}), so it would be tested on the rows. Add a condition that leaves "
        f"fewer rows, take a slice, or open the session with a larger max_scan_rows."
    )


def _only_blanks(what: Compiled) -> bool:
    """Whether nothing but `isnull=True` asks for NULL."""
    return all(
        isinstance(atom, Present)
        for atom in negative_atoms(what.tree)
        if any(IsNull(atom.field.wire) in branch for branch in what.branches)
    )


def _probe(what: Compiled, more: tuple[str, ...], descending: bool, sliced: bool) -> RowStream:
    """The first page of the superset, then whatever is cheaper for the rest."""
    stream = sent(what, what.superset, (*more, *what.decided_by), descending=descending)
    first, others = yield from first_page(stream)
    yield from judged(at_hand(first), what)
    if others is None:
        return
    stream.close()
    rest = what.within(after(first, descending))
    if len(what.null_fields) > FEW_NULL_SETS and not what.has_residual:
        yield from ask_null_free(what)
        rest = rest.relearnt()
    if rest.is_exact:
        yield from sent(rest, rest.branches, more, descending=descending)
    elif len(rest.null_fields) <= FEW_NULL_SETS and not rest.has_residual:
        yield from _with_null_rows(rest, more, descending, first, learning=not what.bounds)
    elif sliced or (size := (yield from superset_size(rest))) <= what.env.max_scan_rows:
        yield from scan(rest, more, descending=descending, sliced=True)
    else:
        yield from _narrow(rest, more, descending, size)


def _with_null_rows(
    what: Compiled,
    more: tuple[str, ...],
    descending: bool,
    first: Sequence[Row] = (),
    learning: bool = False,
) -> RowStream:
    """The branches without NULL by their statements, those with NULL by themselves.

    `first` are the rows before the bounds of `what`, read already. With `learning` they and the
    rows within the bounds are the whole module, so that no NULL is found tells something about it.
    """
    streams = []
    seen: set[str] = set()
    if what.direct:
        direct = _seen(sent(what, what.direct, more, descending=descending), seen)
        streams.append(_if_any(what, direct) if is_unusual(what.direct) else direct)
    for wires, branches in what.null_fields.items():
        columns = (*more, *sorted(wires))
        for group in what.packing.packed(absorb(branches)):
            proved = any(_need_a_value(what.direct, wire) for wire in wires)
            valued = seen if proved and what.env.consistency != "strict" else ()
            stream = null_rows(
                what, sorted(wires), group, columns, descending=descending, valued=valued
            )
            if learning and group == ((),) and len(wires) == 1:
                stream = noted(stream, what, next(iter(wires)), first)
            streams.append(stream)
    yield from merged(streams, by_id(descending), what.env.page_size, unique=True)


def _seen(stream: RowStream, ids: set[str]) -> RowStream:
    """The stream; `ids` has those of its first page."""
    first = yield from pull(stream)
    if first is not None:
        ids.update(row["id"] for row in first)
        yield Rows(first)
        yield from stream


def _need_a_value(branches: Branches, wire: str) -> bool:
    """Whether no row of the branches is NULL in the field: no comparison holds of NULL."""
    return all(
        any(isinstance(part, SENDABLE) and part.wire == wire for part in branch)
        for branch in branches
    )


def _if_any(what: Compiled, stream: RowStream) -> RowStream:
    """The rows without NULL, which are counted first: that proves at once that there are none."""
    if (yield from _size(what, what.direct)):
        yield from stream


def _narrow(what: Compiled, more: tuple[str, ...], descending: bool, size: int) -> RowStream:
    """Where the superset is too large: branch by branch, still judged as a whole."""
    if not what.null_fields or (yield from _size(what, what.direct)) > what.env.max_scan_rows:
        raise too_large(what, size)
    stream = _with_null_rows(what, (*more, *what.decided_by), descending)
    yield from judged(at_most(stream, what), what)
