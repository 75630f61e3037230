"""Text of a CRM on a terminal: shown, never obeyed.

Names, labels, values and error messages may hold control characters, which can move the cursor,
rename the window or hide what was printed before.
"""

from __future__ import annotations

import sys
from typing import Any

import click


def escaped(text: str) -> str:
    r"""The text on one line, without control characters: ``\x1b``, ``\n``.

    Invisible characters that turn the direction of text, and halves of characters, as well.
    """
    return "".join(char if char.isprintable() else _code(char) for char in text)


def escaped_lines(text: str) -> str:
    """The text with its line breaks, but no other control character."""
    return "\n".join(map(escaped, text.split("\n")))


def say(text: object, *, err: bool = False, **style: Any) -> None:
    """Print a message of ours that may quote the CRM; `style` as of `click.style`."""
    click.secho(escaped_lines(str(text)), err=err, **style)


def ask(question: str) -> bool:
    """Ask a yes-or-no question that may quote the CRM; no is the default."""
    return click.confirm(escaped_lines(question), default=False, err=True)


def at_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty()


def counted(number: int, noun: str) -> str:
    """``1 module``, ``2 modules``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _code(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
