"""Selections of a server that has lists with criteria instead of a query language.

The criteria keep out what cannot be wanted, the whole condition is decided on the rows, and what
they refer to is asked afterwards: exact for every condition, at the cost of pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import unescape
from typing import Final

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import Criterion, Listing, Row
from ..calls.plans import Plan, Rows, RowStream, perform
from ..conditions.evaluate import as_compared, predicate
from ..conditions.quirks import Quirk, quirk_of
from ..conditions.tree import (
    FALSE,
    TRUE,
    And,
    Chosen,
    Compare,
    Equal,
    InSelection,
    Like,
    Node,
    OneOf,
    Order,
    Present,
    Selection,
    all_of,
    atoms,
    check_depth,
)
from ..dialects.restfulapi_columns import UNTOLD
from ..dialects.restfulapi_filter import check_listed
from ..errors import ScanTooLarge, UnsupportedQuery
from ..ids import id_number
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, ModuleMeta, is_of_item
from .compiled import TEXTS, wires
from .list_narrowing import EVERYTHING, Criteria, narrowed
from .list_pages import by_id, in_database_order, is_sorted_alike, of_ids
from .list_references import References
from .orders import check_order, is_by_id, normalised, total_key
from .semijoin import listed, replaced
from .strategy import at_hand
from .streams import everything, merged, pull, window

_LINES: Final = 1000
"""Line items of one record that are asked for at first."""


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """A condition made ready: the tree without querysets in it, and how rows are found."""

    meta: ModuleMeta
    env: Environment
    tree: Node
    ids: tuple[str, ...] | None
    """The ids of the only records that can be wanted, where the condition names them."""
    alternatives: tuple[Criteria, ...]

    @property
    def decided(self) -> bool:
        """Whether every row of the lists is wanted."""
        return self.tree == TRUE

    def stream(self, *, descending: bool = False, start: int = 0) -> RowStream:
        """All rows that may be wanted, by id, each once."""
        size, strict = self.env.page_size, self.env.consistency == "strict"
        if self.ids is not None and not descending:
            return of_ids(self.meta, self.ids, size, strict=strict)
        streams = [
            by_id(self.meta, each, size, descending=descending, start=start, strict=strict)
            for each in self.alternatives
        ]
        if len(streams) == 1:
            return streams[0]
        sign = -1 if descending else 1
        return merged(streams, lambda row: sign * id_number(str(row["id"])), size, unique=True)

    def wanted(self, stream: RowStream, *, most: int | None) -> RowStream:
        """Of those the ones that are. Raises `ScanTooLarge` beyond `most` rows in vain."""
        accept = predicate(self.tree, self.env)
        vain = 0
        while (page := (yield from pull(stream))) is not None:
            rows = [row for row in page if accept(row)]
            vain += len(page) - len(rows)
            if most is not None and vain > most:
                raise ScanTooLarge(
                    f"An exact answer from {self.meta.name} reads more than {most} rows of which "
                    "nothing is wanted (max_scan_rows). The lists of the RestfulApi module can "
                    "only be narrowed by comparisons that are joined by AND: add one on a "
                    "reference, an owner, a date, a number or the beginning of a plain text, or "
                    "open the session with a larger max_scan_rows."
                )
            if rows:
                yield Rows(rows)


def asked_of(selection: Selection, env: Environment) -> Plan[ListQuestion]:
    """The condition with the ids of its querysets read. Raises `NotSupported` for a module that
    the server cannot list, and `UnsupportedQuery` for what rows do not decide."""
    check_depth(selection.where)
    tree = as_compared(selection.where, env)
    inner = [each for each in atoms(tree) if isinstance(each, InSelection)]
    for atom in dict.fromkeys(inner):
        within = replace(atom.selection, columns=())
        rows = yield from everything(selected_from_lists(within, env))
        if len(rows) > max(env.max_scan_rows, 1):
            raise ScanTooLarge(
                f"{atom.field.name}__in has {len(rows)} records of {within.module.name}, and "
                f"max_scan_rows is {env.max_scan_rows}. Narrow it, or raise max_scan_rows."
            )
        tree = replaced(tree, atom, listed(atom, [str(row["id"]) for row in rows]))
    return made_ready(selection.module, tree, env)


def made_ready(meta: ModuleMeta, tree: Node, env: Environment) -> ListQuestion:
    """Pure: nothing is asked."""
    check_listed(meta.name)
    check_depth(tree)
    tree = as_compared(tree, env)
    check_told(meta, (atom.field for atom in atoms(tree)))
    for atom in atoms(tree):
        if quirk_of(meta.name, atom.field.wire) is Quirk.SEVERAL:
            raise UnsupportedQuery(
                f"{meta.name}.{atom.field.name} may hold several records at once, of which the "
                "lists of the RestfulApi module show one. Use webservice.php."
            )
        if env.collation == "unknown" and atom.field.family in TEXTS and not _is_present(atom):
            raise UnsupportedQuery(
                f"{atom} is decided here, and how this CRM's database compares text is not known "
                "(vtiger-orm pull finds out). Use webservice.php."
            )
        if atom.field.family in TEXTS and any(unescape(text) != text for text in _texts(atom)):
            raise UnsupportedQuery(
                f"{atom} names an HTML entity, and the lists of the RestfulApi module show a text "
                "that is stored with one as they show the sign itself. Use webservice.php."
            )
    return ListQuestion(meta, env, tree, _ids(tree), narrowed(meta, tree))


def check_told(meta: ModuleMeta, fields: Iterable[FieldMeta]) -> None:
    """Raise `UnsupportedQuery` for fields that the rows of lists do not tell."""
    for each in fields:
        if each.wire in UNTOLD:
            raise UnsupportedQuery(
                f"{meta.name}.{each.name}: the lists of the RestfulApi module show it empty, "
                "whatever a record has. Use webservice.php."
            )


def _texts(atom: Node) -> tuple[str, ...]:
    """The texts that an atom compares with."""
    match atom:
        case Equal(_, value) | Compare(_, _, value):
            return (value,)
        case OneOf(_, values):
            return values
        case Like(_, pattern):
            return (pattern,)
        case _:
            return ()


def _is_present(atom: Node) -> bool:
    return isinstance(atom, Present)


def _ids(tree: Node) -> tuple[str, ...] | None:
    parts: Sequence[Node] = tree.children if isinstance(tree, And) else (tree,)
    for part in parts:
        match part:
            case Equal(field, value) if field.family is Family.ID:
                return (value,)
            case OneOf(field, values) if field.family is Family.ID:
                return values
    return None


def selected_from_lists(selection: Selection, env: Environment) -> RowStream:
    """Exactly the rows of a selection, in its order, with the columns asked for."""
    start, stop = selection.start, selection.stop
    if stop is not None and stop <= start:
        return
    meta = selection.module
    wires(meta, selection.columns)  # refuses what cannot be read before anything is asked
    order = normalised(selection.order)
    check_order(meta, order)
    check_told(meta, (each.field for each in order))
    asked = yield from asked_of(selection, env)
    yield from _shown(selection, env, _ordered(asked, order, start, stop))


def _shown(selection: Selection, env: Environment, stream: RowStream) -> RowStream:
    """The columns asked for, with ids in place of bare numbers.

    What no list tells is not loaded, in records and where it is named; a table of which nobody
    named the columns has a blank one.
    """
    meta = selection.module
    columns = wires(meta, selection.columns)
    table = selection.chosen is Chosen.TABLE
    blank = dict.fromkeys(UNTOLD.intersection(columns), "") if table else {}
    references = References.of(env)
    while (page := (yield from pull(stream))) is not None:
        rows = [blank | {wire: row[wire] for wire in columns if wire in row} for row in page]
        if references is not None:
            rows = yield from references.resolved(meta, rows, columns)
        yield Rows(rows)


def _ordered(
    asked: ListQuestion, order: tuple[Order, ...], start: int, stop: int | None
) -> RowStream:
    if asked.tree == FALSE or not asked.alternatives:
        return
    most = asked.env.max_scan_rows
    if is_by_id(order):
        down = bool(order) and order[0].descending
        if asked.decided:
            wanted = None if stop is None else stop - start
            yield from window(asked.stream(descending=down, start=start), 0, wanted)
            return
        stream = asked.wanted(asked.stream(descending=down), most=most)
        yield from window(stream, start, stop)
        return
    alone = asked.ids is None and len(asked.alternatives) == 1
    if alone and is_sorted_alike(asked.meta, order):
        (criteria,) = asked.alternatives
        env = asked.env
        strict = env.consistency == "strict"
        stream = in_database_order(asked.meta, criteria, order, env.page_size, strict=strict)
        yield from window(asked.wanted(stream, most=most), start, stop)
        return
    rows: list[Row] = []
    stream = asked.wanted(asked.stream(), most=most)
    while (page := (yield from pull(stream))) is not None:
        rows.extend(page)
        if len(rows) > most:
            names = ", ".join(map(str, order))
            raise ScanTooLarge(
                f"{asked.meta.name} has more than {most} rows of this condition, which have to be "
                f"sorted here by {names} (max_scan_rows). The RestfulApi module itself sorts "
                "exactly by numbers, by createdtime and by modifiedtime."
            )
    yield Rows(sorted(rows, key=total_key(order))[start:stop])


def record_with_items(meta: ModuleMeta, id_: str, env: Environment) -> Plan[Row | None]:
    """A quote, order or invoice: its list has a row for each of its line items."""
    rows = yield from _lines_of(meta, id_, env)
    selection = Selection(meta, Equal(meta.id, id_))
    header = yield from everything(_shown(selection, env, at_hand(rows[:1])))
    references = References.of(env)
    if not header or references is None:
        return None
    wired = [
        {k: v for k, v in row.items() if k in ("id", "productid") or is_of_item(k)} for row in rows
    ]
    items = yield from references.resolved(meta, wired, ("productid",))
    listed = [{k: v for k, v in item.items() if k != "id"} for item in items]
    listed = [item for item in listed if item.get("quantity")]
    product = {"productid": listed[0].get("productid", "")} if listed else {}
    return {**header[0], **product, "LineItems": listed}


def _lines_of(meta: ModuleMeta, id_: str, env: Environment) -> Plan[list[Row]]:
    """The rows of one record, all on one page: nothing orders those of one record. Strict reading
    takes the longer of two answers, since nothing else would show that one was cut."""
    length, strict = _LINES, env.consistency == "strict"
    while True:
        lines = Listing(meta.name, (Criterion("id", "=", id_),), length=length)
        rows: list[Row] = yield from perform(lines)
        if strict:
            rows = max(rows, (yield from perform(lines)), key=len)
        if len(rows) < length:
            return rows
        length *= 4


def count_in_lists(selection: Selection, env: Environment) -> Plan[int]:
    """The number of rows, by reading them: there is no other count."""
    start, stop = selection.start, selection.stop
    if stop is not None and stop <= start:
        return 0
    asked = yield from asked_of(replace(selection, order=(), columns=()), env)
    stream = _ordered(asked, (), start, stop)
    total = 0
    while (page := (yield from pull(stream))) is not None:
        total += len(page)
        if total > env.max_scan_rows:
            raise ScanTooLarge(
                f"Counting {asked.meta.name} reads every row, and there are more than "
                f"{env.max_scan_rows} (max_scan_rows). Narrow the condition, or raise it."
            )
    return total


def exists_in_lists(selection: Selection, env: Environment) -> Plan[bool]:
    one = replace(selection, order=(), columns=(), stop=selection.start + 1)
    if selection.stop is not None and selection.stop <= selection.start:
        return False
    asked = yield from asked_of(one, env)
    return (yield from pull(_ordered(asked, (), one.start, one.stop))) is not None


def partitions_of_lists(selection: Selection, n: int, env: Environment) -> Plan[list[Selection]]:
    """Ranges of equally many ids: how many records they hold is not asked."""
    asked = yield from asked_of(replace(selection, order=(), columns=()), env)
    ends = []
    for descending in (False, True):
        listing = Listing(asked.meta.name, (), (("id", descending),), 0, 1)
        rows = yield from perform(listing)
        ends += [id_number(str(row["id"])) for row in rows]
    if n == 1 or len(ends) < 2 or ends[0] == ends[1]:
        return [selection]
    low, high = ends
    n = min(n, high - low + 1)
    step = (high - low + 1) / n
    cuts = sorted({round(low + step * part) for part in range(1, n)} - {low})
    id_field, prefix = asked.meta.id, asked.meta.prefix
    found = []
    for begin, end in zip([None, *cuts], [*cuts, None]):
        bounds: list[Node] = []
        if begin is not None:
            bounds.append(Compare(id_field, ">=", f"{prefix}x{begin}"))
        if end is not None:
            bounds.append(Compare(id_field, "<", f"{prefix}x{end}"))
        found.append(replace(selection, where=all_of(selection.where, *bounds)))
    return found


def is_narrowed(asked: ListQuestion) -> bool:
    """Whether the lists leave anything out."""
    return asked.alternatives != EVERYTHING
