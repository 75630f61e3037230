"""What a plan over lists is going to do, in words."""

from __future__ import annotations

from collections.abc import Iterator

from ..calls.environment import Environment
from ..calls.operations import Listing
from ..conditions.tree import TRUE, Node, Selection
from ..metadata.kinds import Family
from .compiled import wires
from .list_pages import is_sorted_alike
from .lists import ListQuestion, check_told, is_narrowed, made_ready
from .orders import check_order, is_by_id, normalised


class ListExplanation:
    """How the rows of a selection are found, without its inner querysets."""

    def __init__(self, selection: Selection, tree: Node, env: Environment) -> None:
        self._selection = selection
        self._env = env
        self._order = normalised(selection.order)
        check_order(selection.module, self._order)
        check_told(selection.module, (each.field for each in self._order))
        self.asked: ListQuestion = made_ready(selection.module, tree, env)
        self._refers = [
            wire
            for wire in wires(selection.module, selection.columns)
            if selection.module.by_wire[wire].family is Family.REFERENCE
        ]
        stop = selection.stop
        empty = stop is not None and stop <= selection.start
        self.nothing: bool = empty or not self.asked.alternatives

    @property
    def residual(self) -> str | None:
        return None if self.asked.tree == TRUE else str(self.asked.tree)

    @property
    def _by_database(self) -> bool:
        alone = self.asked.ids is None and len(self.asked.alternatives) == 1
        return alone and is_sorted_alike(self._selection.module, self._order)

    def statements(self) -> Iterator[str]:
        if self.nothing:
            return
        meta, size = self._selection.module, self._env.page_size
        order: tuple[tuple[str, bool], ...] = (("id", False),)
        if is_by_id(self._order):
            order = (("id", bool(self._order) and self._order[0].descending),)
        elif self._by_database:
            order = tuple((each.field.wire, each.descending) for each in self._order)
        for criteria in self.asked.alternatives:
            yield str(Listing(meta.name, criteria, order, 0, size))

    @property
    def reading(self) -> str:
        if self.nothing:
            return "no record can satisfy the condition: nothing is sent"
        if self.asked.ids is not None:
            how = "by their ids, those that lie close together in one page"
        elif self._by_database or is_by_id(self._order):
            how = "page by page in the order of the database"
        else:
            how = "all rows, sorted in memory: the database may sort them otherwise"
        return f"lists with criteria; the condition is decided on the rows; {how}"

    @property
    def calls(self) -> str:
        if self.nothing:
            return "none"
        size = self._env.page_size
        if self.asked.ids is not None:
            ids = len(self.asked.ids)
            found = "1" if ids == 1 else f"1 to {ids}, and one where the last of them is not there"
        else:
            lists = len(self.asked.alternatives)
            found = f"one for each {size} rows" + (f" of {lists} lists" if lists > 1 else "")
            found += ", and one or two at the end where they are more than that"
            found += ", up to two more the first time that nothing is found"
        if self._env.consistency == "strict":
            found += (
                "; strict reading proves the end of a short page by one more, an empty one twice"
            )
        if self._refers:
            names = ", ".join(self._refers[:5]) + (", ..." if len(self._refers) > 5 else "")
            found += (
                f", and for each page up to one for each different record that {names} refer to "
                "(only(...) leaves them out)"
            )
        return found

    def reasons(self) -> Iterator[str]:
        if self.residual is not None:
            yield (
                "the lists are narrowed by what their filter can say"
                if is_narrowed(self.asked)
                else "the filter can say nothing of the condition: all records are read"
            )
