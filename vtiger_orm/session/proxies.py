"""Which proxy the environment names for an address."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..errors import ConfigError, MissingExtra

_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_PORTS: Final = {"http": 80, "https": 443}


def proxy_for(url: str) -> str | None:
    """The proxy's address; None where there is none, or NO_PROXY leaves the host out.

    NO_PROXY holds hosts, domains, and either with a port (``crm.example.com:8080``). Raises
    `ConfigError` for a variable that names no proxy; the message never holds its password.
    """
    parts = urlsplit(url)
    host = parts.hostname
    if not host or _bypassed(host, parts.port or _PORTS.get(parts.scheme, 443)):
        return None
    proxies = getproxies()
    for kind in (parts.scheme, "all"):
        if proxy := proxies.get(kind):
            return _checked(proxy if "://" in proxy else f"http://{proxy}", kind)
    return None


def _bypassed(host: str, port: int) -> bool:
    bare = f"[{host}]" if ":" in host else host
    return any(bool(proxy_bypass(each)) for each in (host, bare, f"{bare}:{port}"))


def _checked(proxy: str, kind: str) -> str:
    name = _variable(kind)
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise ConfigError(_cure(name, "what it says is no address")) from None
    if parts.scheme not in _SCHEMES:
        why = f"{parts.scheme[:20]}:// is no kind of proxy that can be used"
        raise ConfigError(_cure(name, why))
    if not usable or any(each.isspace() for each in proxy):
        raise ConfigError(_cure(name, "what it says is no address"))
    if not _is_understood(proxy):
        raise ConfigError(_cure(name, "what it says is no address"))
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise MissingExtra(f"A SOCKS proxy ({name})", "socks")
    return proxy


def _is_understood(proxy: str) -> bool:
    """Whether httpx, which connects to it, can read the address as well."""
    import httpx  # where there is a proxy only: it is not needed before the first request

    try:
        httpx.Proxy(proxy)
    except (httpx.InvalidURL, ValueError):
        return False
    return True


def _variable(kind: str) -> str:
    """As the environment spells it."""
    spelled = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    return next((name for name in spelled if os.environ.get(name)), spelled[1])


def _cure(name: str, why: str) -> str:
    return (
        f"The proxy of {name} cannot be used: {why}. Write it as http://host:port, unset {name}, "
        "or name the CRM's host in NO_PROXY."
    )
