"""Where the file of an application says something of the package: an attribute, a keyword, a
name in a string. Each use knows the token that says it, so that it can be shown or rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import libcst as cst
from libcst import metadata as meta

from ..building.own_code import FOLDER
from ..diff.differences import Path
from .inference import Inference
from .methods import ACCESS, CREATE, FIELDS, KEYWORDS, LOOKUPS, UPDATE, Access
from .trees import (
    Token,
    given_names,
    is_q,
    keywords,
    last_name,
    named_arguments,
    strings,
    text,
    whole_words,
)
from .types import (
    ChoiceType,
    ExpressionType,
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


@dataclass(frozen=True, slots=True)
class Use:
    """One place in which a thing of the package is named."""

    path: Path
    """Of the thing in a diff; a Python file is ``module Contacts file``, the class of a picklist
    ``module Contacts field leadsource class``."""
    access: Access
    token: Token
    start: int = 0
    """Where in the token the name begins; the quotes of a string do not count."""
    end: int = 0
    sure: bool = True
    """Whether it is known that the thing is meant, and not another one of the same name."""
    given: frozenset[str] | None = None
    """Which fields creating gives, by wire name; None where that cannot be told."""


Doubtful: TypeAlias = Mapping[str, tuple[Path, ...]]
"""Names that are looked for on objects of unknown type as well, with what they may mean."""


def uses_in(
    wrapper: meta.MetadataWrapper,
    words: Vocabulary,
    doubtful: Doubtful | None = None,
    folder: tuple[str, ...] = (),
) -> list[Use]:
    """Every use in a file, in the order of its text; `folder` are the parts of the path in which
    the file is."""
    scopes = wrapper.resolve(meta.ScopeProvider)
    positions = wrapper.resolve(meta.PositionProvider)
    parents = wrapper.resolve(meta.ParentNodeProvider)
    types = Inference(words, scopes, parents, folder)
    finder = _Finder(words, types, scopes, doubtful or {}, is_own_code(words, folder))
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


class _Finder(cst.CSTVisitor):
    def __init__(
        self,
        words: Vocabulary,
        types: Inference,
        scopes: Mapping[cst.CSTNode, meta.Scope | None],
        doubtful: Doubtful,
        own_code: bool,
    ) -> None:
        super().__init__()
        self._own_code = own_code
        self.uses: list[Use] = []
        self._words = words
        self._types = types
        self._scopes = scopes
        self._doubtful = doubtful
        self._strings: list[cst.SimpleString] = []
        self._data: set[int] = set()

    # What is found

    def _add(
        self,
        path: Path | None,
        access: Access,
        token: Token,
        span: tuple[int, int] | None = None,
        **more: object,
    ) -> None:
        if path is not None:
            start, end = span or (0, len(text(token)))
            self.uses.append(Use(path, access, token, start, end, **more))  # type: ignore[arg-type]  # its fields

    def _doubt(self, token: Token, access: Access, span: tuple[int, int] | None = None) -> None:
        """A name on something unknown."""
        start, end = span or (0, len(text(token)))
        for path in self._doubtful.get(text(token)[start:end], ()):
            self._add(path, access, token, (start, end), sure=False)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self._strings.append(node)

    def doubt_strings(self) -> None:
        """Names in strings that nothing is known of: keys of dictionaries, lists of fields."""
        known = {id(each.token) for each in self.uses} | self._data
        for each in self._strings:
            if id(each) not in known:
                start = int(text(each).startswith("-"))
                name = text(each)[start:].partition("__")[0]
                self._doubt(each, Access.READ, (start, start + len(name)))

    # Imports and names of classes

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        inside = self._types.inside(node)
        if inside is None or isinstance(node.names, cst.ImportStar):
            return
        if inside and isinstance(node.module, (cst.Name, cst.Attribute)):
            self._file(node.module if isinstance(node.module, cst.Name) else node.module.attr)
        for alias in node.names:
            if isinstance(alias.name, cst.Name):
                self._class(alias.name)
                if not inside:
                    self._file(alias.name)

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            inside = self._words.inside(tuple(alias.evaluated_name.split(".")))
            if inside and isinstance(alias.name, cst.Attribute):
                self._file(alias.name.attr)

    def visit_Name(self, node: cst.Name) -> None:
        if node not in self._scopes or (not self._own_code and self._types.is_class_here(node)):
            return
        if self._types.is_imported(node) or self._own_code:
            self._class(node)
        elif isinstance(found := self._types.of(node), ModelType):
            self._class(node, found.module)

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

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self._quoted(node.annotation)

    def _quoted(self, hint: cst.BaseExpression) -> None:
        """Names of classes in the text of an annotation."""
        match hint:
            case cst.SimpleString():
                for words in self._words.modules.values():
                    for start in whole_words(text(hint), words.class_name):
                        span = (start, start + len(words.class_name))
                        self._add(("module", words.wire), Access.NAME, hint, span)
            case cst.Subscript(slice=slices):
                for each in slices:
                    if isinstance(each.slice, cst.Index):
                        self._quoted(each.slice.value)
            case cst.BinaryOperation(left=left, right=right):
                self._quoted(left)
                self._quoted(right)

    def _class(self, token: cst.Name, module: str = "") -> None:
        """A class of the package, or one of the types beside it (`ContactsQuerySet`); of this
        module only, if one is given."""
        found = self._words.of_companion(token.value)
        if found is not None and module in ("", found[0].wire):
            stem = len(found[0].class_name)
            self._add(("module", found[0].wire), Access.NAME, token, (0, stem))

    def _file(self, token: cst.Name) -> None:
        words = self._words.of_file(token.value)
        if words is not None:
            self._add(("module", words.wire, "file"), Access.NAME, token)

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
            case RecordType(module):
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
            case RowType(module):
                self._add(self._words.modules[module].field(text(key)), Access.READ, key)
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
        match node.func:
            case cst.Attribute(value=value, attr=cst.Name(value=method) as token):
                self._method(node, value, method, token)
            case cst.Name(value="getattr" | "setattr" | "hasattr" | "delattr" as name):
                self._by_name(node, name)
        match self._types.of(node.func):
            case ModelType(module):
                self._creation(self._words.modules[module], node, last_name(node.func))
            case PicklistType(module, field):
                self._texts(self._words.modules[module], field, [each.value for each in node.args])
        if is_q(node.func):
            self._q(node)

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
        elif method in FIELDS:
            for each in strings(node):
                self._named(words, each, Access.FILTER if method == "order_by" else Access.READ)
        elif method == "select_related":
            for each in strings(node):
                self._followed(words, each)
        elif method == "prefetch_related":
            for each in strings(node):
                self._add(words.relation(text(each)), Access.READ, each)
        if method in ACCESS:
            self._add(("module", words.wire), ACCESS[method], token, (0, 0))

    def _named(self, words: Words, token: cst.SimpleString, access: Access) -> None:
        """The name of a field in a string, perhaps with a minus in front."""
        start = int(text(token).startswith("-"))
        name = text(token)[start:]
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

    def _arguments(self, words: Words, node: cst.Call, access: Access) -> None:
        """Keywords, the keys of ``**{...}`` and of ``defaults={...}``, and values as text."""
        for name, value in named_arguments(node):
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
        for target in node.targets:
            match self._types.of(target.target):
                case ChoiceType(module, field):
                    self._texts(self._words.modules[module], field, [node.value])

    def _compared(self, sides: list[cst.BaseExpression]) -> None:
        for side in sides:
            match self._types.of(side):
                case ChoiceType(module, field):
                    self._texts(self._words.modules[module], field, sides)

    def _followed(self, words: Words, token: cst.SimpleString) -> None:
        """``account_id__assigned_user_id``: each step where it is sure what it starts from."""
        start = 0
        for step in text(token).split("__"):
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
