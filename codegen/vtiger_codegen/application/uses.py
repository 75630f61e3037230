"""Where the file of an application says something of the package: an attribute, a keyword, a
name in a string. Each use knows the token that says it, so that it can be shown or rewritten."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst
from libcst import metadata as meta

from ..building.own_code import FOLDER
from ..naming.reserved import UPLOAD as UPLOAD_ITSELF
from .class_places import ClassPlaces
from .inference import Inference
from .methods import (
    ACCESS,
    AGGREGATES,
    CREATE,
    FIELDS,
    KEYWORDS,
    LOOKUPS,
    UPDATE,
    UPLOAD,
    Access,
)
from .places import Doubtful, Use
from .shapes import shape_fields, shapes_of
from .trees import (
    dotted_name,
    given_names,
    is_class_name,
    is_q,
    keywords,
    last_name,
    named_arguments,
    strings,
    strings_of_calls,
    text,
)
from .types import (
    BodyType,
    ChoiceType,
    ExpressionType,
    InputType,
    MethodType,
    ModelType,
    PackageType,
    PicklistType,
    QueryType,
    RecordType,
    RelationsType,
    RowType,
    Unknown,
)
from .vocabulary import Vocabulary, Words


def uses_in(
    wrapper: meta.MetadataWrapper,
    words: Vocabulary,
    doubtful: Doubtful | None = None,
    folder: tuple[str, ...] = (),
    shapes: frozenset[str] = frozenset(),
) -> list[Use]:
    """Every use in a file, in the order of its text; `folder` are the parts of the path in which
    the file is, `shapes` the classes that the application reads records into."""
    scopes = wrapper.resolve(meta.ScopeProvider)
    positions = wrapper.resolve(meta.PositionProvider)
    parents = wrapper.resolve(meta.ParentNodeProvider)
    types = Inference(words, scopes, parents, wrapper.module, folder)
    finder = _Finder(words, types, scopes, doubtful or {}, is_own_code(words, folder))
    finder.shapes = shapes_of(wrapper.module, shapes) if doubtful else frozenset()
    wrapper.module.visit(finder)
    finder.doubt_strings()
    sure = {id(each.token) for each in finder.uses if each.sure}
    uses = [each for each in finder.uses if each.sure or id(each.token) not in sure]
    order = {id(each.token): positions[each.token].start for each in uses}
    return sorted(
        dict.fromkeys(uses),
        key=lambda each: (order[id(each.token)].line, order[id(each.token)].column, each.start),
    )


def is_own_code(words: Vocabulary, folder: tuple[str, ...]) -> bool:
    """Whether a file of this folder is own code in the package: its classes are handed out."""
    return words.inside(folder) == (FOLDER,)


class _Finder(ClassPlaces):
    shapes: frozenset[str] = frozenset()

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """The default order of a model; in own code also the class that is handed out."""
        models = [self._types.of(each.value) for each in node.bases]
        for each in node.keywords:
            if each.keyword is not None and each.keyword.value == "ordering":
                for model in models:
                    if isinstance(model, ModelType):
                        self._order(self._words.modules[model.module], each.value)
        if self._own_code and isinstance(self._types.parent(node), cst.Module):
            self._class(node.name)
        if node.name.value in self.shapes:
            for name, _ in shape_fields(node):
                self._doubt(name, Access.READ, said=name.value.partition("__")[0])
                self._doubt(name, Access.READ, said=f"{name.value}_id")

    # Attributes and subscripts

    def visit_Attribute(self, node: cst.Attribute) -> None:
        token = node.attr
        match self._types.of(node.value):
            case PackageType(file):
                self._class(token)
                if not file:
                    self._file(token)
            case ModelType(module):
                words = self._words.modules[module]
                if token.value in words.picklists:
                    field = words.picklists[token.value]
                    self._add(("module", module, "field", field, "class"), Access.NAME, token)
                else:
                    self._add(words.field(token.value), Access.READ, token)
            case PicklistType(module, field):
                words = self._words.modules[module]
                self._add(words.member(field, token.value), Access.NAME, token)
            case RecordType(module) | BodyType(module):
                words = self._words.modules[module]
                access = Access.WRITE if self._is_target(node) else Access.READ
                self._add(words.field(token.value), access, token)
            case RelationsType(module):
                words = self._words.modules[module]
                self._add(words.relation(token.value), Access.READ, token)
            case Unknown():
                access = Access.WRITE if self._is_target(node) else Access.READ
                self._doubt(token, access)

    def _is_target(self, node: cst.CSTNode) -> bool:
        match self._types.parent(node):
            case cst.AssignTarget() | cst.Del():
                return True
            case cst.AugAssign(target=target) | cst.AnnAssign(target=target):
                return target is node
            case cst.Element() as element:
                return any(
                    isinstance(each, cst.AssignTarget) for each in self._types.ancestors(element)
                )
        return False

    def visit_Subscript(self, node: cst.Subscript) -> None:
        for each in node.slice:
            match each.slice:
                case cst.Index(value=cst.SimpleString() as key):
                    self._key(self._types.of(node.value), key)

    def _key(self, type_: ExpressionType, key: cst.SimpleString) -> None:
        match type_:
            case RowType(module) | BodyType(module):
                self._named(self._words.modules[module], key, Access.READ)
            case PicklistType(module, field):
                words = self._words.modules[module]
                self._add(words.member(field, text(key)), Access.NAME, key)

    def visit_MatchClass(self, node: cst.MatchClass) -> None:
        match self._types.of(node.cls):
            case ModelType(module):
                for each in node.kwds:
                    self._add(
                        self._words.modules[module].field(each.key.value), Access.READ, each.key
                    )

    # Calls

    def visit_Call(self, node: cst.Call) -> None:
        super().visit_Call(node)
        match node.func:
            case cst.Attribute(value=value, attr=cst.Name(value=method) as token):
                self._method(node, value, method, token)
            case cst.Name(value="getattr" | "setattr" | "hasattr" | "delattr" as name):
                self._by_name(node, name)
        match self._types.of(node.func):
            case MethodType(query, method) if (called := last_name(node.func)) is not None:
                if isinstance(node.func, cst.Name):
                    self._queryset_method(self._words.modules[query.module], node, method, called)
            case ModelType(module):
                self._creation(self._words.modules[module], node, last_name(node.func))
            case InputType(module, creates):
                made = last_name(node.func) if creates else None
                self._creation(self._words.modules[module], node, made)
            case RowType(module):
                self._arguments(self._words.modules[module], node, Access.READ)
            case PicklistType(module, field):
                self._texts(self._words.modules[module], field, [each.value for each in node.args])
            case Unknown() if is_class_name(node.func) and not is_q(node.func):
                for keyword in keywords(node):
                    self._doubt(keyword, Access.WRITE)
        if is_q(node.func):
            self._q(node)
        if dotted_name(node.func) in ("partial", "functools.partial") and node.args:
            match node.args[0].value:
                case cst.Attribute(value=value, attr=cst.Name(value=method) as token):
                    self._method(node, value, method, token)
                case cst.Name() as token if isinstance(found := self._types.of(token), MethodType):
                    words = self._words.modules[found.query.module]
                    self._queryset_method(words, node, found.name, token)

    def _method(
        self, node: cst.Call, value: cst.BaseExpression, method: str, token: cst.Name
    ) -> None:
        match self._types.of(value):
            case QueryType(module):
                self._queryset_method(self._words.modules[module], node, method, token)
            case RecordType(module) if method in ACCESS:
                self._add(("module", module), ACCESS[method], token, (0, 0))
            case RowType(module) if method in ("get", "pop") and node.args:
                key = node.args[0].value
                if isinstance(key, cst.SimpleString):
                    self._key(RowType(module), key)
            case Unknown() if method in KEYWORDS:
                for name in keywords(node):
                    end = text(name).partition("__")[0]
                    self._doubt(name, Access.FILTER, (0, len(end)))
            case _:
                self._copy(node, value, method)

    def _copy(self, node: cst.Call, value: cst.BaseExpression, method: str) -> None:
        """``record.crm.copy(field=...)``"""
        match value:
            case cst.Attribute(value=record, attr=cst.Name(value="crm")) if method == "copy":
                found = self._types.of(record)
                if isinstance(found, RecordType):
                    self._arguments(self._words.modules[found.module], node, Access.WRITE)

    def _queryset_method(self, words: Words, node: cst.Call, method: str, token: cst.Name) -> None:
        if method in LOOKUPS:
            self._arguments(words, node, Access.FILTER)
        elif method in CREATE:
            self._creation(words, node, token)
        elif method in UPDATE:
            self._arguments(words, node, Access.WRITE)
        elif method in UPLOAD:
            self._arguments(words, node, Access.WRITE, without=UPLOAD_ITSELF)
        elif method in FIELDS:
            for each in strings(node):
                self._named(words, each, Access.FILTER if method == "order_by" else Access.READ)
        elif method == "select_related":
            for each in strings(node):
                self._followed(words, each)
        elif method == "prefetch_related":
            for each in (*strings(node), *strings_of_calls(node)):
                self._fetched(words, each)
        elif method in AGGREGATES:
            for each in strings_of_calls(node):
                self._named(words, each, Access.READ)
        if method in ACCESS:
            self._add(("module", words.wire), ACCESS[method], token, (0, 0))

    def _named(self, words: Words, token: cst.SimpleString, access: Access) -> None:
        """The name of a field in a string, perhaps with a minus in front, or a part of a date."""
        start = int(text(token).startswith("-"))
        name = text(token)[start:]
        name = name if name in words.fields else name.partition("__")[0]
        self._add(words.field(name), access, token, (start, start + len(name)))

    def _order(self, words: Words, value: cst.BaseExpression) -> None:
        if isinstance(value, (cst.Tuple, cst.List)):
            for each in value.elements:
                if isinstance(each.value, cst.SimpleString):
                    self._named(words, each.value, Access.FILTER)

    def _creation(self, words: Words, node: cst.Call, token: cst.Name | None) -> None:
        self._arguments(words, node, Access.WRITE)
        if token is not None:
            names = given_names(node, "" if "defaults" in words.fields else "defaults")
            given = names and frozenset(words.fields[each] for each in names & words.fields.keys())
            self._add(("module", words.wire), Access.CREATE, token, (0, 0), given=given)

    def _arguments(
        self, words: Words, node: cst.Call, access: Access, without: frozenset[str] = frozenset()
    ) -> None:
        """Keywords, the keys of ``**{...}`` and of ``defaults={...}``, and values as text."""
        for name, value in named_arguments(node):
            if text(name) in without:
                continue
            if text(name) == "defaults" and "defaults" not in words.fields:
                if isinstance(value, cst.Dict):
                    self._entries(words, value)
                continue
            field, _, _ = text(name).partition("__")
            self._add(words.field(field), access, name, (0, len(field)))
            self._data.add(id(value))
            if field in words.choices:
                self._texts(words, words.choices[field], [value])

    def _entries(self, words: Words, values: cst.Dict) -> None:
        for element in values.elements:
            match element:
                case cst.DictElement(key=cst.SimpleString() as key, value=value):
                    self._add(words.field(text(key)), Access.WRITE, key)
                    self._data.add(id(value))
                    if text(key) in words.choices:
                        self._texts(words, words.choices[text(key)], [value])

    def _texts(self, words: Words, field: str, values: Iterable[cst.BaseExpression]) -> None:
        """Stored values that are given as text."""
        for value in values:
            match value:
                case cst.SimpleString():
                    stored = str(value.evaluated_value)
                    self._add(words.value(field, stored), Access.READ, value)
                case cst.List(elements=elements) | cst.Tuple(elements=elements):
                    self._texts(words, field, [each.value for each in elements])
                case cst.Set(elements=elements):
                    self._texts(words, field, [each.value for each in elements])

    def visit_Comparison(self, node: cst.Comparison) -> None:
        sides = [node.left, *(each.comparator for each in node.comparisons)]
        self._compared(sides)

    def visit_Assign(self, node: cst.Assign) -> None:
        super().visit_Assign(node)
        for target in node.targets:
            match self._types.of(target.target):
                case ChoiceType(module, field):
                    self._texts(self._words.modules[module], field, [node.value])

    def _compared(self, sides: list[cst.BaseExpression]) -> None:
        for side in sides:
            match self._types.of(side):
                case ChoiceType(module, field):
                    self._texts(self._words.modules[module], field, sides)

    def _fetched(self, words: Words, token: cst.SimpleString) -> None:
        """``contacts__account_id``: a relation, and references of what it leads to."""
        name = text(token).partition("__")[0]
        relation = words.relations.get(name)
        self._add(words.relation(name), Access.READ, token, (0, len(name)))
        if relation is None:
            self._followed(words, token)
        elif relation[1] in self._words.modules and name != text(token):
            self._followed(self._words.modules[relation[1]], token, len(name) + 2)

    def _followed(self, words: Words, token: cst.SimpleString, start: int = 0) -> None:
        """``account_id__assigned_user_id``: each step where it is sure what it starts from."""
        for step in text(token)[start:].split("__"):
            self._add(words.field(step), Access.READ, token, (start, start + len(step)))
            targets = words.targets.get(step, ())
            if len(targets) != 1:
                return
            words = self._words.modules[targets[0]]
            start += len(step) + 2

    def _by_name(self, node: cst.Call, function: str) -> None:
        match node.args:
            case [first, second, *_] if isinstance(second.value, cst.SimpleString):
                access = Access.WRITE if function in ("setattr", "delattr") else Access.READ
                match self._types.of(first.value):
                    case RecordType(module):
                        path = self._words.modules[module].field(text(second.value))
                        self._add(path, access, second.value)

    def _q(self, node: cst.Call) -> None:
        """A `Q` is about the module of the call that it is an argument of."""
        for above in self._types.ancestors(node):
            match above:
                case cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value=method))):
                    found = self._types.of(value)
                    if isinstance(found, QueryType) and method in LOOKUPS:
                        self._arguments(self._words.modules[found.module], node, Access.FILTER)
                        return
                    break
                case cst.Arg() | cst.BinaryOperation() | cst.UnaryOperation():
                    continue
            break
        for name in keywords(node):
            field = text(name).partition("__")[0]
            self._doubt(name, Access.FILTER, (0, len(field)))
