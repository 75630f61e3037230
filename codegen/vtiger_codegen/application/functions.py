"""What Python's own functions make of the things of a package: `sorted`, `map`, `partial`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import libcst as cst

from .trees import last_name
from .types import ITEM, OTHER, SEQUENCES, UNKNOWN, ExpressionType, Fixed, Many, item_of

TypeOf = Callable[[cst.BaseExpression], ExpressionType]


def of_function(name: str, node: cst.Call, of: TypeOf) -> ExpressionType | None:
    """What a function gives; None for one that is not Python's own, or of no interest."""
    given = [each.value for each in node.args]
    match name, given:
        case ("map", [cst.Lambda(body=body), _, *_]):
            return Many(of(body))
        case ("filter", [_, iterated]):
            return Many(item_of(of(iterated)))
        case ("partial", [function, *_]):
            return of(function)
        case ("enumerate", [iterated, *_]):
            return Many(Fixed((OTHER, item_of(of(iterated)))))
        case ("zip", iterables):
            return Many(Fixed(tuple(item_of(of(each)) for each in iterables)))
        case (_, [iterated, *_]) if name in SEQUENCES:
            return Many(item_of(of(iterated)))
        case (_, [iterated, *_]) if name in ITEM:
            return item_of(of(iterated))
    return None


def of_lambda_parameter(
    above: Iterator[cst.CSTNode], param: cst.Param, of: TypeOf
) -> ExpressionType:
    """What a lambda is called with by a function that goes through something: `sorted(people,
    key=lambda each: ...)`. `above` are the ancestors of the parameter."""
    match [next(above, None) for _ in range(4)]:
        case [cst.Parameters(params=params), cst.Lambda(), cst.Arg() as arg, cst.Call() as call]:
            return _called_with(call, arg, params.index(param), of)
    return UNKNOWN


def _called_with(call: cst.Call, arg: cst.Arg, index: int, of: TypeOf) -> ExpressionType:
    called = last_name(call.func)
    name = called.value if called is not None else ""
    match call.func, arg.keyword:
        case (cst.Name(), None) if name in ("map", "filter"):
            return _item(call.args[1 + index : 2 + index], of)
        case (cst.Name(), cst.Name(value="key")) if name in ("sorted", *ITEM):
            return _item(call.args[:1], of)
        case (cst.Attribute(value=iterated), cst.Name(value="key")) if name == "sort":
            return item_of(of(iterated))
    return UNKNOWN


def _item(args: Sequence[cst.Arg], of: TypeOf) -> ExpressionType:
    return item_of(of(args[0].value)) if args and not args[0].star else UNKNOWN
