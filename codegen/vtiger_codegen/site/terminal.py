"""A chapter for a terminal: queries as code, their plans as text below them."""

from __future__ import annotations

import re

from vtiger_orm.errors import VtigerError

from .facts import CrmFacts
from .queries import plan_of


def with_plans(text: str, crm: CrmFacts) -> str:
    """The Markdown with each plan in the words of `explain()`."""

    def shown(match: re.Match[str]) -> str:
        code = match[1].strip()
        try:
            plan = f"\n```text\n{plan_of(code, crm)}\n```"
        except VtigerError:
            plan = ""
        return f"```python\n{code}\n```{plan}"

    return re.sub(r"^```plan\n(.*?)^```$", shown, text, flags=re.S | re.M)
