"""ty, pyrefly and zuban: they know the generated package, and find the same mistakes.

A job of its own (``pytest -m checkers``), which `.ci/run` does as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.typing.checkers import HERE, OTHERS, ROOT, WRONG, Errors, codes, marked

pytestmark = [pytest.mark.checkers, pytest.mark.timeout(200)]

PACKAGE: Final = ROOT / "generated" / "demo"
PASS: Final = sorted((HERE / "pass").glob("*.py"))

KNOWN: Final[dict[str, set[str]]] = {
    "ty": set(),
    "pyrefly": set(),
    "zuban": set(),
}
"""Kinds of errors in the package itself, which are the checker's own."""

MISSED: Final[dict[str, set[str]]] = {
    # The method that the operator falls back to is taken for one that returns anything.
    "ty": {'people.filter(lastname="x") | Accounts.objects.all()'},
    "pyrefly": set(),
    # `exclude = filter`: it forgets the signature on the alias.
    "zuban": {'people.exclude(lastname__in="Smith")', 'people.exclude(lastnme="x")'},
}
"""Wrong lines that a checker does not find, and why."""


REFUSED: Final[dict[str, set[str]]] = {
    "ty": set(),
    # It makes a constructor of the fields of a class whose base has one, and takes descriptors
    # for the types of its parameters.
    # After two stars it takes a `Mapping` alone, not what has `keys` and `[...]`;
    # `**body.model_dump(exclude_unset=True)` is accepted.
    "pyrefly": {
        'assert_type(Contacts(lastname="x").namesakes(), ContactsQuerySet)',
        "return Contacts.objects.create(**body)",
        'Quotes.objects.create(**quote, items=[LineItem("14x1")])',
        'Contacts.objects.filter(lastname="x").update(**body)',
    },
    # It does not find `__getitem__` of a base that is a pydantic model, and takes it after `**`.
    "zuban": {'assert_type(body["lastname"], Any)'},
}
"""Right lines that a checker refuses."""


@pytest.fixture(scope="module", params=OTHERS)
def checked(request: pytest.FixtureRequest) -> tuple[str, Errors]:
    name: str = request.param
    return name, OTHERS[name](*WRONG, *PASS, PACKAGE)


def errors_in(path: Path, errors: Errors) -> Errors:
    return {file: lines for file, lines in errors.items() if file.is_relative_to(path)}


def test_wrong_programs_are_found(checked: tuple[str, Errors]) -> None:
    name, errors = checked
    missed = set()
    for path in WRONG:
        text = path.read_text().splitlines()
        missed |= {
            text[line - 1].split("  # E")[0].strip() for line in marked(path) - errors[path].keys()
        }
        assert errors[path].keys() <= marked(path)
    assert missed == MISSED[name]


def test_right_programs_are_accepted(checked: tuple[str, Errors]) -> None:
    name, errors = checked
    refused = {
        path.read_text().splitlines()[line - 1].strip()
        for path in PASS
        for line in errors.get(path, ())
    }
    assert refused == REFUSED[name]


def test_the_generated_package_is_clean(checked: tuple[str, Errors]) -> None:
    name, errors = checked
    assert codes(errors_in(PACKAGE, errors)).keys() == KNOWN[name]
