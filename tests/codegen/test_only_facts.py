"""Generated packages hold the facts that the CRM tells, and its text is never more than text."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path
from typing import Any

import black
import pytest
from black.mode import TargetVersion
from hypothesis import given
from vtiger_codegen.generate import Output, generate
from vtiger_codegen.naming.lock import NamesLock
from vtiger_codegen.rendering.render import FORMAT_OFF

from tests.codegen.packages import imported
from tests.codegen.snapshots import (
    DEMO,
    field,
    hostile_snapshots,
    module,
    snapshot,
)
from tests.support.examples import examples
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta
from vtiger_orm.metadata.snapshot import Snapshot
from vtiger_orm.writing.policies.table import is_writable

PY311 = {TargetVersion.PY311}

_CALLS = {"field", "Relation", "Package"}
_STATEMENTS = (
    *(ast.Module, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.Expr, ast.If, ast.ImportFrom),
    *(ast.FunctionDef, ast.AsyncFunctionDef),
)
_NO_STATEMENTS = (ast.expr, ast.expr_context, ast.operator, ast.alias, ast.keyword, ast.arguments)


def assert_only_facts(source: str) -> None:
    """Only the statements, calls and names that templates print: text is nothing but text."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        assert isinstance(node, (*_STATEMENTS, *_NO_STATEMENTS, ast.arg, ast.unaryop))
        if isinstance(node, ast.Call):
            told = ast.unparse(node.func)
            assert told in {*_CALLS, "package.exports", "TypedDict", "TypeVar"}, told
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant)
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert [ast.unparse(each) for each in body] == ["..."]


def facts(meta: ModuleMeta) -> dict[str, Any]:
    """What `Contacts.meta` says, without targets, whose order differs."""
    return {
        "name": meta.name,
        "label": meta.label,
        "prefix": meta.prefix,
        "label_fields": meta.label_fields,
        "relations": {each.name: each for each in meta.relations},
        "fields": {name: _field_facts(each) for name, each in meta.fields.items()},
    }


def _field_facts(meta: FieldMeta) -> dict[str, Any]:
    names = ("wire", "label", "mandatory", "editable", "unique", "default", "length", "flaw")
    choices = {value: label for value, label in reversed(meta.choices) if value.strip(" ")}
    return {"kind": meta.kind, "choices": choices, **{n: getattr(meta, n) for n in names}}


def _as_generated(meta: ModuleMeta) -> dict[str, Any]:
    """The facts of a snapshot with what nobody can write as read-only."""
    found = facts(meta)
    for name, each in meta.fields.items():
        found["fields"][name]["editable"] = is_writable(meta, each)
    return found


def assert_arrives(given: Snapshot, output: Output, folder: Path) -> None:
    """What the classes say at run time is what the snapshot says."""
    with imported(folder, output.files) as package:
        for name, described in given.modules.items():
            names = output.lock.modules[name]
            wanted = module_meta(described, names.fields, names.relations)
            found = package.package.model(name).meta
            assert facts(found) == _as_generated(wanted)
            for field_ in wanted.fields.values():
                if field_.kind is Kind.REFERENCE:
                    assert set(found.fields[field_.name].targets) == set(field_.targets)


@given(hostile_snapshots())
@examples(12)
def test_no_text_of_a_crm_is_ever_more_than_text(
    tmp_path_factory: pytest.TempPathFactory, given: Snapshot
) -> None:
    output = generate(given, NamesLock())
    for path, text in output.files.items():
        text.encode()
        assert_only_facts(text)
        printed = text.replace(FORMAT_OFF, "", 1)
        mode = black.Mode(line_length=100, is_pyi=path.suffix == ".pyi", target_versions=PY311)
        assert black.format_str(printed, mode=mode) == printed
    assert_arrives(given, output, tmp_path_factory.mktemp("hostile"))


def test_everything_the_recordings_tell_arrives(demo: Output, tmp_path: Path) -> None:
    assert_arrives(Snapshot.load(DEMO), demo, tmp_path)
    for text in demo.files.values():
        assert_only_facts(text)


def test_what_looks_like_code_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(builtins, "boom", lambda: ran.append("boom"), raising=False)
    attacks = [
        '"""\nboom()\n"""',
        '") ; boom() ; ("',
        "{{ boom() }}",
        "{% for x in boom() %}{% endfor %}",
        "\\",
        "'''\nboom()",
        "\nboom()\n",
    ]
    modules = [
        module(
            f"M{number}",
            field("cf_1", label=attack, default=attack),
            field("p", "picklist", label=attack, values={attack: attack}),
            label=attack,
            relations=[{"name": "M0", "label": attack}],
        )
        for number, attack in enumerate(attacks)
    ]
    with imported(tmp_path, generate(snapshot(*modules), NamesLock()).files) as package:
        for number, attack in enumerate(attacks):
            meta = getattr(package, f"M{number}").meta
            assert meta.label == attack
            assert meta.fields["p"].choices == ((attack, attack),)
    assert not ran
