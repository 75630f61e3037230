"""Timing, memory and the table: what every benchmark here has in common."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")

ROOT: Final = Path(__file__).parents[2]

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table. `met` is None where there is no goal, only something to know."""

    what: str
    ours: str
    rival: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None
    remark: str = ""

    @property
    def verdict(self) -> str:
        said = {True: "meets the goal", False: "MISSES THE GOAL", None: "for comparison"}[self.met]
        return f"{said}; {self.remark}" if self.remark else said


Lines = Iterator[Line]


def slower(ours: float, rival: float) -> str:
    return f"{ours / rival:.2f}x the time"


def faster(ours: float, rival: float) -> str:
    return f"{rival / ours:.2f}x as fast"


# Time


Clock = Callable[[], float]


def medians(*works: Work, rounds: int, clock: Clock = time.perf_counter) -> list[float]:
    """Median seconds of each, measured in turn so that a busy machine slows all of them alike."""
    taken: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    gc.collect()
    for _ in range(rounds):
        for work, seconds in zip(works, taken):
            seconds.append(timed(work, clock))
    return [statistics.median(seconds) for seconds in taken]


def computing(*works: Work, rounds: int) -> list[float]:
    """`medians` of processor time: of work that waits for nothing, whatever else goes on here."""
    return medians(*works, rounds=rounds, clock=time.process_time)


def timed(work: Work, clock: Clock = time.perf_counter) -> float:
    begin = clock()
    work()
    return clock() - begin


def shown(seconds: float) -> str:
    """Seconds in the unit that reads best."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.1f} ms"
    return f"{seconds * 1e6:.1f} us"


# Processes


@dataclass(frozen=True, slots=True)
class Finished:
    """What a process took, start-up included, and what it said."""

    seconds: float
    """Of the wall clock."""
    processor: float
    """Seconds of processor time, which the machine's other jobs do not lengthen."""
    megabytes: int
    output: str


_MEASURED: Final = """
import resource, subprocess, sys, time
begin = time.perf_counter()
code = subprocess.run(sys.argv[1:]).returncode
taken = time.perf_counter() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, taken, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, file=sys.stderr)
"""


def command(*words: object) -> Finished:
    """Run a command from the checkout; its wall time and the peak memory of it and its children.

    Byte code is kept, as it is wherever a package is installed. Raises `RuntimeError` with what
    the command said when it fails.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURED, *map(str, words)],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    code, seconds, processor, megabytes = done.stderr.split()[-4:]
    if code != "0":
        raise RuntimeError(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return Finished(float(seconds), float(processor), int(megabytes), done.stdout)


def _environment() -> dict[str, str]:
    found = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "codegen")))}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found


def interpreter(code: str) -> float:
    """The number that this code prints in an interpreter of its own."""
    return float(command(sys.executable, "-c", code).output)


def elsewhere(work: Callable[..., T], *args: Any) -> T:
    """The result of a function in a process of its own: memory is told apart from ours."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def peak_megabytes() -> float:
    """The most memory that this process has had so far. Linux only: elsewhere the figure of
    `getrusage` would begin with what the parent had."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def machine() -> str:
    """What the figures depend on besides the code: the Python, and what else goes on."""
    said = f"Python {platform.python_version()}"
    if not hasattr(os, "getloadavg"):
        return said
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    warning = "; do not trust the figures" if load > cores / 2 else ""
    return f"{said}; load {load:.1f} on {cores} cores{warning}"


# The table

_HEADINGS: Final = ("what", "ours", "rival", "ratio", "goal", "verdict")


def show(lines: Iterable[Line]) -> list[Line]:
    """Print the lines as a table, and return them."""
    found = list(lines)
    rows: list[Sequence[str]] = [_HEADINGS, *map(_cells, found)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for number, row in enumerate(rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if not number:
            print("  ".join("-" * width for width in widths))
    return found


def _cells(line: Line) -> Sequence[str]:
    return (line.what, line.ours, line.rival, line.ratio, line.goal, line.verdict)


def missed(lines: Iterable[Line]) -> Iterator[Line]:
    return (line for line in lines if line.met is False)
