"""Logging in at the RestfulApi module, and what is to be known of a login before it writes.

A token is made of the caller's address and the second alone, so another login of that second has
the same one, and calls act as whoever was first. The module lists its own tokens, which proves
whose this one is. What the module cannot tell (whether key and user belong together, how the user
writes numbers, who the owners are) the same server's webservice.php does, where it answers.
"""

from __future__ import annotations

import html
from collections.abc import Generator, Mapping
from dataclasses import field, replace
from typing import Any, Final, Protocol

from .._dataclass import dataclass
from ..calls.operations import Query
from ..calls.urls import query_string
from ..errors import ApiError, AuthError, MalformedAnswer, VtigerError
from ..ids import parse_id, whole_number
from ..values.uniform_rows import UniformRows
from .answers import read_envelope
from .base import Auth, Credentials, HttpRequest, HttpResponse, Identity, NumberFormat
from .errors import Asked
from .restfulapi_pictures import check_rows, unmended
from .webservice import Webservice

_LOGIN: Final = Asked("login")
_PAGE: Final = 100
_MOST_PAGES: Final = 100

Talk = Generator[HttpRequest, HttpResponse, Any]


class Prefixes(Protocol):
    def prefix(self, module: str) -> str | None: ...


class SharedToken(AuthError):
    """Somebody else logged in from this address in the same second and has the same token."""


@dataclass(frozen=True, slots=True)
class OwnersTold:
    """What webservice.php tells of a user, and of all of them."""

    identity: Identity | None = None
    numbers: NumberFormat | None = None
    users: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[int, str] = field(default_factory=dict)


def logged_in(
    url: str, endpoint: str, credentials: Credentials, schema: Prefixes
) -> Generator[HttpRequest, HttpResponse, Auth]:
    """One login whose owner is proved. Raises `AuthError`, and `SharedToken` where it is another's
    as well."""
    by_key = True
    token = yield from _token(endpoint, credentials, by_key=True)
    if token is None:
        by_key = False
        token = yield from _token(endpoint, credentials, by_key=False)
    if token is None:
        raise AuthError(
            "login was refused by the RestfulApi module: it knows neither this access key (My "
            f"Preferences in the CRM), nor it as the password of {credentials.username!r}."
            + (yield from _webservice_says(url, credentials)),
            operation="login",
            status=200,
        )
    number, address = yield from _owner(endpoint, token)
    told = (yield from _told(url, credentials)) if by_key else OwnersTold()
    identity = told.identity
    if identity is not None and parse_id(identity.user_id).number != number:
        raise _another_user(credentials)
    prefix = schema.prefix("Users")
    if prefix is None and identity is not None:
        prefix = parse_id(identity.user_id).prefix  # the package was made without them
    user_id = f"{prefix}x{number}" if prefix else ""
    facts: dict[str, object] = dict(identity.facts) if identity is not None else {}
    facts |= {"id": user_id, "user_name": credentials.username}
    if identity is not None:
        identity = replace(identity, user_id=user_id, facts=facts)
    else:
        identity = Identity(user_id, credentials.username, facts=facts)
    return Auth(
        identity,
        token,
        address=address,
        doubt=_unproved(credentials, number) if by_key and told.identity is None else "",
        numbers=told.numbers,
        users={**({number: user_id} if user_id else {}), **told.users},
        groups=told.groups,
    )


def _unproved(credentials: Credentials, number: int) -> str:
    return (
        "The RestfulApi module looks at the access key alone, and webservice.php did not answer: "
        f"whether the key is that of {credentials.username!r} is not known. Whatever is written is "
        f"written by user number {number}."
    )


def _login(endpoint: str, credentials: Credentials, *, by_key: bool) -> HttpRequest:
    """A function of its own, so that no frame of an error holds the key as text."""
    secret = credentials.access_key
    given = {"key": secret} if by_key else {"login": credentials.username, "password": secret}
    address = f"{endpoint}?{query_string({'module': 'Auth', **given})}"
    return HttpRequest("GET", address, "login", secrets=(secret,))


def _token(endpoint: str, credentials: Credentials, *, by_key: bool) -> Talk:
    response = yield _login(endpoint, credentials, by_key=by_key)
    envelope = read_envelope(response)
    if envelope is None:
        raise unmended(_LOGIN, response, "login fails: a function of it lacks its argument")
    token = envelope.result if envelope.success else None
    return token if isinstance(token, str) and token else None


def _owner(endpoint: str, token: str) -> Generator[HttpRequest, HttpResponse, tuple[int, str]]:
    """Number of the user that calls with this token act as, and the address that it is bound to."""
    asked = {
        "module": "RestfulApi",
        "criteria": f"vtiger_restfulapi.token:{token}",
        "length": str(_PAGE),
        "token": token,
    }
    address = f"{endpoint}?{query_string(asked)}"
    response = yield HttpRequest("GET", address, "owner of the token", secrets=(token,))
    envelope = read_envelope(response)
    if envelope is None:
        raise unmended(_LOGIN, response, "tokens are not checked: that part of it fails")
    if not envelope.success:
        raise MalformedAnswer(
            "login: the RestfulApi module gave a token and refused it in the next call. Tokens are "
            "bound to the caller's address: behind several gateways or a pool of proxies each call "
            "may come from another one. Have this machine reach the CRM from one address, or use "
            "webservice.php. Nothing was written."
        )
    rows = envelope.result if isinstance(envelope.result, list) else []
    check_rows(_LOGIN, rows)
    rows = [row for row in rows if isinstance(row, dict) and row.get("token") == token]
    users = {str(row.get("user_id")) for row in rows}
    if len(users) > 1:
        raise SharedToken(
            "login: another user logged in from this address in the same second, and the "
            "RestfulApi module gave both the same token. Nothing was written with it.",
            code="SHARED_TOKEN",
            operation="login",
        )
    number = whole_number(users.pop()) if users else None
    if number is None:
        raise MalformedAnswer(
            "login: the RestfulApi module does not tell whose the new token is, so nothing is "
            "written with it. It lists its tokens under the module name RestfulApi."
        )
    return number, str(rows[-1].get("ip") or "")


def _another_user(credentials: Credentials) -> AuthError:
    return AuthError(
        f"login: the access key is one of the CRM's, but not that of {credentials.username!r}: "
        "the RestfulApi module looks at the key alone and would act as the other user. Use the "
        "key that My Preferences shows to this user.",
        code="INVALID_USER_CREDENTIALS",
        operation="login",
    )


# What webservice.php tells


def _webservice_says(url: str, credentials: Credentials) -> Talk:
    """Why a login is refused, as far as webservice.php tells."""
    try:
        yield from Webservice(url).login(credentials)
    except AuthError as error:
        return f" webservice.php says: {error}"
    except VtigerError:
        return ""
    return " webservice.php takes it: the module is not the one of this CRM, or refuses this user."


def _told(url: str, credentials: Credentials) -> Talk:
    """Raises `AuthError` for the key of another user; whatever else goes wrong, less is known."""
    dialect = Webservice(url)
    try:
        (auth,) = yield from dialect.login(credentials)
    except AuthError as error:
        if error.code in ("INVALID_USER_CREDENTIALS", "AUTHENTICATION_REQUIRED"):
            raise _another_user(credentials) from error
        return OwnersTold()
    except VtigerError:
        return OwnersTold()
    asking = _Asking(dialect, auth)
    users = yield from asking.numbers("Users")
    groups = yield from asking.numbers("Groups")
    numbers = yield from asking.number_format()
    logout = dialect.logout(auth)
    if logout is not None:
        yield logout
    return OwnersTold(auth.identity, numbers, users, groups)


class _Asking:
    """Questions to webservice.php; one that fails has no answer."""

    def __init__(self, dialect: Webservice, auth: Auth) -> None:
        self._dialect = dialect
        self._auth = auth

    def rows(self, text: str, module: str) -> Talk:
        call = Query(text, module)
        try:
            response = yield self._dialect.request(call, self._auth)
            rows = self._dialect.result(call, response)
        except VtigerError:
            return None
        return list(rows) if isinstance(rows, list | UniformRows) else None

    def numbers(self, module: str) -> Talk:
        found: dict[int, str] = {}
        behind = ""
        for _ in range(_MOST_PAGES):
            text = f"select id from {module}{behind} order by id limit {_PAGE};"
            rows = yield from self.rows(text, module)
            ids = [str(row.get("id")) for row in rows or ()]
            found |= {parse_id(id_).number: id_ for id_ in ids}
            if len(ids) < _PAGE:
                break
            behind = f" where id > '{parse_id(ids[-1])}'"
        return found

    def number_format(self) -> Talk:
        names = "currency_decimal_separator,currency_grouping_separator,currency_id"
        user = parse_id(str(self._auth.identity.user_id))
        rows = yield from self.rows(f"select {names} from Users where id = '{user}';", "Users")
        if not rows:
            return None
        row = rows[0]
        decimal = html.unescape(str(row.get("currency_decimal_separator") or "."))
        grouping = html.unescape(str(row.get("currency_grouping_separator") or ","))
        currency = str(row.get("currency_id") or "")
        rate = "1"
        if currency and not currency.endswith("x0"):
            parse_id(currency)
            text = f"select conversion_rate from Currency where id = '{currency}';"
            found = yield from self.rows(text, "Currency")
            if not found:
                return None
            rate = str(found[0].get("conversion_rate") or "")
        return NumberFormat(decimal, grouping, rate)


def is_shared(error: BaseException) -> bool:
    """Whether a login has to be made anew, in another second."""
    return isinstance(error, ApiError) and error.code == "SHARED_TOKEN"
