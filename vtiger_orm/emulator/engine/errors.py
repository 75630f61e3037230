"""The ways in which the CRM does not answer with a result."""

from __future__ import annotations


class EngineError(Exception):
    """Base of everything the engine raises on purpose."""


class CrmError(EngineError):
    """An answer ``{"success": false, "error": {"code": ..., "message": ...}}``.

    `code` is text except for one: a duplicate answers the integer ``0``.
    """

    def __init__(self, code: str | int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Crash(EngineError):
    """A PHP fatal: HTTP 500 with an empty body. `reason` is for the emulator's log only, but for
    servers that print it."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownOperation(Crash):
    """An operation that the server does not have: a fatal on most."""


class NotMeasured(EngineError):
    """Something that nobody tried on a server of this kind: the emulator does not make it up."""

    def __init__(self, profile: str, what: str) -> None:
        super().__init__(f"not measured on {profile}: {what}")


class PlainText(EngineError):
    """HTTP 200 with text that is not JSON (the server stopped half-way with a message)."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class UnfitDatabase(ValueError):
    """A database file that was made for another schema, by another program or another release."""


def denied(what: str = "") -> CrmError:
    """The server's answer to nearly everything it does not like.

    `what` is what it adds after the text, for example ``" for id"``.
    """
    return CrmError("ACCESS_DENIED", f"Permission to perform the operation is denied{what}")


def database_error() -> CrmError:
    return CrmError("DATABASE_QUERY_ERROR", "Database error while performing requested operation")


def internal_error() -> CrmError:
    return CrmError("INTERNAL_SERVER_ERROR", "Unknown Error while processing request")


def invalid_id() -> CrmError:
    return CrmError("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")


def syntax_error(message: str) -> CrmError:
    return CrmError("QUERY_SYNTAX_ERROR", message)


def mandatory_missing(message: str) -> CrmError:
    return CrmError("MANDATORY_FIELDS_MISSING", message)


def unknown_relation() -> CrmError:
    return CrmError("UNKOWN_ENTITY", "Relation specified is incorrect")
