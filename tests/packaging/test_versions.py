"""What is declared can be installed in its lowest version, which CI does."""

from __future__ import annotations

from packaging.version import Version

from tests.packaging.versions import declared, lowest, lowest_of


def test_every_requirement_has_a_lowest_version() -> None:
    assert [str(each) for each in declared() if lowest_of(each) is None] == []


def test_the_wider_of_two_requirements_counts() -> None:
    """black is pinned for the development, and wider for those who generate."""
    pins = [str(each.specifier) for each in declared() if each.name == "black"]
    assert len(pins) == 2
    assert lowest()["black"] < Version("26")
