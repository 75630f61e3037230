"""Text of a query -> tokens, with the peculiarities of the real lexer.

It knows no grammar but keeps a state: which clause it is in, and whether a condition's field
has already been read. That is why ``limit`` may be a field name before FROM, why anything at
all before FROM is a "column", and why an IN list without brackets swallows what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final

from lark import Token
from lark.lexer import Lexer

# Bytes, as on the server: a name is ASCII, a literal of more than 8189 bytes is unreadable.
_LEXEME: Final = re.compile(
    rb"(?P<token>\w+|'(?:[^']|'')+'|\(|\)|[+-]?\d+|,|\*|<=|>=|!=|=|<|>|;)|(?P<blank>[ \t\r\n]+)"
)
_LONGEST_LITERAL: Final = 8189
_COMPARISONS: Final = {"=": "EQ", "<": "LT", "<=": "LTE", ">": "GT", ">=": "GTE", "!=": "NE"}
_BRACKETS: Final = {"(": "PARENOPEN", ")": "PARENCLOSE"}


class UnreadableCharacter(Exception):
    """No token begins here. `first` says that nothing at all was read before it."""

    def __init__(self, first: bool) -> None:
        super().__init__("a character that begins no token")
        self.first = first


class _Clause(Enum):
    START = 0
    COLUMNS = 1
    FROM = 2
    TABLE = 3
    WHERE = 4
    ORDER = 5
    LIMIT = 6


_SWITCH: Final = {"where": _Clause.WHERE, "orderby": _Clause.ORDER, "limit": _Clause.LIMIT}


class Scanner:
    """The state of reading one text. `value` and `line` are what error messages quote."""

    def __init__(self, text: str) -> None:
        self._data = text.encode("utf-8", "surrogatepass")
        self._clause = _Clause.START
        self._counting = False
        self._field_read = False
        self._in_list = False
        self._order_seen = False
        self.value: str = ""
        self.line: int = 1

    def tokens(self) -> Iterator[Token]:
        """The tokens in order. Raises `UnreadableCharacter`."""
        position, first = 0, True
        while position < len(self._data):
            match = _LEXEME.match(self._data, position)
            if match is None or len(match[0]) > _LONGEST_LITERAL + 2:
                raise UnreadableCharacter(first)
            position = match.end()
            self.value = match[0].decode("utf-8", "replace")
            # The real server counts lines only where a blank is exactly one line break.
            self.line += self.value == "\n"
            if match.lastgroup == "blank":
                continue
            kind = self._kind(self.value)
            if kind is None:
                continue
            first = False
            yield Token(kind, self.value)

    def _kind(self, text: str) -> str | None:
        word = text.lower()
        if self._clause is _Clause.START:
            if word != "select":
                return "UNKNOWN"
            self._clause = _Clause.COLUMNS
            return "SELECT"
        if self._clause is _Clause.COLUMNS:
            return self._in_columns(text, word)
        if self._clause is _Clause.FROM:
            if word != "from":
                return "UNKNOWN"
            self._clause = _Clause.TABLE
            return "FRM"
        if self._clause is _Clause.TABLE:
            self._clause = _Clause.WHERE
            return "UNKNOWN" if word == "where" else "TABLENAME"
        return self._in_clauses(text, word)

    def _in_columns(self, text: str, word: str) -> str:
        if word == "from":
            self._clause = _Clause.TABLE
            return "FRM"
        if text == "*":
            if not self._counting:
                self._clause = _Clause.FROM
            return "ASTERISK"
        if word == "count":
            self._counting = True
            return "COUNT"
        return "COMMA" if text == "," else _BRACKETS.get(text, "COLUMNNAME")

    def _in_clauses(self, text: str, word: str) -> str | None:
        if text == ";":
            return "SEMICOLON"
        if word == "order":
            self._order_seen = True
            return None
        if word == "by" and self._order_seen:
            self._clause, self._order_seen = _Clause.ORDER, False
        self._clause = _SWITCH.get(word, self._clause)
        if self._clause is _Clause.WHERE:
            return self._in_where(text, word)
        if self._clause is _Clause.ORDER:
            return self._in_order(text, word)
        if word == "limit":
            return "LIMIT"
        return "COMMA" if text == "," else _BRACKETS.get(text, "VALUE")

    def _in_where(self, text: str, word: str) -> str:
        if word == "where":
            return "WHERE"
        if text in _COMPARISONS:
            return _COMPARISONS[text]
        if text == ")" and self._in_list:
            self._in_list = self._field_read = False
        if text in _BRACKETS:
            return _BRACKETS[text]
        if word in ("and", "or"):
            return f"LOGICAL_{word.upper()}"
        if not self._field_read:
            self._field_read = True
            return "COLUMNNAME"
        if word == "in":
            self._in_list = True
            return "IN"
        if text == ",":
            return "COMMA"
        if word == "like":
            return "LIKE"
        self._field_read = self._in_list
        return "VALUE"

    def _in_order(self, text: str, word: str) -> str:
        if not self._order_seen:
            self._order_seen = True
            return "ORDERBY"
        if text == ",":
            return "COMMA"
        return word.upper() if word in ("asc", "desc") else "COLUMNNAME"


class ScannerLexer(Lexer):
    """Hands a `Scanner` to lark."""

    def __init__(self, lexer_conf: object) -> None:
        del lexer_conf

    def lex(self, data: Scanner) -> Iterator[Token]:  # type: ignore[override]  # lark's takes a state, too
        return data.tokens()
