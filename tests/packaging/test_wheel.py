"""The built wheel works in a clean environment, away from the checkout, and builds applications.

Dependencies come from the running environment's site-packages through a path file, so that no
network is needed; the project itself comes from the wheel alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.programs

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
    # A path to the checkout would be looked at before the environment's own packages.
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=240,
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


@pytest.mark.programs
def test_six_commands_of_one_page_lead_to_a_typed_query(python: Path, tmp_path: Path) -> None:
    """Those of the guide's first chapter, as they stand there; the first is the wheel itself."""
    from vtiger_codegen.cli import cli
    from vtiger_codegen.site.chapters import chapter

    page = chapter("first-hour", cli).text
    block = page.partition("## Six commands")[2].partition("```console\n")[2].partition("```")[0]
    install, *commands = [line.removeprefix("$ ") for line in block.splitlines()]
    assert install.startswith("pip install")
    assert len(commands) <= 5
    told = ""
    for command in commands:
        path = f"PATH={python.parent}:$PATH"
        told = run("sh", "-c", f"{path}; export PATH; {command}", cwd=tmp_path)
    assert int(told) > 0
    first = page.partition("## The first query")[2].partition("```python\n")[2].splitlines()[0]
    typed = f"{first}\nreveal_type(Contacts.objects.get().lastname)\n"
    (tmp_path / "typed.py").write_text(typed)
    checked = run(sys.executable, "-m", "mypy", "--strict", "typed.py", cwd=tmp_path)
    assert 'Revealed type is "str' in checked or "builtins.str" in checked


def test_the_wheel_has_guide_and_site(python: Path, tmp_path: Path) -> None:
    command = python.with_name("vtiger-orm")
    assert "36 modules in" in run(command, "docs", "--demo", "--output", "site", cwd=tmp_path)
    assert "First hour" in run(command, "guide", "first-hour", cwd=tmp_path)


APPLICATION = """
[build-system]
requires = ["hatchling", "vtiger-orm[codegen]"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "1.0"

[tool.hatch.build]
dev-mode-dirs = ["."]

[tool.hatch.build.targets.wheel]
packages = ["shop"]

[tool.hatch.build.hooks.vtiger-orm]

[tool.vtiger-orm]
output = "shop/crm"
exclude = ["Groups"]
"""


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """An application with a snapshot and names.lock; the package itself is not committed."""
    folder = tmp_path / "application"
    plain = ROOT / "tests" / "golden" / "plain"
    shutil.copytree(plain / "schema", folder / "vtiger-schema")
    shutil.copy(plain / "expected" / "names.lock", folder / "vtiger-schema")
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(APPLICATION)
    (folder / ".gitignore").write_text("/shop/crm/\n")
    return folder


@pytest.mark.programs
def test_the_build_hook_generates_what_is_not_committed(
    python: Path, application: Path, tmp_path: Path
) -> None:
    """A real build: the source distribution, and the wheel from that."""
    out = tmp_path / "dist"
    run(python, "-m", "build", "--no-isolation", "-o", out, application, cwd=tmp_path)
    (wheel,) = out.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"shop/crm/project.py", "shop/crm/_typing/project.pyi", "shop/crm/py.typed"} <= names
    assert not any("groups" in name for name in names)


@pytest.mark.programs
def test_the_build_hook_works_for_editable_installs(
    python: Path, application: Path, tmp_path: Path
) -> None:
    target = tmp_path / "editable"
    pip = (python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index")
    run(*pip, "--no-build-isolation", "--target", target, "-e", application, cwd=tmp_path)
    (path,) = target.glob("*.pth")
    assert path.read_text().strip() == str(application)
    code = "from shop.crm import Project; print(Project.meta.name)"
    assert run(python, "-c", code, cwd=application).strip() == "Project"
