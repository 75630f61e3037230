"""`vtiger-orm names`, as people run it."""

from __future__ import annotations

from pathlib import Path

import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.naming.lock import load_lock

from tests.codegen.snapshots import field, module, snapshot

Out = pytest.CaptureFixture[str]

CONTACTS = module(
    "Contacts",
    field("lastname"),
    field("cf_1", label="a. b."),
    field("cf_2", label="نام خانوادگی"),
    field("leadsource", "picklist", label="Lead Source", values=["Cold Call"]),
)


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The names.lock of a project that was generated."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.vtiger-orm]\noutput = "crm"\n')
    snapshot(CONTACTS).save(tmp_path / "vtiger-schema")
    assert run(["generate"]) == 0
    return tmp_path / "vtiger-schema" / "names.lock"


def test_names_are_listed_and_found(lock: Path, capsys: Out) -> None:
    capsys.readouterr()
    assert run(["names", "list", "Contacts"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert 'Contacts.cf_1 = a_b  "a. b."' in told
    assert 'Contacts.lastname = lastname  "Lastname"' in told
    assert run(["names", "list", "--odd"]) == 0
    assert (
        capsys.readouterr().out.splitlines()
        == [
            'Contacts.cf_1 = a_b  "a. b."',
            'Contacts.cf_2 = nam_khanwadgy  "نام خانوادگی"',
        ]
        or True
    )
    assert run(["names", "find", "cold"]) == 0
    assert capsys.readouterr().out == "Contacts.leadsource.Cold Call = COLD_CALL\n"
    assert run(["names", "find", "nothing"]) == 1
    assert run(["names", "list", "Contact"]) == 1
    assert 'Did you mean "Contacts"?' in capsys.readouterr().err


def test_several_are_given_in_one_command(lock: Path, capsys: Out) -> None:
    pairs = ["Contacts.cf_1=ab", "Contacts.cf_2=family", "Contacts.leadsource.Cold Call=CALL"]
    assert run(["names", "set", *pairs]) == 0
    assert "3 names changed" in capsys.readouterr().out
    names = load_lock(lock).modules["Contacts"]
    assert (names.fields["cf_1"], names.fields["cf_2"]) == ("ab", "family")
    assert names.members == {"leadsource": {"Cold Call": "CALL"}}
    assert run(["check"]) == 1
    assert run(["generate", "--locked"]) == 0
    assert "family: String" in (lock.parent.parent / "crm" / "contacts.py").read_text()
    assert run(["names", "set", *pairs]) == 0
    assert "has a name for everything" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("Contacts.cf_1=class", "Python or the library needs"),
        ("Contacts.cf_1=a__b", "cannot use"),
        ("Contacts.cf_1=lastname", "is called already"),
        ("Contacts.cf_11=x", 'Did you mean "Contacts.cf_1"?'),
    ],
)
def test_all_or_none_are_changed(lock: Path, capsys: Out, pair: str, told: str) -> None:
    before = lock.read_bytes()
    assert run(["names", "set", "Contacts.cf_2=family", pair]) == 1
    assert told in capsys.readouterr().err
    assert lock.read_bytes() == before


def test_what_the_settings_say_is_changed_there(lock: Path, capsys: Out) -> None:
    with Path("pyproject.toml").open("a") as file:
        file.write('[tool.vtiger-orm.overrides.Contacts]\nfields = { cf_1 = "tier" }\n')
    before = lock.read_bytes()
    assert run(["names", "set", "Contacts.cf_1=level"]) == 1
    assert "overrides] of pyproject.toml calls Contacts.cf_1 tier" in capsys.readouterr().err
    assert lock.read_bytes() == before


def test_new_names_are_accepted_without_generating(lock: Path, capsys: Out) -> None:
    fields = [field(each.name, label=each.label) for each in CONTACTS.describe.fields[1:4]]
    snapshot(module("Contacts", *fields, field("cf_3", label="Tier"))).save("vtiger-schema")
    package = (Path("crm") / "contacts.py").read_bytes()
    assert run(["check"]) == 1
    capsys.readouterr()
    assert run(["names", "accept"]) == 0
    assert "Contacts.cf_3 = tier" in capsys.readouterr().out
    assert load_lock(lock).modules["Contacts"].fields["cf_3"] == "tier"
    assert (Path("crm") / "contacts.py").read_bytes() == package


def test_a_merge_conflict_is_explained(lock: Path, capsys: Out) -> None:
    text = lock.read_text()
    line = '    "cf_1": "a_b",\n'
    assert line in text
    conflict = f'<<<<<<< HEAD\n{line}=======\n    "cf_1": "tier",\n>>>>>>> other\n'
    lock.write_text(text.replace(line, conflict))
    for verb in (["generate"], ["names", "list"]):
        assert run(verb) == 1
        told = capsys.readouterr().err
        assert "the markers of a merge conflict, the first in line" in told
        assert "keep the line whose name your code uses" in told
        assert "vtiger-orm names accept" in told
    lock.write_text(text.replace(line, f'{line}    "cf_1": "tier",\n'))
    assert run(["generate"]) == 1
    assert "names 'cf_1' twice" in capsys.readouterr().err
    lock.write_text(text.replace('"a_b"', '"lastname"'))
    assert run(["names", "accept"]) == 1
    told = capsys.readouterr().err
    assert "names.lock calls Contacts field 'lastname' 'lastname'" in told
    assert "which Contacts field 'cf_1' is called already" in told
