"""Importing the generated package, and one model of it, in a new interpreter.

Counted from where pydantic is imported and has made a model, which every pydantic program pays;
in processor time. The rival of a model is one of pydantic's own with as many plain fields.
"""

from __future__ import annotations

import statistics
from typing import Final

from tests.benchmarks.harness import Line, Lines, interpreter, show, shown

ROUNDS: Final = 11

BEGIN: Final = "\nimport time; begin = time.process_time()\n"
END: Final = "\nprint(time.process_time() - begin)"

PYDANTIC: Final = """
import pydantic
class Model(pydantic.BaseModel):
    number: int = 0
"""
PACKAGE: Final = "import generated.demo"
FIELDS: Final = 70
PLAIN: Final = "class Plain(pydantic.BaseModel):" + "".join(
    f"\n    field{number}: str | None = pydantic.Field(None, title='{number}')"
    for number in range(FIELDS)
)
FIRST: Final = "from generated.demo import Contacts"
NEXT: Final = "from generated.demo import Leads"
QUERYSET: Final = "Contacts.objects"
ALL: Final = """
for name in generated.demo.package.modules:
    getattr(generated.demo, name)
"""

PROGRAMS: Final = {
    "pydantic": ("", PYDANTIC),
    "a plain model": (PYDANTIC, PLAIN),
    "the package": (PYDANTIC, PACKAGE),
    "its first model": (PYDANTIC + PACKAGE, FIRST),
    "one more model": (PYDANTIC + FIRST, NEXT),
    "the first queryset": (PYDANTIC + FIRST, QUERYSET),
    "all 36 models": (PYDANTIC + PACKAGE, ALL),
}
"""What was imported before, and what is measured."""
GOALS: Final = {"the package": 5e-3, "its first model": 10e-3, "one more model": 15e-3}


def measure() -> Lines:
    taken: dict[str, list[float]] = {what: [] for what in PROGRAMS}
    for number in range(ROUNDS + 1):
        for what, (before, code) in PROGRAMS.items():
            seconds = interpreter(before + BEGIN + code + END)
            if number:  # the first time byte code is written
                taken[what].append(seconds)
    itself = shown(statistics.median(taken.pop("pydantic")))
    plain = shown(statistics.median(taken.pop("a plain model")))
    for what, each in taken.items():
        seconds = statistics.median(each)
        goal = GOALS.get(what)
        yield Line(
            what=what,
            ours=shown(seconds),
            rival=f"plain pydantic {plain}" if what.endswith("model") else f"pydantic {itself}",
            goal=f"within {shown(goal)}" if goal is not None else "",
            met=seconds <= goal if goal is not None else None,
        )


if __name__ == "__main__":
    show(measure())
