"""The pipeline from snapshot to text: determinism, inertness, and facts that arrive."""

from __future__ import annotations

import ast
import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import black
import pytest
from vtiger_codegen.generate import Options, Output, generate
from vtiger_codegen.naming.lock import FILE_NAME, NamesLock
from vtiger_codegen.naming.reserved import UPLOAD

from tests.codegen.packages import imported
from tests.codegen.snapshots import (
    DEMO,
    field,
    module,
    recorded_modules,
    snapshot,
)
from vtiger_orm.conditions.lookups import split_keyword
from vtiger_orm.errors import ConfigError, InvalidValue, RegenerateNeeded, SchemaMismatch
from vtiger_orm.metadata.interpret import UnknownFieldType
from vtiger_orm.metadata.module import ModuleMeta
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot
from vtiger_orm.package import FORMAT

ROOT = Path(__file__).parents[2]
PYI = black.Mode(line_length=100, is_pyi=True, target_versions={black.mode.TargetVersion.PY311})


def text_of(output: Output, path: str) -> str:
    return output.files[PurePosixPath(path)]


def generated(*modules: ModuleSnapshot, **options: Any) -> Output:
    return generate(snapshot(*modules), NamesLock(), Options(**options))


# The committed sample


def test_generated_demo_is_what_generate_prints_today(demo: Output) -> None:
    folder = ROOT / "generated" / "demo"
    found = {
        PurePosixPath(file.relative_to(folder).as_posix()): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert found == {path: text.encode() for path, text in demo.files.items()}


def test_the_lock_of_the_demo_is_complete(demo: Output) -> None:
    assert demo.lock.to_text().encode() == (DEMO / FILE_NAME).read_bytes()


# Determinism


def shuffled(given: ModuleSnapshot, dice: random.Random) -> ModuleSnapshot:
    raw = given.to_json()
    raw["describe"]["fields"] = dice.sample(
        raw["describe"]["fields"], len(raw["describe"]["fields"])
    )
    raw["relations"] = dice.sample(raw["relations"], len(raw["relations"]))
    return ModuleSnapshot.model_validate(raw)


def test_the_order_of_modules_fields_and_relations_changes_nothing() -> None:
    modules = recorded_modules()
    picked = {name: modules[name] for name in ("Accounts", "Quotes", "Users", "Vehicles")}
    instance = snapshot().instance
    first = generate(Snapshot(instance=instance, modules=picked), NamesLock())
    dice = random.Random(7)
    names = dice.sample(list(picked), len(picked))
    other = {name: shuffled(picked[name], dice) for name in names}
    second = generate(Snapshot(instance=instance, modules=other), NamesLock())
    assert second.files == first.files
    assert second.lock.to_text() == first.lock.to_text()


DIGEST = """
import hashlib, sys
from pathlib import Path
from vtiger_codegen.generate import generate
from vtiger_codegen.naming.lock import NamesLock
from vtiger_orm.metadata.snapshot import Snapshot
output = generate(Snapshot.load(Path(sys.argv[1])), NamesLock())
whole = hashlib.sha256(output.lock.to_text().encode())
for path, text in sorted(output.files.items()):
    whole.update(f"{path}\\0{text}".encode())
print(whole.hexdigest())
"""


def test_hash_seed_locale_and_time_zone_change_nothing() -> None:
    environments = [
        {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"},
        {"PYTHONHASHSEED": "4711", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "PYTHONUTF8": "1"},
    ]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", DIGEST, str(DEMO)],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "codegen"))),
                **environment,
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        for environment in environments
    ]
    digests = {process.communicate(timeout=60)[0] for process in running}
    assert len(digests) == 1
    assert hashlib.sha256().digest_size * 2 == len(digests.pop().strip())


def test_a_second_run_finds_everything_as_it_was(demo: Output) -> None:
    asked: list[PurePosixPath] = []

    def current(path: PurePosixPath) -> str | None:
        asked.append(path)
        return demo.files.get(path)

    again = generate(Snapshot.load(DEMO), demo.lock, locked=True, current=current)
    assert again.files == demo.files
    assert asked


# What is printed


def test_every_keyword_of_the_stubs_is_one_at_run_time(demo: Output, tmp_path: Path) -> None:
    with imported(tmp_path, demo.files) as package:
        for place in package.package.modules.values():
            meta: ModuleMeta = getattr(package, place.attribute).meta
            tree = ast.parse(text_of(demo, f"_typing/{place.python_module}.pyi"))
            for keyword in keywords_in(tree, "filter"):
                split_keyword(meta, keyword)
            assert keywords_in(tree, "_Lookups") == keywords_in(tree, "filter")
            editable = {name for name in meta.fields if meta.fields[name].editable}
            for taker in ("_Creation", "_Change", "_Search", "_Upload"):
                assert keywords_in(tree, taker).keys() - {"items", "defaults", *UPLOAD} <= editable


def keywords_of(output: Output, path: str, method: str) -> dict[str, bool]:
    """The keywords of a method in a stub, and whether each is required."""
    return keywords_in(ast.parse(text_of(output, path)), method)


def keywords_in(tree: ast.AST, name: str) -> dict[str, bool]:
    """The same, of a function or a class whose instances are called; none where it is not there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return keywords_in(node, "__call__")
        if isinstance(node, ast.FunctionDef) and node.name == name:
            pairs = zip(node.args.kwonlyargs, node.args.kw_defaults)
            return {each.arg: default is None for each, default in pairs}
    return {}


def test_create_requires_what_the_crm_requires_but_the_owner() -> None:
    output = generated(
        module(
            "M",
            field("lastname", mandatory=True),
            field("stage", "picklist", mandatory=True, default="New"),
            field("assigned_user_id", "owner", mandatory=True),
            field("createdtime", "datetime", editable=False),
            field("phone", "phone"),
        )
    )
    assert keywords_of(output, "_typing/m.pyi", "_Creation") == {
        "lastname": True,
        "assigned_user_id": False,
        "phone": False,
        "stage": False,
    }
    assert "createdtime" not in keywords_of(output, "_typing/m.pyi", "_Change")


def test_flaws_keep_a_field_out_of_what_the_server_cannot_do() -> None:
    output = generated(
        module(
            "M",
            *map(field, ["denied", "absent", "unsortable", "fine"]),
            flaws={"denied": "denied", "absent": "absent", "unsortable": "unsortable"},
        )
    )
    lookups = keywords_of(output, "_typing/m.pyi", "filter")
    assert [name for name in ("denied", "absent", "unsortable", "fine") if name in lookups] == [
        "absent",
        "unsortable",
        "fine",
    ]
    stub = text_of(output, "_typing/m.pyi")
    fields, orders = (stub.split(f"{what}: TypeAlias")[1].split("]")[0] for what in _ALIASES)
    assert '"absent"' not in fields
    assert '"unsortable"' in fields
    assert '"-unsortable"' not in orders
    assert 'flaw="denied"' in text_of(output, "m.py")


_ALIASES = ("_Fields1", "MOrder")


def test_a_module_that_nobody_may_write_to_offers_no_writing() -> None:
    stub = text_of(
        generated(module("M", field("a"), createable=False, updateable=False)), "_typing/m.pyi"
    )
    assert "def create" not in stub
    assert "def update" not in stub
    assert "MValues" not in stub


def test_secrets_are_never_printed() -> None:
    output = generate(
        Snapshot(instance=snapshot().instance, modules={"Users": recorded_modules()["Users"]}),
        NamesLock(),
    )
    whole = "\n".join(output.files.values()) + output.lock.to_text()
    for secret in ("accesskey", "user_password", "confirm_password", "user_hash"):
        assert secret not in whole


def test_references_name_only_models_that_the_package_has() -> None:
    output = generated(
        module(
            "Contacts",
            field("account_id", "reference", targets=["Accounts"]),
            field("related_to", "reference", targets=["Vendors", "Leads", "Contacts"]),
            field("anything", "reference", targets=[]),
            field("assigned_user_id", "owner"),
        ),
        module("Leads"),
        module("Groups"),
    )
    source = text_of(output, "contacts.py")
    assert 'account_id: Reference["Record"] = ' in source
    assert 'related_to: Reference["Contacts | Leads | Record"] = ' in source
    assert 'anything: Reference["Record"] = ' in source
    assert 'assigned_user_id: Reference["Groups | Record"] = ' in source
    assert 'left_out=("Vendors",)' in source


def test_ids_of_what_is_left_out_are_known_and_taken(tmp_path: Path) -> None:
    """Groups are there and Users are not: each owner begins with 19x, and none was accepted."""
    snapshot_ = snapshot(
        module("Accounts"),
        module("Groups"),
        module("Leads"),
        module(
            "Contacts",
            field("related_to", "reference", targets=["Accounts", "Leads"]),
            field("assigned_user_id", "owner"),
        ),
    )
    instance = snapshot_.instance.model_copy(update={"others": {"Users": "19"}})
    whole = Snapshot(instance=instance, modules=snapshot_.modules)
    output = generate(whole, NamesLock(), Options(exclude=("Leads",)))
    with imported(tmp_path, output.files) as package:
        contact = package.Contacts(assigned_user_id="19x5", related_to="3x8")
        assert (contact.assigned_user_id, contact.related_to) == ("19x5", "3x8")
        assert package.Contacts.meta.fields["related_to"].targets == ("Accounts", "Leads")
        with pytest.raises(InvalidValue, match="takes ids of Accounts or Leads, which begin"):
            package.Contacts(related_to="2x8")
        with pytest.raises(InvalidValue, match="takes ids of Groups or Users"):
            package.Contacts(assigned_user_id="3x8")
        with pytest.raises(SchemaMismatch, match="no module 'Leads': it was left out"):
            contact.related_to.fetch()


def test_a_module_called_like_a_field_type_keeps_its_name(tmp_path: Path) -> None:
    output = generated(
        module("Currency", field("rate", "double"), field("total", "currency")),
        module("Quotes", field("currency_id", "reference", targets=["Currency"])),
    )
    assert "import Currency as Currency_" in text_of(output, "currency.py")
    with imported(tmp_path, output.files) as package:
        assert package.Currency.meta.fields["total"].kind == "currency"


def test_an_unknown_field_type_becomes_text_with_a_warning() -> None:
    with pytest.warns(UnknownFieldType, match="holographic"):
        output = generated(module("M", field("x", "holographic")))
    assert 'x: Text = field("X")' in text_of(output, "m.py")


def test_single_templates_can_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py.jinja").write_text("x = {{ module.wire | literal }}\n")
    output = generated(module("M"), templates=tmp_path)
    assert text_of(output, "m.py") == 'x = "M"\n'
    assert "from .m import M as M" in text_of(output, "__init__.py")


@pytest.mark.parametrize("name", ["package/modul.py.jinja", "module.py.jinja", "notes.txt"])
def test_templates_that_replace_nothing_are_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=r"what can be replaced is .*package/module\.py\.jinja"):
        generated(module("M"), templates=tmp_path)


def test_templates_fail_on_facts_that_do_not_exist(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py.jinja").write_text("{{ module.nonsense }}")
    with pytest.raises(ConfigError, match=r"module.py.jinja.*nonsense"):
        generated(module("M"), templates=tmp_path)


# The format


@pytest.mark.parametrize(("written", "read", "fits"), [(0, 1, False), (1, 2, True), (1, 3, False)])
def test_a_runtime_reads_its_own_format_and_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int, read: int, fits: bool
) -> None:
    output = generated(module("M"))
    path = PurePosixPath("_package.py")
    output.files[path] = output.files[path].replace(f"format={FORMAT},", f"format={written},")
    monkeypatch.setattr("vtiger_orm.package.FORMAT", read)
    if fits:
        with imported(tmp_path, output.files) as package:
            assert package.M.meta.name == "M"
    else:
        with (
            pytest.raises(RegenerateNeeded, match="Run: vtiger-orm generate"),
            imported(tmp_path, output.files),
        ):
            pass
