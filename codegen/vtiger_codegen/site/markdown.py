"""Markdown to HTML: our own chapters and docstrings, in which a CRM's text is text.

Raw HTML is not read. Code is coloured, headings can be linked to, and a fence called ``plan`` holds
a queryset: below it stands how the planner reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

PlanHtml = Callable[[str], str]
"""A queryset's text -> the figure that shows it with its plan."""


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Rendered:
    html: str
    headings: tuple[Heading, ...]
    text: str
    """Without markup, for the search."""


def to_html(text: str, plan: PlanHtml | None = None) -> Rendered:
    """The page of a chapter, or of a docstring."""
    parser = _parser()
    environment: dict[str, Any] = {"plan": plan}
    tokens = parser.parse(text, environment)
    headings = tuple(_anchored(tokens))
    html = parser.renderer.render(tokens, parser.options, environment)
    return Rendered(html, headings, _plain(tokens))


def coloured(code: str, language: str = "python") -> str:
    """Code as HTML with classes; what is no known language stays plain."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("link_open", _link)
    return parser


def _fence(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    environment: dict[str, Any],
) -> str:
    token = tokens[index]
    language = token.info.split(" ")[0] or "text"
    plan: PlanHtml | None = environment.get("plan")
    if language == "plan" and plan is not None:
        return plan(token.content.strip())
    shown = coloured(token.content, "console" if language == "console" else language)
    return f'<pre class="code" data-language="{escape(language)}"><code>{shown}</code></pre>\n'


def _link(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    environment: dict[str, Any],
) -> str:
    """Chapters link to each other as files; their pages have another ending."""
    target = str(tokens[index].attrGet("href") or "")
    if "://" not in target:
        target = re.sub(r"\.md(?=#|$)", ".html", target)
    return f'<a href="{escape(target)}">'


def _anchored(tokens: Sequence[Token]) -> list[Heading]:
    found: list[Heading] = []
    taken: set[str] = set()
    for token, inner in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(each.content for each in inner.children or ())
        anchor = re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section"
        while anchor in taken:
            anchor += "-"
        taken.add(anchor)
        token.attrSet("id", anchor)
        found.append(Heading(int(token.tag[1]), text, anchor))
    return found


def _plain(tokens: Sequence[Token]) -> str:
    texts = [each.content for each in tokens if each.type in ("inline", "fence")]
    return re.sub(r"[`*\[\]#]", "", " ".join(texts))
