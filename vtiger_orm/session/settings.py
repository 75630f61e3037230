"""What a session is told when it is made: the optional arguments, and their checks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from .._dataclass import dataclass
from .._writes import Withheld
from ..calls.clock import ServerClock
from ..calls.environment import Knowledge, Lists
from ..calls.pace import Parallel
from ..dialects.base import Identity
from ..errors import ConfigError
from ..metadata.capabilities import Capabilities
from ..metadata.server import Server, ServerFamily, release_of
from .budget import Budget, Purse, purse_of
from .checks import flag, mapped
from .keys import KeySource
from .retry import RetryPolicy
from .waits import OnWait

if TYPE_CHECKING:
    import httpx

    from ..calls.protocols import Package
    from ..metadata.dependencies import Dependency
    from .pools import Verify


class SessionSettings(TypedDict, total=False):
    """What `connect` and `configure` of a generated package pass on; see `Session`."""

    dialect: Literal["auto", "webservice", "cloud", "restfulapi"]
    """How the CRM is talked to; ``"auto"`` finds out. ``"restfulapi"`` is for records alone."""
    timezone: str | tzinfo
    server_timezone: str | tzinfo | None
    timeout: float
    parallel: int | Literal["auto"]
    max_scan_rows: int
    """Rows that one answer may read where the server cannot decide; more raises `ScanTooLarge`."""
    max_writes: int
    """Records that one update or delete of a queryset may concern; more raises `TooManyWrites`."""
    page_size: int | None
    """Rows a query asks for at once: fewer than the server's limit where answers grow too long."""
    consistency: Literal["normal", "strict"]
    strict: bool
    """Whether a value that the CRM stored otherwise than it was sent raises `ValuesAdjusted`."""
    missing_fields: Literal["refuse", "defer"]
    external_ids: Mapping[str, str] | None
    """Module -> the field with ids of your own, by which a create whose answer is lost is found."""
    dependencies: Mapping[str, tuple[Dependency, ...]] | None
    """Module -> which values of one picklist go with those of another, checked before a write."""
    retry: RetryPolicy | None
    """How often and how fast a call is repeated; ``RetryPolicy(attempts=1)`` repeats none."""
    budget: Budget | str | None
    max_wait: float
    on_wait: OnWait | None
    read_only: bool
    dry_run: bool
    allow_http: bool | None
    verify: Verify
    """Whether certificates are checked; the file of a CA of your own, or an `ssl.SSLContext`."""
    capabilities: Capabilities | None
    """What the server can do, instead of what the package knows of it."""
    transport: httpx.BaseTransport | None
    async_transport: httpx.AsyncBaseTransport | None


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a session connects to, and how: what does not change while it lives."""

    url: str
    """Root of the CRM, normalised."""
    username: str
    key: KeySource
    dialect: str
    parallel: Parallel
    timeout: float
    policy: RetryPolicy
    clock: ServerClock
    package: Package | None = None
    network: int = 0
    """0 for the real one, else a number that tells given transports apart."""
    purse: Purse | None = None
    max_wait: float = 120.0
    on_wait: OnWait | None = None
    read_only: bool = False
    dry_run: bool = False
    withheld: list[Withheld] = field(default_factory=list)
    knowledge: Knowledge = field(default_factory=Knowledge)
    allow_http: bool = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not show up in any message, as far as it is known before a login."""
        return self.key.given


def zone_named(timezone: str | tzinfo) -> tzinfo:
    """Raises `ConfigError` for a name that this machine does not know."""
    if isinstance(timezone, tzinfo):
        return timezone
    if not isinstance(timezone, str):
        raise ConfigError(f"A time zone is a name or a tzinfo, not {type(timezone).__name__}.")
    if timezone.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"There is no time zone {timezone!r} here. Use a name such as 'Europe/Berlin'; on "
            "Windows the package tzdata holds them."
        ) from None


def purse_for(url: str, budget: Budget | str | None) -> Purse | None:
    """What a session may spend; VTIGER_BUDGET says it where the session does not. Raises
    `ConfigError` for a text or a file that cannot be used."""
    told = budget if budget is not None else os.environ.get("VTIGER_BUDGET") or None
    if told is None:
        return None
    if not isinstance(told, (Budget, str)):
        raise ConfigError(f"budget is a Budget or a text, not {type(told).__name__}.")
    return purse_of(urlsplit(url).netloc, Budget.parse(told) if isinstance(told, str) else told)


def http_allowed(given: bool | None) -> bool:
    """Whether the access key may be sent unencrypted; VTIGER_ALLOW_HTTP=1 allows it, too."""
    if given is None:
        return os.environ.get("VTIGER_ALLOW_HTTP") == "1"
    return flag("allow_http", given)


def by_module(external_ids: Mapping[str, str] | None, package: Package | None) -> dict[str, str]:
    """External ids by the CRM's own module names. Raises `ConfigError` for a module that the
    package does not have."""
    external_ids = mapped("external_ids", external_ids)
    if not all(isinstance(field, str) for field in external_ids.values()):
        raise ConfigError("external_ids has the wire name of a field for each module, as text.")
    if package is None:
        return dict(external_ids)
    for name in external_ids:
        if not package.knows(name):
            raise ConfigError(
                f"external_ids names {name!r}, which is no module of the package {package.name!r}."
            )
    return {package.module_named(name): field for name, field in external_ids.items()}


class Greeting(NamedTuple):
    """What a session's server was recognised by; it stays when the session is closed."""

    identity: Identity | None
    dialect: str | None


def server_of(
    identity: Identity | None,
    dialect: str | None,
    package: Package | None,
    given: Capabilities | None,
) -> Server:
    """Which server a session talks to: as its login told, and before that as the package says.

    What was proved of the server that the package was generated from holds for its release only;
    of another the session knows what was measured on servers of that kind, and no more. `given`
    capabilities are the caller's word.
    """
    known = package.server if package is not None else Server()
    family, version = known.family, known.version
    proved = known.capabilities
    if identity is not None and identity.version is not None:
        version = identity.version
    if identity is not None and identity.family is not ServerFamily.UNKNOWN:
        family = identity.family
    elif dialect == "cloud":
        family = ServerFamily.CLOUD
    if not same_server(known, family, version):
        proved = Capabilities()
    return Server.known(family, version, given or proved)


def same_server(known: Server, family: ServerFamily, version: str | None) -> bool:
    """Whether what is known of one server holds for another: patches change nothing."""
    if version and known.version and release_of(version) != known.release:
        return False
    return ServerFamily.UNKNOWN in (known.family, family) or known.family is family


def lists_of(dialect: str, package: Package | None) -> Lists | None:
    """What plans have to know where a server has lists instead of a query language."""
    return Lists(package.prefixes) if dialect == "restfulapi" and package is not None else None
