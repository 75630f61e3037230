"""What programs and people rely on beside Python names, as text: the command line, settings,
environment variables, the pytest plugin, loggers.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import click
import vtiger_codegen
from vtiger_codegen import cli
from vtiger_codegen.config import Config

import vtiger_orm
from vtiger_orm.testing import plugin

ROOTS: Final = {
    package.__name__: Path(inspect.getfile(package)).parent
    for package in (vtiger_orm, vtiger_codegen)
}


def text() -> str:
    """Everything, a heading and one name a line."""
    parts = {
        "command line": command_line(),
        "settings in pyproject.toml": settings(),
        "environment variables": environment_variables(),
        "pytest: fixtures": fixtures(),
        "pytest: options and settings": pytest_settings(),
        "loggers": loggers(),
    }
    return "\n".join(
        "".join(f"{line}\n" for line in [f"# {title}", *sorted({*lines})])
        for title, lines in parts.items()
    )


def command_line() -> Iterator[str]:
    """Each verb with each of its options and arguments."""
    with click.Context(cli.cli) as context:
        for verb in cli.cli.list_commands(context):
            command = cli.cli.get_command(context, verb)
            assert command is not None
            yield f"vtiger-orm {verb}"
            with click.Context(command) as inner:
                for each in command.params:
                    yield f"vtiger-orm {verb} {_parameter(each, inner)}"


def _parameter(each: click.Parameter, context: click.Context) -> str:
    flag = isinstance(each, click.Option) and each.is_flag
    names = "/".join((*each.opts, *each.secondary_opts))
    told = [names if isinstance(each, click.Option) else names.upper()]
    if isinstance(each.type, click.Choice):
        told.append("|".join(map(str, each.type.choices)))
    elif not flag:
        told.append(each.type.name)
    default = each.get_default(context, call=False)
    if isinstance(default, str | int | float) and not isinstance(default, bool):
        told.append(f"= {default}")
    told += ["required"] * each.required + ["repeated"] * each.multiple
    return " ".join(told)


def settings() -> Iterator[str]:
    """The keys of the table, and of the tables inside it."""
    yield from _keys(Config.model_json_schema(), "tool.vtiger-orm")


def _keys(schema: dict[str, Any], where: str) -> Iterator[str]:
    definitions = schema.get("$defs", {})

    def walk(node: dict[str, Any], path: str) -> Iterator[str]:
        node = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        for name, each in node.get("properties", {}).items():
            yield from walk(each, f"{path}.{name}")
        if isinstance(inner := node.get("additionalProperties"), dict):
            yield from walk(inner, f"{path}.*")
        elif not node.get("properties"):
            yield path

    yield from walk(schema, where)


def environment_variables() -> Iterator[str]:
    """Those that any file names: every one of ours begins with VTIGER_."""
    for _, node in nodes():
        if isinstance(node, ast.Constant) and re.fullmatch(r"VTIGER_[A-Z_]+", str(node.value)):
            yield str(node.value)


def fixtures() -> Iterator[str]:
    """Fixtures with their scope and what a test gets."""
    source = ast.parse(inspect.getsource(plugin))
    for node in source.body:
        if isinstance(node, ast.FunctionDef):
            for decorator in map(ast.unparse, node.decorator_list):
                if decorator.startswith("pytest.fixture"):
                    assert node.returns is not None
                    yield f"{node.name} -> {ast.unparse(node.returns)}  @{decorator}"


class _Parser:
    """Takes what the plugin would tell pytest."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def addini(self, name: str, help: str, default: object = None) -> None:
        self.told.append(name if default is None else f"{name} = {default}")

    def getgroup(self, name: str) -> _Parser:
        return self

    def addoption(self, name: str, *, choices: tuple[str, ...], default: str, help: str) -> None:
        self.told.append(f"{name} {'|'.join(choices)} = {default}")


def pytest_settings() -> list[str]:
    """Options of the command and settings of `[tool.pytest.ini_options]`."""
    parser: Any = _Parser()
    plugin.pytest_addoption(parser)
    found: list[str] = parser.told
    return found


def loggers() -> Iterator[str]:
    """Every name that is given to `logging.getLogger`."""
    for module, node in nodes():
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger":
            (name,) = node.args
            if isinstance(name, ast.Constant):
                yield str(name.value)
            elif ast.unparse(name) == "__name__":
                yield module


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    """Calls and constants of every source file, with the name of its module."""
    found: list[tuple[str, ast.AST]] = []
    for package, root in ROOTS.items():
        for file in sorted(root.rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            module = ".".join((package, *(part for part in parts if part != "__init__")))
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found += (
                (module, node)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call | ast.Constant)
            )
    return found
