"""Records: what a module's rows are in Python."""

from .record import BaseRecord
from .state import UNSET, FieldChange

__all__ = ["UNSET", "BaseRecord", "FieldChange"]
