"""The optional arguments of `Session`, for the functions that pass them on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    import httpx

    from ..metadata.snapshot import Capabilities
    from .http import Verify
    from .retry import RetryPolicy


class SessionSettings(TypedDict, total=False):
    """What `connect` and `configure` of a generated package pass on; see `Session`."""

    dialect: Literal["auto", "webservice", "cloud", "restfulapi"]
    timezone: str | tzinfo
    server_timezone: str | tzinfo | None
    timeout: float
    parallel: int
    max_scan_rows: int
    max_writes: int
    page_size: int | None
    consistency: Literal["normal", "strict"]
    strict: bool
    external_ids: Mapping[str, str] | None
    dependencies: Mapping[str, Any] | None
    retry: RetryPolicy | None
    verify: Verify
    capabilities: Capabilities | None
    transport: httpx.BaseTransport | None
    async_transport: httpx.AsyncBaseTransport | None
