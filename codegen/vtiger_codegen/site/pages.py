"""Every file of the site, as text. Templates escape what they print; nothing here makes markup of a
CRM's text by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pygments.formatters import HtmlFormatter

from vtiger_orm.errors import VtigerError
from vtiger_orm.planner import Explanation

from ..rendering.render import template_folder
from . import reference
from .chapters import Chapter, chapters
from .diagrams import map_of, neighbourhood
from .examples import examples
from .facts import CrmFacts, ModulePage
from .markdown import coloured, to_html
from .queries import plan_of

_LIGHT, _DARK = "friendly", "github-dark"


def pages(crm: CrmFacts, title: str, verbs: click.Group) -> dict[PurePosixPath, str]:
    """Path -> text of every page, of the styles and of the search. `verbs` is the command line."""
    site = _Site(crm, title, verbs)
    return {**dict(site.of_modules()), **dict(site.of_the_guide()), **dict(site.programs())}


def module_pages(crm: CrmFacts, title: str, verbs: click.Group) -> dict[PurePosixPath, str]:
    """Those that hold a CRM's text: the overview, a page a module, and the search for them."""
    site = _Site(crm, title, verbs)
    return {**dict(site.of_modules()), **dict(site.programs())}


class _Site:
    def __init__(self, crm: CrmFacts, title: str, verbs: click.Group) -> None:
        self.crm = crm
        folder = template_folder() / "site"
        self._folder: Path = folder
        self._templates = Environment(
            loader=FileSystemLoader([folder]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=True,
        )
        self._templates.filters["code"] = lambda text: Markup(coloured(text))
        self._templates.filters["sql"] = lambda text: Markup(coloured(text, "sql"))
        self._guide = chapters(verbs, crm)
        self._api = reference.api()
        self._templates.globals |= {
            "crm": crm,
            "title": title,
            "guide": [(each.name, each.title) for each in self._guide],
            "api": [(_slug(name), name) for name in self._api],
            "shortened": _shortened,
        }
        self._index: list[dict[str, str]] = []

    def of_modules(self) -> Iterator[tuple[PurePosixPath, str]]:
        yield self._page("index.html", "index.html.jinja", "", map=map_of(self.crm))
        for module in self.crm.modules.values():
            yield self._module(module)

    def of_the_guide(self) -> Iterator[tuple[PurePosixPath, str]]:
        for chapter in self._guide:
            yield self._chapter(chapter)
        for name, text in self._api.items():
            yield self._reference(name, text)

    def programs(self) -> Iterator[tuple[PurePosixPath, str]]:
        """Styles and search; the index is whole when the pages are."""
        yield PurePosixPath("style.css"), self._style()
        yield PurePosixPath("site.js"), self._read("site.js")
        yield PurePosixPath("search.js"), self._search()

    def _page(self, path: str, template: str, root: str, **facts: Any) -> tuple[PurePosixPath, str]:
        text = self._templates.get_template(template).render(root=root, here=path, **facts)
        return PurePosixPath(path), text

    def _module(self, module: ModulePage) -> tuple[PurePosixPath, str]:
        path = f"modules/{module.slug}.html"
        self._found("module", module.name, path, f"{module.meta.name} {module.meta.label}")
        for each in module.fields:
            meta = each.meta
            values = " ".join(f"{one.value} {one.label}" for one in each.choices[:200])
            name = f"{module.name}.{meta.name}"
            text = f"{meta.label} {meta.wire} {values}"
            self._found("field", name, f"{path}#field-{meta.name}", text)
        for relation in module.meta.relations:
            name = f"{module.name} related.{relation.name}"
            self._found("relation", name, f"{path}#relations", relation.label)
        return self._page(
            path,
            "module.html.jinja",
            "../",
            module=module,
            diagram=neighbourhood(module, self.crm),
            examples=examples(module, self.crm),
            referring=self.crm.referring.get(module.meta.name, []),
        )

    def _chapter(self, chapter: Chapter) -> tuple[PurePosixPath, str]:
        path = f"guide/{chapter.name}.html"
        body = to_html(chapter.text, self._plan)
        self._found("guide", chapter.title, path, body.text[:4000])
        for heading in body.headings[1:]:
            name = f"{chapter.title}: {heading.text}"
            self._found("guide", name, f"{path}#{heading.anchor}", "")
        names = [each.name for each in self._guide]
        at = names.index(chapter.name)
        return self._page(
            path,
            "chapter.html.jinja",
            "../",
            heading=chapter.title,
            body=Markup(body.html),
            contents=[each for each in body.headings[1:] if each.level == 2],
            before=self._guide[at - 1] if at else None,
            after=self._guide[at + 1] if at + 1 < len(names) else None,
        )

    def _reference(self, name: str, text: str) -> tuple[PurePosixPath, str]:
        path = f"api/{_slug(name)}.html"
        body = to_html(f"# {name}\n\n{text}")
        for heading in body.headings:
            self._found("API", heading.text, f"{path}#{heading.anchor}", "")
        return self._page(
            path,
            "chapter.html.jinja",
            "../",
            heading=name,
            body=Markup(body.html),
            contents=[each for each in body.headings[1:] if each.level == 2],
            before=None,
            after=None,
        )

    def _plan(self, text: str) -> str:
        """The figure of a queryset; where this CRM has not what it names, the text alone."""
        try:
            plan: Explanation | None = plan_of(text, self.crm)
        except VtigerError:
            plan = None
        return self._templates.get_template("plan.html.jinja").render(code=text, plan=plan)

    def _found(self, kind: str, title: str, url: str, text: str) -> None:
        self._index.append({"k": kind, "t": title, "u": url, "x": text})

    def _search(self) -> str:
        """The index, as a program that a page can load from a folder; no text ends a script."""
        text = json.dumps(self._index, ensure_ascii=True, separators=(",", ":"))
        return "window.INDEX = " + text.replace("<", "\\u003c") + ";\n"

    def _style(self) -> str:
        light = str(HtmlFormatter(style=_LIGHT).get_style_defs(".code"))
        dark = str(HtmlFormatter(style=_DARK).get_style_defs(".code"))
        return self._read("style.css").replace("/* code */", _colours(light, dark))

    def _read(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="utf-8")


def _colours(light: str, dark: str) -> str:
    """The colours of code in both schemes; the ground is that of the page."""
    rules = [_rules(light, ""), "@media (prefers-color-scheme: dark) {"]
    rules += [_rules(dark, ":root:not([data-theme=light]) "), "}"]
    rules.append(_rules(dark, ":root[data-theme=dark] "))
    return "\n".join(rules)


def _rules(text: str, before: str) -> str:
    lines = [each for each in text.splitlines() if each.startswith(".code .")]
    return "\n".join(f"{before}{line}" for line in lines)


def _slug(name: str) -> str:
    return name.lower().replace(",", "").replace(" ", "-")


def _shortened(text: str) -> str:
    """A statement with its long list of columns left out."""
    columns, found, rest = text.partition(" from ")
    if found and columns.count(",") > 5:
        first = ",".join(columns.split(",")[:4])
        return f"{first}, /* {columns.count(',') + 1} columns */ from {rest}"
    return text
