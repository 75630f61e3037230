"""The figures of several runs as one HTML page and one JSON file, which the next run compares with.

A figure is what a line of the tables says, read back as a number; its spread is that of the runs.
Worse than before means that the best of now is worse than the worst of then.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final, Literal

from jinja2 import Environment

from tests.benchmarks.harness import Line

FIGURES: Final = "figures.json"
PAGE: Final = "index.html"
NOISE: Final = 1.05
"""Figures that differ by less are alike, whatever their spread."""

_VERSIONS: Final = ("pydantic", "httpx", "pyarrow", "polars", "mypy", "black")
_NUMBER: Final = re.compile(
    r"([+-]?\d+(?:[.,]\d+)?) ?(us|ms|s|MB|B|x fewer|x the time|x as fast|x|calls|%)?"
)
_SECONDS: Final[Mapping[str, float]] = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_MORE_IS_BETTER: Final = ("x as fast", "x fewer", "a second")

Better = Literal["less", "more"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the tables in every run."""

    question: str
    what: str
    values: list[float]
    """Seconds, or what `unit` says."""
    unit: str
    better: Better
    shown: str
    """As the last run said it."""
    rival: str = ""
    ratios: list[float] = field(default_factory=list)
    """Against the rival named in the same run."""
    ratio_unit: str = ""
    goal: str = ""
    met: bool | None = None

    @property
    def key(self) -> str:
        return f"{self.question}/{self.what}"

    @property
    def compared(self) -> list[float]:
        """What runs on different days can be compared by: the ratio to a rival of the same run
        where there is one, as machines differ and rivals suffer alike."""
        return self.ratios or self.values

    @property
    def told(self) -> str:
        """The figure, and the ratio where that is what is compared."""
        if not self.ratios:
            return self.shown
        return f"{self.shown}, {self.ratios[-1]:g} {self.ratio_unit}"

    @property
    def compared_better(self) -> Better:
        return _better(self.ratio_unit) if self.ratios else self.better

    def is_worse_than(self, before: Figure) -> bool:
        """Whether every run of now is worse than every run of then, by more than noise."""
        now, then = self.compared, before.compared
        if not now or not then or bool(self.ratios) is not bool(before.ratios):
            return False
        if self.compared_better == "less":
            return min(now) > max(then) * NOISE
        return max(now) * NOISE < min(then)


def number(text: str) -> tuple[float, str] | None:
    """The first number of a cell and its unit; seconds whatever part of them it says."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    value, unit = float(found[1].replace(",", ".")), found[2] or ""
    if unit in _SECONDS:
        return value * _SECONDS[unit], "s"
    return value, "a second" if "a second" in text else unit


def _better(unit: str) -> Better:
    return "more" if unit in _MORE_IS_BETTER else "less"


def figures(runs: Iterable[Mapping[str, Sequence[Line]]]) -> list[Figure]:
    """The lines of all runs, those of one question and name together."""
    found: dict[str, Figure] = {}
    for run in runs:
        for question, lines in run.items():
            for line in named(lines):
                read = number(line.ours)
                if read is None:
                    continue
                value, unit = read
                ratio = number(line.ratio)
                new = Figure(question, line.what, [], unit, _better(unit), line.ours)
                old = found.get(new.key, new)
                found[new.key] = Figure(
                    question,
                    line.what,
                    [*old.values, value],
                    unit,
                    _better(unit),
                    line.ours,
                    line.rival,
                    [*old.ratios, ratio[0]] if ratio else old.ratios,
                    ratio[1] if ratio else old.ratio_unit,
                    line.goal,
                    line.met if old.met is not False else False,
                )
    return list(found.values())


def named(lines: Iterable[Line]) -> Iterator[Line]:
    """A line without a name is about the one before it, and another rival."""
    name = ""
    for line in lines:
        name = line.what or name
        yield line if line.what else replace(line, what=f"{name}: {_rival(line.rival)}")


def _rival(cell: str) -> str:
    """Who it is, without the figure."""
    return re.split(r" \d", cell, maxsplit=1)[0]


def read(folder: Path) -> dict[str, Figure]:
    """The figures that a run before left there, by their keys; none where there are none.

    Raises `ValueError` for a file that is no report of ours.
    """
    file = folder / FIGURES
    if not file.exists():
        return {}
    try:
        told = json.loads(file.read_text("utf-8"))
        before = [Figure(**each) for each in told["figures"]]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} holds no figures of a run before: {error}") from error
    return {each.key: each for each in before}


def worse(now: Iterable[Figure], before: Mapping[str, Figure]) -> Iterator[tuple[Figure, Figure]]:
    """Figures that are worse than they were, with what they were."""
    for figure in now:
        then = before.get(figure.key)
        if then is not None and figure.is_worse_than(then):
            yield figure, then


def write(folder: Path, now: Sequence[Figure], before: Mapping[str, Figure], told: str) -> None:
    """Page and figures into the folder, each complete or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {**before, **{each.key: each for each in now}}
    stored = {"machine": told, "figures": [asdict(each) for each in known.values()]}
    _put(folder / PAGE, page(now, before, told))
    _put(folder / FIGURES, json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


def page(now: Sequence[Figure], before: Mapping[str, Figure], told: str) -> str:
    """The report as HTML that needs nothing else."""
    slower = {each.key for each, _ in worse(now, before)}
    questions: dict[str, list[_Bar]] = {}
    for figure in now:
        bar = _Bar.of(figure, before.get(figure.key), figure.key in slower)
        questions.setdefault(figure.question, []).append(bar)
    source = Path(__file__).with_name("report.html.jinja").read_text("utf-8")
    template = Environment(autoescape=True).from_string(source)
    return template.render(questions=questions, machine=told, versions=versions())


def versions() -> dict[str, str]:
    """What the figures were measured with."""
    found = {"Python": platform.python_version(), "machine": platform.machine()}
    return {**found, "processors": str(os.cpu_count()), **{n: version(n) for n in _VERSIONS}}


@dataclass(frozen=True, slots=True)
class _Bar:
    """A figure as it is drawn: places are parts of the width, from 0 to 100."""

    figure: Figure
    middle: float
    low: float
    high: float
    before: float | None
    worse: bool

    @classmethod
    def of(cls, figure: Figure, before: Figure | None, worse: bool) -> _Bar:
        values = figure.compared
        then = median(before.compared) if before is not None and before.compared else None
        most = max(*values, then or 0.0, 1e-12) if len(values) > 1 else max(values[0], then or 0.0)
        scale = 95 / most if most > 0 else 0.0
        return cls(
            figure,
            median(values) * scale,
            min(values) * scale,
            max(values) * scale,
            None if then is None else then * scale,
            worse,
        )

    @property
    def label(self) -> str:
        values, unit = self.figure.compared, self.figure.ratio_unit or self.figure.unit
        return f"{median(values):.3g} {unit} ({min(values):.3g} to {max(values):.3g})"


def _put(file: Path, text: str) -> None:
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    staged.write_text(text, "utf-8")
    staged.replace(file)
