"""The library's errors for the exceptions of httpx, and what each says about the request."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from ..calls.outcome import NEVER_LEFT, Again, Fate, Outcome
from ..dialects.base import HttpRequest
from ..dialects.outcomes import of_status
from ..errors import ConnectionFailed, MalformedAnswer, Timeout, TransportError, VtigerError
from .exchange import WHOLE, Exchange


def failure_of(
    error: Exception, request: HttpRequest, exchange: Exchange, status: int | None
) -> Exception:
    """The error to raise; `status` is that of an answer which had begun. Anything that is not of
    the transport passes as it is."""
    import httpx

    if isinstance(error, TimeoutError) and not isinstance(error, VtigerError):
        error = httpx.ReadTimeout("the time of the exchange is over")
    if isinstance(error, VtigerError):
        return error
    if not isinstance(error, (httpx.HTTPError, httpx.StreamError, *_no_request())):
        return error
    failure = _failure(error, request, exchange, status)
    failure.outcome = outcome_of(error, status)
    return failure


def _failure(
    error: Exception, request: HttpRequest, exchange: Exchange, status: int | None
) -> TransportError:
    import httpx

    host = urlsplit(request.url).netloc
    what, said = request.operation, str(error).rstrip(".") or type(error).__name__
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Timeout(
                f"{what}: {host} accepted no connection in time. Is the address right, and is "
                "it reachable from here?"
            )
        case httpx.TimeoutException() if status is not None:
            return exchange.too_long() if exchange.left() <= 0 else _late(what, host, exchange)
        case httpx.WriteTimeout():
            return Timeout(
                f"{what}: {host} took too long to take the request: no part of it may take longer "
                f"than {exchange.timeout:g} seconds, and all of it not longer than "
                f"{WHOLE * exchange.timeout:g} (Session(timeout=...))."
            )
        case httpx.TimeoutException():
            return _late(what, host, exchange)
        case httpx.ConnectError() | httpx.ProxyError() | httpx.UnsupportedProtocol():
            return ConnectionFailed(f"{what}: no connection to {host}: {said}. {_cure(error)}")
        case httpx.HTTPError() if status is not None:
            return MalformedAnswer(
                f"{what}: {host} closed the connection in the middle of its answer "
                f"(HTTP {status}): {said}."
            )
        case httpx.TransportError():
            return ConnectionFailed(
                f"{what}: {host} closed the connection without an answer: {said}. Whether it "
                "worked on the request is not known."
            )
        case _:
            return ConnectionFailed(f"{what}: the request to {host} failed: {said}.")


def _late(what: str, host: str, exchange: Exchange) -> Timeout:
    return Timeout(
        f"{what}: {host} did not answer within {exchange.timeout:g} seconds. A slow CRM needs a "
        "longer timeout (Session(timeout=...)); whether it still worked on the request is not "
        "known."
    )


def outcome_of(error: Exception, status: int | None = None) -> Outcome:
    """What an exception of httpx says about the request.

    A connection that was made may have carried the request, and one that ends without an answer
    says nothing about the server: what lies between may have cut it while the CRM works on. A
    certificate that is not trusted, or a host that does not exist, is the same a moment later.
    """
    import httpx

    unmade = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
    if isinstance(error, (httpx.UnsupportedProtocol, *_no_request())) or _lasting(error):
        return NEVER_LEFT
    if isinstance(error, unmade):
        return NEVER_LEFT._replace(again=Again.YES)
    if status is None or isinstance(error, httpx.TimeoutException):
        return Outcome(Fate.UNDER_WAY, Again.YES)
    told = of_status(status)
    again = told.again if told.again is Again.LIMIT else Again.YES
    return told._replace(again=again, missing=False)


def _lasting(error: Exception) -> bool:
    """Whether the connection failed by what was asked for, not by the moment."""
    for cause in _causes(error):
        if isinstance(cause, (ssl.SSLCertVerificationError, UnicodeError)):
            return True
        if isinstance(cause, socket.gaierror):
            return cause.errno != socket.EAI_AGAIN
        if isinstance(cause, ssl.SSLError) and _plain(str(cause)):
            return True
    return False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):  # an exception may be its own context
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _no_request() -> tuple[type[Exception], ...]:
    """Exceptions outside of httpx's tree, raised before there is a request: impossible hosts."""
    import httpx

    return httpx.InvalidURL, httpx.CookieConflict, UnicodeError


def _plain(said: str) -> bool:
    """Whether these words of TLS mean that the other side does not speak it."""
    return any(each in said.lower() for each in ("wrong version number", "record layer failure"))


def _cure(error: Exception) -> str:
    """What to do about a connection that was not made."""
    said = str(error).lower()
    if "certificate" in said:
        return (
            "The certificate is not trusted. Give the file of the CA that signed it: "
            "Session(verify='ca.pem'), vtiger-orm --ca ca.pem, or SSL_CERT_FILE in the "
            "environment. For a host of another name use the name in the certificate."
        )
    if _plain(said):
        return "The server does not speak TLS there: should the address begin with http://?"
    if any(isinstance(each, (socket.gaierror, UnicodeError)) for each in _causes(error)):
        return "The name of the host is not known: is it spelled right?"
    return "Is the address right, and is the CRM reachable from here?"
