"""Why a CRM cannot be reached or lets nobody in: the error, sorted by what has to be mended.

Pure: it looks at the error that the session raised, and at what that was made of.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

from vtiger_orm.errors import (
    AccessDenied,
    AuthError,
    ConfigError,
    ConnectionFailed,
    MalformedAnswer,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    VtigerError,
)

from .finding import Finding, problem

_ADDRESS: Final = (
    "Give the address that opens the CRM in a browser, without index.php: --url, VTIGER_URL, or "
    "url in [tool.vtiger-orm]."
)
_LOGIN: Final = (
    "Copy the access key anew from My Preferences of that user in the CRM: it is not the password, "
    "and it changes when somebody resets it. User names are spelled as in the CRM, case included."
)
_NOT_GIVEN: Final = (
    "Give both for this CRM: the user's name (VTIGER_USERNAME, or username in [tool.vtiger-orm]) "
    "and the access key (VTIGER_ACCESS_KEY, or keyring in [tool.vtiger-orm])."
)
_DOWN: Final = (
    "Look whether the CRM opens in a browser on this machine; a firewall, a VPN or a proxy may be "
    "in between (HTTPS_PROXY is used)."
)


def refused(error: VtigerError) -> Finding:
    """What has to be mended, where no login came about."""
    told = str(error)
    causes = tuple(_causes(error))
    match error:
        case ConnectionFailed() if _is_unknown(causes, told):
            return problem("address", told, f"The host's name is not known. {_ADDRESS}")
        case ConnectionFailed() if _is_tls(causes, told):
            return problem("TLS", told, _tls(told))
        case ConfigError() if "allow_http" in told:
            return problem(
                "TLS", told, "Use https://; --insecure-http only in a network you trust."
            )
        case ConfigError() if "address" in told or "No Vtiger API" in told:
            return problem("address", told, _ADDRESS)
        case ConfigError() if told.startswith("Set "):
            return problem("login", told, _NOT_GIVEN)
        case ConfigError():
            return problem("login", told, _LOGIN)
        case ConnectionFailed() | Timeout():
            return problem("connection", told, _DOWN)
        case MalformedAnswer() | NotFound():
            return problem("address", told, f"No CRM answers there. {_ADDRESS}")
        case RateLimited():
            return problem("limits", told, "Wait, or spread the calls: see vtiger-orm limits.")
        case AuthError() | AccessDenied():
            return problem("login", told, _LOGIN)
        case ServerError():
            return problem("server", told, "The CRM itself fails: look into its PHP error log.")
    return problem("connection", told, _DOWN)


def _is_tls(causes: tuple[BaseException, ...], told: str) -> bool:
    tls = any(isinstance(each, ssl.SSLError) for each in causes)
    return tls or "does not speak TLS" in told or "certificate is not trusted" in told


def _is_unknown(causes: tuple[BaseException, ...], told: str) -> bool:
    names = any(isinstance(each, socket.gaierror | UnicodeError) for each in causes)
    return names or "name of the host" in told


def _tls(told: str) -> str:
    if "does not speak TLS" in told:
        return "Write http:// if this CRM has no TLS, and --insecure-http if you accept that."
    return (
        "Give the file of the CA that signed the certificate: --ca FILE. A certificate of a public "
        "CA that is refused lacks its intermediate one: whoever runs the server adds it."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):  # an exception may be its own context
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__
