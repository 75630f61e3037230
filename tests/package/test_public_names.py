"""The public names of the runtime: complete, importable, and nothing else leaks out."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import tomllib
from pathlib import Path

import pytest

import vtiger_orm
from vtiger_orm import errors
from vtiger_orm.session import Session
from vtiger_orm.session.settings import SessionSettings

PACKAGES = [vtiger_orm]


def source_of(package: object) -> Path:
    file = getattr(package, "__file__", None)
    assert file is not None
    return Path(file)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_every_public_name_can_be_imported(package: object) -> None:
    for name in vars(package)["__all__"]:
        assert getattr(package, name) is not None


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_checkers_see_the_names_that_are_there(package: object) -> None:
    """What stands under TYPE_CHECKING is what is exported at run time, from the same place."""
    tree = ast.parse(source_of(package).read_text("utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    shown = {
        alias.asname: f".{node.module}"
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    exported = set(vars(package)["__all__"]) - {"__version__"}
    assert set(shown) == exported
    assert vars(package)["__all__"] == sorted(vars(package)["__all__"])


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_nothing_else_leaks_out(package: object) -> None:
    modules = {each.name for each in pkgutil.iter_modules([str(source_of(package).parent)])}
    public = {name for name in dir(package) if name.isidentifier() and name[0] != "_"}
    assert public - modules - {"TYPE_CHECKING", "lazy_names"} == set(vars(package)["__all__"]) - {
        "__version__"
    }
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        vars(package)["__getattr__"]("Nothing")


ERRORS = [
    name
    for name, each in vars(errors).items()
    if inspect.isclass(each) and issubclass(each, Exception) and each.__module__ == errors.__name__
]


def test_every_error_is_public() -> None:
    assert set(ERRORS) <= set(vtiger_orm.__all__)


def test_every_error_is_in_the_tree_of_the_docstring() -> None:
    told = (errors.__doc__ or "").split()
    assert [name for name in ERRORS if name not in told] == []


def test_the_version_is_the_distributions() -> None:
    project = tomllib.loads(
        (source_of(vtiger_orm).parent.parent / "pyproject.toml").read_text("utf-8")
    )
    assert vtiger_orm.__version__ == project["project"]["version"]


def test_connect_and_configure_take_what_a_session_takes() -> None:
    parameters = inspect.signature(Session).parameters
    given = {"url", "username", "access_key", "package"}
    assert set(SessionSettings.__annotations__) == set(parameters) - given
    for name, hint in SessionSettings.__annotations__.items():
        assert hint.__forward_arg__ == parameters[name].annotation, name
