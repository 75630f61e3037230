"""What the library logs, all of it under ``vtiger_orm``, none of it secret.

================================= ======= ===================================================
logger                            level   what
================================= ======= ===================================================
``vtiger_orm.calls``              DEBUG   each request: operation, module, status, bytes, time
``vtiger_orm.statements``         DEBUG   the text of each query as it is sent: data, no secret
``vtiger_orm``                    INFO    logins
``vtiger_orm``                    WARNING waiting, repeating, odd answers
================================= ======= ===================================================

Records carry their facts as `extra` fields as well, for structured handlers:
``vtiger_operation``, ``vtiger_module``, ``vtiger_status``, ``vtiger_bytes``,
``vtiger_milliseconds``; ``vtiger_seconds`` where something waits.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from ..dialects.base import HttpRequest, HttpResponse
from ..dialects.redaction import HIDDEN

logger: Final = logging.getLogger("vtiger_orm")
# Without a handler of the application's, Python would print warnings to stderr.
logger.addHandler(logging.NullHandler())
calls: Final = logging.getLogger("vtiger_orm.calls")
"""Each answered request, at DEBUG."""
statements: Final = logging.getLogger("vtiger_orm.statements")
"""The text of every query, at DEBUG: it holds data of the CRM, but no secret."""


def _version() -> str:
    try:
        return version("vtiger-orm")
    except PackageNotFoundError:
        return "0"


USER_AGENT: Final = f"vtiger-orm/{_version()}"


def log_exchange(
    request: HttpRequest, module: str | None, response: HttpResponse, seconds: float
) -> None:
    """One answered request."""
    if not calls.isEnabledFor(logging.DEBUG):
        return
    milliseconds = round(seconds * 1000, 1)
    calls.debug(
        "%s%s: HTTP %d, %d bytes, %.1f ms",
        request.operation,
        f" of {module}" if module else "",
        response.status,
        len(response.body),
        milliseconds,
        extra=_fields(
            operation=request.operation,
            module=module,
            status=response.status,
            bytes=len(response.body),
            milliseconds=milliseconds,
        ),
    )


_warned: Final[set[str]] = set()


def warn_unencrypted(url: str, key: bool) -> None:
    """Once a process for each address."""
    if url not in _warned:
        _warned.add(url)
        logger.warning(
            "%s is not encrypted: %s can be read on the way",
            url,
            "the access key and all records" if key else "all records and the session's id",
        )


def log_wait(operation: str, seconds: float, why: str) -> None:
    logger.warning(
        "%s waits %.1f s: %s",
        operation,
        seconds,
        why,
        extra=_fields(operation=operation, seconds=seconds),
    )


def _fields(**facts: Any) -> Mapping[str, Any]:
    return {f"vtiger_{name}": value for name, value in facts.items()}


class _HideHeaders(logging.Filter):
    """httpcore prints the headers of answers at DEBUG, and PHP sends the session in a cookie."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "cookie" in record.getMessage().lower():
            name = str(record.msg).split(" ")[0]
            record.msg, record.args = f"{name} {HIDDEN} (headers hidden by vtiger_orm)", ()
        return True


_hide: Final = _HideHeaders()


def quiet_httpcore() -> None:
    """Keep httpcore from logging cookies."""
    for name in ("httpcore.http11", "httpcore.http2", "httpcore.proxy"):
        # Adding the same filter twice does nothing.
        logging.getLogger(name).addFilter(_hide)


_said: set[tuple[str, str]] = set()


def log_once(url: str, warning: str) -> None:
    """What users of a server have to know, at the first login of the process there."""
    if warning and (url, warning) not in _said:
        _said.add((url, warning))
        logger.warning("%s: %s", url, warning)


def log_address(before: str, after: str) -> None:
    """A login is bound to the address of whoever made it, and the address is another one now."""
    if before and after and before != after:
        logger.warning(
            "this machine called the CRM from %s before and calls from %s now; logins are bound to "
            "the address, so each change costs one. Behind changing addresses (several gateways, "
            "a proxy pool) calls fail when the address changes twice within one.",
            before,
            after,
        )
