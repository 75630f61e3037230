"""Which lines of an application use what changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vtiger_codegen.application.impact import with_uses
from vtiger_codegen.application.sources import python_files
from vtiger_codegen.application.vocabulary import former_vocabulary
from vtiger_codegen.diff.compare import Diff, compare, without_unused
from vtiger_codegen.diff.grading import Grade
from vtiger_codegen.diff.renames import Rename
from vtiger_codegen.diff.reports import as_json, as_markdown, as_text
from vtiger_codegen.generate import Options
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.application.snippets import CRM, LOCK, WORDS, write
from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

APP = """\
def hot(name: str) -> list[Contacts]:
    return list(Contacts.objects.filter(tier="x").order_by("lastname"))

def change(contact: Contacts) -> None:
    contact.tier = "Gold"
    contact.save()

def show(contact: Contacts, other) -> object:
    print(contact.tier, contact.stage == "Cold Call", other.tier)
    return contact.related.friends

def new(**values: object) -> None:
    Contacts.objects.create(lastname="x", tier="y")
    Contacts.objects.create(lastname="x")
    Contacts.objects.create(**values)
    Contacts.Stage.WON
    Contacts.objects.all().delete()
"""


def changed(change: Callable[[dict[str, Any]], None]) -> Snapshot:
    """The CRM with another Contacts."""
    raw = copy.deepcopy(CRM.modules["Contacts"].to_json())
    change(raw)
    modules = {**CRM.modules, "Contacts": ModuleSnapshot.model_validate(raw)}
    return Snapshot(instance=CRM.instance, modules=modules)


def fields(raw: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in raw["describe"]["fields"]}


def without(name: str) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        raw["describe"]["fields"] = [f for n, f in fields(raw).items() if n != name]

    return change


def fact(wire: str, /, **facts: Any) -> Callable[[dict[str, Any]], None]:
    return lambda raw: fields(raw)[wire].update(facts)


def new_field(**facts: Any) -> Callable[[dict[str, Any]], None]:
    field = {"name": "cf_9", "label": "New", "type": {"name": "string"}, **facts}
    return lambda raw: raw["describe"]["fields"].append(field)


def without_value(value: str) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        type_ = fields(raw)["stage"]["type"]
        values = [each for each in type_["picklistValues"] if each["value"] != value]
        fields(raw)["stage"]["type"] = {**type_, "picklistValues": values}

    return change


def described(**facts: Any) -> Callable[[dict[str, Any]], None]:
    return lambda raw: raw["describe"].update(facts)


def used(folder: Path, now: Snapshot, *renames: Rename) -> Diff:
    files = write(folder, app=APP)
    return with_uses(compare(CRM, now, renames), WORDS, files)


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (without("cf_1"), [3, 6, 10, "10?", 14]),
        (fact("cf_1", editable=False), [6, 14]),
        (fact("cf_1", mandatory=True), [15, 16]),
        (fact("cf_1", type={"name": "integer"}), [3, 6, 10, "10?", 14]),
        (new_field(mandatory=True), [14, 15, 16]),
        (without_value("Cold Call"), [10]),
        (without_value("Won"), [17]),
        (described(createable=False), [14, 15, 16]),
        (described(updateable=False), [7]),
        (described(deleteable=False), [18]),
        (described(retrieveable=False), []),
        (lambda raw: raw.update(relations=[]), [11]),
        (lambda raw: raw["flaws"].update(cf_1="denied"), [3, 10, "10?"]),
        (fact("lastname", editable=False), [14, 15]),
        (without("boss_id"), []),
    ],
)
def test_each_change_knows_its_lines(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], lines: list[Any]
) -> None:
    (found,) = used(tmp_path, changed(change)).changes
    told = [each.line if each.sure else f"{each.line}?" for each in found.uses or ()]
    assert sorted(dict.fromkeys(told), key=str) == sorted(lines, key=str)


def test_a_module_that_is_gone(tmp_path: Path) -> None:
    now = Snapshot(instance=CRM.instance, modules={"Accounts": CRM.modules["Accounts"]})
    diff = used(tmp_path, now)
    gone = next(each for each in diff.changes if each.path == ("module", "Contacts"))
    assert {each.line for each in gone.uses or ()} >= {1, 2, 3, 5, 14, 18}


def test_what_was_renamed_is_known_by_its_former_name(tmp_path: Path) -> None:
    now = changed(fact("cf_1", name="cf_2"))
    diff = used(tmp_path, now, Rename(("module", "Contacts", "field", "cf_1"), "cf_2"))
    (change,) = diff.changes
    assert {each.line for each in change.uses or () if each.sure} == {3, 6, 10, 14}


def test_what_is_not_used_breaks_nothing(tmp_path: Path) -> None:
    diff = used(tmp_path, changed(without("boss_id")))
    assert diff.grade is Grade.BREAKING
    assert "not used here" in as_text(diff)
    assert "(not used here)" in as_markdown(diff)
    mine = without_unused(diff)
    assert mine.grade is Grade.SAFE
    assert "this application does not use it" in as_text(mine)
    assert without_unused(used(tmp_path, changed(without("cf_1")))).grade is Grade.BREAKING


def test_what_is_everywhere_is_never_unused(tmp_path: Path) -> None:
    now = changed(described(idPrefix="99"))
    now.instance = now.instance.model_copy(update={"version": "9.0"})
    diff = without_unused(used(tmp_path, now))
    assert [each.uses for each in diff.changes] == [None, None]
    assert diff.grade is Grade.BREAKING


def test_the_lines_are_told(tmp_path: Path) -> None:
    diff = used(tmp_path, changed(without("cf_1")))
    file = tmp_path / "app.py"
    text = as_text(diff)
    assert f'\n            {file}:6  contact.tier = "Gold"\n' in text
    assert f"{file}:10 perhaps  print(contact.tier" in text
    assert f'  - `{file}:6` `contact.tier = "Gold"`' in as_markdown(diff)
    assert '"line": 6' in as_json(diff)


def test_files_that_are_no_python_are_told(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("def f(tier:\n")
    with pytest.raises(ConfigError, match=r"broken\.py cannot be read as Python"):
        with_uses(compare(CRM, changed(without("cf_1"))), WORDS, [file])
    file.write_text("# coding: klingon\ntier = 1\n")
    with pytest.raises(ConfigError, match="unknown encoding"):
        with_uses(compare(CRM, changed(without("cf_1"))), WORDS, [file])
    file.write_text("def nothing of ours(:\n")
    assert with_uses(compare(CRM, changed(without("cf_1"))), WORDS, [file])


def test_files_are_found_below_folders(tmp_path: Path) -> None:
    for name in ("a.py", "b.pyi", "c.txt", ".hidden/d.py", "__pycache__/e.py", "deep/f.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    (tmp_path / "env" / "g.py").write_text("x = 1\n")
    marker = "# Generated by vtiger-orm; do not edit. Run `vtiger-orm generate` instead.\n"
    (tmp_path / "h.py").write_text(marker)
    (tmp_path / "link.py").symlink_to("a.py")
    (tmp_path / "nowhere.py").symlink_to("nothing.py")
    found = python_files([tmp_path, tmp_path / "a.py", tmp_path / "c.txt"])
    assert [str(each.relative_to(tmp_path)) for each in found] == [
        *("a.py", "b.pyi", "deep/f.py", "c.txt")
    ]
    with pytest.raises(ConfigError, match="There is no"):
        python_files([tmp_path / "missing"])


def test_the_former_words_are_those_of_the_former_names() -> None:
    """Also when the lock has moved on to what things are called in the CRM now."""
    lock = LOCK.model_copy(deep=True)
    names = lock.modules["Contacts"]
    names.fields["cf_2"] = names.fields.pop("cf_1")
    lock.renamed.fields["Contacts"] = {"cf_1": "cf_2"}
    words = former_vocabulary(CRM, lock, Options(), Path("crm"))
    assert words.modules["Contacts"].fields["tier"] == "cf_1"
    fresh = former_vocabulary(CRM, NamesLock(), Options(), Path("crm"))
    assert fresh.modules.keys() == CRM.modules.keys()
    only = former_vocabulary(CRM, lock, Options(include=("Acc*", "New")), Path("crm"))
    assert only.modules.keys() == {"Accounts"}
