"""Records: what a module's rows are in Python."""

from .record import Record
from .state import UNSET, Change

__all__ = ["UNSET", "Change", "Record"]
