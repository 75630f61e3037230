"""Branches distributed over statements that the server can read and the URL can hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ..calls.environment import Environment
from ..calls.urls import quoted_length
from ..conditions.collation import like_literal
from ..conditions.tree import Node
from ..errors import UnsupportedQuery
from ..ids import id_number
from .branches import SENDABLE, Branch, Branches, Comparison, InList, Part, Residual, one_of
from .statement import condition, is_plain

REQUEST_LINE: Final = 400
"""Bytes kept free for everything in the request line that is not the query."""
_BOUNDS: Final = 80
"""Bytes kept free in every branch for the bounds of pages and ranges, and for ``or``."""
_COMPARISON: Final = 24
_CHARACTER: Final = 12
"""Bytes that a comparison without its value, and one character of a value, take at most."""
_MOST_TRIED: Final = 8
"""Statements, the latest ones, that are looked at for room."""
_VALUE: Final = 600
"""Bytes in every branch that reading value by value needs."""
LISTED_REFERENCES: Final = 200
"""Values of one IN list, except of ids: there a page's worth makes one call one full page."""


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
        return _packing(env.url_budget, env.page_size, env.precedence_known, columns)

    def shortened(self, branches: Branches, tree: Node) -> Branches:
        """The branches with what is too long for one statement left to local evaluation."""
        if all(_at_most(branch) <= self.room for branch in branches):
            return branches
        return tuple(self._short(branch, tree) for branch in branches)

    def packed(self, branches: Branches) -> list[Branches]:
        """Branches that only hold sendable parts, as few statements as possible.

        An IN list may be cut into several statements; lists of ids in ascending order. Raises
        `UnsupportedQuery` for a single value that is longer than a URL may be.
        """
        groups: list[Branches] = []
        alone: list[Branches] = []
        sizes: list[int] = []
        for branch in branches:
            size = _at_most(branch)
            if size > self.room // len(branches) or self._has_long(branch):
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
        """What of a value fits into every one of the branches; None if all of it does."""
        room = self.room - sum(map(_length, branches))
        room = room // max(len(branches), 1) - _COMPARISON - len(wire)
        if quoted_length(like_literal(value)) <= room:
            return None
        end = len(value)
        while end and quoted_length(like_literal(value[:end])) > room:
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
        length = max((sum(map(_length, group)) for group in self.packed(branches)), default=0)
        return self.room - length >= _VALUE * max(map(len, self.packed(branches)), default=1)

    def holds(self, branches: Branches, length: int) -> bool:
        """Whether every branch of one statement has room for a value of so many bytes."""
        free = self.room - sum(map(_length, branches))
        return length <= free // max(len(branches), 1) - 2 * _COMPARISON

    def _may_join(self, group: Branches, branch: Branch) -> bool:
        return self.precedence_known or is_plain((*group, branch))

    def _has_long(self, branch: Branch) -> bool:
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
        if _at_most(branch) > self.room and _length(branch) > self.room:
            index, part = _longest_list(branch)
            half = len(part.values) // 2
            for values in (part.values[:half], part.values[half:]):
                yield from self._cut(_with(branch, index, one_of(part.wire, values)))
            return
        yield branch

    def _short(self, branch: Branch, tree: Node) -> Branch:
        """The branch without the comparisons at its end that do not fit; lists can be cut."""
        lists = [part for part in branch if isinstance(part, InList)]
        room = self.room - sum(_length((_shortest(part),)) for part in lists)
        kept: list[Part] = []
        size, dropped = 0, False
        for part in branch:
            length = _length((part,)) - _BOUNDS + 5 if isinstance(part, Comparison) else 0
            if size and size + length > room - _BOUNDS:
                dropped = True
            else:
                kept.append(part)
                size += length
        return (*kept, Residual(tree)) if dropped else branch


def _shortest(part: InList) -> Comparison:
    """What is left of a list that is cut as far as possible."""
    return Comparison(part.wire, "=", max(part.values, key=len))


@lru_cache(maxsize=1024)
def _packing(
    budget: int, page_size: int, precedence_known: bool, columns: tuple[str, ...]
) -> Packing:
    return Packing(budget - REQUEST_LINE - len(",".join(columns)), page_size, precedence_known)


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


def _at_most(branch: Branch) -> int:
    """An upper bound of the branch's encoded length, without encoding it."""
    size = _BOUNDS
    for part in branch:
        if isinstance(part, Comparison):
            size += _COMPARISON + len(part.wire) + _CHARACTER * len(part.value)
        elif isinstance(part, InList):
            size += _COMPARISON + len(part.wire) + _CHARACTER * sum(map(len, part.values))
            size += 3 * len(part.values)
    return size


def _length(branch: Branch) -> int:
    parts = [part for part in branch if isinstance(part, SENDABLE)]
    return _BOUNDS + quoted_length(" and ".join(map(condition, parts)))
