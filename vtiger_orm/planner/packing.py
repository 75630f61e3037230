"""Branches distributed over statements that the server can read and the URL can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import ceil, prod
from typing import Final

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.urls import quoted_length
from ..conditions.arguments import MAX_LITERAL_BYTES
from ..conditions.collation import like_literal
from ..conditions.tree import Node
from ..errors import UnsupportedQuery
from ..ids import id_number
from .branches import (
    SENDABLE,
    Branch,
    Branches,
    Comparison,
    InList,
    Part,
    Residual,
    Spelt,
    one_of,
)
from .statement import AND, condition, is_plain, quote, select_text

REQUEST_LINE: Final = 400
"""Bytes kept free for everything in the request line that is not the query."""
_BOUNDS: Final = 80
"""Bytes kept free in every branch for the bounds of pages and ranges, and for ``or``."""
_COMPARISON: Final = 24
CHARACTER: Final = 12
"""Bytes that a comparison without its value, and one character of a value, take at most."""
MORE: Final = 3
"""Bytes that one more value of a list takes besides its characters."""
_MOST_TRIED: Final = 8
"""Statements, the latest ones, that are looked at for room."""
_VALUE: Final = 300
"""Bytes that reading value by value needs for each of two values in every branch."""
LISTED_REFERENCES: Final = 200
"""Values of one IN list, except of ids: there a page's worth makes one call one full page."""
MOST_PIECES: Final = 40
"""Statements at most into which several lists of one alternative are cut; a single list is cut
into as many as it takes."""
_MOST_PIECES_AT_ALL: Final = 8 * MOST_PIECES
"""Beyond it a condition is refused: what was left to local evaluation leaves far fewer."""


@dataclass(frozen=True, slots=True)
class Packing:
    """What one statement can hold."""

    room: int
    """Bytes for the condition, percent-encoded."""
    page_size: int
    precedence_known: bool

    @classmethod
    def of(cls, env: Environment, columns: tuple[str, ...]) -> Packing:
        """What is left of the URL after the select list."""
        room = env.url_budget - REQUEST_LINE - len(select_text(columns))
        return _packing(room, env.page_size, env.precedence_known)

    def shortened(self, branches: Branches, tree: Node) -> Branches:
        """The branches with what is too long for one statement left to local evaluation, and lists
        that would have to be multiplied out into many statements."""
        if all(map(self._fits, branches)):
            return branches
        return tuple(self._short(branch, tree) for branch in branches)

    def packed(self, branches: Branches) -> list[Branches]:
        """Branches that only hold sendable parts, as few statements as possible.

        An IN list may be cut into several statements; lists of ids in ascending order. Raises
        `UnsupportedQuery` for a single value that is longer than a URL may be, and for lists that
        together take too many statements.
        """
        if len(branches) == 1 and self._fits(branches[0]):
            return [branches]
        groups: list[Branches] = []
        alone: list[Branches] = []
        sizes: list[int] = []
        for branch in branches:
            size = at_most(branch)
            if size > self.room // len(branches) or self._has_long(branch):
                self._check_lists(branch)
                pieces = list(self._cut(branch))
                if len(pieces) > 1:
                    alone.extend((piece,) for piece in pieces)
                    continue
                size = _length(branch)
            recent = max(len(groups) - _MOST_TRIED, 0)
            for index, group in enumerate(groups[recent:], recent):
                if sizes[index] + size <= self.room and self._may_join(group, branch):
                    groups[index] = (*group, branch)
                    sizes[index] += size
                    break
            else:
                groups.append((branch,))
                sizes.append(size)
        return groups + alone

    def beginning(self, branches: Branches, wire: str, value: str) -> str | None:
        """What of a value fits into every one of the branches beside another one like it; None
        if all of it does."""
        room = self._room_for_value(branches) - len(wire)
        if _pattern_length(value) <= room:
            return None
        end = len(value)
        while end and _pattern_length(value[:end]) > room:
            end = end * 3 // 4
        beginning = value[:end].rstrip(" ")
        if not beginning:
            raise UnsupportedQuery(
                f"The condition leaves no room for a value of {wire} in a request to the CRM, "
                "which is needed to read in descending order. Order ascending, or shorten the "
                "condition."
            )
        return beginning

    def has_room(self, branches: Branches) -> bool:
        """Whether statements of these branches leave room for the beginning of a value."""
        return self.holds(branches, _VALUE)

    def holds(self, branches: Branches, length: int) -> bool:
        """Whether statements of these branches have room for any value of so many bytes."""
        groups = self.packed(branches)
        return all(length <= self._room_for_value(group) - _COMPARISON for group in groups)

    def _room_for_value(self, branches: Branches) -> int:
        """Bytes that a value may take as a pattern, in each branch of one statement. Reading by
        value names two: what the group begins with, and the bound of the group before it."""
        free = (self.room - sum(map(_length, branches))) // max(len(branches), 1)
        return min(free // 2 - _COMPARISON, MAX_LITERAL_BYTES)

    def _may_join(self, group: Branches, branch: Branch) -> bool:
        return self.precedence_known or is_plain((*group, branch))

    def _has_long(self, branch: Branch) -> bool:
        if isinstance(branch, Spelt) and branch.longest <= min(self.page_size, LISTED_REFERENCES):
            return False
        return any(self._is_long(part) for part in branch if isinstance(part, InList))

    def _is_long(self, part: InList) -> bool:
        return len(part.values) > self._most_values(part)

    def _most_values(self, part: InList) -> int:
        return self.page_size if part.wire == "id" else LISTED_REFERENCES

    def _cut(self, branch: Branch) -> Iterator[Branch]:
        """The branch itself, or one for each piece of its IN lists."""
        for index, part in enumerate(branch):
            if isinstance(part, InList) and self._is_long(part):
                most, is_id = self._most_values(part), part.wire == "id"
                values = tuple(sorted(part.values, key=id_number)) if is_id else part.values
                for start in range(0, len(values), most):
                    piece = one_of(part.wire, values[start : start + most])
                    yield from self._cut(_with(branch, index, piece))
                return
        if at_most(branch) > self.room and _length(branch) > self.room:
            index, part = _longest_list(branch)
            half = len(part.values) // 2
            for values in (part.values[:half], part.values[half:]):
                yield from self._cut(_with(branch, index, one_of(part.wire, values)))
            return
        yield branch

    def _fits(self, branch: Branch) -> bool:
        if at_most(branch) > self.room:
            return False
        return not self._has_long(branch)

    def _short(self, branch: Branch, tree: Node) -> Branch:
        """The branch without the comparisons at its end that do not fit, and without lists that
        would multiply what the others are cut into."""
        if self._fits(branch):
            return branch
        lists = [part for part in branch if isinstance(part, InList)]
        narrow = lists[:1] if len(lists) < 2 else self._sparing(lists)
        room = self.room - sum(_length((_shortest(part),)) for part in narrow)
        kept: list[Part] = []
        size, dropped = 0, len(narrow) < len(lists)
        for part in branch:
            length = _length((part,)) - _BOUNDS + 5 if isinstance(part, Comparison) else 0
            if size and size + length > room - _BOUNDS:
                dropped = True
            elif not isinstance(part, InList) or part in narrow:
                kept.append(part)
                size += length
        return (*kept, Residual(tree)) if dropped else branch

    def _sparing(self, lists: Sequence[InList]) -> list[InList]:
        """Of several lists those that together take few statements: those of ids first, which leave
        no more records than they have, then those that take the fewest."""
        least = {part: ceil(len(part.values) / self._most_values(part)) for part in lists}
        most = max(MOST_PIECES, *least.values())
        ordered = sorted(least, key=lambda part: (part.wire != "id", least[part], at_most((part,))))
        narrow = ordered[:1]
        for part in ordered[1:]:
            if self._pieces((*narrow, part), self.room // 2, most) > most:
                break
            narrow.append(part)
        return narrow

    def _check_lists(self, branch: Branch) -> None:
        lists = [part for part in branch if isinstance(part, InList)]
        if len(lists) < 2:
            return
        most = max(_MOST_PIECES_AT_ALL, *(self._pieces((part,), self.room) for part in lists))
        pieces = self._pieces(lists, self.room, most)
        if pieces > most:
            raise UnsupportedQuery(
                f"{len(lists)} lists of values that must all hold take {pieces} statements or "
                f"more, and {most} are the most. Give shorter lists, or fewer of them."
            )

    def _pieces(self, lists: Sequence[InList], room: int, most: int | None = None) -> int:
        """Into how many statements the lists are cut so that a piece of each fits into the room,
        about; no further than beyond `most`."""
        cuts = [ceil(len(part.values) / self._most_values(part)) for part in lists]
        whole = [_length((part,)) - _BOUNDS for part in lists]
        least = [_length((_shortest(part),)) - _BOUNDS for part in lists]
        number = prod(cuts)
        while most is None or number <= most:
            sizes = [max(size // cut, low) for size, cut, low in zip(whole, cuts, least)]
            if sum(sizes) <= room - _BOUNDS:
                break
            index = max(range(len(sizes)), key=lambda at: sizes[at] - least[at])
            if sizes[index] == least[index]:
                break
            cuts[index] *= 2
            number *= 2
        return number


def _pattern_length(value: str) -> int:
    return quoted_length(quote(like_literal(value) + "%"))


def _shortest(part: InList) -> Comparison:
    """What is left of a list that is cut as far as possible."""
    return Comparison(part.wire, "=", max(part.values, key=len))


@lru_cache(maxsize=1024)
def _packing(room: int, page_size: int, precedence_known: bool) -> Packing:
    return Packing(room, page_size, precedence_known)


def _with(branch: Branch, index: int, part: Part) -> Branch:
    """The branch with another part in place of the one at `index`."""
    return (*branch[:index], part, *branch[index + 1 :])


def _longest_list(branch: Branch) -> tuple[int, InList]:
    lists = [(index, part) for index, part in enumerate(branch) if isinstance(part, InList)]
    if not lists:
        raise UnsupportedQuery(
            "A value in the condition is longer than a request to the CRM may be, and a query "
            "can only travel in the URL. Compare with a shorter part of it (startswith)."
        )
    return max(lists, key=lambda each: sum(map(len, each[1].values)))


def at_most(branch: Branch) -> int:
    """An upper bound of the branch's encoded length, without encoding it."""
    if isinstance(branch, Spelt):
        return branch.most
    size, characters = _BOUNDS, 0
    for part in branch:
        if isinstance(part, Comparison):
            wire, _, value = part
            size += _COMPARISON + len(wire)
            characters += len(value)
        elif isinstance(part, InList):
            wire, values = part
            size += _COMPARISON + len(wire) + MORE * len(values)
            characters += sum(map(len, values))
    return size + CHARACTER * characters


def _length(branch: Branch) -> int:
    parts = [part for part in branch if isinstance(part, SENDABLE)]
    return _BOUNDS + quoted_length(AND.join(map(condition, parts)))
