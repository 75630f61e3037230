r"""Text of the query language: the only file in which a statement is written.

Whatever asks the server makes a `Statement` and takes its call; so every value and id passes
`quote`.

A literal stands between single quotes, with ``\`` doubled and then ``'`` doubled; every value is
quoted, numbers and ids too. The empty literal cannot be written. There are no brackets: AND
binds tighter than OR on stock servers, and where that is not known only forms that mean the same
read from left to right are printed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from .._dataclass import dataclass
from ..calls.operations import Query, QueryRelated
from ..errors import NotSupported
from .branches import SENDABLE, Branch, Branches, Comparison, InList, Part, Spelt

COUNT: Final = "count(*)"

_MOST_SHOWN: Final = 5
_COLUMNS: Final = re.compile(r"select (\S+) from ")
_SAYABLE: Final = re.compile(r"\w+")
_LITERAL: Final = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_OWN: Final = re.compile(
    r"select\s+(.+?)\s+from\s+(\w+)(?:\s+where\s+(.+?))?(?:\s+order\s+by\s+(.+?))?"
    r"(?:\s+limit\s+[\d\s,]+)?\s*;?",
    re.DOTALL | re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def can_be_named(module: str) -> bool:
    """Whether a statement can name the module: the language has no quotes for names."""
    return _SAYABLE.fullmatch(module) is not None


Quoting: TypeAlias = Literal["doubled", "backslash"]
r"""How a quote is written in a literal: two of them, or ``\'`` on one family."""


def quote(value: str, quoting: Quoting = "doubled") -> str:
    """The value as a literal. It must not be empty; trailing blanks do not count for ``=``."""
    if not value:
        raise ValueError("the empty literal cannot be written in the query language")
    if "\\" in value or "'" in value:
        value = value.replace("\\", "\\\\")
        value = value.replace("'", "''" if quoting == "doubled" else "\\'")
    return f"'{value}'"


def condition(part: Part, quoting: Quoting = "doubled") -> str:
    """One comparison."""
    if isinstance(part, Comparison):
        wire, operator, value = part
        return f"{wire} {operator} {quote(value, quoting)}"
    if isinstance(part, InList):
        return f"{part.wire} in ({','.join(quote(each, quoting) for each in part.values)})"
    raise TypeError(f"{part} cannot be sent")


AND: Final = " and "
BETWEEN: Final = "','"
"""Stands between the values of a list."""


def is_plain(branches: Sequence[Branch]) -> bool:
    """Whether the OR of these ANDs can be printed so that it means the same whether or not AND
    binds tighter than OR; bounds that are added to all of them do not change that.

    That is so when, apart from what all of them have in common, at most one of them has more
    than one part.
    """
    common = set(branches[0]).intersection(*branches[1:])
    return sum(len(set(branch) - common) > 1 for branch in branches) <= 1


def where(
    branches: Sequence[Branch],
    bounds: Branch = (),
    precedence_known: bool = True,
    quoting: Quoting = "doubled",
) -> str:
    """The condition text of an OR of ANDs; `bounds` are repeated in every one of them.

    Empty for the condition that is always true. An OR of nothing is false, which cannot be said:
    raises `ValueError`, as an empty condition would ask for everything.
    """
    if not branches:
        raise ValueError("a condition that is never true must not be sent")
    first = branches[0]
    if isinstance(first, Spelt) and len(branches) == 1:
        more = [condition(part, quoting) for part in bounds if part not in first]
        return AND.join((first.text, *more)) if more else first.text
    full = list(branches)
    if bounds:
        full = [(*branch, *(part for part in bounds if part not in branch)) for branch in full]
    if not all(full):
        return ""
    if len(full) > 1 and not precedence_known:
        full = _either_way(full)
    ands = [AND.join([condition(part, quoting) for part in branch]) for branch in full]
    return " or ".join(ands)


def _either_way(branches: list[Branch]) -> list[Branch]:
    """``K and G or c1 and K or c2 and K``: read from left to right and with AND first alike.

    K is what all branches share, G the one branch with more than one other part (or none), and
    each c comes before K.
    """
    shared = set(branches[0]).intersection(*branches[1:])
    common = tuple(part for part in branches[0] if part in shared)
    rests = [tuple(part for part in branch if part not in shared) for branch in branches]
    rests.sort(key=len, reverse=True)
    if len(rests[1]) > 1:
        raise ValueError("these branches do not mean the same under both readings")
    return [common + rests[0], *(rest + common for rest in rests[1:])]


class SelectList(tuple[str, ...]):
    """A select list whose text is kept: it is sent with one condition after the other."""

    @cached_property
    def text(self) -> str:
        return ",".join(self)


def select_text(columns: tuple[str, ...]) -> str:
    """The text of a select list."""
    return columns.text if isinstance(columns, SelectList) else ",".join(columns)


class Statement(NamedTuple):  # made for each page, and a frozen dataclass takes twice as long
    """One statement of the query language."""

    module: str
    columns: tuple[str, ...]
    """Wire names; empty for ``count(*)``."""
    branches: Branches
    bounds: Branch = ()
    """Conditions that every branch is sent with, such as the place where a page begins."""
    order: tuple[str, ...] = ()
    descending: bool = False
    """The one direction the language has: it applies to the last field of the order."""
    limit: int | None = None
    offset: int = 0
    precedence_known: bool = True
    quoting: Quoting = "doubled"
    otherwise: Comparison | None = None
    """An alternative to the whole condition, which stands last: read in any order of AND and OR
    it makes the statement true wherever it is true itself."""

    spare: frozenset[str] = frozenset()
    """Columns that may be left out where the CRM refuses this user to read them."""

    @property
    def text(self) -> str:
        return self._text() + ";"

    def shown_at(self, offset: str) -> str:
        """The text for people, where the offset is not known yet."""
        return self._text(offset=f"{offset},") + ";"

    def _text(self, keyword: str = "where", offset: str = "") -> str:
        if not can_be_named(self.module):
            raise NotSupported(
                f"Queries cannot name the module {self.module!r}: their language knows letters, "
                "digits and underscores only. Single records can be read by their id (refresh)."
            )
        pieces = [f"select {select_text(self.columns) or COUNT} from {self.module}"]
        text = where(self.branches, self.bounds, self.precedence_known, self.quoting)
        if text and self.otherwise is not None:
            text += f" or {condition(self.otherwise, self.quoting)}"
        if text:
            pieces.append(f"{keyword} {text}")
        if self.order:
            pieces.append(f"order by {','.join(self.order)}{' desc' if self.descending else ''}")
        if self.limit is not None:
            offset = offset or (f"{self.offset}," if self.offset else "")
            pieces.append(f"limit {offset}{self.limit}")
        return " ".join(pieces)

    @property
    def counting(self) -> Statement:
        """The count of the same condition. Never with the order: a table that only the order
        needs is not joined, and the count would fail silently."""
        return self.uncounted._replace(columns=())

    @property
    def uncounted(self) -> Statement:
        """The ids of the same condition."""
        return self._replace(
            columns=("id",),
            order=(),
            descending=False,
            limit=None,
            offset=0,
            spare=frozenset(),
        )

    def or_else(self, otherwise: Comparison, limit: int = 1) -> Statement:
        """One row of it, or of whatever else satisfies this."""
        return self._replace(otherwise=otherwise, limit=limit, offset=0)

    @property
    def shape(self) -> tuple[object, ...]:
        """What decides whether the statement works at all: everything but values and place."""
        said = frozenset(
            (part.wire, part.operator if isinstance(part, Comparison) else "in")
            for branch in self.branches
            for part in branch
            if isinstance(part, SENDABLE)
        )
        return (self.module, self.columns, said, self.order)

    @property
    def query(self) -> Query:
        """The call that asks it."""
        if not self.spare:
            return Query(self.text, self.module)
        return Query(self.text, self.module, self.spare, self._without)

    def _without(self, wires: frozenset[str]) -> Query:
        columns = tuple(each for each in self.columns if each not in wires)
        return self._replace(columns=columns, spare=self.spare - wires).query

    def related_to(self, id: str, label: str) -> QueryRelated:
        """The call that asks it of the records related to one, by the relation's label.

        The server pastes such a statement together as text: the keyword must be upper-case
        WHERE, there is no ``;``, and an OR would let records through that are not related
        (raises `ValueError`).
        """
        if len(self.branches) != 1:
            raise ValueError("query_related takes one AND of conditions")
        return QueryRelated(self._text(keyword="WHERE"), id, label)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class OwnStatement:
    """A statement that somebody wrote, taken apart at its keywords."""

    columns: str
    table: str
    where: str
    order: str
    module: str

    def or_any(self, limit: int) -> Query:
        """The same statement, for records that satisfy its condition or not."""
        where = f" where {self.where} or id > '0x0'" if self.where else ""
        order = f" order by {self.order}" if self.order else ""
        text = f"select {self.columns} from {self.table}{where}{order} limit {limit};"
        return Query(text, self.module)

    def every(self, limit: int) -> Query:
        """The ids of any records of what it reads from."""
        return Query(f"select id from {self.table} limit {limit};", self.module)


def own_statement(query: Query) -> OwnStatement | None:
    """A statement taken apart; None for one of another form than the language has."""
    # Keywords within literals are none; a masked literal keeps its length.
    found = _OWN.fullmatch(_LITERAL.sub(lambda each: "_" * len(each[0]), query.text.strip()))
    if found is None:
        return None
    columns, table, where, order = (query.text.strip()[slice(*found.span(n))] for n in range(1, 5))
    return OwnStatement(columns, table, where, order, query.module)


class Form(StrEnum):
    """Forms of conditions of which not every server's language has all; `probe` asks for one."""

    PROOF = "{text} = 'zq' or id > '0x0'"
    DOUBLED = "{text} = 'z''q' or id > '0x0'"
    BARE_WORD = "{text} = zq or id > '0x0'"
    """A text without quotes: the database refuses it."""
    BRACKETS = "({text} = 'zq' or id > '0x0')"
    IS_NULL = "{text} is null or id > '0x0'"
    NOT_IN = "{text} not in ('zq') or id > '0x0'"
    NOT_LIKE = "{text} not like 'zq' or id > '0x0'"
    PATTERN_OF_IDS = "{reference} like '1x%' or id > '0x0'"

    def probe(self, module: str, text: str, reference: str) -> Query:
        """One row of a module that has records, where the language has the form. `text` and
        `reference` are wire names of fields of these kinds."""
        where = self.value.format(text=text, reference=reference)
        return Query(f"select id from {module} where {where} limit 1;", module)


def shortened(text: str) -> str:
    """A statement for people: of a long select list only the beginning and the length."""
    found = _COLUMNS.match(text)
    columns = found[1].split(",") if found else ()
    if found is None or len(columns) <= _MOST_SHOWN:
        return text
    shown = ",".join(columns[:_MOST_SHOWN])
    return f"select {shown},… ({len(columns)} fields){text[found.end(1) :]}"
