"""The built wheel works in a clean environment, away from the checkout.

Dependencies come from the running environment's site-packages through a path file, so that no
network is needed; the project itself comes from the wheel alone.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STORY = """
import sys, pathlib
from vtiger_orm.emulator import Crm
import vtiger_orm, vtiger_codegen
assert "site-packages" in vtiger_orm.__file__, vtiger_orm.__file__
sys.path.insert(0, str(pathlib.Path.cwd()))
from crm import Contacts, connect

crm = Crm()
with crm.serve() as server, connect(server.url, *crm.credentials()):
    ada = Contacts.objects.create(lastname="Lovelace")
    ada.firstname = "Ada"
    ada.save()
    print(Contacts.objects.filter(firstname="ada", lastname="lovelace").get().id == ada.id)
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", out, ROOT, cwd=ROOT)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    python = home / "venv" / "bin" / "python"
    site = Path(
        run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=home).strip()
    )
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(
        *pip, "install", "--quiet", "--no-deps", "--no-index", "--ignore-installed", wheel, cwd=home
    )
    return python


def test_the_wheel_holds_templates_demo_and_type_marker_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "vtiger_orm/py.typed" in names
    assert "vtiger_orm/emulator/demo/instance.json" in names
    assert "vtiger_orm/emulator/demo/names.lock" in names
    assert any(name.startswith("vtiger_codegen/templates/") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "vtiger_orm",
        "vtiger_codegen",
    }


def test_the_whole_story_runs_from_the_wheel(python: Path, tmp_path: Path) -> None:
    demo = run(
        python,
        *("-c", "import vtiger_orm.emulator as e, pathlib; print(pathlib.Path(e.__file__).parent)"),
        cwd=tmp_path,
    ).strip()
    command = python.with_name("vtiger-orm")
    run(command, "generate", "--schema", f"{demo}/demo", "--output", tmp_path / "crm", cwd=tmp_path)
    assert run(python, "-c", STORY, cwd=tmp_path).strip() == "True"
