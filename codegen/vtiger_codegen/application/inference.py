"""What an expression of one file is: enough types to know records, querysets and enums by.

Nothing is executed or imported. A variable is what everything that is bound to it is; whatever
comes from another file without an annotation is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import libcst as cst
from libcst import metadata as meta

from .bindings import Bindings
from .class_attributes import ClassAttributes
from .functions import of_function, of_lambda_parameter
from .methods import CHAINED, NAMING, result_of
from .trees import (
    dotted_name,
    last_name,
    returned,
)
from .types import (
    OTHER,
    UNKNOWN,
    BodyType,
    ChoiceType,
    ExpressionType,
    Fixed,
    InputType,
    Keyed,
    Many,
    MethodType,
    ModelType,
    Other,
    PackageType,
    PicklistType,
    QueryType,
    RecordType,
    ReferenceType,
    RelationsType,
    RowType,
    Unknown,
    generic_of,
    item_of,
    joined,
    unpacked,
)
from .vocabulary import Vocabulary

_OWN: Final = ("self", "cls")
"""What methods call what they are of; both have what the class has."""


class Inference(Bindings):
    """Types of the expressions of one file."""

    def __init__(
        self,
        words: Vocabulary,
        scopes: Mapping[cst.CSTNode, meta.Scope | None],
        parents: Mapping[cst.CSTNode, cst.CSTNode],
        module: cst.Module,
        folder: tuple[str, ...] = (),
    ) -> None:
        """`folder` are the parts of the path in which the file is."""
        super().__init__(words, scopes, parents, module, folder)
        self._known: dict[int, ExpressionType] = {}
        self._asked: set[int] = set()
        self._classes = ClassAttributes(module)

    def of(self, node: cst.BaseExpression) -> ExpressionType:
        """What an expression is."""
        return self._of(node, self._scope(node))

    def of_hint(self, parts: Sequence[str], token: cst.CSTNode) -> ExpressionType:
        """What a dotted name means that stands in an annotation."""
        try:
            first, *_ = parts
            scope = self._seen(first, token, self._hint_scope(token))
            return self._of(cst.parse_expression(".".join(parts)), scope)
        except cst.ParserSyntaxError:  # a keyword
            return UNKNOWN

    def _of(self, node: cst.BaseExpression, scope: meta.Scope | None) -> ExpressionType:
        match node:
            case cst.Name(value=name):
                return self._name(name, self._seen(name, node, scope))
            case cst.Attribute(value=value, attr=cst.Name(value=name)):
                if (found := self._imported_as(dotted_name(node), scope)) is not None:
                    return found
                return self._attribute(self._of(value, scope), name, node)
            case cst.Call():
                return self._call(node, scope)
            case cst.Subscript(value=value, slice=slices):
                return self._subscript(self._of(value, scope), slices)
            case cst.Await(expression=inner):
                found = self._of(inner, scope)
                return Many(item_of(found)) if isinstance(found, QueryType) else found
            case cst.NamedExpr(value=value):
                return self._of(value, scope)
            case cst.IfExp(body=body, orelse=other):
                return joined((self._of(body, scope), self._of(other, scope)))
            case cst.BooleanOperation(left=left, right=right):
                return joined((self._of(left, scope), self._of(right, scope)))
            case cst.BinaryOperation(left=left, right=right):
                return joined((self._of(left, scope), self._of(right, scope)))
            case cst.UnaryOperation(expression=inner):
                return self._of(inner, scope)
            case cst.ListComp(elt=item) | cst.SetComp(elt=item) | cst.GeneratorExp(elt=item):
                return Many(self.of(item))
            case cst.List(elements=elements) | cst.Set(elements=elements):
                return Many(joined(self._of(each.value, scope) for each in elements))
            case cst.Tuple(elements=elements):
                return Fixed(tuple(self._of(each.value, scope) for each in elements))
            case cst.BaseString() | cst.BaseNumber() | cst.Comparison() | cst.Lambda():
                return OTHER
            case cst.Dict() | cst.DictComp():
                return OTHER
        return UNKNOWN

    # Names

    def _name(self, name: str, scope: meta.Scope | None) -> ExpressionType:
        if name in ("None", "True", "False", "Ellipsis", "NotImplemented"):
            return OTHER
        bindings = scope[name] if scope is not None else set()
        if isinstance(scope, meta.ClassScope) and self._asked.issuperset(map(id, bindings)):
            return self._name(name, scope.globals)  # ``Contacts = Contacts`` in a class
        if bindings:
            return joined(self._binding(each, name) for each in bindings)
        found = [self._found([*self._words.package[-1:], *each, name]) for each in self._stars]
        return joined(found) if found else UNKNOWN

    def _binding(self, binding: meta.BaseAssignment, name: str) -> ExpressionType:
        key = id(binding)
        if key in self._known:
            return self._known[key]
        if key in self._asked:
            return OTHER  # a loop: the other bindings decide
        self._asked.add(key)
        found = self._bound(binding, name)
        self._asked.discard(key)
        self._known[key] = found
        return found

    def _bound(self, binding: meta.BaseAssignment, name: str) -> ExpressionType:
        if not isinstance(binding, meta.Assignment):
            return OTHER  # a builtin
        node = binding.node
        match node:
            case cst.Import() | cst.ImportFrom():
                return self._imported(node, name)
            case cst.Param(annotation=cst.Annotation(annotation=hint)):
                return self.annotated(hint, self._hint_scope(node))
            case cst.Param():
                return self._parameter(node)
            case cst.Name():
                return self._assigned(node)
            case cst.ClassDef():
                return self._class(node)
        return UNKNOWN

    def _assigned(self, name: cst.Name) -> ExpressionType:
        """What a name is bound to where it stands as a target."""
        node: cst.CSTNode = name
        path: list[int] = []
        for above in self.ancestors(name):
            match above:
                case cst.Element():
                    pass
                case cst.Tuple(elements=elements) | cst.List(elements=elements):
                    path.insert(0, next(n for n, each in enumerate(elements) if each is node))
                case cst.AssignTarget():
                    pass
                case cst.Assign(value=value):
                    return unpacked(self.of(value), path)
                case cst.AnnAssign(annotation=cst.Annotation(annotation=hint)):
                    return self.annotated(hint, self._scope(above))
                case cst.NamedExpr(value=value):
                    return self.of(value)
                case cst.For(iter=iterated) | cst.CompFor(iter=iterated):
                    return unpacked(item_of(self.of(iterated)), path)
                case cst.AugAssign(value=value):
                    return self.of(value)
                case _:
                    return UNKNOWN
            node = above
        return UNKNOWN

    def _class(self, node: cst.ClassDef) -> ExpressionType:
        """A class of the application: a model's, if it inherits one."""
        bases = [self.of(each.value) for each in node.bases]
        models = [each for each in bases if isinstance(each, ModelType)]
        return models[0] if models else joined(bases) if bases else OTHER

    def _parameter(self, param: cst.Param) -> ExpressionType:
        """The first parameter of a method is one of its class, that of a lambda one of what is
        gone through."""
        parameters, function, *above = self.ancestors(param)
        if not isinstance(parameters, cst.Parameters) or not isinstance(function, cst.FunctionDef):
            return of_lambda_parameter(self.ancestors(param), param, self.of)
        positional = (*parameters.posonly_params, *parameters.params)
        decorators = {dotted_name(each.decorator) for each in function.decorators}
        if positional[:1] != (param,) or "staticmethod" in decorators:
            return UNKNOWN
        match above:
            case [cst.IndentedBlock(), cst.ClassDef() as owner, *_]:
                found = self._class(owner)
                if isinstance(found, ModelType) and "classmethod" not in decorators:
                    return RecordType(found.module)
                return found
        return UNKNOWN

    def _of_self(self, node: cst.CSTNode, name: str, called: bool = False) -> ExpressionType:
        """``self.x``, or ``self.x()``, from what its class says."""
        owner = next(
            (each for each in self.ancestors(node) if isinstance(each, cst.ClassDef)), None
        )
        if owner is None:
            return UNKNOWN
        key = hash((id(owner), name, called))
        if key in self._asked:
            return OTHER
        self._asked.add(key)
        found = [
            found
            for each in self._classes.with_heirs(owner)
            for found in self._given(each, name, called)
        ]
        self._asked.discard(key)
        return joined(found) if found else UNKNOWN

    def _given(self, owner: cst.ClassDef, name: str, called: bool) -> Iterator[ExpressionType]:
        """What a class says of one of its attributes, in its body and its methods."""
        said = returned(owner, name, called)
        if not called:
            said += self._classes.hints(owner, name)
            yield from map(self.of, self._classes.values(owner, name))
            for each in self._in_body(owner, name):
                if not isinstance(each.node, cst.FunctionDef):
                    yield self._binding(each, name)
        yield from (self.annotated(hint, self._scope(owner)) for hint in said)

    # Attributes, calls, subscripts

    def _attribute(self, value: ExpressionType, name: str, node: cst.Attribute) -> ExpressionType:
        if isinstance(node.value, cst.Name) and node.value.value in _OWN:
            found = self._of_self(node, name)
            if not isinstance(found, Unknown):
                return found
        match value:
            case PackageType(""):
                return self._found([*self._words.package[-1:], name])
            case PackageType(file):
                return self._found([*self._words.package[-1:], file, name])
            case ModelType(module):
                words = self._words.modules[module]
                if name == "objects":
                    return QueryType(module)
                if name in words.picklists:
                    return PicklistType(module, words.picklists[name])
                return UNKNOWN if name in words.fields else OTHER
            case RecordType(module) | BodyType(module):
                return self._field(module, name)
            case RelationsType(module):
                relation = self._words.modules[module].relations.get(name)
                if relation is None or relation[1] not in self._words.modules:
                    return UNKNOWN
                return QueryType(relation[1])
            case ReferenceType(targets) if name == "loaded":
                return RecordType(targets[0]) if len(targets) == 1 else UNKNOWN
            case PicklistType(module, field):
                return ChoiceType(module, field)
            case QueryType() if name in NAMING:
                return MethodType(value, name)
            case ChoiceType() | ReferenceType():
                return OTHER
        return UNKNOWN

    def _field(self, module: str, name: str) -> ExpressionType:
        words = self._words.modules[module]
        if name == "related":
            return RelationsType(module)
        if name == "id":
            return ReferenceType((module,))
        if name in words.targets:
            return ReferenceType(words.targets[name])
        if name in words.choices:
            return ChoiceType(module, words.choices[name])
        return OTHER

    def _call(self, node: cst.Call, scope: meta.Scope | None) -> ExpressionType:
        match node.func:
            case cst.Attribute(value=value, attr=cst.Name(value=method)):
                if isinstance(value, cst.Name) and value.value in _OWN:
                    said = self._of_self(node, method, called=True)
                    if not isinstance(said, Unknown):
                        return said
                if method == "partial" and dotted_name(value) == "functools":
                    return of_function(method, node, self.of) or UNKNOWN
                return self._method(self._of(value, scope), method, node)
            case cst.Name(value="cast") if len(node.args) == 2:
                return self.annotated(node.args[0].value, scope)
            case cst.Name(value=name) as function:
                scope = self._seen(name, function, scope)
                found = of_function(name, node, lambda each: self._of(each, scope))
                if found is not None:
                    return found
                called = self._name(name, scope)
                if isinstance(called, MethodType):
                    return result_of(called.query, called.name, node)
                if isinstance(called, ModelType):
                    return RecordType(called.module)
                if isinstance(called, PicklistType):
                    return ChoiceType(*called)
                if isinstance(called, InputType):
                    return BodyType(called.module)
                if isinstance(called, RowType):
                    return called
                return self._returned(name, scope)
        return UNKNOWN

    def _method(self, value: ExpressionType, method: str, node: cst.Call) -> ExpressionType:
        match value:
            case QueryType(module, "records") if method in self._words.modules[module].steps:
                return value
            case QueryType() as query:
                return result_of(query, method, node)
            case Keyed(item):
                return _of_dictionary(item, method)
            case Many(item) if isinstance(item, (RowType, RecordType)):
                if method in ("first", "get", "pop"):
                    return item
                return value if method in CHAINED or method == "copy" else UNKNOWN
            case ReferenceType(targets) if method in ("fetch", "afetch"):
                return RecordType(targets[0]) if len(targets) == 1 else UNKNOWN
            case ModelType(module) if method == "ref":
                return ReferenceType((module,))
            case ModelType(module) if method.startswith("model_validate"):
                return RecordType(module)
            case InputType(module) if method.startswith("model_validate"):
                return BodyType(module)
            case RecordType() | BodyType() if method == "model_copy":
                return value
            case RecordType(module) | BodyType(module) if method == "model_dump":
                return RowType(module)
            case PackageType():
                called = self._attribute(value, method, cst.ensure_type(node.func, cst.Attribute))
                if isinstance(called, InputType):
                    return BodyType(called.module)
                return RecordType(called.module) if isinstance(called, ModelType) else UNKNOWN
            case Unknown():
                return UNKNOWN
        return OTHER if isinstance(value, (Other, ChoiceType, RowType)) else UNKNOWN

    def _returned(self, name: str, scope: meta.Scope | None) -> ExpressionType:
        """What a function of this file says that it returns."""
        found = []
        for binding in scope[name] if scope is not None else ():
            node = binding.node if isinstance(binding, meta.Assignment) else None
            match node:
                case cst.FunctionDef(returns=cst.Annotation(annotation=hint)):
                    found.append(self.annotated(hint, self._scope(node)))
                case cst.ClassDef():
                    found.append(self._class(node))
                case _:
                    found.append(UNKNOWN)
        return joined(found) if found else UNKNOWN

    def _subscript(
        self, value: ExpressionType, slices: Iterable[cst.SubscriptElement]
    ) -> ExpressionType:
        sliced = any(isinstance(each.slice, cst.Slice) for each in slices)
        match value, [each.slice for each in slices]:
            case Fixed(items), [cst.Index(value=cst.Integer() as number)]:
                index = number.evaluated_value
                return items[index] if index < len(items) else UNKNOWN
        match value:
            case QueryType() | Many():
                return value if sliced else item_of(value)
            case Keyed(item):
                return item
        return UNKNOWN

    # Annotations

    def annotated(self, hint: cst.BaseExpression, scope: meta.Scope | None) -> ExpressionType:
        """What an annotation says; it may be text."""
        match hint:
            case cst.SimpleString():
                return self._quoted(hint, scope)
            case cst.BinaryOperation(left=left, right=right):
                return joined((self.annotated(left, scope), self.annotated(right, scope)))
            case cst.Subscript(value=outer, slice=slices):
                inner = [each.slice.value for each in slices if isinstance(each.slice, cst.Index)]
                return self._generic(outer, inner, scope)
            case cst.Name() | cst.Attribute():
                found = self._of(hint, scope)
                match found:
                    case ModelType(module):
                        return RecordType(module)
                    case InputType(module):
                        return BodyType(module)
                    case RowType() | QueryType():
                        return found
                    case PicklistType(module, field):
                        return ChoiceType(module, field)
                return OTHER if isinstance(found, Other) else UNKNOWN
        return UNKNOWN

    def _quoted(self, hint: cst.SimpleString, scope: meta.Scope | None) -> ExpressionType:
        text = hint.evaluated_value
        try:
            return self.annotated(cst.parse_expression(str(text)), scope)
        except cst.ParserSyntaxError:
            return UNKNOWN

    def _generic(
        self, outer: cst.BaseExpression, inner: list[cst.BaseExpression], scope: meta.Scope | None
    ) -> ExpressionType:
        last = last_name(outer)
        name = last.value if last is not None else ""
        return generic_of(name, [self.annotated(each, scope) for each in inner])


def _of_dictionary(item: ExpressionType, method: str) -> ExpressionType:
    match method:
        case "values":
            return Many(item)
        case "items":
            return Many(Fixed((OTHER, item)))
        case "get" | "pop" | "setdefault":
            return item
    return Keyed(item) if method == "copy" else OTHER
