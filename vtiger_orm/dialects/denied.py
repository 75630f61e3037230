"""Which field a refusal is about."""

from __future__ import annotations

import re
from typing import Any, Final

from ..errors import AccessDenied

_DENIED: Final = re.compile(r"Permission to access '?\.?(\w+)\.?'? attribute denied")


def denied_field(error: AccessDenied) -> str | None:
    """The wire name of the field that a refusal is about, if it is about one."""
    detail: Any = error.detail
    text = detail.get("message", "") if isinstance(detail, dict) else ""
    found = _DENIED.search(str(text) or str(error))
    return found[1] if found else None
