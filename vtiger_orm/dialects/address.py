"""The address a user gives, checked and reduced to the CRM's root."""

from __future__ import annotations

import ipaddress
from typing import Final, Literal
from urllib.parse import urlsplit

from ..errors import ConfigError

WEBSERVICE_PATH: Final = "/webservice.php"
CLOUD_PATH: Final = "/restapi/v1/vtiger/default"


def normalise_url(url: str) -> str:
    """`url` as ``https://host[:port][/path]``, without the API's own path at the end.

    Raises `ConfigError` for anything that is not the plain address of a CRM. The message never
    repeats a password that the address may hold.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"The CRM's address cannot be read: {error}.") from None
    if "@" in parts.netloc:
        raise ConfigError(
            "The CRM's address holds a user name or password. Give them as username and "
            "access_key (VTIGER_USERNAME, VTIGER_ACCESS_KEY); addresses end up in logs."
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        bare = text.split("://", 1)[-1].split("?", 1)[0].lstrip("/") or "crm.example.com"
        raise ConfigError(
            f"{_shown(text)!r} is not the address of a CRM: it must start with https:// "
            f"(or http://), for example https://{_shown(bare)}"
        )
    if parts.query or parts.fragment:
        raise ConfigError(
            f"The CRM's address must end with its path, without '?' or '#': "
            f"{parts.scheme}://{parts.netloc}{_root(parts.path)}"
        )
    host = parts.hostname.lower()
    if ":" in host:
        host = f"[{host}]"
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{_root(parts.path)}"


def api_path(url: str) -> Literal["webservice", "cloud"] | None:
    """``"webservice"`` or ``"cloud"`` when the address a user gave names the API itself."""
    path = urlsplit(url.strip()).path.rstrip("/")
    if path.endswith(WEBSERVICE_PATH):
        return "webservice"
    return "cloud" if path.endswith(CLOUD_PATH) else None


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _root(path: str) -> str:
    root = path.rstrip("/")
    for ending in (WEBSERVICE_PATH, CLOUD_PATH, "/restapi/v1/vtiger", "/index.php"):
        root = root.removesuffix(ending)
    return root.rstrip("/")


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
