"""What pickles of this library call to put an object together again, and nothing else.

The names and arguments of these functions never change: pickles are kept in queues and caches,
and are read by later releases. None carries a session. As with every pickle, read only those you
trust.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._outcomes import restore_outcome as restore_outcome
    from .errors import restore_error as restore_error
    from .models.building import restore_queryset as restore_queryset
    from .models.related_manager import restore_related_manager as restore_related_manager
    from .records.record import restore_record as restore_record
    from .records.references import restore_reference as restore_reference
    from .values.picklists import restore_choices as restore_choices
    from .values.picklists import restore_picklist as restore_picklist
    from .writing.state import restore_doubt as restore_doubt

_WHERE = {
    "restore_choices": "values.picklists",
    "restore_doubt": "writing.state",
    "restore_error": "errors",
    "restore_outcome": "_outcomes",
    "restore_picklist": "values.picklists",
    "restore_queryset": "models.building",
    "restore_record": "records.record",
    "restore_reference": "records.references",
    "restore_related_manager": "models.related_manager",
}

__all__ = [
    "restore_choices",
    "restore_doubt",
    "restore_error",
    "restore_outcome",
    "restore_picklist",
    "restore_queryset",
    "restore_record",
    "restore_reference",
    "restore_related_manager",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_WHERE[name]}", __package__), name)
