"""What the report of the benchmarks makes of their tables; nothing is measured here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import report
from tests.benchmarks.harness import Line, faster, shown, slower


def line(seconds: float, rival: float = 1.0, what: str = "a page") -> Line:
    ratio = slower(seconds, rival)
    return Line(what, shown(seconds), f"json.loads {shown(rival)}", ratio, "under 2x", True)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (shown(0.0000123), (pytest.approx(12.3e-6), "s")),
        (shown(2.5), (2.5, "s")),
        ("11 calls, 20.0 ms", (11.0, "calls")),
        (slower(3, 2), (1.5, "x the time")),
        (faster(1, 4), (4.0, "x as fast")),
        ("420 a second", (420.0, "a second")),
        ("+256 us", (pytest.approx(256e-6), "s")),
        ("12 MB more", (12.0, "MB")),
        ("", None),
    ],
)
def test_cells_are_read_as_numbers(cell: str, number: object) -> None:
    assert report.number(cell) == number


def test_runs_are_put_together_and_compared_by_the_ratio_to_the_rival() -> None:
    runs = [{"hydration": [line(1.9)]}, {"hydration": [line(2.1)]}]
    (figure,) = report.figures(runs)
    assert (figure.values, figure.ratios, figure.ratio_unit) == (
        [1.9, 2.1],
        [1.9, 2.1],
        "x the time",
    )
    (busy,) = report.figures([{"hydration": [line(19.0, rival=10.0)]}])
    assert not busy.is_worse_than(figure), "the machine was slow, and the rival with it"
    (slow,) = report.figures([{"hydration": [line(2.4)]}])
    assert slow.is_worse_than(figure)
    assert not figure.is_worse_than(slow)
    assert slow.told.endswith(", 2.4 x the time"), "what was compared is told"


def test_rates_and_speed_ups_are_better_when_they_are_more() -> None:
    def figure(pages: int, ratio: float) -> report.Figure:
        lines = [Line("pages", f"{pages} a second"), Line("sdk", "1 ms", "sdk", faster(1, ratio))]
        return report.figures([{"q": lines}])[0]

    assert figure(300, 1).is_worse_than(figure(400, 1))
    assert not figure(400, 1).is_worse_than(figure(300, 1))


def test_a_page_and_figures_are_written_and_read_again(tmp_path: Path) -> None:
    first = report.figures([{"hydration": [line(1.0, what="<b>page</b>"), line(1.0)]}])
    report.write(tmp_path, first, {}, "Python on a machine")
    before = report.read(tmp_path)
    assert list(before) == ["hydration/<b>page</b>", "hydration/a page"]
    now = report.figures([{"hydration": [line(3.0)]}])
    assert [each.what for each, _ in report.worse(now, before)] == ["a page"]
    report.write(tmp_path, now, before, "Python on a machine")
    page = (tmp_path / report.PAGE).read_text("utf-8")
    assert "worse than before" in page
    assert "<b>" not in report.page(first, {}, "m"), "names are text"
    assert set(report.read(tmp_path)) == set(before), "what was not measured today is kept"
    assert {each.name for each in tmp_path.iterdir()} == {report.PAGE, report.FIGURES}


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"figures": [{"what": 1}]}'])
def test_another_file_of_that_name_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / report.FIGURES).write_text(text, "utf-8")
    with pytest.raises(ValueError, match="holds no figures"):
        report.read(tmp_path)


def test_a_second_rival_is_a_figure_of_its_own() -> None:
    lines = [line(1.0), Line("", "1.0 s", "pydantic 2.00 s", slower(1, 2))]
    assert [each.what for each in report.figures([{"q": lines}])] == ["a page", "a page: pydantic"]
