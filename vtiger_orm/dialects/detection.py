"""Telling the dialects of an address apart, with at most two harmless requests.

Neither request carries a user name or key, and neither disturbs anyone who is logging in: a
call without a session, and `/me` without credentials. Both are answered with an error that only
the right kind of server gives.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from ..errors import ConfigError
from .address import CLOUD_PATH, WEBSERVICE_PATH
from .answers import read_envelope
from .base import Dialect, DialectName, HttpRequest, HttpResponse
from .cloud import Cloud
from .redaction import excerpt
from .webservice import Webservice

if TYPE_CHECKING:
    from .restfulapi import CrmIds

Detection: TypeAlias = Generator[HttpRequest, HttpResponse, Dialect]

_CLOUD_DOMAIN: Final = ".vtiger.com"


def dialect_named(name: str, url: str, schema: CrmIds | None = None) -> Dialect:
    """The dialect for a normalised address. Raises `ConfigError` for an unknown name.

    `schema` is what ``restfulapi`` needs to know of the CRM; it is never found by detection.
    """
    if name == "webservice":
        return Webservice(url)
    if name == "cloud":
        return Cloud(url)
    if name == "restfulapi":
        from .restfulapi import RestfulApi  # few speak it, and it is the longest

        return RestfulApi(url, schema)
    raise ConfigError(
        f"There is no dialect {name!r}. Use 'auto', 'webservice', 'cloud' or 'restfulapi'."
    )


def detect(url: str) -> Detection:
    """Find out how the CRM at a normalised address is talked to.

    A Cloud instance answers both ways, and its REST endpoint is the better one there; every
    other server is asked for `webservice.php` first. Raises `ConfigError` when there is neither.
    """
    probes = [_webservice(url), _cloud(url)]
    if (urlsplit(url).hostname or "").endswith(_CLOUD_DOMAIN):
        probes.reverse()
    seen = []
    for name, request in probes:
        response = yield request
        if _answers(name, response):
            return dialect_named(name, url)
        what = excerpt(response.body, 60)
        where = urlsplit(request.url).path
        seen.append(f"{where}: HTTP {response.status}" + (f" {what!r}" if what else ""))
    raise ConfigError(
        f"No Vtiger API was found at {url} ({'; '.join(seen)}). Give the address of the CRM's "
        f"root: webservice.php or {CLOUD_PATH.lstrip('/')} must be right below it; if it is "
        "one, name its dialect: dialect='webservice' or dialect='cloud'."
    )


def _webservice(url: str) -> tuple[DialectName, HttpRequest]:
    address = f"{url}{WEBSERVICE_PATH}?operation=listtypes"
    return "webservice", HttpRequest("GET", address, "first contact")


def _cloud(url: str) -> tuple[DialectName, HttpRequest]:
    return "cloud", HttpRequest("GET", f"{url}{CLOUD_PATH}/me", "first contact")


def _answers(name: DialectName, response: HttpResponse) -> bool:
    if read_envelope(response) is not None:
        return True
    return name == "cloud" and (
        response.status == 401 or any("vtiger" in header for header in response.headers)
    )
