"""What a plan is made with: the server's limits and the session's settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import field
from datetime import UTC, tzinfo
from typing import Final, Literal

from .._dataclass import dataclass
from ..metadata.capabilities import Collation
from ..metadata.server import Server
from .clock import ServerClock
from .pace import ALONE, Parallel

MOST_SHAPES: Final = 4096
"""Shapes of statements that are remembered to work; of more the oldest are forgotten."""

NULL_FREE_SECONDS: Final = 300.0
"""How long "this field holds no NULL" is believed; any import of data can make it wrong."""

Consistency = Literal["normal", "strict"]


class Knowledge:
    """What a session has learnt about its server; shared by the plans of that session.

    Everything in it holds for one user of one server, so it is neither stored nor pickled with
    a queryset. Single operations on dicts are atomic, hence no lock.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        trusting: bool = False,
        deferring: bool = False,
    ) -> None:
        """`trusting` takes every empty answer for no rows: for a dialect that tells failures
        and could not be asked for a proof. `deferring` leaves out columns that are refused."""
        self._clock = clock
        self.trusting: Final = trusting
        self.deferring: Final = deferring
        self._refused: dict[str, frozenset[str]] = {}
        self._shown: dict[str, frozenset[str]] = {}
        self.counts = True
        """False once a ``count(*)`` was not answered for a statement that works."""
        self.keeps_items = False
        """Whether line items were seen to outlive a change of their record."""
        self._pages: dict[str, int] = {}
        self._verified: dict[Hashable, None] = {}
        self._nulls: dict[tuple[str, str], tuple[bool, float]] = {}
        self._plain: dict[tuple[str, str], float] = {}
        self._told: dict[Hashable, None] = {}
        self._authors: dict[int, None] = {}

    def is_author(self, number: int) -> bool:
        """Whether the owner of this number is known to have written something: a user."""
        return number in self._authors

    def learn_author(self, number: int) -> None:
        """Remember such a user for as long as the session lives: numbers are not given again."""
        self._authors[number] = None

    def is_news(self, told: Hashable) -> bool:
        """Whether the session's user has not been told this yet; from now on they have been."""
        if told in self._told or len(self._told) >= MOST_SHAPES:
            return False
        self._told[told] = None
        return True

    def is_verified(self, shape: Hashable) -> bool:
        """Whether a statement of this shape was once answered without a silent SQL error."""
        return self.trusting or shape in self._verified

    def is_seen(self, shape: Hashable) -> bool:
        """Whether rows were seen that a statement of this shape was answered with, however much
        is trusted."""
        return shape in self._verified

    def verify(self, shape: Hashable) -> None:
        """Remember that statements of this shape work."""
        self._verified[shape] = None
        if len(self._verified) > MOST_SHAPES:
            for oldest in list(self._verified)[: MOST_SHAPES // 2]:
                self._verified.pop(oldest, None)

    def refused(self, module: str) -> frozenset[str]:
        """Wire names of columns that the CRM refuses this user."""
        return self._refused.get(module, frozenset())

    def learn_refused(self, module: str, wire: str) -> None:
        """Remember such a column for as long as the session lives."""
        self._refused[module] = self.refused(module) | {wire}
        self._shown[module] = self.shown(module) - {wire}

    def shown(self, module: str) -> frozenset[str]:
        """Wire names of columns that the CRM was seen to answer."""
        return self._shown.get(module, frozenset())

    def learn_shown(self, module: str, wires: frozenset[str]) -> None:
        """Remember such columns; one that is refused later is forgotten."""
        if not wires <= self.shown(module):
            self._shown[module] = self.shown(module) | wires

    def known_page(self, operation: str) -> int:
        """How many rows the server is known to hand out at once: a shorter page was not cut to
        the size that its pages have."""
        return self._pages.get(operation, 0)

    def page_holds(self, rows: int, operation: str) -> None:
        """Remember that a page of the operation had so many rows."""
        self._pages[operation] = max(rows, self.known_page(operation))

    def null_free(self, module: str, wire: str) -> bool | None:
        """Whether the field holds no NULL in any visible row; None when not known (any more)."""
        found = self._nulls.get((module, wire))
        if found is None or found[1] < self._clock():
            return None
        return found[0]

    def learn_null_free(self, module: str, wire: str, free: bool) -> None:
        """Remember the verdict of a count over the whole module, for five minutes."""
        self._nulls[module, wire] = (free, self._clock() + NULL_FREE_SECONDS)

    def entity_free(self, module: str, wire: str) -> bool:
        """Whether no text of the field holds an HTML entity, as far as is known."""
        return self._plain.get((module, wire), 0.0) > self._clock()

    def learn_entity_free(self, module: str, wire: str) -> None:
        """Remember that a count found none in the whole module, for five minutes."""
        self._plain[module, wire] = self._clock() + NULL_FREE_SECONDS


@dataclass(frozen=True, slots=True)
class Lists:
    """What is known where a server has lists with criteria instead of a query language."""

    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Module -> the number before the ``x`` of its ids; the lists tell bare numbers."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Limits, capabilities and settings that plans are made with.

    The defaults are the careful ones: a server of which nothing is known.
    """

    page_size: int = 100
    """Rows the server hands out at most for one statement."""
    url_budget: int = 8000
    """Longest request line in bytes; a query travels only in the URL."""
    precedence_known: bool = False
    """Whether AND is known to bind tighter than OR; if not, only forms that mean the same
    under both readings are sent."""
    collation: Collation = "general_ci"
    """How the server compares text; `unknown` leaves every verdict on text to the server."""
    can_count: bool = True
    """Whether ``count(*)`` is answered; if not, rows are counted by pages of ids."""
    thinned_pages: bool = False
    """Whether rows the user may not see are dropped from a page after LIMIT was applied."""
    thinned_modules: Mapping[str, bool] = field(default_factory=dict)
    """The same of single modules."""
    timezone: tzinfo = UTC
    """Where a day begins, for `date`, `year`, `month` and plain dates on datetime fields."""
    max_scan_rows: int = 100_000
    """Rows that may be read and thrown away, or held for sorting, to answer one query."""
    parallel: Parallel = ALONE
    """Pages of one statement that are asked for side by side."""
    consistency: Consistency = "normal"
    """`strict` never relies on what was learnt about NULLs, it asks again; nor on a first page that
    is shorter than asked for: its end is proved."""
    knowledge: Knowledge = field(default_factory=Knowledge, compare=False)
    zone: tzinfo = UTC
    """The CRM's own, in which it writes times, as far as its clock had told when this was made."""
    clock: ServerClock = field(default_factory=ServerClock, compare=False)
    server: Server = field(default_factory=Server, compare=False)
    """Which program the CRM is, in which version, and what it can do; what plans decide by is
    in the other fields."""

    lists: Lists | None = None
    """Set where the server has no query language."""

    @classmethod
    def of(cls, server: Server) -> Environment:
        """What plans are made with on this server. What is unknown of it is taken for the worse:
        rows are counted by pages where nothing shows that counts are answered."""
        can = server.capabilities
        return cls(
            page_size=can.page_size,
            url_budget=can.url_budget,
            precedence_known=can.precedence == "sql",
            collation=can.collation,
            can_count=can.counts is True,
            thinned_pages=can.thinned_pages is not False,
            thinned_modules=can.thinned,
            server=server,
        )

    def thins(self, module: str) -> bool:
        """Whether pages of the module may lack rows that the user may not see."""
        return self.thinned_modules.get(module, self.thinned_pages)

    @property
    def backslashes(self) -> bool:
        r"""Whether a quote within a literal is written ``\'``."""
        return self.server.capabilities.escaping == "backslash"

    @property
    def one_zone(self) -> bool:
        """Whether a day of the session begins when a day of the CRM does."""
        return self.timezone == self.zone
