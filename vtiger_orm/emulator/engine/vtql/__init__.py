"""VTQL: the lexer, grammar and statements of the query language."""

from .parser import parse
from .statement import Condition, Statement

__all__ = ["Condition", "Statement", "parse"]
