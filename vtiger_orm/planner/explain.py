"""What a plan is going to do, in words; nothing is sent to find out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal, TypeAlias, get_args

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..conditions.tree import InSelection, Node, OneOf, Order, Present, Selection, atoms
from ..errors import InvalidValue
from .asking import countable, counts_rows
from .branches import Branches
from .compiled import Compiled, compiled
from .costs import Calls, Growing, calls_of_count, calls_of_exists, calls_of_rows, in_words
from .count import difference
from .list_explain import ListExplanation
from .orders import Paging, check_order, has_runs, normalised, paging_of, server_order, values_first
from .pages_by_value import first_page as descending_page
from .reasons import branch_texts, reasons_of
from .semijoin import replaced
from .sorting import first_page as sorted_page
from .sorting import first_page_may_do
from .statement import shortened
from .strategy import Strategy, strategy_of

AskedFor: TypeAlias = Literal["rows", "count", "exists"]
"""What an explanation is asked of."""

_NO_END: Final = (
    "; refused where their end cannot be told, since this CRM answers no count(*) and takes "
    "records that the user may not see out of its pages"
)
_ASKED: Final = get_args(AskedFor)


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a selection is going to be read. `print` it, or look at the parts.

    Printed, long select lists are cut; `statements` and `QuerySet.query` have them in full.
    """

    selection: str
    """The condition, order and slice, as they were understood."""
    statements: tuple[str, ...]
    """The first statement of each kind that is sent; later pages add ``id > '…'``."""
    branches: tuple[str, ...]
    """The alternatives of which one must hold."""
    residual: str | None
    """What is decided on the rows in memory; None when the server decides everything."""
    reading: str
    """How rows are found and paged."""
    calls: int | None
    """The most calls it takes, while nothing fails and nobody else writes; None where that
    depends on how many rows there are."""
    expected_calls: str
    """The number of calls in words, as a formula where it depends on the data."""
    look_ahead: int | None = None
    """So many of `calls` may turn out not to be needed: what only proves that there are no more
    rows, and what blanks of two kinds or few rows decide."""
    rows_per_call: int | None = None
    """Where `calls` is None and only the rows found decide: n rows take at most
    ``n // rows_per_call + calls_beside`` calls."""
    calls_beside: int | None = None
    reasons: tuple[str, ...] = ()
    """Why it is not one statement, or not the server alone that decides."""
    inner: tuple[Explanation, ...] = ()
    """The querysets in the condition; they are answered first."""

    def __str__(self) -> str:
        lines = [self.selection]
        for title, texts in (
            ("statements", tuple(map(shortened, self.statements))),
            ("alternatives", self.branches if len(self.branches) > 1 else ()),
            ("decided on the rows", (self.residual,) if self.residual else ()),
            ("reading", (self.reading,)),
            ("calls", (self.expected_calls,)),
            ("because", self.reasons),
        ):
            if texts:
                lines.append(f"  {title}:")
                lines.extend(f"    {text}" for text in texts)
        for each in self.inner:
            lines.append("  first:")
            lines.extend(f"    {line}" for line in str(each).splitlines())
        return "\n".join(lines)


def explain(selection: Selection, env: Environment, of: AskedFor = "rows") -> Explanation:
    """How the rows of the selection would be read, counted, or asked whether there are any.
    Pure: it asks the server nothing.

    Raises `UnsupportedQuery` where reading them would, for columns that cannot be read.
    """
    if of not in _ASKED:
        raise InvalidValue(f"explain(of={of!r}): it explains one of {', '.join(_ASKED)}.")
    inner = tuple(a for a in dict.fromkeys(atoms(selection.where)) if isinstance(a, InSelection))
    if of != "rows":
        selection = replace(selection, order=(), columns=())
    tree = selection.where
    for atom in inner:
        tree = replaced(tree, atom, _some_records(atom))
    if env.lists is not None:
        return _of_lists(selection, tree, inner, env)
    what = compiled(selection, env, tree)
    plan = _rows(selection, what) if of == "rows" else _number(selection, what, of)
    calls = None if inner else plan.calls
    formula = plan.formula if calls is None else str(calls)
    known = calls if isinstance(calls, Calls) else None
    growing = calls if isinstance(calls, Growing) else None
    return Explanation(
        selection=str(selection),
        statements=plan.statements,
        branches=branch_texts(what.branches),
        residual=None if what.is_exact else str(what.residual),
        reading=plan.reading,
        calls=known and known.most,
        expected_calls=f"those of the inner queryset, then {formula}" if inner else formula,
        look_ahead=known and known.most - known.fewest,
        rows_per_call=growing and growing.page,
        calls_beside=growing and growing.beside,
        reasons=plan.reasons,
        inner=tuple(explain(replace(atom.selection, columns=()), env) for atom in inner),
    )


def _of_lists(
    selection: Selection, tree: Node, inner: tuple[InSelection, ...], env: Environment
) -> Explanation:
    words = ListExplanation(selection, tree, env)
    return Explanation(
        selection=str(selection),
        statements=tuple(words.statements()),
        branches=(),
        residual=words.residual,
        reading=words.reading,
        calls=0 if words.nothing and not inner else None,
        expected_calls=f"those of the inner queryset, then {words.calls}" if inner else words.calls,
        reasons=tuple(words.reasons()),
        inner=tuple(explain(replace(atom.selection, columns=()), env) for atom in inner),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one way of asking comes to."""

    reading: str
    statements: tuple[str, ...]
    calls: Calls | Growing | None
    formula: str
    reasons: tuple[str, ...]


def _rows(selection: Selection, what: Compiled) -> _Plan:
    order = normalised(selection.order)
    selection = replace(selection, order=order)
    check_order(selection.module, order)
    strategy = Strategy.NOTHING if _is_empty(selection) else strategy_of(what)
    paging = paging_of(what, order, selection.start)
    return _Plan(
        str(strategy) if strategy is Strategy.NOTHING else f"{strategy}; {paging}",
        tuple(first_statements(what, strategy, paging, selection)),
        calls_of_rows(what, strategy, paging, selection),
        ", ".join(in_words(what, strategy, paging, selection)),
        reasons_of(what, strategy, paging, order),
    )


def _number(selection: Selection, what: Compiled, of: AskedFor) -> _Plan:
    """What counting takes, or asking for any row, whatever the order and the columns."""
    whole = replace(selection, start=0, stop=None)
    rows = _rows(whole, what)
    if _is_empty(selection) or not what.branches:
        return replace(rows, reading=str(Strategy.NOTHING), statements=(), calls=Calls(0, 0))
    if of == "exists":
        calls = calls_of_exists(what, selection.start)
        reading = "one row is asked for, alternative by alternative, until there is one"
        if calls is None:
            reading = f"rows are read until one satisfies the condition: {strategy_of(what)}"
        return replace(rows, reading=reading, calls=calls, formula=f"1, or at most {rows.formula}")
    terms = difference(what)
    if terms is None:
        reading = f"the ids are read and counted: {rows.reading}"
        if not countable(what.module.name, what.env):
            reading += _NO_END
        return replace(rows, reading=reading, calls=None)
    asked = [what.statement(group) for group in terms]
    if not counts_rows(what.env):
        pages = tuple(each._replace(columns=("id",)).text for each in asked)
        reading = "by pages of ids, further and further on, as this CRM answers no count(*)"
        formula = f"{len(terms)} times 2 + 2 log2(rows / {what.env.page_size}), or fewer"
        return replace(rows, reading=reading, statements=pages, calls=None, formula=formula)
    counting = tuple(each.counting.text for each in asked)
    reading = "the CRM counts"
    if len(terms) > 1:
        reading += f": {len(terms)} counts, added and subtracted"
    return replace(rows, reading=reading, statements=counting, calls=calls_of_count(what))


def _is_empty(selection: Selection) -> bool:
    return selection.stop is not None and selection.stop <= selection.start


def _some_records(atom: InSelection) -> Node:
    """A stand-in for the ids that another queryset is going to give."""
    some = f"{atom.selection.module.prefix}x…"
    return OneOf(atom.field, (some, some))


def first_statements(
    what: Compiled, strategy: Strategy, paging: Paging, selection: Selection
) -> Iterator[str]:
    """The first statement of each kind that the plan sends. Pages read from the end begin at an
    offset that a count has to tell; it is shown as ``…``."""
    if strategy is Strategy.NOTHING:
        return
    order = normalised(selection.order)
    if strategy is Strategy.NULL_ROWS and paging in (Paging.BY_ID, Paging.SORTED):
        yield from _with_null_rows(what, order, paging)
        return
    if paging is Paging.GROUPS or (paging is Paging.BACKWARD and values_first(what, order[0])):
        what = what.where(Present(order[0].field))
    groups = what.packing.packed(what.superset)
    slice_ = _Slice(what, selection, order, alone=what.is_exact and len(groups) == 1)
    for group in groups:
        yield from _of_group(what, group, order, paging, slice_)


class _Slice:
    """What of the slice can be left to the server: only where one statement decides it all."""

    def __init__(
        self, what: Compiled, selection: Selection, order: tuple[Order, ...], alone: bool
    ) -> None:
        self.stop = selection.stop
        self.start = selection.start if alone else 0
        size = what.env.page_size
        whole = self.stop is None or not alone or has_runs(what, order)
        wanted = size if self.stop is None or whole else self.stop - self.start
        self.limit = min(size, wanted)


def _of_group(
    what: Compiled, group: Branches, order: tuple[Order, ...], paging: Paging, part: _Slice
) -> Iterator[str]:
    more = () if what.is_exact else what.decided_by
    said = server_order(order) if paging in (Paging.FORWARD, Paging.BACKWARD) else None
    if paging is Paging.GROUPS:
        yield descending_page(what, group, order[0], more, part.stop).text
    elif said is not None:
        page = what.statement(
            group, more, order=said.wires, descending=said.descending, limit=part.limit
        )
        if paging is Paging.BACKWARD:
            yield page.counting.text
            yield page.shown_at("…")
        else:
            yield page._replace(offset=part.start).text
    elif paging is Paging.SORTED:
        if part.stop is not None and first_page_may_do(what, order, part.stop):
            yield sorted_page(what, group, order, part.stop).text
        else:
            yield what.statement(group, (*_wires(order), *more)).text
    else:
        down = bool(order) and order[0].descending
        yield what.statement(group, more, descending=down, limit=part.limit, offset=part.start).text


def _with_null_rows(what: Compiled, order: tuple[Order, ...], paging: Paging) -> Iterator[str]:
    by_id = paging is Paging.BY_ID
    more = () if by_id else _wires(order)
    down = by_id and bool(order) and order[0].descending
    for group in what.packing.packed(what.direct):
        yield what.statement(group, more, descending=down).text
    for fields, branches in what.null_fields.items():
        wires = (*sorted(fields), "id")
        for group in what.packing.packed(tuple(branches)):
            yield what.statement(group, more, order=wires, descending=down).text


def _wires(order: tuple[Order, ...]) -> tuple[str, ...]:
    return tuple(each.field.wire for each in order)
