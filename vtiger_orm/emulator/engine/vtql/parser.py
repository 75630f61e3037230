"""Text -> `Statement`, with the real server's syntax errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from lark import Lark, Token, Transformer, UnexpectedToken

from ..errors import Crash, CrmError, internal_error, syntax_error
from .lexer import Scanner, ScannerLexer, UnreadableCharacter
from .statement import Condition, Statement

_OPERATORS: Final = {"EQ": "=", "NE": "!=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}

# The order in which the real parser numbers its tokens, and so lists them in a message.
_EXPECTABLE: Final = (
    *("SELECT", "FRM", "COLUMNNAME", "ASTERISK", "COUNT", "PARENOPEN", "PARENCLOSE", "COMMA"),
    *("TABLENAME", "WHERE", "LOGICAL_AND", "LOGICAL_OR", "VALUE", "EQ", "LT", "GT", "LTE", "GTE"),
    *("NE", "IN", "LIKE", "ORDERBY", "ASC", "DESC", "LIMIT", "SEMICOLON"),
)

_LITERAL: Final = re.compile(r"'((?:[^']|'')+)'")
_HOLE: Final = re.compile(r"'~([0-9]+)'")
_LONGEST_LITERAL: Final = 8189


def parse(text: str) -> Statement:
    """The statement of a query text.

    Raises `CrmError` (QUERY_SYNTAX_ERROR, INTERNAL_SERVER_ERROR), and `Crash` for a text that
    sends the real server into an endless loop: one that begins with an unreadable character.
    """
    literals: list[str] = []

    def cut_out(match: re.Match[str]) -> str:
        literals.append(match[0])
        return f"'~{len(literals) - 1}'"

    shape = _LITERAL.sub(cut_out, text)
    if any(len(each.encode("utf-8", "replace")) > _LONGEST_LITERAL + 2 for each in literals):
        return _parse(text)
    try:
        statement = _parse_shape(shape)
    except (CrmError, Crash):
        return _parse(text)  # for a message that quotes the text itself
    return _fill(statement, literals) if literals else statement


@lru_cache(maxsize=2048)
def _parse_shape(shape: str) -> Statement:
    """Queries of a program differ in their literals only: the grammar sees each shape once."""
    return _parse(shape)


def _parse(text: str) -> Statement:
    scanner = Scanner(text)
    try:
        return _grammar().parse(scanner)  # type: ignore[return-value]  # the transformer's
    except UnreadableCharacter as error:
        if error.first:
            raise Crash("the query begins with a character that is no token") from None
        raise internal_error() from None
    except UnexpectedToken as error:
        raise _unexpected(scanner, error) from None


def _fill(statement: Statement, literals: list[str]) -> Statement:
    def text(value: str) -> str:
        match = _HOLE.fullmatch(value)
        return literals[int(match[1])] if match else value

    def texts(values: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(text, values))

    return replace(
        statement,
        columns=texts(statement.columns),
        conditions=tuple(
            Condition(text(each.field), each.operator, texts(each.values))
            for each in statement.conditions
        ),
        order=texts(statement.order),
        limit=texts(statement.limit),
    )


def _unexpected(scanner: Scanner, error: UnexpectedToken) -> CrmError:
    """The real parser reduces without looking ahead wherever it can, so that it names only what
    the last state waits for: after a complete clause that is the semicolon alone."""
    token: Token = error.token
    expected = set(error.expected)
    if token.type == "$END":
        seen = "End of Input(0)"
    elif token.type == "UNKNOWN":
        seen = f"Unknown({token})"
    else:
        seen = f"{token.type}({token})"
    if "SEMICOLON" in expected:
        names = ["SEMICOLON"]
    elif "ASTERISK" in expected and "COLUMNNAME" in expected:
        names = ["COLUMNNAME"]
    elif {"PARENOPEN", "VALUE"} <= expected:
        names = ["VALUE"]
    else:
        names = [each for each in _EXPECTABLE if each in expected]
    return syntax_error(
        f"Syntax Error on line {scanner.line}: token '{scanner.value}' "
        f"Unexpected {seen}, expected one of: {','.join(names)}"
    )


@cache
def _grammar() -> Lark:
    return Lark(
        files("vtiger_orm.emulator.engine.vtql")
        .joinpath("grammar.lark")
        .read_text(encoding="utf-8"),
        parser="lalr",
        lexer=ScannerLexer,
        transformer=_Builder(),
        maybe_placeholders=True,
    )


class _Builder(Transformer[Token, Any]):
    """Called by the parser for each rule it completes: no tree is built in between."""

    def start(self, parts: list[Any]) -> Statement:
        _select, columns, _from, table, where, order, limit, _end = parts
        return Statement(
            module=str(table), **columns, **(where or {}), **(order or {}), limit=limit or ()
        )

    def everything(self, parts: list[Token]) -> dict[str, Any]:
        return {"everything": True}

    def counted(self, parts: list[Token]) -> dict[str, Any]:
        return {"counted": True}

    def first_column(self, parts: list[Token]) -> dict[str, Any]:
        return {"columns": (str(parts[0]),)}

    def next_column(self, parts: list[Any]) -> dict[str, Any]:
        columns, _comma, name = parts
        return {**columns, "columns": (*columns.get("columns", ()), str(name))}

    def where(self, parts: list[Any]) -> dict[str, Any]:
        return {"conditions": tuple(parts[1::2]), "glue": tuple(parts[2::2])}

    def condition(self, parts: list[Any]) -> Condition:
        values = next(part for part in parts if isinstance(part, tuple))
        return Condition(str(parts[0]), parts[1], values)

    def values(self, parts: list[Token]) -> tuple[str, ...]:
        return tuple(str(part) for part in parts if part.type == "VALUE")

    def glue(self, parts: list[Token]) -> str:
        return parts[0].type.removeprefix("LOGICAL_")

    def operator(self, parts: list[Token]) -> str:
        return _OPERATORS.get(parts[0].type, parts[0].type)

    def order(self, parts: list[Any]) -> dict[str, Any]:
        names = tuple(
            str(part) for part in parts if isinstance(part, Token) and part.type == "COLUMNNAME"
        )
        return {"order": names, "descending": "DESC" in parts}

    def direction(self, parts: list[Token]) -> str:
        return parts[0].type

    def limit(self, parts: list[Any]) -> tuple[str, ...]:
        return tuple(
            str(part) for part in parts if isinstance(part, Token) and part.type == "VALUE"
        )
