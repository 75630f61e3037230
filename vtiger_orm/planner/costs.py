"""How many calls a plan takes: at least, at most, and in words where the data decide.

The numbers hold while nothing fails, nobody else writes, and the server's pages are as long as
they are believed to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Final, NamedTuple

from ..conditions.tree import Not, Order, Present, Selection
from ..metadata.kinds import Family
from .atom_forms import is_unusual
from .branches import has_residual, nulls
from .compiled import TEXTS, Compiled
from .count import difference
from .normal_form import absorb
from .orders import Paging, has_runs, is_by_id, mixes_blanks, without_null
from .pages_by_id import most_rows
from .strategy import Strategy, strategy_of
from .windows import MOST_CALLS, SPARE_CALLS

_CHARACTER: Final = 12
"""Bytes that one character of a value takes at most in a request."""


class Calls(NamedTuple):
    """How many calls something takes."""

    fewest: int
    most: int

    def __str__(self) -> str:
        if not self.most:
            return "none"
        return str(self.most) if self.fewest == self.most else f"{self.fewest} to {self.most}"

    def and_then(self, other: Calls, *, perhaps: bool = False) -> Calls:
        """Both of them; the other one perhaps not at all."""
        return Calls(self.fewest + (0 if perhaps else other.fewest), self.most + other.most)


NO_CALLS: Final = Calls(0, 0)


class Growing(NamedTuple):
    """Calls that grow with the rows: at most ``rows // page + beside``."""

    page: int
    beside: int

    def __str__(self) -> str:
        return f"1 for every {self.page} rows found, and up to {self.beside} for the end and proof"


def calls_of_rows(
    what: Compiled, strategy: Strategy, paging: Paging, selection: Selection
) -> Calls | Growing | None:
    """What reading the rows takes; None where it depends on more than the rows found."""
    if strategy is Strategy.NOTHING:
        return NO_CALLS
    if not _is_plain(what) or what.later:
        return None
    order, start, stop = selection.order, selection.start, selection.stop
    if stop is None:
        return _unsliced(what, paging, order)
    if paging is Paging.BY_ID:
        return _by_id(what, start, stop)
    if strategy is not Strategy.EXACT or len(what.groups) > 1:
        return None
    if paging is Paging.SORTED or has_runs(what, order):
        return None
    return _ordered(what, order, paging, start, stop)


def _is_plain(what: Compiled) -> bool:
    """Whether rows found are all that decides: none are dropped after LIMIT, none come twice,
    and an end is proved by one count."""
    return what.env.can_count and not what.thinned and not what.until_empty


def _unsliced(what: Compiled, paging: Paging, order: tuple[Order, ...]) -> Calls | Growing | None:
    if not what.is_exact:
        return None
    groups, size = what.groups, what.env.page_size
    if paging is Paging.BY_ID:
        listed = [most_rows(group) for group in groups]
        if None not in listed:
            return Calls(len(groups), sum(_paged(rows, size).most for rows in listed if rows))
        if len(groups) > 1:
            return None
        if what.env.parallel.most > 1:
            return Growing(max(int(size / MOST_CALLS), 1), SPARE_CALLS + 2 * what.env.parallel.most)
        return Growing(size, 2)
    if paging is Paging.FORWARD and len(groups) == 1 and not _mixes(what, order):
        return Growing(max(size - 1, 1), 2)
    return None


def _paged(rows: int, size: int) -> Calls:
    """Pages of up to so many rows, and one call that proves there are no more of them."""
    return Calls(1, ceil(rows / size) + 1)


def _mixes(what: Compiled, order: tuple[Order, ...]) -> bool:
    return any(mixes_blanks(what, each) for each in order)


# -- by id


def _by_id(what: Compiled, start: int, stop: int) -> Calls | None:
    groups, size = what.packing.packed(what.superset), what.env.page_size
    match strategy_of(what):
        case Strategy.EXACT if len(groups) == 1:
            return _paged(stop - start, size)
        case Strategy.EXACT:
            return Calls(1, len(groups) * _paged(stop, size).most)
        case Strategy.NULL_ROWS:
            return _null_rows(what, stop)
        case _:
            return None


def _null_rows(what: Compiled, stop: int) -> Calls:
    """The rows with values and those with NULL, a stream each, merged page by page."""
    size = what.env.page_size
    each = _paged(stop + size, size)
    most = fewest = 0
    direct = what.packing.packed(what.direct) if what.direct else []
    most += len(direct) * (each.most + is_unusual(what.direct))
    for wires, branches in what.null_fields.items():
        refers = any(what.module.by_wire[w].family is Family.REFERENCE for w in wires)
        # Of references every page is checked for records that were deleted; of texts the first,
        # second, fourth... page for the border between NULL and the empty text.
        stream = each.most * (4 if refers else 1) + each.most.bit_length() + 1
        groups = len(what.packing.packed(absorb(branches)))
        fewest, most = fewest + groups, most + groups * stream
    return _up_to(most, max(fewest, 1))


# -- in another order


def _ordered(
    what: Compiled, order: tuple[Order, ...], paging: Paging, start: int, stop: int
) -> Calls | None:
    size, wanted = what.env.page_size, stop - start
    mixed = mixes_blanks(what, order[0])
    if (mixed or paging is Paging.GROUPS) and start:
        return None
    if paging is Paging.FORWARD:
        found = _paged(max(wanted - 1, 1), max(size - 1, 1))
    elif paging is Paging.BACKWARD:
        found = Calls(1, 1 + ceil(wanted / max(size - min(5, size // 2), 1)))
    elif wanted > size or not _fits(what, order[0]):
        return None
    else:
        # A page, the equal values at its end and the lowest id that proves them, the end of both.
        found = Calls(1, 6)
    if not mixed and paging is not Paging.GROUPS:
        return found
    blank = _blank(what, order, stop)
    if blank is None:
        return None
    if paging is Paging.FORWARD or (paging is Paging.BACKWARD and without_null(what, order[0])):
        # Which kinds of blanks there are, the blank rows, and the others once more.
        found = found.and_then(Calls(0, 2)).and_then(found, perhaps=True)
    return found.and_then(blank, perhaps=True)


def _blank(what: Compiled, order: tuple[Order, ...], stop: int) -> Calls | None:
    """What the blank rows of the first field take; None where they have to be sorted here."""
    blank = what.where(Not(Present(order[0].field)))
    if not blank.branches:
        return NO_CALLS
    return _by_id(blank, 0, stop) if is_by_id(order[1:]) else None


def _fits(what: Compiled, order: Order) -> bool:
    """Whether every value of the field fits into a statement."""
    if order.field.family not in TEXTS:
        return True
    length = order.field.length
    return length is not None and what.packing.holds(what.branches, _CHARACTER * length)


# -- counts and single rows


def calls_of_count(what: Compiled) -> Calls | None:
    """What counting takes; None where pages or ids have to be read for it."""
    if not what.branches:
        return NO_CALLS
    terms = difference(what) if what.env.can_count else None
    return None if terms is None else Calls(len(terms), len(terms))


def calls_of_exists(what: Compiled, start: int) -> Calls | None:
    """What asking for any row takes, behind the first `start`."""
    strategy = strategy_of(what)
    if strategy is Strategy.NOTHING:
        return NO_CALLS
    if not _is_plain(what):
        return None
    if start:
        return _by_id(what, start, start + 1)
    if strategy is Strategy.SCAN:
        return None
    direct = [each for each in what.branches if not nulls(each) and not has_residual(each)]
    most = 2 * len(what.packing.packed(tuple(direct))) if direct else 0
    if what.has_residual:
        counted = calls_of_count(what)
        return None if counted is None else _up_to(most + counted.most)
    for wires, branches in what.null_fields.items():
        refers = any(what.module.by_wire[w].family is Family.REFERENCE for w in wires)
        most += (4 if refers else 2) * len(what.packing.packed(tuple(branches)))
    return _up_to(most)


def _up_to(most: int, fewest: int = 1) -> Calls:
    """A condition may be one that no row satisfies: then nothing is asked at all."""
    return Calls(min(fewest, most), most)


# -- in words


def in_words(
    what: Compiled, strategy: Strategy, paging: Paging, selection: Selection
) -> Iterator[str]:
    """What reading the rows takes, where it depends on the data."""
    page, stop = what.env.page_size, selection.stop
    wanted = None if stop is None else stop - selection.start
    statements = len(what.packing.packed(what.superset))
    rows = "rows found" if what.is_exact else "rows of the superset"
    if wanted is not None and what.is_exact and paging is not Paging.SORTED:
        yield f"about {ceil(wanted / max(page - 5, 1)) + 1} for each statement"
    elif paging is Paging.BACKWARD:
        yield f"1 count, then 1 for every {max(page - 5, 1)} {rows}"
    elif paging is Paging.FORWARD:
        yield f"1 for every {max(page - 1, 1)} {rows}"
    elif paging is Paging.GROUPS:
        yield f"1 for every {page} {rows}, 1 for the equal values at the end of each page"
        yield "1 for the lowest id, which proves that they are all"
    elif strategy is Strategy.PROBE:
        yield f"1 if the superset has fewer than {page} rows"
        yield f"otherwise 1 for every {page} rows found (NULL by itself) or of the superset"
    elif strategy is Strategy.SCAN:
        yield f"1 count, then 1 for every {page} {rows}"
    else:
        yield f"1 for every {page} {rows}"
    side_by_side = what.env.parallel.most
    if wanted is None and paging is Paging.BY_ID and side_by_side > 1:
        yield f"up to {side_by_side} pages at once in a long reading, then {MOST_CALLS:g} for 1"
    yield "1 or 2 for the end and its proof"
    if statements > 1:
        yield f"{statements} statements in place of one"
    if strategy is Strategy.NULL_ROWS:
        yield f"2 or more for each of {len(what.null_fields)} sets of fields that are NULL"
    if what.verdict_atoms and not what.is_exact:
        number = len(what.verdict_atoms)
        yield f"{number} or {number + 1} more for each page, for the server's verdict"
    if paging is Paging.SORTED:
        yield "and the rows of the slice once more where they are many"
    elif paging is not Paging.BY_ID and _mixes(what, selection.order):
        yield "where blanks are of two kinds, 1 to 5 to find out and those rows by themselves"
    if what.later:
        yield f"{len(what.later)} more for each page, for columns read by id"
