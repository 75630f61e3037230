"""coreBOS has two parsers, and only the first one is right: what falls into the second is not sent.

The server decides by the text. It cuts out lists, counts and literals, and takes the second parser
where a dot, a bracket or ``is null`` is left. Literals are cut out from quote to quote, so that a
quote at the edge of a value turns everything behind it inside out; and a line break in a literal
becomes a blank before anything is compared. The second parser answers other rows, with success.

So values that confuse it are sent as patterns that match more, and rows are checked here. The
same is done with backslashes on berliCRM, where no form of them was found to match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

from ..calls.environment import Environment
from ..conditions.collation import like_literal, tokens
from ..conditions.tree import Node
from ..metadata.server import ServerFamily
from .branches import Branch, Branches, Comparison, InList, Part, Residual

_NOT_IN: Final = re.compile(r"\w+\s+not\s+in\s+\(", re.IGNORECASE)
_IN: Final = re.compile(r"\sin\s*\(.*?\)", re.IGNORECASE | re.DOTALL)
_COUNT: Final = re.compile(r"\scount\(.*?\)", re.IGNORECASE | re.DOTALL)
_LITERAL: Final = re.compile(r"'.+?'")
_LEFT: Final = re.compile(r"[.(]| is (not )?null", re.IGNORECASE)
_WORDS: Final = re.compile(r"\s(?:in\s*\(|count\()", re.IGNORECASE)
_HARMLESS: Final = re.compile(r"[^'()\r\n\v\f\x85\u2028\u2029]*+")
"""What holds nothing that any of this is about: nearly every value."""
_RISKY: Final = re.compile(r"['\r\n\v\f\x85\u2028\u2029]")
_END: Final = re.compile("_+%[_%]*")
_MISREADING: Final = frozenset({ServerFamily.COREBOS, ServerFamily.UNKNOWN})
_MOST_BRANCHES: Final = 12
"""A list of more values is left to the rows."""


def falls_into_it(text: str) -> bool:
    """Whether coreBOS would give this statement to its second parser."""
    if _NOT_IN.search(text):
        return True
    return bool(_LEFT.search(_LITERAL.sub("", _COUNT.sub(" ", _IN.sub(" ", text)))))


def may_misread(env: Environment) -> bool:
    """Whether some values are misread: by coreBOS, by berliCRM (backslashes), or perhaps, since a
    session that has not logged in yet may not know which server it is."""
    return env.server.family in _MISREADING or env.backslashes


def is_risky(value: str, env: Environment) -> bool:
    """Whether the server misreads the value: it does not arrive, or what follows it does not."""
    return "\\" in value if env.backslashes else _confuses(value)


def _confuses(value: str) -> bool:
    if _HARMLESS.fullmatch(value):
        return False
    if _WORDS.search(value):
        return True
    return _RISKY.search(value) is not None and not _is_cut_out(value)


def _is_cut_out(value: str) -> bool:
    """Whether the literal of a value is taken out whole, so that what follows is read aright."""
    if len(value.splitlines()) > 1 or "\n" in value or "\r" in value:
        return False
    literal = "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return _LITERAL.sub("", literal) == ""


def beginning(value: str, env: Environment) -> str | None:
    """What of a risky value can be sent, without blanks at its end; None where all of it can, or
    nothing."""
    if not may_misread(env) or not is_risky(value, env):
        return None
    if env.backslashes:
        return value.partition("\\")[0].rstrip() or None
    return _RISKY.split(_WORDS.split(value)[0])[0].rstrip() or None


def tamed(branches: Branches, node: Node, env: Environment) -> Branches:
    """The branches with nothing risky in them; `node` is what they say, for local evaluation."""
    if not may_misread(env) or not any(
        _is_wild(part, env) for branch in branches for part in branch
    ):
        return branches
    return tuple(each for branch in branches for each in _tamed(branch, node, env))


def _is_wild(part: Part, env: Environment) -> bool:
    if isinstance(part, Comparison):
        return is_risky(part.value, env)
    return isinstance(part, InList) and any(
        (")" in each and not env.backslashes) or is_risky(each, env) for each in part.values
    )


def _tamed(branch: Branch, node: Node, env: Environment) -> Iterator[Branch]:
    choices = [list(_choices(part, env)) for part in branch]
    wider = any(_is_wider(part, env) for part in branch)
    number = 1
    for each in choices:
        number *= len(each)
    if number > _MOST_BRANCHES:
        choices = [each if len(each) == 1 else [None] for each in choices]
        wider = True
    local: Branch = (Residual(node),) if wider else ()
    for parts in product(*choices):
        said: Branch = tuple(part for part in parts if part is not None)
        yield (*said, *(part for part in local if part not in said))


def _is_wider(part: Part, env: Environment) -> bool:
    if isinstance(part, Comparison):
        return is_risky(part.value, env)
    return isinstance(part, InList) and any(is_risky(each, env) for each in part.values)


def _choices(part: Part, env: Environment) -> Iterator[Part | None]:
    """Parts of which one holds wherever this part does; None for what cannot be said at all."""
    if isinstance(part, InList) and _is_wild(part, env):
        for value in part.values:
            yield from _choices(Comparison(part.wire, "=", value), env)
    elif isinstance(part, Comparison) and is_risky(part.value, env):
        yield _wider(part, env)
    else:
        yield part


def _wider(part: Comparison, env: Environment) -> Comparison | None:
    """A pattern that matches at least what equals the value, or what its pattern matches."""
    if part.operator == "=":
        pattern = like_literal(part.value.rstrip(" ")) + "%"
    elif part.operator == "like":
        pattern = part.value
    else:
        return None
    pattern = "".join(_one(wildcard, character) for wildcard, character in tokens(pattern))
    pattern = _END.sub("%", pattern)
    return None if is_risky(pattern, env) else Comparison(part.wire, "like", pattern)


def _one(wildcard: bool, character: str) -> str:
    """What matches one character, and cannot confuse anything."""
    if wildcard or (character.isascii() and (character.isalnum() or character in " @-")):
        return character
    return "%" if ord(character) > 0xFFFF else "_"
