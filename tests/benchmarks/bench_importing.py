"""Importing the generated package, and one model of it, in a new interpreter.

Counted from where pydantic is imported and has made a model, which every pydantic program pays;
in processor time.
"""

from __future__ import annotations

import statistics
from typing import Final

from tests.benchmarks.harness import Line, Lines, interpreter, show, shown

GOAL: Final = 15e-3
ROUNDS: Final = 11

BEGIN: Final = "\nimport time; begin = time.process_time()\n"
END: Final = "\nprint(time.process_time() - begin)"

PYDANTIC: Final = """
import pydantic
class Model(pydantic.BaseModel):
    number: int = 0
"""
PACKAGE: Final = "import generated.demo"
FIRST: Final = "from generated.demo import Contacts"
NEXT: Final = "from generated.demo import Leads"
QUERYSET: Final = "Contacts.objects"
ALL: Final = """
for name in generated.demo.package.modules:
    getattr(generated.demo, name)
"""

PROGRAMS: Final = {
    "pydantic": ("", PYDANTIC),
    "the package": (PYDANTIC, PACKAGE),
    "its first model": (PYDANTIC + PACKAGE, FIRST),
    "one more model": (PYDANTIC + FIRST, NEXT),
    "the first queryset": (PYDANTIC + FIRST, QUERYSET),
    "all 36 models": (PYDANTIC + PACKAGE, ALL),
}
"""What was imported before, and what is measured."""
WITH_GOAL: Final = ("the package", "its first model", "one more model")


def measure() -> Lines:
    taken: dict[str, list[float]] = {what: [] for what in PROGRAMS}
    for number in range(ROUNDS + 1):
        for what, (before, code) in PROGRAMS.items():
            seconds = interpreter(before + BEGIN + code + END)
            if number:  # the first time byte code is written
                taken[what].append(seconds)
    rival = f"pydantic {shown(statistics.median(taken.pop('pydantic')))}"
    for what, each in taken.items():
        seconds = statistics.median(each)
        has_goal = what in WITH_GOAL
        yield Line(
            what=what,
            ours=shown(seconds),
            rival=rival,
            goal=f"within {shown(GOAL)}" if has_goal else "",
            met=seconds <= GOAL if has_goal else None,
        )


if __name__ == "__main__":
    show(measure())
