"""The CRM side of the emulator: schema, store, query language and operations.

Nothing in here knows HTTP. It has its own parser and its own rules for values: it shares no
code with the query compiler and the codecs that it is meant to check.
"""

from .context import Answer, UploadedFile
from .engine import Engine
from .errors import Crash, CrmError, EngineError, NotMeasured, PlainText, UnknownOperation
from .found import FoundRows
from .schema import Schema
from .users import User

__all__ = [
    "Answer",
    "Crash",
    "CrmError",
    "Engine",
    "EngineError",
    "FoundRows",
    "NotMeasured",
    "PlainText",
    "Schema",
    "UnknownOperation",
    "UploadedFile",
    "User",
]
