"""Statements whose lines break where black breaks them, so that what is printed stays as it is.

Model files and stubs are not formatted afterwards, which would take longer than all the rest. Black
itself (`formatted`) is asked for the two files about the whole package, and where templates are
replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final
from unicodedata import ucd_3_2_0

from vtiger_orm.errors import MissingExtra

from ..building.ir import Alias, Argument, Flat, Keyword, Member, ModelField, ModelRelation
from ..building.types import ROOT, Import, Type
from ..text.literals import docstring, literal, phrase

if TYPE_CHECKING:
    import black

WIDTH: Final = 100


def fits(line: str) -> bool:
    """Whether a line is short enough."""
    return (len(line) if line.isascii() else sum(map(_columns, line))) <= WIDTH


_WIDENED: Final = frozenset(
    map(chr, (0x231A, 0x231B, 0x25FD, 0x25FE, *range(0x2630, 0x2638), *range(0x2648, 0x2654)))
)


def _columns(character: str) -> int:
    """Columns that black counts for a character: one for marks above others, too. What the frozen
    table does not know is printed as an escape (see `literals`) and never gets here; a few signs
    became wide after it was frozen."""
    if ucd_3_2_0.category(character) in ("Mn", "Me"):
        return 1
    wide = ucd_3_2_0.east_asian_width(character) in ("W", "F")
    return 2 if wide or character in _WIDENED else 1


def block(head: str, items: Sequence[str], tail: str, indent: int = 0) -> str:
    """``head(items)tail`` on one line if it fits, else one item a line."""
    pad = " " * indent
    line = f"{pad}{head}{', '.join(items)}{tail}"
    if fits(line):
        return line
    return f"{pad}{head}\n{one_a_line(items, indent + 4)}\n{pad}{tail}"


def one_a_line(items: Iterable[str], indent: int) -> str:
    """One item a line with a trailing comma: black leaves such lists alone."""
    pad = " " * indent
    return "\n".join(f"{pad}{item}," for item in items)


def argument(given: Argument, indent: int = 0) -> str:
    """One argument of a call; on a line of its own, so far to the right, long tuples break."""
    value = literal(given.value)
    text = value if given.name is None else f"{given.name}={value}"
    if not isinstance(given.value, tuple) or fits(f"{' ' * indent}{text},"):
        return text
    head = "(" if given.name is None else f"{given.name}=("
    return f"{head}\n{one_a_line(map(literal, given.value), indent + 4)}\n{' ' * indent})"


def call(head: str, arguments: Iterable[Argument], tail: str, indent: int = 0) -> str:
    """``head(arguments)tail`` as `block` breaks it; what follows the call counts as its tail."""
    pad = " " * indent
    line = f"{pad}{head}{', '.join(map(argument, arguments))}{tail}"
    if fits(line):
        return line
    items = (argument(each, indent + 4) for each in arguments)
    return f"{pad}{head}\n{one_a_line(items, indent + 4)}\n{pad}{tail}"


def field_line(field: ModelField) -> str:
    """One field of a model: the value is broken up before the annotation is."""
    arguments = field.arguments
    type_, pad = field.type, "    "
    if fits(f"{pad}{field.name}: {type_.text} = field("):
        return call(f"{field.name}: {type_.text} = field(", arguments, ")", indent=4)
    if fits(f"{pad}{field.name}: {type_.text} = ("):
        value = call("field(", arguments, ")", indent=8)
        return f"{pad}{field.name}: {type_.text} = (\n{value}\n{pad})"
    inner = f"{pad}    {type_.text}"
    if type_.arguments and not type_.operands:
        inner = f"{pad}    {', '.join(each.text for each in type_.arguments)}"
        value = call("] = field(", arguments, ")", indent=4)
        return f"{pad}{field.name}: {type_.base}[\n{inner}\n{value}"
    if not fits(inner):
        first, *more = type_.operands or (type_.text,)
        inner = f"\n{pad}    | ".join([f"{pad}    {_opened(first)}", *more])
    return f"{pad}{field.name}: (\n{inner}\n{call(') = field(', arguments, ')', indent=4)}"


def _opened(first: str) -> str:
    """``Ref["A | B"]``, what is in the brackets on a line of its own if there is no room."""
    if fits(f"        {first}"):
        return first
    base, _, inner = first.partition("[")
    return f"{base}[\n            {inner[:-1]}\n        ]"


def constructor(fields: Sequence[ModelField]) -> str:
    """The constructor of a model, for type checkers: what they make of the fields by themselves
    differs from one to the other."""
    given = [
        Keyword(each.name, each.given, label=each.label)
        for each in fields
        if each.given is not None
    ]
    arguments = "\n".join(f"            {each.name}: {each.type.text} = ...," for each in given)
    told = labels(given, "An unsaved record, or one that exists where `id` is given.", 12)
    head = "        def __init__(  # pyright: ignore[reportMissingSuperCall]"
    lines = [head, "            self,", "            *,", arguments, "        ) -> None:"]
    return "\n".join([*lines, f"            {told}", "            ...", ""])


def member_line(member: Member) -> str:
    """One member of an enum nested in a model; editors show the label, where it says more."""
    line = _member(member)
    told = phrase(member.label or "")
    return f"{line}\n        {docstring(f'{told}.')}" if told else line


def _member(member: Member) -> str:
    value = literal(member.value)
    line = f"        {member.name} = {value}"
    if member.label is None:
        alone = f"            {value}"
        broken = not fits(line) and fits(alone)
        return f"        {member.name} = (\n{alone}\n        )" if broken else line
    line = f"{line}, {literal(member.label)}"
    if fits(line):
        return line
    return block(f"{member.name} = (", [value, literal(member.label)], ")", indent=8)


def relation_lines(relations: Sequence[ModelRelation]) -> str:
    """The relations among the class keywords of a model."""
    calls = [call("Relation(", each.arguments, "),", indent=8) for each in relations]
    alone = f"    relations=({calls[0].strip()}),"
    if len(calls) == 1 and "\n" not in alone and fits(alone):
        return alone
    return "\n".join(["    relations=(", *calls, "    ),"])


def keywords(parameters: Iterable[Keyword]) -> str:
    """Keyword parameters of a method in a stub, one a line."""
    printed = []
    for name, type_, required, _ in parameters:
        tail = "" if required else " = ..."
        line = f"        {name}: {type_.text}{tail},"
        short = len(line) <= WIDTH and line.isascii()
        printed.append(line if short else annotated(f"{name}: ", type_, tail))
    return "\n".join(printed)


def attribute_line(field: Keyword) -> str:
    """One field of an input model, with what the CRM calls it; one that is not required may be
    left out and reads as `None` then."""
    tail = "" if field.required else " = ..."
    line = annotated(f"{field.name}: ", field.type, tail, indent=4).removesuffix(",")
    told = phrase(field.label)
    return f"{line}\n    {docstring(f'{told}.')}" if told else line


def entry_line(entry: Keyword) -> str:
    """One key of a typed dictionary."""
    return annotated(f"{literal(entry.name)}: ", entry.type, "")


def annotated(head: str, type_: Type, tail: str, indent: int = 8) -> str:
    """``head type tail,`` with the type broken up where it is too long."""
    pad = " " * indent
    line = f"{pad}{head}{type_.text}{tail},"
    if fits(line):
        return line
    if type_.operands:
        return f"{pad}{head}(\n{_union(type_.operands, indent + 4)}\n{pad}){tail},"
    if type_.arguments:
        return f"{pad}{head}{type_.base}[\n{_arguments(type_, indent + 4)}\n{pad}]{tail},"
    return line


def alias_line(alias: Alias) -> str:
    """``_Name: TypeAlias = ...``"""
    line = f"{alias.name}: TypeAlias = {alias.type.text}"
    if fits(line) or not alias.type.operands:
        return line
    return f"{alias.name}: TypeAlias = (\n{_union(alias.type.operands, 4)}\n)"


def _union(operands: Sequence[str], indent: int) -> str:
    pad = " " * indent
    line = f"{pad}{' | '.join(operands)}"
    return line if fits(line) else pad + f"\n{pad}| ".join(operands)


def literals_alias(name: str, values: Sequence[str], more: Sequence[Flat] = ()) -> str:
    """``Name: TypeAlias = Literal[...]``, one value a line, those of other aliases included; no
    value at all is `Never`."""
    items = [each.name for each in more if each.name]
    items += [literal(field) for each in more if not each.name for field in each.fields]
    items += map(literal, values)
    if not items:
        return f"{name}: TypeAlias = Never"
    line = f"{name}: TypeAlias = Literal[{items[0]}]"
    if len(items) > 1:
        return f"{name}: TypeAlias = Literal[\n{one_a_line(items, 4)}\n]"
    return line if fits(line) else f"{name}: TypeAlias = Literal[\n    {items[0]}\n]"


def getter(name: str, type_: str) -> str:
    """A property of a stub."""
    line = f"    def {name}(self) -> {type_}: ..."
    if not fits(line):
        line = f"    def {name}(\n        self,\n    ) -> {type_}: ..."
    return f"    @property\n{line}"


def returned(type_: Type) -> str:
    """``-> ValuesQuerySet[type]: ...`` as the last line of a method, broken up if it is long."""
    line = f"    ) -> ValuesQuerySet[{type_.text}]: ..."
    if fits(line):
        return line
    return f"    ) -> ValuesQuerySet[\n{_broken(type_, 8)}\n    ]: ..."


def _broken(type_: Type, indent: int) -> str:
    """A type on lines of its own."""
    pad = " " * indent
    if fits(pad + type_.text) or not (type_.operands or type_.arguments):
        return pad + type_.text
    if type_.operands:
        return _union(type_.operands, indent)
    return f"{pad}{type_.base}[\n{_arguments(type_, indent + 4)}\n{pad}]"


def _arguments(type_: Type, indent: int) -> str:
    """What stands in the brackets of a type."""
    if len(type_.arguments) == 1:
        return _broken(type_.arguments[0], indent)
    texts = [each.text for each in type_.arguments]
    line = " " * indent + ", ".join(texts)
    return line if fits(line) else one_a_line(texts, indent)


def labels(parameters: Iterable[Keyword], head: str, indent: int) -> str:
    """A docstring that tells what the CRM calls each of the fields, one a line."""
    pad = " " * indent
    lines = [f"{pad}{each.name}: {phrase(each.label)}." for each in parameters]
    return docstring("\n".join([head, "", *lines, pad]))


def import_lines(imports: Iterable[Import], root: str = ".", indent: int = 0) -> str:
    """``from x import a, b`` lines in the order of the names; `root` is how the package itself
    is reached from the file."""
    found: dict[tuple[str, bool, str], list[str]] = {}
    for each in sorted(imports, key=_import_key):
        name = f"{each.name} as {each.alias}" if each.alias else each.name
        module = root if each.module == ROOT else each.module
        found.setdefault((module, bool(each.alias), each.alias), []).append(name)
    return "\n".join(_import(key[0], names, indent) for key, names in found.items())


def _import_key(given: Import) -> tuple[str, bool, int, str, str]:
    """The order of ruff and isort: constants, classes, the rest, each without regard to case."""
    name = given.name
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return given.module, bool(given.alias), rank, name.lower(), name


def _import(module: str, names: list[str], indent: int) -> str:
    pad = " " * indent
    line = f"{pad}from {module} import {', '.join(names)}"
    if fits(line):
        return line
    return f"{pad}from {module} import (\n{one_a_line(names, indent + 4)}\n{pad})"


def reexports(names: Sequence[str], python_module: str) -> str:
    """The import by which the package's root hands out what a stub declares."""
    again = [f"{name} as {name}" for name in names]
    return _import(f"{ROOT}_typing.{python_module}", again, indent=4)


def formatted(text: str) -> str:
    """The text of a model file as black prints it. Raises `MissingExtra` without black."""
    try:
        import black
    except ImportError as error:
        raise MissingExtra("Generating", "codegen") from error
    return black.format_str(text, mode=_mode())


@cache
def _mode() -> black.Mode:
    import black
    from black.mode import TargetVersion

    return black.Mode(line_length=WIDTH, target_versions={TargetVersion.PY311})
