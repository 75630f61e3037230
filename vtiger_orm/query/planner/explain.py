"""What a plan is going to do, in words."""

from __future__ import annotations

from dataclasses import dataclass

from ..environment import Environment
from ..selection import Selection


@dataclass(frozen=True)
class Explanation:
    """How a selection is going to be read."""

    statements: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.statements)


def explain(selection: Selection, env: Environment) -> Explanation:
    """How the rows of the selection would be read; sends nothing."""
    return Explanation((str(selection),))
