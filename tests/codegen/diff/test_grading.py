"""How much each change matters, and why."""

from __future__ import annotations

from typing import Any

import pytest
from vtiger_codegen.diff.compare import compare
from vtiger_codegen.diff.grading import Grade, exit_code
from vtiger_codegen.diff.reports import headline

from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.metadata.snapshot import ModuleSnapshot

SAFE, CAUTION, BREAKING = Grade


def judged(before: ModuleSnapshot, now: ModuleSnapshot) -> list[tuple[str, Grade, str]]:
    diff = compare(snapshot(before), snapshot(now))
    return [(headline(each).removeprefix("M: "), each.grade, each.reason) for each in diff.changes]


def plain(**facts: Any) -> dict[str, Any]:
    return field("a", **facts)


def picks(*values: str, **facts: Any) -> dict[str, Any]:
    return field("a", "picklist", values=list(values), **facts)


def points(*targets: str) -> dict[str, Any]:
    return field("a", "reference", targets=list(targets))


@pytest.mark.parametrize(
    ("before", "now", "told", "grade", "reason"),
    [
        (None, plain(), "field a: new", SAFE, "nothing uses it yet"),
        (None, plain(mandatory=True), "field a: new", BREAKING, "create() has to give it"),
        (None, plain(mandatory=True, default="x"), "field a: new", SAFE, "nothing"),
        (None, plain(mandatory=True, editable=False), "field a: new", SAFE, "nothing"),
        (plain(), None, "field a: gone", BREAKING, "fails"),
        (plain(label="A"), plain(label="B"), 'field a label: "A" -> "B"', SAFE, "stay"),
        (
            plain(mandatory=False),
            plain(mandatory=True),
            "field a mandatory: false -> true",
            BREAKING,
            "create() has to give it",
        ),
        (
            plain(mandatory=False, default="x"),
            plain(mandatory=True, default="x"),
            "field a mandatory: false -> true",
            CAUTION,
            "blanked",
        ),
        (plain(mandatory="1"), plain(mandatory=""), 'field a mandatory: "1" -> ""', SAFE, ""),
        (plain(), plain(mandatory=""), "field a mandatory: new", SAFE, ""),
        (plain(), plain(editable=False), "field a editable: new", BREAKING, "assigning"),
        (plain(editable=False), plain(editable=True), "field a editable: false -> true", SAFE, ""),
        (plain(), plain(isunique=True), "field a isunique: new", CAUTION, "second record"),
        (plain(isunique=True), plain(), "field a isunique: gone", CAUTION, "several"),
        (plain(nullable=True), plain(nullable=False), "field a nullable: ", CAUTION, "blanked"),
        (
            plain(mandatory=True, default="x"),
            plain(mandatory=True, default=""),
            'field a default: "x" -> ""',
            BREAKING,
            "no default",
        ),
        (plain(default="x"), plain(default="y"), "field a default", CAUTION, "something else"),
        (plain(kind="string"), plain(kind="email"), "field a type name", SAFE, "as before"),
        (
            plain(kind="string"),
            plain(kind="integer"),
            "field a type name",
            BREAKING,
            "read as a whole number instead of text",
        ),
        (plain(kind="x"), plain(kind="string"), "field a type name", SAFE, "text"),
        (plain(length=10), plain(length=20), "field a type length", SAFE, "fit"),
        (plain(length=20), plain(length=10), "field a type length", CAUTION, "cut"),
        (plain(length=10), plain(), "field a type length: gone", SAFE, "fit"),
        (plain(), plain(length=10), "field a type length: new", CAUTION, "cut"),
        (picks("x"), picks("x", "y"), "field a value y: new", SAFE, "member"),
        (picks("x", "y"), picks("x"), "field a value y: gone", BREAKING, "member"),
        (points("B"), points("B", "C"), "field a target C: new", CAUTION, "as well"),
        (points("B", "C"), points("B"), "field a target C: gone", BREAKING, "no type"),
        (plain(block=1), plain(block=2), "field a block", SAFE, "does not use"),
        (
            field("accesskey"),
            None,
            "field accesskey: gone",
            SAFE,
            "does not use",
        ),
    ],
)
def test_fields(
    before: dict[str, Any] | None,
    now: dict[str, Any] | None,
    told: str,
    grade: Grade,
    reason: str,
) -> None:
    pair = [module("M", *([each] if each else [])) for each in (before, now)]
    ((found, graded, why),) = judged(*pair)
    assert found.startswith(told)
    assert graded is grade
    assert reason in why


def test_a_type_takes_its_values_along() -> None:
    found = judged(module("M", picks("x")), module("M", plain()))
    assert [(told, grade) for told, grade, _ in found] == [
        ('field a type name: "picklist" -> "string"', BREAKING),
        ("field a value: gone", SAFE),
    ]


def test_which_values_go_together_matters_to_forms_alone() -> None:
    facts = module("M", picks("x", "y")).to_json()
    before, now = (
        ModuleSnapshot.model_validate(facts | {"dependencies": {"a": {"b": told}, "gone": {}}})
        for told in ({"x": ["1"], "y": []}, {"x": ["1", "2"], "z": []})
    )
    assert [each[:2] for each in judged(before, now)] == [
        ('field a dependency b x: ["1"] -> ["1", "2"]', SAFE),
        ("field a dependency b y: gone", SAFE),
        ("field a dependency b z: new", SAFE),
    ]
    ((told, grade, reason),) = judged(ModuleSnapshot.model_validate(facts), now)
    assert (told, grade) == ("field a dependency: new", SAFE)
    assert "forms" in reason


def test_a_new_mandatory_field_of_a_module_nobody_creates_breaks_nothing() -> None:
    found = judged(
        module("M", createable=False), module("M", plain(mandatory=True), createable=False)
    )
    assert [grade for _, grade, _ in found] == [SAFE]


@pytest.mark.parametrize(
    ("before", "now", "grade", "reason"),
    [
        ({"createable": True}, {"createable": False}, BREAKING, "create() is refused"),
        ({"updateable": "1"}, {"updateable": ""}, BREAKING, "save()"),
        ({}, {"deleteable": False}, BREAKING, "delete() is refused"),
        ({"createable": False}, {}, SAFE, "permitted"),
        ({"label": "A"}, {"label": "B"}, SAFE, "shown"),
        ({"labelFields": "a"}, {"labelFields": "b"}, SAFE, "shown"),
        ({"isEntity": True}, {"isEntity": False}, CAUTION, "differs"),
        ({"block": 1}, {"block": 2}, SAFE, "does not use"),
    ],
)
def test_modules(before: dict[str, Any], now: dict[str, Any], grade: Grade, reason: str) -> None:
    ((_, graded, why),) = judged(module("M", **before), module("M", **now))
    assert graded is grade
    assert reason in why


def test_another_id_prefix_is_another_crm() -> None:
    before, now = snapshot(module("A")), snapshot(module("M"), module("A"))
    (change,) = (each for each in compare(before, now).changes if each.path[-1] == "idPrefix")
    assert change.grade is BREAKING
    assert "another CRM" in change.reason


def relation(**facts: Any) -> ModuleSnapshot:
    return module("M", relations=[{"name": "N", "label": "L", **facts}])


@pytest.mark.parametrize(
    ("before", "now", "told", "grade"),
    [
        (module("M"), relation(), "relation L: new", SAFE),
        (relation(), module("M"), "relation L: gone", BREAKING),
        (relation(), relation(name="O"), "relation L name", BREAKING),
        (relation(actions="ADD"), relation(actions="add,select"), "relation L actions", SAFE),
        (relation(actions="add,select"), relation(actions="ADD"), "relation L actions", CAUTION),
        (relation(relation_id="7"), relation(relation_id="8"), "relation L relation_id", CAUTION),
        (relation(isEntity="1"), relation(isEntity="0"), "relation L isEntity", SAFE),
    ],
)
def test_relations(before: ModuleSnapshot, now: ModuleSnapshot, told: str, grade: Grade) -> None:
    ((found, graded, _),) = judged(before, now)
    assert found.startswith(told)
    assert graded is grade


def test_flaws() -> None:
    found = judged(module("M", plain()), module("M", plain(), flaws={"a": "denied"}))
    assert found == [("field a flaw: new", CAUTION, "queries cannot use it as they could")]
    found = judged(module("M", plain(), flaws={"a": "denied"}), module("M", plain()))
    assert found == [("field a flaw: gone", SAFE, "queries can use it now")]


def test_the_crm_as_a_whole() -> None:
    before, now = snapshot(module("M")), snapshot(module("M"))
    update = {"dialect": "cloud", "version": "9.0", "api_version": "2"}
    now.instance = now.instance.model_copy(update=update)
    found = {headline(each).split(":")[0]: each.grade for each in compare(before, now).changes}
    assert found == {"api_version": SAFE, "dialect": CAUTION, "version": CAUTION}


def test_a_module_that_could_not_be_described_says_why() -> None:
    before, now = snapshot(module("M"), module("N")), snapshot(module("M"))
    now.instance = now.instance.model_copy(update={"skipped": {"N": "HTTP 500"}})
    (change,) = compare(before, now).changes
    assert (change.grade, change.reason, change.said) == (
        BREAKING,
        "it could not be described",
        "HTTP 500",
    )


def test_the_worst_change_decides_the_exit_code() -> None:
    assert [exit_code(grade) for grade in (None, SAFE, CAUTION, BREAKING)] == [0, 1, 1, 2]
    diff = compare(snapshot(module("M", plain())), snapshot(module("M"), module("N")))
    assert diff.grade is BREAKING
    assert diff.counts == {BREAKING: 1, SAFE: 1}
    assert compare(snapshot(module("M")), snapshot(module("M"))).grade is None
