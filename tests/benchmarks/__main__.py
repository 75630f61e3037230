"""What vtiger-orm costs, against the goals it was given and against its rivals.

::

    python -m tests.benchmarks                      # everything, some minutes
    python -m tests.benchmarks hydration reading    # some questions
    python -m tests.benchmarks.bench_hydration      # one question is a program, too
    python -m tests.benchmarks --report DIR         # three runs, as a page; compared with the last

Run by hand from the checkout with the extra "dev", on a machine that does nothing else. Ends
with 1 when a goal is missed.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.harness import Line, Lines, machine, missed, show

QUESTIONS = sorted(
    each.stem.removeprefix("bench_") for each in Path(__file__).parent.glob("bench_*")
)

_RED, _PLAIN = ("\033[31m", "\033[0m") if sys.stdout.isatty() else ("", "")


def main(arguments: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.benchmarks", description=str(__doc__))
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--report", type=Path, metavar="DIR", help="page and figures go there")
    parser.add_argument("--runs", type=int, help="how often all is measured (3 for a report)")
    options = parser.parse_args(arguments)
    names: list[str] = options.questions or QUESTIONS
    if unknown := [name for name in names if name not in QUESTIONS]:
        parser.error(f"no question {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")
    before = report.read(options.report) if options.report is not None else {}
    print(machine())
    runs = options.runs or (3 if options.report is not None else 1)
    found = [{name: asked(name) for name in names} for _ in range(max(1, runs))]
    if options.report is not None:
        now = report.figures(found)
        report.write(options.report, now, before, machine())
        for figure, then in report.worse(now, before):
            print(f"{_RED}worse than before: {figure.key}: {figure.told}, was {then.told}{_PLAIN}")
    failed = sum(1 for lines in found[-1].values() for _ in missed(lines))
    print(f"\n{failed} goal(s) missed" if failed else "\nEvery goal is met")
    return int(failed > 0)


def asked(name: str) -> list[Line]:
    """One question, its table printed."""
    module = import_module(f"tests.benchmarks.bench_{name}")
    title = str(module.__doc__).splitlines()[0]
    measure: Callable[[], Lines] = module.measure
    print(f"\n{name}: {title}\n")
    return show(measure())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
