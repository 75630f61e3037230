"""black for the model files, asked only where the text is new."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from vtiger_orm.errors import MissingExtra

from .layout import WIDTH

if TYPE_CHECKING:
    import black


def formatted(text: str) -> str:
    """The text as black prints it. Raises `MissingExtra` when black is not installed."""
    try:
        import black
    except ImportError as error:
        raise MissingExtra("Generating", "codegen") from error
    return black.format_str(text, mode=_mode())


@cache
def _mode() -> black.Mode:
    import black
    from black.mode import TargetVersion

    return black.Mode(line_length=WIDTH, target_versions={TargetVersion.PY311})
