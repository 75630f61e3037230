"""The fault matrix, by hand.

::

    python -m tests.faults                          # everything, 160,000 cases: an hour or two
    python -m tests.faults --part 3/16              # the third of sixteen parts, each mixed
    python -m tests.faults --dialect cloud --driver sync --operation create --fault 502
    python -m tests.faults --sample 2000            # so many cases, chosen by --seed
    python -m tests.faults --sockets --sample 2000  # the same over connections
    python -m tests.faults --cancel                 # every operation, cancelled at each wait
    python -m tests.faults --soak 120               # 8 threads and 50 tasks on one session

The table and every case that went wrong are written to build/faults. Exit code 1 when one did.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .cancelling import everywhere
from .matrix import Matrix, cases, table
from .soak import soak
from .world import DIALECTS, DRIVERS


def _part(text: str) -> tuple[int, int]:
    part, parts = map(int, text.split("/"))
    if not 1 <= part <= parts:
        raise ValueError(text)
    return part, parts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--dialect", choices=DIALECTS)
    parser.add_argument("--driver", choices=DRIVERS)
    parser.add_argument("--operation", default="", help="part of its name")
    parser.add_argument("--fault", default="", help="part of its name")
    parser.add_argument("--sample", type=int, help="number of cases")
    parser.add_argument("--part", type=_part, default=(1, 1), metavar="N/M")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sockets", action="store_true", help="by real connections; slower")
    parser.add_argument("--cancel", action="store_true")
    parser.add_argument("--soak", type=float, metavar="SECONDS")
    parser.add_argument("--output", type=Path, default=Path("build/faults"))
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    if given.soak:
        return soak(given.soak, given.seed)
    if given.cancel:
        return cancel([given.dialect] if given.dialect else DIALECTS)
    chosen = [
        (dialect, driver, case)
        for dialect in DIALECTS
        for driver in DRIVERS
        for case in cases()
        if given.dialect in (None, dialect)
        and given.driver in (None, driver)
        and given.operation in case.operation.name
        and given.fault in case.fault.name
    ]
    if given.sample is not None or given.part[1] > 1:
        random.Random(given.seed).shuffle(chosen)
    part, parts = given.part
    chosen = chosen[part - 1 :: parts][: given.sample]
    matrix, began = Matrix(sockets=given.sockets), time.monotonic()
    findings = []
    for number, (dialect, driver, case) in enumerate(chosen, 1):
        if (found := matrix.judge(dialect, driver, case)) is not None:
            findings.append(found)
            if not found.verdict.good:
                print(found, flush=True)
        if number % 1000 == 0:
            print(f"{number} of {len(chosen)}", file=sys.stderr, flush=True)
    matrix.close()
    wrong = [each for each in findings if not each.verdict.good]
    verdicts = Counter(str(each.verdict) for each in findings)
    told = ", ".join(f"{number} {name}" for name, number in verdicts.most_common())
    summary = f"{len(findings)} cases in {time.monotonic() - began:.0f} s: {told}."
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "table.md").write_text(f"{summary}\n\n{table(findings)}")
    (given.output / "wrong.txt").write_text("".join(f"{each}\n" for each in wrong))
    print(summary)
    return 1 if wrong else 0


def cancel(dialects: Iterable[str]) -> int:
    matrix, number, wrong = Matrix(), 0, 0
    for dialect in dialects:
        for operation, at, seen in everywhere(matrix, dialect):
            number += 1
            if seen.wrong:
                wrong += 1
                print(f"{dialect}: {operation}, cancelled at wait {at}: {seen.wrong}", flush=True)
    matrix.close()
    print(f"{number} cancellations: {wrong} wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
