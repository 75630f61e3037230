"""What a server can do, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from vtiger_orm.calls.clock import Zone
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.server import Hazard, Server, ServerFamily

_GRAMMAR: Final = {
    "brackets": "brackets",
    "is_null": "is null",
    "not_in": "not in",
    "not_like": "not like",
    "patterns_of_ids": "patterns of ids",
}


def abilities(server: Server, proved: Capabilities) -> Iterator[str]:
    """One line a capability; what was not found out on this CRM says where it is known from."""
    told = _Told(server, proved)
    can = server.capabilities
    capped = {True: "never more", False: "more where they are asked for", None: "at least"}
    yield told.line("page_capped", f"{can.page_size} rows a query, {capped[can.page_capped]}")
    if can.precedence == "sql":
        yield "AND before OR: proved on this CRM's records"
    else:
        yield "AND and OR: order not proved, so only unambiguous queries are sent"
    if can.collation == "general_ci":
        yield "text compared as utf8 general_ci: no case, no accents, no trailing blanks"
    else:
        yield "text: comparison not proved, so the server is asked for every verdict"
    yield told.three(
        "counts",
        "count(*): answered",
        "count(*): not answered; records are counted by pages of ids",
    )
    yield told.three(
        "proves",
        "a statement that fails is told from one without rows by one more row",
        "a statement that fails cannot be told from one without rows",
    )
    yield told.line("sql_errors", f"errors of the database: {can.sql_errors}")
    yield told.three("statuses", "errors have HTTP statuses", "errors come with HTTP 200")
    yield told.line("escaping", f"quotes within texts: {can.escaping}")
    if server.family is ServerFamily.BERLICRM:
        yield told.three(
            "compares_ids",
            "ids in conditions: compared by their numbers",
            "ids in conditions: not compared by their numbers, so they are not asked for",
        )
    yield f"query language: {', '.join(told.word(name, word) for name, word in _GRAMMAR.items())}"
    yield from _thinned(told)
    yield told.three("relations", "relations: told", "relations: not told by relatedtypes")
    yield told.line("line_items", f"line items: {_ITEMS[can.line_items]}")
    yield told.three("sync", "sync: usable", "sync: broken on this server")
    yield told.three(
        "files_retrieve", "files_retrieve: usable", "files_retrieve: broken on this server"
    )
    if can.serialised_sessions:
        yield "one call of a session at a time; a long reading opens more of them"
    else:
        yield "several calls of a session at a time"


def refusals(server: Server) -> Iterator[str]:
    """Writes that are not sent to this kind of server, with the reason."""
    for hazard in Hazard:
        if reason := server.refusal(hazard):
            yield f"{hazard}: {reason}"


def zone(known: Zone, of_user: object, least: timedelta | None = None) -> str:
    """In which zone times are shown and told, and how that is known."""
    screen = f"{of_user or 'not told'} for this user's screen"
    if not known.sure:
        seen = "nobody modified a record just now, and no other answer tells it"
        if least is not None:
            seen = f"it is not UTC, but at least {least / timedelta(hours=1):g} hours ahead of it"
        return (
            f"{screen}; that of the API is not proved: {seen}. Name it: "
            "connect(server_timezone='Area/City')"
        )
    return f"{screen}; the API's is {known.written}, by {known.source}"


_ITEMS: Final = {
    "inside": "inside their record",
    "apart": "records of a module of their own",
    "unknown": "not known where",
}


class _Told:
    """Capabilities with where each is known from."""

    def __init__(self, server: Server, proved: Capabilities) -> None:
        self._server = server
        self._known = server.capabilities.known()
        self._proved = proved.known()

    def line(self, name: str, text: str) -> str:
        if name in self._proved or name not in self._known:
            return text
        if self._server.family is ServerFamily.CLOUD:
            return f"{text} (as its manuals say)"
        return f"{text} (as on every {self._server})"

    def three(self, name: str, yes: str, no: str) -> str:
        value = self._known.get(name)
        if value is None:
            return f"{name.replace('_', ' ')}: not known"
        return self.line(name, yes if value else no)

    def word(self, name: str, word: str) -> str:
        value = self._known.get(name)
        return f"{'not known: ' if value is None else '' if value else 'no '}{word}"

    def modules(self) -> list[str]:
        return sorted(name for name, thinned in self._known.get("thinned", {}).items() if thinned)


def _thinned(told: _Told) -> Iterator[str]:
    yield told.three(
        "thinned_pages",
        "pages lack rows that the user may not see",
        "pages are whole: what the user may not see is left out before they are cut",
    )
    if names := told.modules():
        yield told.line("thinned", f"pages of {', '.join(names)} may lack rows")
