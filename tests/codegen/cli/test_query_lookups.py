"""Every lookup of Python works on the command line, with the same meaning."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vtiger_codegen.cli.query.selection import Question, items_of, meta_of, selection_of
from vtiger_codegen.naming.lock import load_lock

from vtiger_orm.conditions.lookups import LOOKUPS, SHAPES, Lookup, Shape
from vtiger_orm.conditions.q import resolve
from vtiger_orm.conditions.quirks import why_not_filterable
from vtiger_orm.errors import InvalidLookup
from vtiger_orm.metadata.kinds import Family
from vtiger_orm.metadata.module import FieldMeta
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.values import convert
from vtiger_orm.values.reading import read_day

DEMO = Path(__file__).parents[3] / "vtiger_orm/emulator/demo"
SNAPSHOT, LOCK = Snapshot.load(DEMO), load_lock(DEMO / "names.lock")
MODULES = ("Contacts", "Potentials", "Events", "Products")

TEXTS = {
    Family.TEXT: ("Smith", "o'Neil"),
    Family.CHOICE: ("Cold Call", "Web"),
    Family.CHOICES: ("a", "b"),
    Family.INTEGER: ("3", "40"),
    Family.DECIMAL: ("1.5", "20"),
    Family.BOOLEAN: ("true", "false"),
    Family.DATE: ("2024-02-29", "2024-03-01"),
    Family.DATETIME: ("2024-02-29T10:00:00Z", "2024-03-01T11:30:00Z"),
    Family.TIME: ("10:00:00", "11:30:00"),
}


def _cases() -> list[tuple[str, str, Lookup]]:
    """One field of each family, with each of its lookups."""
    found: dict[Family, tuple[str, str]] = {}
    for module in MODULES:
        meta = meta_of(SNAPSHOT, LOCK, module)
        for name, field in meta.fields.items():
            if not why_not_filterable(module, field):
                found.setdefault(field.family, (module, name))
    return [(*place, lookup) for family, place in found.items() for lookup in LOOKUPS[family]]


def _two(field: FieldMeta, prefix: str) -> tuple[str, str]:
    if field.family in (Family.ID, Family.REFERENCE):
        known = field.prefixes[0] if field.prefixes else prefix
        return f"{known}x5", f"{known}x7"
    return TEXTS[field.family]


@pytest.mark.parametrize(("module", "name", "lookup"), _cases())
def test_a_lookup_means_on_the_command_line_what_it_means_in_python(
    module: str, name: str, lookup: Lookup
) -> None:
    meta = meta_of(SNAPSHOT, LOCK, module)
    field = meta.fields[name]
    first, second = _two(field, meta.prefix)
    one = [first] if field.family is Family.CHOICES else first
    written, value = {
        Shape.VALUE_OR_BLANK: (first, convert(field, one)),
        Shape.VALUE: (first, convert(field, one)),
        Shape.VALUES: (
            (f"{first},{second}", [convert(field, first), convert(field, second)])
            if field.family is not Family.CHOICES
            else ("", None)
        ),
        Shape.PAIR: (
            (f"{first},{second}", (convert(field, first), convert(field, second)))
            if field.family is not Family.CHOICES
            else ("", None)
        ),
        Shape.TEXT: (first, first),
        Shape.FLAG: ("true", True),
        Shape.NUMBER: ("2", 2),
        Shape.DAY: ("2024-02-29", read_day("2024-02-29")),
        Shape.CHOICE: (first, first),
        Shape.SEVERAL_CHOICES: (f"{first},{second}", [first, second]),
    }[SHAPES[lookup]]
    keyword = name if lookup is Lookup.EXACT else f"{name}__{lookup}"
    asked = selection_of(meta, Question(module, (f"{keyword}={written}",)), UTC).where
    assert asked == resolve(meta, (), {keyword: value})


ITEMS = st.lists(st.text(st.characters(exclude_characters="\n\r"), min_size=1), min_size=1)


@given(ITEMS)
def test_any_list_can_be_written_in_quotes(items: list[str]) -> None:
    doubled = [each.replace('"', '""') for each in items]
    assert items_of(",".join(f'"{each}"' for each in doubled)) == items


@given(st.lists(st.text(st.sampled_from("ab, "), min_size=1), min_size=1))
def test_a_comma_is_escaped_by_a_backslash(items: list[str]) -> None:
    items = [f"x{each}" for each in items]
    assert items_of(",".join(each.replace(",", "\\,") for each in items)) == items


@pytest.mark.parametrize("name", ["email", "leadsource", "birthday", "account_id", "modifiedtime"])
def test_nothing_means_blank_in_a_list_too(name: str) -> None:
    meta = meta_of(SNAPSHOT, LOCK, "Contacts")
    asked = selection_of(meta, Question("Contacts", (f"{name}__in=",)), UTC).where
    assert asked == resolve(meta, (), {f"{name}__in": [None]})


@pytest.mark.parametrize("value", ["", "2024-02-29", "2024-02-29,2024-03-01,2024-03-02"])
def test_a_range_of_other_than_two_is_told_as_it_is_written(value: str) -> None:
    meta = meta_of(SNAPSHOT, LOCK, "Contacts")
    with pytest.raises(InvalidLookup) as told:
        selection_of(meta, Question("Contacts", (f"birthday__range={value}",)), UTC)
    assert str(told.value).startswith(f"birthday__range={value}: ")
    assert "birthday__range=a,b" in str(told.value)
