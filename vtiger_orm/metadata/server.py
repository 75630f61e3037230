"""Which server a CRM is: family, version and capabilities; recognised from what it tells anyway.

Nothing is asked for this. Login tells `vtigerVersion` and, on one family, `tagVersion`; the
envelope of answers has a third key on another; listtypes and describe name modules and keys that
only one family has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any, Final, TypeAlias

from .._dataclass import dataclass
from ..ids import whole_number
from .capabilities import Capabilities

Release: TypeAlias = tuple[int, int]


class ServerFamily(StrEnum):
    """Programs that speak this API and differ in what they answer."""

    VTIGER = "vtiger"
    COREBOS = "corebos"
    FREVOCRM = "frevocrm"
    BERLICRM = "berlicrm"
    CLOUD = "cloud"
    UNKNOWN = "unknown"


_NAMES: Final = {
    ServerFamily.VTIGER: "Vtiger CRM",
    ServerFamily.COREBOS: "coreBOS",
    ServerFamily.FREVOCRM: "F-RevoCRM",
    ServerFamily.BERLICRM: "berliCRM",
    ServerFamily.CLOUD: "Vtiger Cloud",
    ServerFamily.UNKNOWN: "a Vtiger of an unknown kind",
}

_TELLING_MODULES: Final = {
    "cbCalendar": ServerFamily.COREBOS,
    "cbMap": ServerFamily.COREBOS,
    "InventoryDetails": ServerFamily.COREBOS,
    "Dailyreports": ServerFamily.FREVOCRM,
}
_STOCK: Final = frozenset(
    {*(f"7.{minor}.0" for minor in range(6)), "7.0.1"} | {f"8.{minor}.0" for minor in range(4)}
)
"""Releases of the stock program since 7; the forks tell versions of their own beside them."""


def family_of(
    dialect: str,
    version: str | None,
    *,
    tag_version: str = "",
    moreinfo: bool = False,
    label_raw: bool = False,
    modules: Collection[str] = (),
) -> ServerFamily:
    """The family of a server that has told this much; UNKNOWN where that is too little.

    `moreinfo` is whether its envelopes have that key, `label_raw` whether its describe answers
    have, `modules` the names that listtypes gave.
    """
    if dialect == "cloud":
        return ServerFamily.CLOUD
    if tag_version.lower().startswith("berlicrm"):
        return ServerFamily.BERLICRM
    if moreinfo or label_raw:
        return ServerFamily.COREBOS
    for name, family in _TELLING_MODULES.items():
        if name in modules:
            return family
    if version in _STOCK:
        return ServerFamily.VTIGER
    # Only this fork counts patches of 8.0; stock goes on with 8.1.
    patched = release_of(version) == (8, 0)
    return ServerFamily.FREVOCRM if patched else ServerFamily.UNKNOWN


def release_of(version: str | None) -> Release | None:
    """``8.0.1`` -> ``(8, 0)``; None for what is no version."""
    major, minor, *_ = (*map(whole_number, (version or "").split(".")), None, None)
    return None if major is None or minor is None else (major, minor)


@dataclass(frozen=True, slots=True)
class Server:
    """The server as it was recognised. What it can do is in `capabilities`, each fact proved,
    disproved or unknown."""

    family: ServerFamily = ServerFamily.UNKNOWN
    version: str | None = None
    """Version that it tells at login (``8.0.0``)."""
    capabilities: Capabilities = field(default_factory=Capabilities)

    @classmethod
    def known(
        cls, family: ServerFamily, version: str | None, proved: Capabilities | None = None
    ) -> Server:
        """The server with what was proved of it, completed by what was measured on servers of
        its kind."""
        proved = proved or Capabilities()
        return cls(family, version, proved.completed(measured(family, version)))

    @property
    def release(self) -> Release | None:
        return release_of(self.version)

    def refusal(self, hazard: Hazard) -> str | None:
        """Why this kind of server must not be sent such a write; None where it may be."""
        return _HAZARDS.get((self.family, self.release), _HAZARDS.get((self.family, None), {})).get(
            hazard
        )

    def lacks(self, operation: str) -> bool:
        """Whether servers of this kind were seen not to know an operation of Vtiger's."""
        return operation in _LACKING.get(self.family, ())

    def __str__(self) -> str:
        name = _NAMES[self.family]
        return f"{name} {self.version}" if self.version else name


_RELATED: Final = frozenset({"relatedtypes", "retrieve_related", "query_related", "add_related"})
_LACKING: Final[Mapping[ServerFamily, frozenset[str]]] = {
    ServerFamily.COREBOS: _RELATED | {"files_retrieve", "retrieve_inventory"},
    ServerFamily.BERLICRM: _RELATED | {"files_retrieve"},
}


class Hazard(StrEnum):
    """Writes that a kind of server cannot do, or answers by damaging records."""

    CREATE_INVENTORY = "create of a quote, order or invoice"
    REPLACE_ITEMS = "replacing the items of a quote, order or invoice"
    CHANGE_HEADER = "changing a quote, order or invoice and leaving its items as they are"
    UPDATE = "update, which sends some fields and not others"
    ESCAPED_TEXT = r"a text with a backslash, u and four hexadecimal digits"


_NO_SAVE_ID: Final = (
    "it takes the id of the record apart before there is one, so it refuses every create of a "
    "quote, order or invoice with INVALID_ID_ATTRIBUTE"
)
_NO_TOTALS: Final = (
    "it replaces the items and then fails: the record is left with totals of 0 until it is saved "
    "on its screen"
)
_HAZARDS: Final[Mapping[tuple[ServerFamily, Release | None], Mapping[Hazard, str]]] = {
    (ServerFamily.VTIGER, (8, 3)): {
        Hazard.CREATE_INVENTORY: _NO_SAVE_ID,
        Hazard.REPLACE_ITEMS: _NO_TOTALS,
        Hazard.ESCAPED_TEXT: r"it replaces \uXXXX before it reads the JSON, and then fails",
    },
    (ServerFamily.FREVOCRM, None): {
        Hazard.REPLACE_ITEMS: _NO_TOTALS,
        Hazard.CHANGE_HEADER: "it deletes all items of the record, and its totals become 0",
    },
    (ServerFamily.BERLICRM, None): {
        Hazard.UPDATE: "it empties every field that is not sent",
    },
}
"""By family and release; None stands for every other release of the family."""

_VTIGER: Final[Mapping[str, Any]] = {
    "counts": True,
    "proves": True,
    "patterns_of_ids": True,
    "page_capped": True,
    "escaping": "doubled",
    "sql_errors": "silent",
    "statuses": False,
    "brackets": False,
    "is_null": False,
    "not_in": False,
    "not_like": False,
    "thinned_pages": False,
    "relations": True,
    "line_items": "inside",
}
_BROKEN_BY_PHP8: Final = {"sync": False, "files_retrieve": False}
_8_0: Final = {**_VTIGER, **_BROKEN_BY_PHP8}
_MEASURED: Final[Mapping[tuple[ServerFamily, Release | None], Mapping[str, Any]]] = {
    (ServerFamily.VTIGER, (7, 5)): _VTIGER,
    (ServerFamily.VTIGER, (8, 0)): _8_0,
    (ServerFamily.VTIGER, (8, 1)): _8_0,
    (ServerFamily.VTIGER, (8, 2)): _8_0,
    (ServerFamily.VTIGER, (8, 3)): {
        **_8_0,
        "counts": False,
        "patterns_of_ids": False,
        "thinned": {"Calendar": True, "Events": True},
    },
    (ServerFamily.FREVOCRM, (8, 0)): {
        **_VTIGER,
        "page_capped": False,
        "sync": True,
        "files_retrieve": True,
    },
    (ServerFamily.COREBOS, (5, 5)): {
        "counts": True,
        "page_capped": False,
        "escaping": "doubled",
        "sql_errors": "told",
        "statuses": False,
        "not_like": False,
        "relations": False,
        "line_items": "apart",
        "sync": True,
        "files_retrieve": False,
    },
    # As its manuals have it: nobody measured the Cloud.
    (ServerFamily.CLOUD, None): {"counts": True, "escaping": "doubled"},
    (ServerFamily.BERLICRM, (6, 5)): {
        "counts": True,
        "page_capped": False,
        "escaping": "backslash",
        "sql_errors": "told",
        "statuses": True,
        "brackets": True,
        "is_null": True,
        "not_in": True,
        "not_like": True,
        "relations": False,
    },
}
"""What was seen on servers of this family and release. A release that nobody looked at is not
taken for the one before it."""


def measured(family: ServerFamily, version: str | None) -> Mapping[str, Any]:
    """What servers of this kind can do, by name of the capability."""
    return _MEASURED.get((family, release_of(version)), _MEASURED.get((family, None), {}))
