"""What vtiger-orm costs, against the goals it was given and against its rivals.

::

    python -m tests.benchmarks                      # everything, some minutes
    python -m tests.benchmarks hydration reading    # some questions
    python -m tests.benchmarks.bench_hydration      # one question is a program, too

Run by hand from the checkout with the extra "dev", on a machine that does nothing else. Ends
with 1 when a goal is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from tests.benchmarks.harness import Lines, machine, missed, show

QUESTIONS = sorted(
    each.stem.removeprefix("bench_") for each in Path(__file__).parent.glob("bench_*")
)


def main(names: Sequence[str]) -> int:
    unknown = [name for name in names if name not in QUESTIONS]
    if unknown:
        print(f"No benchmark {', '.join(unknown)}. There are: {', '.join(QUESTIONS)}.")
        return 2
    print(machine())
    failed = 0
    for name in names or QUESTIONS:
        module = import_module(f"tests.benchmarks.bench_{name}")
        title = str(module.__doc__).splitlines()[0]
        measure: Callable[[], Lines] = module.measure
        print(f"\n{name}: {title}\n")
        failed += len(list(missed(show(measure()))))
    print(f"\n{failed} goal(s) missed" if failed else "\nEvery goal is met")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
