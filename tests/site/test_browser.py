"""The site in Chromium: a job of `.ci/run`, left out of the usual run (``-m browser`` by hand),
since a browser is no part of the development environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import Browser, browser, missing

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(missing()), reason=missing() or "Chromium is there"),
    pytest.mark.timeout(300),
]

FIND = """
const input = document.getElementById('search');
input.value = arguments[0];
input.dispatchEvent(new Event('input'));
return [...document.querySelectorAll('#results a')].map(each => each.firstChild.textContent);
"""


@pytest.fixture(scope="module")
def window(site: Path) -> Iterator[Browser]:
    with browser() as window:
        window.resize(1400, 1000)
        yield window


def test_every_page_opens_without_a_word_on_the_console(window: Browser, site: Path) -> None:
    for page in sorted(site.rglob("*.html")):
        window.open(page)
        assert window.run("return document.querySelector('main h1') !== null"), page
        assert window.problems() == [], page


def test_search_finds_fields_labels_and_chapters(window: Browser, site: Path) -> None:
    window.open(site / "guide/reading.html")
    assert "Contacts.lastname" in window.run(FIND, "contacts lastname")
    assert "Contacts.leadsource" in window.run(FIND, "Cold Call")
    assert "Line items" in window.run(FIND, "line items")
    assert window.run(FIND, "客户") or window.run(FIND, "类型")  # labels in any script
    assert "Contacts.decimal_grosse_m2" in window.run(FIND, "GRÖSSE contacts")
    assert window.run(FIND, "no such thing anywhere") == []
    window.run(FIND, "contacts lastname")
    window.run("document.querySelector('#results a').click()")
    assert window.run("return location.pathname").endswith("modules/contacts.html")
    assert window.problems() == []


def test_light_and_dark(window: Browser, site: Path) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    window.open(site / "index.html")
    window.dark(False)
    light = window.run(ground)
    window.dark(True)
    assert window.run(ground) != light
    window.run("document.getElementById('theme').click()")
    assert window.run(ground) == light
    window.run("localStorage.clear()")
    window.dark(False)


@pytest.mark.parametrize("page", ["index.html", "modules/contacts.html", "guide/settings.html"])
def test_a_phone_needs_no_scrolling_sideways(window: Browser, site: Path, page: str) -> None:
    window.resize(390, 844)
    window.open(site / page)
    wide = window.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    window.resize(1400, 1000)
    assert wide[0] <= wide[1]


def test_paper_has_no_navigation(window: Browser, site: Path) -> None:
    window.open(site / "modules/contacts.html")
    window.paper(True)
    shown = window.run(
        "return ['.top', '.menu'].map(e => getComputedStyle(document.querySelector(e)).display)"
    )
    window.paper(False)
    assert shown == ["none", "none"]


def test_a_filter_narrows_the_fields_down(window: Browser, site: Path) -> None:
    window.open(site / "modules/contacts.html")
    left = window.run(
        "const input = document.querySelector('[data-filter]'); input.value = 'birth';"
        "input.dispatchEvent(new Event('input'));"
        "return document.querySelectorAll('#fields-table tbody tr:not([hidden])').length"
    )
    assert 1 <= left <= 5
