"""`generate` and `check` on folders, as the command line runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from vtiger_codegen.cli import run
from vtiger_codegen.config import load_config

from tests.codegen.packages import contents
from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.errors import ConfigError
from vtiger_orm.metadata.snapshot import ModuleSnapshot

ROOT = Path(__file__).parents[2]

CONTACTS = module(
    "Contacts",
    field("lastname", mandatory=True),
    field("cf_1", label="Loyalty Tier"),
    field("leadsource", "picklist", label="Lead Source", values=["Cold Call"]),
)


def save(folder: Path, *modules: ModuleSnapshot) -> None:
    snapshot(*modules).save(folder / "vtiger-schema")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with settings and a snapshot; the current folder lies inside it."""
    (tmp_path / "pyproject.toml").write_text('[tool.vtiger-orm]\noutput = "src/crm"\n')
    save(tmp_path, CONTACTS)
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    return tmp_path


def test_generate_then_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate"]) == 0
    assert "1 module." in capsys.readouterr().out
    assert (project / "src/crm/contacts.py").is_file()
    assert (project / "vtiger-schema/names.lock").is_file()
    assert run(["check"]) == 0
    assert "agrees" in capsys.readouterr().out
    before = contents(project)
    assert run(["generate"]) == 0
    assert "is up to date" in capsys.readouterr().out
    assert contents(project) == before


def test_check_tells_what_does_not_agree(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["generate"])
    package = project / "src/crm"
    (package / "contacts.py").write_text(
        (package / "contacts.py").read_text().replace('"Cold Call"', '"Warm Call"')
    )
    (package / "_typing/contacts.pyi").unlink()
    before = contents(project)
    capsys.readouterr()
    assert run(["check", "--diff"]) == 1
    told = capsys.readouterr().err
    assert "differs   contacts.py" in told
    assert "missing   _typing/contacts.pyi" in told
    assert '-        COLD_CALL = "Warm Call"' in told
    assert '+        COLD_CALL = "Cold Call"' in told
    assert "vtiger-orm generate" in told
    assert contents(project) == before


def test_check_tells_names_that_were_never_chosen(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["generate"])
    save(project, CONTACTS, module("Vendors", field("vendorname")))
    assert run(["check"]) == 1
    assert "Vendors" in capsys.readouterr().err


def test_check_tells_modules_that_are_gone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(project, CONTACTS, module("Vendors"))
    run(["generate"])
    save(project, CONTACTS)
    assert run(["check"]) == 1
    assert "left over vendors.py" in capsys.readouterr().err
    assert run(["generate"]) == 0
    assert not (project / "src/crm/vendors.py").exists()
    assert run(["check"]) == 0


def test_locked_runs_refuse_to_choose_and_write_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["generate"])
    before = contents(project / "src")
    lock = (project / "vtiger-schema/names.lock").read_bytes()
    save(project, module("Contacts", field("cf_2", label="Branch")))
    (project / "vtiger-schema/names.lock").write_bytes(lock)
    assert run(["generate", "--locked"]) == 1
    told = capsys.readouterr().err
    assert "'cf_2' (would be branch)" in told
    assert "Traceback" not in told
    assert contents(project / "src") == before
    assert (project / "vtiger-schema/names.lock").read_bytes() == lock
    assert run(["generate"]) == 0
    assert "Contacts cf_2 -> branch" in capsys.readouterr().out
    assert run(["generate", "--locked"]) == 0


def test_a_package_that_cannot_be_written_does_not_change_the_lock(project: Path) -> None:
    (project / "src/crm").mkdir()
    (project / "src/crm/contacts.py").write_text("mine = 1\n")
    assert run(["generate"]) == 1
    assert not (project / "vtiger-schema/names.lock").exists()
    assert [file.name for file in (project / "src/crm").iterdir()] == ["contacts.py"]


def test_options_come_before_settings(project: Path) -> None:
    other = project / "elsewhere"
    snapshot(module("Leads")).save(other / "schema")
    assert run(["generate", "--schema", str(other / "schema"), "--output", str(other / "p")]) == 0
    assert (other / "p" / "leads.py").is_file()
    assert not (project / "src/crm").exists()


def test_the_cure_that_check_names_has_its_options(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--output", "other place/crm"]) == 1
    assert "Run: vtiger-orm generate --output 'other place/crm'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["my-crm", "bad name", "2crm", "class", "vtiger-schema"])
@pytest.mark.parametrize("verb", ["generate", "check"])
def test_a_package_that_cannot_be_imported_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], verb: str, name: str
) -> None:
    before = contents(project)
    assert run([verb, "--output", name]) == (3 if verb == "check" else 1)
    assert f"No package can be called {name!r}" in capsys.readouterr().err
    assert contents(project) == before


def test_a_file_in_the_place_of_the_package_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "src/crm").write_text("")
    assert run(["generate"]) == 1
    assert "crm is a file, and the package is a folder" in capsys.readouterr().err


def test_settings_name_things_and_choose_modules(project: Path) -> None:
    (project / "pyproject.toml").write_text("""
        [tool.vtiger-orm]
        output = "src/crm"
        exclude = ["Ven*"]
        names = "wire"
        [tool.vtiger-orm.overrides.Contacts]
        class = "Person"
        fields = { lastname = "surname" }
        members = { leadsource = { "Cold Call" = "COLD" } }
        """)
    save(project, CONTACTS, module("Vendors"))
    assert run(["generate"]) == 0
    source = (project / "src/crm/contacts.py").read_text()
    assert "class Person(" in source
    assert 'surname: MandatoryString = field("Lastname", wire="lastname", mandatory=True)' in source
    assert 'cf_1: String = field("Loyalty Tier")' in source
    assert 'COLD = "Cold Call"' in source
    assert not (project / "src/crm/vendors.py").exists()


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('ouput = "x"', 'ouput: unknown key; did you mean "output"?'),
        ("include = 3", "include"),
        ('dialect = "soap"', "dialect"),
        ('names = "pretty"', "names"),
        ("overrides.M.feilds = {}", 'overrides.M.feilds: unknown key; did you mean "fields"?'),
        ('access_key = "x"', "access_key: unknown key"),
    ],
)
def test_wrong_settings_are_told(
    project: Path, capsys: pytest.CaptureFixture[str], table: str, told: str
) -> None:
    (project / "pyproject.toml").write_text(f"[tool.vtiger-orm]\n{table}\n")
    assert run(["generate"]) == 1
    assert told in capsys.readouterr().err


def test_a_project_without_settings_has_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vtiger_codegen.config.Path.is_file", lambda self: False)
    config = load_config()
    assert config.schema_folder == tmp_path / "vtiger-schema"
    assert config.output == tmp_path / "generated" / "crm"


def test_an_unreadable_pyproject_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool")
    with pytest.raises(ConfigError, match=r"pyproject\.toml cannot be read"):
        load_config(tmp_path)


def test_a_missing_snapshot_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["generate"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: ")
    assert "vtiger-orm pull" in told
