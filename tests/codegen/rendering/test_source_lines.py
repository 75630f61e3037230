"""What is printed stays as it is under black."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import black
import pytest
from black.strings import str_width
from hypothesis import given
from hypothesis import strategies as st
from vtiger_codegen.building.ir import Argument, Member, ModelField
from vtiger_codegen.building.types import builtin, generic, optional
from vtiger_codegen.generate import Options, Output, generate
from vtiger_codegen.naming.lock import FILE_NAME, NamesLock, load_lock
from vtiger_codegen.rendering.render import FORMAT_OFF
from vtiger_codegen.rendering.source_lines import field_line, fits, member_line
from vtiger_codegen.text.literals import literal

from tests.codegen.packages import contents, write
from tests.codegen.snapshots import (
    DEMO,
    field,
    module,
    snapshot,
)
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

PY = black.Mode(line_length=100, target_versions={black.mode.TargetVersion.PY311})
PYI = black.Mode(line_length=100, is_pyi=True, target_versions={black.mode.TargetVersion.PY311})


@pytest.fixture(scope="module")
def demo() -> Output:
    return generate(Snapshot.load(DEMO), load_lock(DEMO / FILE_NAME), locked=True)


def text_of(output: Output, path: str) -> str:
    return output.files[PurePosixPath(path)]


def generated(*modules: ModuleSnapshot, **options: Any) -> Output:
    return generate(snapshot(*modules), NamesLock(), Options(**options))


def test_files_are_printed_as_black_likes_them(demo: Output) -> None:
    for path, text in demo.files.items():
        if path.suffix == ".py":
            printed = text.replace(FORMAT_OFF, "", 1)
            assert black.format_str(printed, mode=PY) == printed, path


@given(characters=st.characters(exclude_categories=["Cs"]))
def test_columns_are_counted_as_black_counts_them(characters: str) -> None:
    inner = literal(characters)[1:-1]
    for width in (99, 100, 101):
        line = " " * (width - str_width(inner)) + inner
        assert fits(line) == (width <= 100), (characters, width)


@pytest.mark.parametrize("name", ["contacts", "modcomments", "quotes", "groups"])
def test_stubs_are_printed_as_black_likes_them(demo: Output, name: str) -> None:
    text = text_of(demo, f"_typing/{name}.pyi").replace(FORMAT_OFF, "", 1)
    assert black.format_str(text, mode=PYI) == text


def test_long_names_are_broken_as_black_breaks_them() -> None:
    long = "a_very_long_name_for_a_field_that_nobody_should_have_made"
    modules = [module(f"Module{n}WithQuiteALongNameOfItsOwn") for n in range(8)]
    names = [each.describe.name for each in modules]
    output = generated(
        module(
            "AModuleWhoseNameIsLongAsWell",
            field(long, "multipicklist", values=["x"], mandatory=True),
            field(f"{long}_2", "picklist", values=["x"]),
            field("any_of_them", "reference", targets=names),
            field("one_of_two", "reference", targets=names[:2]),
            field("just_one", "reference", targets=names[:1]),
            label="客" * 60,
        ),
        *modules,
    )
    for path, text in output.files.items():
        mode = PYI if path.suffix == ".pyi" else black.Mode(line_length=100)
        printed = text.replace(FORMAT_OFF, "", 1)
        assert black.format_str(printed, mode=mode) == printed, path


@given(
    st.integers(1, 60),
    st.lists(st.sampled_from(["Users", "PurchaseOrder", "HelpDesk", "Quotes"]), max_size=16),
    st.integers(0, 110),
    st.booleans(),
    st.booleans(),
)
def test_fields_are_broken_as_black_breaks_them(
    name: int, targets: list[str], label: int, more: bool, read_only: bool
) -> None:
    quoted = f'"{" | ".join(targets)}"'
    type_ = generic(builtin("Reference"), builtin(quoted)) if targets else builtin("String")
    if read_only and targets:
        type_ = optional(generic(builtin("Ref"), builtin(quoted)))
    arguments = [Argument(None, "x" * label)] + [Argument("mandatory", True)] * more
    line = field_line(ModelField("n" * name, type_, None, "", tuple(arguments), ""))
    source = f"class M:\n{line}\n"
    assert black.format_str(source, mode=black.Mode(line_length=100)) == source


@given(
    st.integers(1, 60),
    st.integers(1, 100),
    st.none() | st.integers(1, 100),
    st.sampled_from("vé客가"),
)
def test_members_are_broken_as_black_breaks_them(
    name: int, value: int, label: int | None, character: str
) -> None:
    line = member_line(
        Member("N" * name, character * value, None if label is None else "l" * label)
    )
    source = f"class M:\n    class P(Picklist):\n{line}\n"
    assert black.format_str(source, mode=black.Mode(line_length=100)) == source


@pytest.mark.parametrize(
    "command",
    [
        ("black", "--quiet", "--line-length=60"),
        ("ruff", "format", "--no-cache", "--quiet", "--isolated", "--line-length=60"),
        (
            "ruff",
            "check",
            "--no-cache",
            "--quiet",
            "--isolated",
            "--select=I,UP,E,F,Q",
            "--fix",
            "--exit-zero",
        ),
    ],
)
def test_formatters_leave_the_output_alone(
    demo: Output, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Whatever their settings: `check` compares bytes."""
    paths = ["contacts.py", "_package.py", "__init__.py", "_typing/groups.pyi"]
    files = {PurePosixPath(path): demo.files[PurePosixPath(path)] for path in paths}
    write(tmp_path, files)
    subprocess.run([sys.executable, "-m", *command, "."], cwd=tmp_path, check=True)
    assert contents(tmp_path) == {str(path): text.encode() for path, text in files.items()}
