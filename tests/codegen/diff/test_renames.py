"""What was renamed: told, remembered, guessed; and that Python keeps its names."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from vtiger_codegen.diff.compare import Diff, compare, remembered_renames, told_renames
from vtiger_codegen.diff.differences import outline
from vtiger_codegen.diff.renames import Rename, kept, parse_renames
from vtiger_codegen.diff.reports import evidence, headline, option
from vtiger_codegen.naming.assignment import name_everything
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

TIER = ("module", "M", "field", "tier", "value")


def picks(name: str, *values: str, **facts: Any) -> dict[str, Any]:
    return field(name, "picklist", values=list(values), **facts)


def points(*targets: str) -> dict[str, Any]:
    return field("boss", "reference", targets=list(targets))


def told(diff: Diff) -> list[str]:
    return [headline(each) for each in diff.changes]


def guesses(before: ModuleSnapshot, now: ModuleSnapshot) -> dict[str, str]:
    diff = compare(snapshot(before), snapshot(now))
    return {option(each).removeprefix("--rename "): evidence(each) for each in diff.candidates}


def test_nothing_is_paired_by_itself() -> None:
    before = snapshot(module("M", field("cf_1", label="Tier")))
    now = snapshot(module("M", field("cf_2", label="Tier")))
    diff = compare(before, now)
    assert told(diff) == ["M: field cf_1: gone", "M: field cf_2: new"]
    (candidate,) = diff.candidates
    assert candidate.rename == Rename(("module", "M", "field", "cf_1"), "cf_2")
    assert told(compare(before, now, [candidate.rename])) == ['M: field cf_2: renamed, was "cf_1"']
    refused = compare(before, now, [candidate.rename._replace(name=None)])
    assert (refused.changes, refused.candidates) == (diff.changes, ())


def test_everything_may_be_renamed_at_once() -> None:
    before = snapshot(
        module(
            "Old", picks("cf_1", "a", "b"), points("Old"), relations=[{"name": "Old", "label": "L"}]
        )
    )
    now = snapshot(
        module(
            "New", picks("cf_2", "a", "c"), points("New"), relations=[{"name": "New", "label": "K"}]
        )
    )
    given = ["New.cf_2.b=c", "New.related.L=K", "New.cf_1=cf_2", "Old=New"]
    renames = parse_renames(given, outline(before), outline(now))
    assert told(compare(before, now, renames)) == [
        'New: renamed, was "Old"',
        'New: field cf_2: renamed, was "cf_1"',
        'New: field cf_2 label: "Cf_1" -> "Cf_2"',
        'New: field cf_2 value c: renamed, was "b"',
        'New: module label: "Old" -> "New"',
        'New: relation K: renamed, was "L"',
    ]


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("M.cf_1=cf_2", ("module", "M", "field", "cf_1"), "cf_2"),
        ("M.cf_1 = M.cf_2", ("module", "M", "field", "cf_1"), "cf_2"),
        ("M.tier.a=b=c.d", (*TIER, "a=b"), "c.d"),
        ("M.tier.a=b=M.tier.c.d", (*TIER, "a=b"), "c.d"),
        ("M.related.L=K", ("module", "M", "relation", "L"), "K"),
        ("O=P", ("module", "O"), "P"),
    ],
)
def test_options_are_read(text: str, path: tuple[str, ...], name: str) -> None:
    before = snapshot(
        module("M", field("cf_1"), picks("tier", "a=b"), relations=[{"name": "O", "label": "L"}]),
        module("O"),
    )
    now = snapshot(
        module("M", field("cf_2"), picks("tier", "c.d"), relations=[{"name": "P", "label": "K"}]),
        module("P"),
    )
    assert parse_renames([text], outline(before), outline(now)) == [Rename(path, name)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("M.cf_1", "write OLD=NEW"),
        ("M.cf_1=", "write OLD=NEW"),
        (" = ", "write OLD=NEW"),
        ("M.cf_11=cf_2", "the former snapshot has no M.cf_11; did you mean M.cf_1?"),
        ("N=M", "the former snapshot has no N"),
        ("M.cf_1=cf_22", "there is no cf_22 now; did you mean cf_2?"),
        ("M.cf_1=same", "same was there before"),
        ("M.same=cf_2", "M.same is still there"),
    ],
)
def test_wrong_options_are_told(text: str, told: str) -> None:
    before = snapshot(module("M", field("cf_1"), field("same")))
    now = snapshot(module("M", field("cf_2"), field("same")))
    with pytest.raises(ConfigError) as error:
        parse_renames([text], outline(before), outline(now))
    assert told in str(error.value)


def test_one_name_is_not_given_twice() -> None:
    before = snapshot(module("M", field("a"), field("b")))
    now = snapshot(module("M", field("c")))
    with pytest.raises(ConfigError, match="c was there before"):
        parse_renames(["M.a=c", "M.b=c"], outline(before), outline(now))


def test_a_space_at_the_end_of_a_value_is_part_of_it() -> None:
    before, now = module("M", picks("tier", "Gold ", "x")), module("M", picks("tier", "Gold", "x"))
    (candidate,) = compare(snapshot(before), snapshot(now)).candidates
    (said,) = shlex.split(option(candidate).removeprefix("--rename "))
    assert parse_renames([said], outline(snapshot(before)), outline(snapshot(now))) == [
        candidate.rename
    ]


# Evidence


def test_what_is_as_likely_is_told() -> None:
    before = module("M", field("a", label="Tier"), field("b", label="Tier"))
    found = guesses(before, module("M", field("c", label="Tier"), field("d", "date", label="Tier")))
    assert found == {"M.a=c": "the same type string, the same label 'Tier', as likely: b=c"}
    after = module("M", field("c", label="Tier"), field("d", label="Tier"))
    assert guesses(before, after) == {
        "M.a=c": "the same type string, the same label 'Tier', as likely: a=d, as likely: b=c",
        "M.b=d": "the same type string, the same label 'Tier', as likely: a=d, as likely: b=c",
    }


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (field("a", label="Tier"), field("b", label="tier "), "the same label 'Tier'"),
        (field("a", label="Loyalty Tier"), field("b", label="Loyality Tier"), "a similar label"),
        (picks("a", "x", "y", label="One"), picks("b", "x", "y", "z", label="Two"), "2 of 2"),
        (
            field("a", label="One", block={"blockid": 4}, sequence=2),
            field("b", label="Two", block={"blockid": 4}, sequence=2),
            "the same position",
        ),
        (
            field("a", "reference", label="Boss", targets=["M"]),
            field("b", "reference", label="boss", targets=["M"]),
            "the same targets",
        ),
    ],
)
def test_what_speaks_for_a_field(before: dict[str, Any], now: dict[str, Any], told: str) -> None:
    found = guesses(module("M", before), module("M", now))
    assert list(found) == ["M.a=b"]
    assert told in found["M.a=b"]
    assert f"the same type {before['type']['name']}" in found["M.a=b"]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (field("a", label="Tier"), field("b", "integer", label="Tier")),
        (field("a", label="One"), field("b", label="Two")),
        (picks("a", "x", "y", label="One"), picks("b", "y", "z", "w", label="Two")),
    ],
)
def test_what_does_not(before: dict[str, Any], now: dict[str, Any]) -> None:
    assert guesses(module("M", before), module("M", now)) == {}


def test_the_surest_pairs_come_first_and_each_thing_is_in_one() -> None:
    before = module("M", field("a", label="Tier"), field("b", label="Level"))
    now = module("M", field("c", label="Level"), field("d", label="Tier"), field("e", label="Tier"))
    assert list(guesses(before, now)) == ["M.a=d", "M.b=c"]


def test_values_are_paired_by_spelling_and_by_place() -> None:
    before = module("M", picks("a", "Cold Call", "Gold", "Other"))
    assert guesses(before, module("M", picks("a", "Cold Calls", "Silver", "Other"))) == {
        "'M.a.Cold Call=Cold Calls'": "a similar value, the same place in the list",
        "M.a.Gold=Silver": "the same place in the list",
    }
    assert guesses(before, module("M", picks("a", "Other", "Cold Call", "X", "Y"))) == {}


def test_modules_are_paired_by_their_fields() -> None:
    fields = [field(name) for name in "abcd"]
    diff = compare(snapshot(module("Old", *fields)), snapshot(module("New", *fields, field("e"))))
    (candidate,) = diff.candidates
    assert candidate.rename == Rename(("module", "Old"), "New")
    assert evidence(candidate) == "83 % of the fields are the same"


def test_relations_are_paired_by_what_they_lead_to() -> None:
    before = module("M", relations=[{"name": "N", "label": "L", "relation_id": "7"}])
    now = module("M", relations=[{"name": "N", "label": "K", "relation_id": "7"}])
    assert guesses(before, now) == {"M.related.L=K": "to the same module N, the same id"}
    other = module("M", relations=[{"name": "O", "label": "K"}])
    assert guesses(before, other) == {}


# The lock


def remembered(before: Snapshot, now: Snapshot, lock: NamesLock) -> list[Rename]:
    return remembered_renames(before, now, lock)


def test_the_lock_remembers_answers_and_follows_them() -> None:
    one, two, three = (
        snapshot(module("M", field(name), picks("p", value))) for name, value in zip("abc", "xyz")
    )
    lock = NamesLock()
    for before, now, texts in (
        (one, two, ["M.a=b", "M.p.x=y"]),
        (two, three, ["M.b=c", "M.p.y=z"]),
    ):
        lock = kept(lock, told_renames(before, now, [], texts))
    assert [each.name for each in remembered(one, three, lock)] == ["c", "z"]
    assert [each.name for each in remembered(one, two, lock)] == ["b", "y"]
    assert remembered(three, one, lock) == []
    assert compare(one, three, remembered(one, three, lock)).grade == "caution"


def test_the_lock_remembers_what_is_really_gone() -> None:
    before, now = snapshot(module("M", field("a"))), snapshot(module("M", field("b")))
    lock = kept(NamesLock(), [Rename(("module", "M", "field", "a"), None)])
    assert remembered(before, now, lock) == [Rename(("module", "M", "field", "a"), None)]
    assert lock == NamesLock.model_validate_json(lock.to_text())
    given = told_renames(before, now, remembered(before, now, lock), ["M.a=b"])
    both = compare(before, now, [*remembered(before, now, lock), *given])
    assert [each.action for each in both.changes if each.path[-1] == "b"] == ["renamed"]


def test_two_things_do_not_become_one() -> None:
    lock = kept(NamesLock(), [Rename(("module", "M", "field", name), "c") for name in ("a", "b")])
    before = snapshot(module("M", field("a"), field("b")))
    now = snapshot(module("M", field("c")))
    assert [each.path[-1] for each in remembered(before, now, lock)] == ["a"]
    assert told(compare(before, now, remembered(before, now, lock)))[0] == "M: field b: gone"


def test_what_was_renamed_keeps_its_name_in_python() -> None:
    before = {
        "Old": module(
            "Old",
            picks("cf_1", "Cold Call", "Other", label="Tier"),
            relations=[{"name": "Old", "label": "Deals"}],
        )
    }
    now = {
        "New": module(
            "New",
            picks("cf_2", "Telephone", "Other", label="Level"),
            relations=[{"name": "New", "label": "Chances"}],
        )
    }
    lock = name_everything(before, NamesLock())
    texts = [
        "Old=New",
        "New.cf_1=cf_2",
        "New.cf_2.Cold Call=Telephone",
        "New.related.Deals=Chances",
    ]
    renames = parse_renames(
        texts, outline(snapshot(*before.values())), outline(snapshot(*now.values()))
    )
    lock = kept(lock, renames)
    names = name_everything(now, lock, locked=True)
    assert names.modules.keys() == {"New"}
    new = names.modules["New"]
    assert (new.class_name, new.python_module) == ("Old", "old")
    assert (new.fields, new.picklists) == ({"cf_2": "tier"}, {"cf_2": "Tier"})
    assert new.members == {"cf_2": {"Telephone": "COLD_CALL", "Other": "OTHER"}}
    assert new.relations == {"Chances": "deals"}
    assert name_everything(now, names, locked=True) == names
    assert name_everything(before, lock, locked=True).modules == lock.modules
    again = name_everything(before, names, locked=True)  # a snapshot older than the lock
    assert again.modules == lock.modules


def test_what_is_told_again_counts_more_than_what_is_remembered() -> None:
    before = snapshot(module("M", field("a"), picks("p", "x=y")))
    now = snapshot(module("M", field("b"), field("c"), picks("p", "z")))
    texts = ["M.a=b", "M.p.x=y=z"]
    first = told_renames(before, now, [], texts)
    lock = kept(NamesLock(), first)
    assert told_renames(before, now, remembered(before, now, lock), texts) == first
    (other,) = told_renames(before, now, remembered(before, now, lock), ["M.a=c"])
    assert other.name == "c"
