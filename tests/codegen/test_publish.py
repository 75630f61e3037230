"""Files to disk: all or none, and nobody else's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from vtiger_codegen.generate import generate
from vtiger_codegen.naming.lock import NamesLock
from vtiger_codegen.publish import file_changes, publish

from tests.codegen.packages import contents, write
from tests.codegen.snapshots import field, module, snapshot
from vtiger_orm.errors import ConfigError

Files = dict[PurePosixPath, str]


def package(*names: str, extra: str = "x") -> Files:
    modules = [module(name, field(extra)) for name in names]
    return generate(snapshot(*modules), NamesLock()).files


def as_bytes(files: Files) -> dict[str, bytes]:
    return {str(path): text.encode() for path, text in files.items()}


def test_a_new_package_is_written_whole(tmp_path: Path) -> None:
    files = package("Contacts")
    done = publish(tmp_path / "deep" / "crm", files)
    assert set(done.written) == set(files)
    assert contents(tmp_path / "deep" / "crm") == as_bytes(files)


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    publish(tmp_path, package("Accounts", "Contacts"))
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.py*")}
    assert not publish(tmp_path, package("Accounts", "Contacts"))
    files = package("Accounts", "Contacts")
    files[PurePosixPath("contacts.py")] += "\n# changed\n"
    done = publish(tmp_path, files)
    assert done.written == (PurePosixPath("contacts.py"),)
    touched = {file.name for file in before if file.stat().st_mtime_ns != before[file]}
    assert touched == {"contacts.py"}


def test_modules_that_are_gone_are_removed_and_nothing_else(tmp_path: Path) -> None:
    publish(tmp_path, package("Accounts", "Contacts"))
    mine = {
        "helpers.py": b"mine = 1\n",
        "_typing/notes.txt": b"mine too\n",
        "copy_of_contacts.py": (tmp_path / "contacts.py").read_bytes(),
    }
    for name, text in mine.items():
        (tmp_path / name).write_bytes(text)
    done = publish(tmp_path, package("Accounts"))
    assert {str(path) for path in done.removed} == {
        *("contacts.py", "_typing/contacts.py", "_typing/contacts.pyi")
    }
    assert contents(tmp_path) == as_bytes(package("Accounts")) | mine


def test_a_file_that_was_made_ones_own_is_left_alone(tmp_path: Path) -> None:
    publish(tmp_path, package("Accounts", "Contacts"))
    (tmp_path / "contacts.py").write_text("mine = 1\n")
    assert PurePosixPath("contacts.py") not in publish(tmp_path, package("Accounts")).removed
    with pytest.raises(ConfigError, match=r"contacts\.py was not written by vtiger-orm"):
        publish(tmp_path, package("Accounts", "Contacts"))
    assert (tmp_path / "contacts.py").read_text() == "mine = 1\n"


def test_a_folder_of_somebody_elses_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text('"""My application."""\n')
    with pytest.raises(ConfigError, match="Choose another output folder"):
        publish(tmp_path, package("Accounts"))
    assert contents(tmp_path) == {"__init__.py": b'"""My application."""\n'}


def test_an_empty_file_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    publish(tmp_path, package("Accounts"))
    assert contents(tmp_path) == as_bytes(package("Accounts"))


def test_line_ends_of_version_control_are_no_change(tmp_path: Path) -> None:
    files = package("Accounts")
    write(tmp_path, {path: text.replace("\n", "\r\n") for path, text in files.items()})
    assert not file_changes(tmp_path, files)


def test_a_damaged_list_of_modules_removes_nothing(tmp_path: Path) -> None:
    publish(tmp_path, package("Accounts", "Contacts"))
    own = tmp_path / "_package.py"
    for damage in ("modules={", "modules=3", 'modules={"x": ()}', 'modules={"x": ("../x",)}'):
        own.write_text(own.read_text().split("\n")[0] + f"\nf({damage})\n")
        assert not publish(tmp_path, package("Accounts")).removed


Fail = Callable[[int], None]


@pytest.fixture
def fail_at(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Make the n-th rename of `publish` fail, as a full or locked disk would."""

    def arm(number: int) -> None:
        real, count = Path.rename, iter(range(10_000))

        def rename(self: Path, target: Path) -> Path:
            if next(count) == number:
                raise PermissionError(13, "locked by another program", str(self))
            return real(self, target)

        monkeypatch.setattr(Path, "rename", rename)

    return arm


def test_whatever_fails_the_old_package_is_whole(tmp_path: Path, fail_at: Fail) -> None:
    folder = tmp_path / "crm"
    old, new = package("Accounts", "Contacts"), package("Contacts", "Vendors", extra="y")
    for number in range(40):
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, old)
        fail_at(number)
        try:
            publish(folder, new)
        except PermissionError:
            assert contents(folder) == as_bytes(old), f"after failing at rename {number}"
        else:
            assert contents(folder) == as_bytes(new)
            break
    else:
        pytest.fail("publishing never came to its end")
    assert number > 8


def test_a_first_run_that_fails_leaves_nothing(tmp_path: Path, fail_at: Fail) -> None:
    fail_at(3)
    with pytest.raises(PermissionError):
        publish(tmp_path / "deep" / "crm", package("Accounts"))
    assert list(tmp_path.iterdir()) == []
