"""Every small change of a source that is still a program: what the mutation run tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Final, cast

import libcst as cst
from libcst import matchers as m
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

Swap = tuple[type[cst.CSTNode], type[cst.CSTNode]]

PAIRS: Final[Sequence[Swap]] = (
    (cst.And, cst.Or),
    (cst.Equal, cst.NotEqual),
    (cst.Is, cst.IsNot),
    (cst.In, cst.NotIn),
    (cst.LessThan, cst.LessThanEqual),
    (cst.LessThan, cst.GreaterThanEqual),
    (cst.GreaterThan, cst.GreaterThanEqual),
    (cst.GreaterThan, cst.LessThanEqual),
    (cst.Add, cst.Subtract),
    (cst.Multiply, cst.Divide),
    (cst.FloorDivide, cst.Multiply),
    (cst.Modulo, cst.Multiply),
    (cst.BitAnd, cst.BitOr),
    (cst.LeftShift, cst.RightShift),
    (cst.AddAssign, cst.SubtractAssign),
    (cst.BitAndAssign, cst.BitOrAssign),
    (cst.Break, cst.Continue),
)
"""What stands for each other, in both directions."""

NAMES: Final = (
    *(("True", "False"), ("any", "all"), ("min", "max"), ("append", "extend")),
    *(("partition", "rpartition"), ("removeprefix", "removesuffix")),
)
"""Names that stand for each other, in both directions."""

_NONE: Final = cst.Name("None")
_LEFT_ALONE: Final = m.OneOf(
    *(m.Annotation(), m.Decorator(), m.Import(), m.ImportFrom()),
    m.SimpleStatementLine([m.Expr(m.SimpleString() | m.ConcatenatedString())]),  # a docstring
    m.If(m.Name("TYPE_CHECKING")),
    m.Assign([m.AssignTarget(m.Name("__all__"))]),
    m.AnnAssign(annotation=m.Annotation(m.Name("TypeAlias"))),
    m.Subscript(m.Name("Literal") | m.Name("Generator") | m.Name("ClassVar")),
    m.Call(m.Name("TypeVar")),
    m.Expr(m.Call(m.Attribute(m.Name("logger")))),
)
_WORDS: Final = m.FormattedString() | m.ConcatenatedString()
_SPEAKS: Final = m.Raise() | _WORDS
"""What holds words for people; what is computed in them is changed, the words are not."""


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A file with one change."""

    file: Path
    line: int
    old: str
    new: str
    source: str
    """The whole text, changed."""
    in_function: bool
    """Whether it is in a function's code, rather than evaluated at import."""

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}: {_short(self.old)}  ->  {_short(self.new)}"

    def compiled(self) -> CodeType:
        return compile(self.source, str(self.file), "exec", dont_inherit=True)


def _short(text: str) -> str:
    return " ".join(text.split())


def changes_of(file: Path, source: str | None = None) -> Iterator[SourceChange]:
    """The changes of a file, in the order of their places."""
    text = file.read_text(encoding="utf-8") if source is None else source
    finder = _Finder()
    MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True).visit(finder)
    written, blank = text.encode(), cst.Module(())
    for start, end, other, in_function in finder.found:
        before, behind, new = written[:start], written[end:], blank.code_for_node(other)
        old, changed = written[start:end].decode(), (before + new.encode() + behind).decode()
        yield SourceChange(file, before.count(b"\n") + 1, old, new, changed, in_function)


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (ByteSpanPositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, int, cst.CSTNode, bool]] = []
        self._functions = 0
        self._speaking = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if m.matches(node, _LEFT_ALONE):
            return False
        if not (self._speaking and isinstance(node, cst.SimpleString)):
            for replaced, other in replacements(node):
                span = self.get_metadata(ByteSpanPositionProvider, replaced)
                end = span.start + span.length
                self.found.append((span.start, end, other, self._functions > 0))
        if isinstance(node, cst.FunctionDef):
            node.params.visit(self)  # defaults are evaluated where the function is defined
            self._functions += 1
            node.body.visit(self)
            self._functions -= 1
            return False
        self._speaking += m.matches(node, _SPEAKS)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._speaking -= m.matches(original_node, _SPEAKS)


def replacements(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """What of a node could be something else, and what."""
    if isinstance(node, cst.If | cst.While | cst.CompIf | cst.IfExp):
        for value in ("True", "False")[isinstance(node, cst.While) :]:
            yield node.test, cst.Name(value)
    for kinds, made in _RULES:
        if isinstance(node, kinds):
            # The parentheses around an expression stand outside of its place.
            bare = node.with_changes(lpar=(), rpar=()) if getattr(node, "lpar", ()) else node
            for other in made(cast(Any, bare)):
                yield node, other


def _swapped(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    operator = getattr(node, "operator", node)
    for one, other in (*PAIRS, *((other, one) for one, other in PAIRS)):
        if type(operator) is one:
            yield other() if operator is node else node.with_changes(operator=other())


def _renamed(node: cst.Name) -> Iterator[cst.CSTNode]:
    for one, other in NAMES:
        if node.value in (one, other):
            yield cst.Name(other if node.value == one else one)


def _other_number(node: cst.Integer | cst.Float) -> Iterator[cst.CSTNode]:
    for number in (node.evaluated_value + 1, node.evaluated_value - 1):
        yield cst.parse_expression(f"({number!r})")


def _other_text(node: cst.SimpleString) -> Iterator[cst.CSTNode]:
    if node.quote in ("'", '"') and isinstance(node.evaluated_value, str):
        yield cst.SimpleString(repr(f"{node.evaluated_value}XX" if len(node.value) > 2 else "XX"))


def _bare(node: cst.UnaryOperation) -> Iterator[cst.CSTNode]:
    if isinstance(node.operator, cst.Not | cst.Minus | cst.BitInvert):
        yield node.expression


def _one_side(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    yield node.left
    yield node.right


def _other_arguments(node: cst.Call) -> Iterator[cst.CSTNode]:
    if m.matches(node.func, m.Name("cast") | m.Name("isinstance") | m.Name("super")):
        return
    for at, given in enumerate(node.args):
        if m.matches(given.value, _WORDS):
            continue
        before, behind = node.args[:at], node.args[at + 1 :]
        if not given.star and not m.matches(given.value, m.Name("None")):
            none = given.with_changes(value=_NONE)
            yield node.with_changes(args=[*before, none, *behind])
        if len(node.args) > 1 or given.keyword:
            yield node.with_changes(args=[*before, *behind])


def _nothing_returned(node: cst.Return) -> Iterator[cst.CSTNode]:
    if node.value is not None and not m.matches(node.value, m.Name("None")):
        yield node.with_changes(value=None)


def _left_out(node: cst.BaseSmallStatement) -> Iterator[cst.CSTNode]:
    if not m.matches(node, m.Assign([m.AssignTarget(m.Name() | m.Tuple() | m.List())])):
        yield cst.Pass()


def _plainly_assigned(node: cst.AugAssign) -> Iterator[cst.CSTNode]:
    yield cst.Assign([cst.AssignTarget(node.target)], node.value)


def _nothing_assigned(node: cst.Assign) -> Iterator[cst.CSTNode]:
    if not m.matches(node.value, m.Name("None")):
        yield node.with_changes(value=_NONE)


_RULES: Final[Sequence[tuple[Any, Callable[[Any], Iterator[cst.CSTNode]]]]] = (
    ((cst.BooleanOperation, cst.BinaryOperation, cst.ComparisonTarget), _swapped),
    ((cst.AugAssign, cst.Break, cst.Continue), _swapped),
    (cst.Name, _renamed),
    ((cst.Integer, cst.Float), _other_number),
    (cst.SimpleString, _other_text),
    (cst.UnaryOperation, _bare),
    (cst.BooleanOperation, _one_side),
    (cst.Call, _other_arguments),
    (cst.Return, _nothing_returned),
    ((cst.Expr, cst.Raise, cst.Del, cst.AugAssign, cst.Assign), _left_out),
    (cst.AugAssign, _plainly_assigned),
    (cst.Assign, _nothing_assigned),
)
