"""What a CRM can do. Every fact has three states: proved, disproved, and unknown.

Unknown is never "no": whoever reads a fact takes the way that is right either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Precedence: TypeAlias = Literal["sql", "unknown"]
Collation: TypeAlias = Literal["general_ci", "unknown"]
Escaping: TypeAlias = Literal["doubled", "backslash", "unknown"]
SqlErrors: TypeAlias = Literal["silent", "told", "unknown"]
ItemsPlace: TypeAlias = Literal["inside", "apart", "unknown"]

_UNKNOWN: Final = (None, "unknown")


class Capabilities(BaseModel):
    """What this CRM can do, found by `pull` and `whoami` with read-only calls.

    ``None`` or ``"unknown"`` means that no call could tell; the runtime then takes the way that
    is right either way.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore")

    precedence: Precedence = "unknown"
    """``sql``: AND binds tighter than OR, proved on the CRM's own records."""
    page_size: int = Field(default=100, ge=1)
    """Rows the server gives at most for one query."""
    page_capped: bool | None = None
    """Whether a query gives no more rows than a page, however many LIMIT asks for."""
    url_budget: int = Field(default=8000, ge=500)
    """Bytes of a request line that are safe to send."""
    collation: Collation = "unknown"
    """How the server compares text; unknown means that only the server may compare it."""
    escaping: Escaping = "unknown"
    r"""How a quote is written within a literal: ``''`` or ``\'``."""
    counts: bool | None = None
    """Whether ``count(*)`` is answered in modules with records of their own."""
    proves: bool | None = None
    """Whether ``... or id > '0x0' limit 1`` answers a row, which shows that a statement works."""
    patterns_of_ids: bool | None = None
    """Whether a reference or id may be compared with a pattern (``like '11x%'``)."""
    compares_ids: bool | None = None
    """Whether ids, references and owners are compared by the numbers of ids. Asked for only where
    no server of the kind was seen to: there they are in no condition unless it is proved."""
    sql_errors: SqlErrors = "unknown"
    """``silent``: a statement that the database refuses is answered with no rows."""
    statuses: bool | None = None
    """Whether errors have a HTTP status of their own."""
    brackets: bool | None = None
    is_null: bool | None = None
    not_in: bool | None = None
    not_like: bool | None = None
    """Whether the query language has these."""
    thinned_pages: bool | None = None
    """Whether permissions are applied after LIMIT, so that pages in the middle may be short."""
    thinned: Mapping[str, bool] = Field(default_factory=dict)
    """The same of single modules."""
    relations: bool | None = None
    """Whether ``relatedtypes`` and ``query_related`` are answered."""
    line_items: ItemsPlace = "unknown"
    """``inside``: in the answer to their record; ``apart``: records of a module of their own."""
    sync: bool | None = None
    files_retrieve: bool | None = None
    zone: str | None = None
    """The zone in which the CRM writes times, as it was proved: a name, or ``+09:00``."""
    serialised_sessions: bool = True
    """Whether the server works on one request of a session at a time."""

    def known(self) -> dict[str, Any]:
        """What is not unknown."""
        every = self.model_dump(mode="json")
        return {name: value for name, value in every.items() if value not in (*_UNKNOWN, {})}

    def completed(self, others: Mapping[str, Any]) -> Capabilities:
        """These, and the others for what is unknown."""
        known = self.known()
        found = {name: value for name, value in others.items() if name not in known}
        if "thinned" in others:
            found["thinned"] = {**others["thinned"], **self.thinned}
        return self.model_copy(update=found) if found else self
