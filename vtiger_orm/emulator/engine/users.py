"""Who calls, and what their profile lets them see."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """A user of the CRM as the engine needs it: login facts, preferences, restrictions.

    The access key is kept out of `repr`.
    """

    number: int
    """The part of the id after the ``x``; users and groups share one range."""
    name: str
    wire_id: str
    """The id as the API writes it, for example ``19x1``."""
    access_key: str = field(repr=False)
    is_admin: bool = False
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    time_zone: str = "UTC"
    hour_format: str = "24"
    date_format: str = "yyyy-mm-dd"
    call_duration: str = "5"
    other_event_duration: str = "5"
    currency_rate: float = 1.0
    """Of the user's own currency, in units of the base currency."""
    decimal_separator: str = "."
    grouping_separator: str = ","
    """How the user writes numbers in forms; the web services do not care."""
    decimals: int = 2
    """To how many digits numbers are rounded when this user writes them."""
    groups: frozenset[int] = frozenset()
    active: bool = True
    views_all: bool = False
    """Whether the profile has "view all", without which some servers show nothing."""
    hidden_modules: frozenset[str] = frozenset()
    readonly_modules: frozenset[str] = frozenset()
    undeletable_modules: frozenset[str] = frozenset()
    hidden_fields: frozenset[tuple[str, str]] = frozenset()
    """(module, field)"""
    readonly_fields: frozenset[tuple[str, str]] = frozenset()
    hidden_values: frozenset[tuple[str, str]] = frozenset()
    """(field, value): picklist values that the user's role does not offer."""

    @property
    def owners(self) -> frozenset[int]:
        """Own number and those of the groups: whose records count as the user's own."""
        return self.groups | {self.number}
