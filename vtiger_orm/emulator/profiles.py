"""What differs between the servers the emulator can be: one small table, in one place.

Nothing else in the emulator asks which server it is; it asks one of these facts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..metadata.snapshot import Instance

# Their registered parameter names differ from the handler's own, which PHP 8 refuses.
_BROKEN_BY_PHP8: Final = frozenset(
    {"sync", "logout", "convertlead", "files_retrieve", "retrieve_inventory"}
)


@dataclass(frozen=True, slots=True)
class Profile:
    """The quirks of one kind of server."""

    name: str
    vtiger_version: str
    """What a server says it is whose snapshot does not tell."""
    api_version: str = "0.22"
    crashing: frozenset[str] = frozenset()
    """Operations (lower case) that end in HTTP 500 with an empty body."""
    cloud: bool = False
    """Whether the operations and describe keys exist that only the Cloud has."""
    page_cap: int = 100
    """Most rows of one query answer."""
    sync_page: int = 100
    """Changes of one sync answer; changes of the last second are always complete."""
    sync_type_passed: bool = False
    """Whether `syncType` reaches the handler; stock servers drop it."""
    strict_types: bool = True
    """PHP 8: arithmetic on text is fatal (individual tax)."""
    files_as_list: bool = False
    """Whether files_retrieve answers a list with one object."""
    actors_queryable: bool = True
    """Whether a query may read modules that are no entities (Groups, Currency, Tax...)."""
    thinned_pages: bool = False
    """Whether private records are taken out of a page after LIMIT (no known server of these
    three; older and changed ones may)."""
    related_message: str = "successfull"
    """What add_related says."""
    faces: frozenset[str] = frozenset({"webservice", "restfulapi"})
    """Which doors are open: a stock server answers HTTP 404 under ``/restapi``."""
    error_body: bool = True
    """Whether an error of the Cloud face has a JSON body besides its status line."""


STOCK_8_0_PHP8: Final = Profile("stock-8.0-php8", vtiger_version="8.0.0", crashing=_BROKEN_BY_PHP8)
STOCK_7: Final = Profile("stock-7", vtiger_version="7.5.0", strict_types=False)
CLOUD: Final = Profile(
    "cloud",
    vtiger_version="8.0.0",
    cloud=True,
    sync_page=200,
    sync_type_passed=True,
    strict_types=False,
    files_as_list=True,
    actors_queryable=False,
    related_message="successful",
    faces=frozenset({"webservice", "cloud"}),
)

PROFILES: Final = {each.name: each for each in (STOCK_8_0_PHP8, STOCK_7, CLOUD)}


def profile_of(instance: Instance) -> Profile:
    """The profile that comes nearest to the server a snapshot was pulled from."""
    if instance.dialect == "cloud":
        return replace(CLOUD, page_cap=instance.capabilities.page_size or CLOUD.page_cap)
    works = instance.capabilities.sync or instance.capabilities.files_retrieve
    return STOCK_7 if works or (instance.version or "").startswith("7.") else STOCK_8_0_PHP8


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises `ValueError` that lists the known ones."""
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(
            f"There is no profile {name!r}. Known profiles: {', '.join(PROFILES)}."
        ) from None
