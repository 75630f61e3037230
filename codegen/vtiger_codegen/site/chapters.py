"""The chapters of the guide: their order, and their text in the names of one CRM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vtiger_orm.errors import ConfigError, suggest

from ..rendering.render import template_folder
from . import reference
from .facts import CrmFacts

ORDER: Final = (
    "first-hour",
    "reading",
    "writing",
    "relations",
    "line-items",
    "files",
    "leads",
    "changes",
    "sessions",
    "errors",
    "async",
    "frameworks",
    "notebooks",
    "testing",
    "data",
    "schema",
    "settings",
    "command-line",
    "operations",
    "security",
    "limits",
    "moving",
)
"""As somebody reads them; each is ``guide/<name>.md`` of the templates."""

Tables: Final[Mapping[str, Callable[[], str]]] = {
    "settings_tables": reference.settings,
    "environment_table": reference.environment,
    "session_table": reference.session_settings,
    "testing_table": reference.testing_settings,
    "error_table": reference.errors,
    "lookup_table": reference.lookups,
    "operations_table": reference.operations,
    "logger_table": reference.loggers,
    "fault_table": reference.faults,
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter as Markdown, in the names of a CRM."""

    name: str
    title: str
    text: str

    @property
    def summary(self) -> str:
        """The first paragraph."""
        body = self.text.split("\n", 1)[1].strip() if "\n" in self.text else ""
        return " ".join(body.split("\n\n", 1)[0].split())


def chapters(verbs: click.Group, crm: CrmFacts | None = None) -> list[Chapter]:
    """Every chapter; without a CRM in the names of the demo. `verbs` is the command line."""
    return [chapter(name, verbs, crm) for name in ORDER]


def chapter(name: str, verbs: click.Group, crm: CrmFacts | None = None) -> Chapter:
    """Raises `ConfigError` for a name that is no chapter."""
    if name not in ORDER:
        close = suggest(name, ORDER)
        hint = f"Did you mean {close!r}?" if close else f"There are: {', '.join(ORDER)}."
        raise ConfigError(f"The guide has no chapter {name!r}. {hint}")
    # No escaping here: what is printed are names of Python and our own tables, and Markdown reads
    # no HTML afterwards.
    templates = Environment(
        loader=FileSystemLoader([template_folder() / "guide"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    package = crm.package if crm is not None else "generated.demo"
    text = templates.get_template(f"{name}.md").render(
        package=package, command_line=lambda: reference.command_line(verbs), **Tables
    )
    title = text.split("\n", 1)[0].removeprefix("# ").strip()
    return Chapter(name, title, text)
