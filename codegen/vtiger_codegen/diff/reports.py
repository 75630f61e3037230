"""A `Diff` for people, for a comment on a change request, and for programs.

Whatever comes from the CRM is escaped on a terminal, and is code in Markdown.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any, Final

from ..naming.lock import ModuleNames, NamesLock
from ..naming.words import letters
from ..text.literals import json_text
from ..text.markdown import code
from ..text.terminal import counted, escaped
from .compare import Diff, JudgedDifference, Spot
from .differences import Action, Path
from .evidence import Candidate
from .grading import Grade
from .renames import spelled

JSON_FORMAT: Final = 1

_LONGEST: Final = 80
"""Characters of a fact that are shown; the JSON has all of it."""
_UNFOLDED: Final = 20
"""Safe changes that a comment shows without being asked to."""
_LONGEST_COMMENT: Final = 60_000
"""Characters of a comment; those who show comments take some 65,000."""
_UNPAIRED: Final = "Nothing is taken for renamed unless you say so:"


def as_text(diff: Diff, names: NamesLock | None = None) -> str:
    """One line a change, what matters most first, and a summary."""
    if not diff:
        return "Nothing changed."
    lines = []
    for change in _by_grade(diff):
        why = _why(change, names or NamesLock())
        lines.append(f"{change.grade:<8}  {headline(change)} ({why})")
        lines += [f"            {_spot(each)}  {escaped(each.text)}" for each in change.uses or ()]
        lines += ["            not used here"] if _is_unused(change) else []
    if diff.candidates:
        lines.append(_UNPAIRED)
        lines += [f"  {option(each)}  ({evidence(each)})" for each in diff.candidates]
    return "\n".join([*lines, summary(diff)])


def as_markdown(diff: Diff, names: NamesLock | None = None) -> str:
    """A comment: what breaks first, safe changes folded away when they are many."""
    lines = [f"### {summary(diff)}" if diff else "### Nothing changed.", ""]
    for grade, group in groupby(_by_grade(diff), key=lambda change: change.grade):
        shown = [line for change in group for line in _item(change, names or NamesLock())]
        if grade is Grade.SAFE and len(shown) > _UNFOLDED:
            head = f"<details><summary>{len(shown)} safe changes</summary>"
            lines += [head, "", *shown, "", "</details>", ""]
        else:
            lines += [f"**{grade.capitalize()}**", "", *shown, ""]
    if diff.candidates:
        lines += [_UNPAIRED, ""]
        lines += [f"- {code(option(each))} ({code(evidence(each))})" for each in diff.candidates]
        lines.append("")
    return "\n".join(_fitting(lines))


def _fitting(lines: list[str]) -> list[str]:
    """The lines, or as many of them as a comment holds."""
    rest = _LONGEST_COMMENT - sum(len(line) + 1 for line in lines)
    if rest >= 0:
        return lines
    kept, left = list(lines), 0
    while rest < 0:
        rest += len(kept.pop()) + 1
        left += 1
    is_open = any(line.startswith("<details>") for line in kept) and "</details>" not in kept
    told = f"{counted(left, 'more line')} would not fit; `vtiger-orm diff` has them all."
    return [*kept, *(["", "</details>"] if is_open else []), "", told, ""]


def as_json(diff: Diff) -> str:
    """All of it for programs."""
    return json_text(
        {
            "format": JSON_FORMAT,
            "grade": diff.grade,
            "changes": [
                {
                    "path": list(change.path),
                    "action": change.action,
                    "before": change.before,
                    "after": change.after,
                    "grade": change.grade,
                    "reason": change.reason,
                    "said": change.said,
                    "label": change.label,
                    "uses": None if change.uses is None else [*map(asdict, change.uses)],
                }
                for change in diff.changes
            ],
            "possible_renames": [
                {
                    "path": list(each.rename.path),
                    "name": each.rename.name,
                    "evidence": list(each.evidence),
                    "rename": f"{spelled(each.rename.path)}={each.rename.name}",
                }
                for each in diff.candidates
            ],
        }
    )


def headline(change: JudgedDifference) -> str:
    """What happened: ``Contacts: field cf_1 mandatory: false -> true``."""
    match change.path:
        case ("module", module, thing, *rest):
            place = f"{_visible(module)}: {' '.join(map(_visible, (thing, *rest)))}"
        case path:
            place = " ".join(map(_visible, path[1:]))
    match change.action:
        case Action.ADDED:
            return f"{place}: new"
        case Action.REMOVED:
            return f"{place}: gone"
        case Action.RENAMED:
            return f"{place}: renamed, was {_shown(change.before)}"
    return f"{place}: {_shown(change.before)} -> {_shown(change.after)}"


def summary(diff: Diff) -> str:
    """``3 changes: 1 breaking, 2 safe.``"""
    grades = ", ".join(f"{number} {grade}" for grade, number in diff.counts.items())
    return f"{counted(len(diff.changes), 'change')}: {grades}."


def option(candidate: Candidate) -> str:
    """What to give to pair two things."""
    rename = candidate.rename
    return escaped(f"--rename {shlex.quote(f'{spelled(rename.path)}={rename.name}')}")


def evidence(candidate: Candidate) -> str:
    """What speaks for a pair."""
    return escaped(", ".join(candidate.evidence))


def _by_grade(diff: Diff) -> list[JudgedDifference]:
    order = list(reversed(Grade))
    return sorted(diff.changes, key=lambda change: order.index(change.grade))


def _why(change: JudgedDifference, names: NamesLock) -> str:
    known = escaped(", ".join(_known(change, names)))
    said = f": {escaped(change.said)}" if change.said else ""
    return f"{f'{known}: ' if known else ''}{change.reason}{said}"


def _item(change: JudgedDifference, names: NamesLock) -> Iterator[str]:
    known = ", ".join(map(code, _known(change, names)))
    said = f": {code(change.said)}" if change.said else ""
    unused = " (not used here)" if _is_unused(change) else ""
    known = f" ({known})" if known else ""
    yield f"- {code(headline(change))}{known}: {change.reason}{said}{unused}"
    for each in change.uses or ():
        yield f"  - {code(_spot(each))} {code(each.text)}"


def _is_unused(change: JudgedDifference) -> bool:
    """Whether that has to be said; the reason of a safe change does."""
    return change.uses == () and change.grade is not Grade.SAFE


def _spot(spot: Spot) -> str:
    place = escaped(f"{spot.file}:{spot.line}")
    return place if spot.sure else f"{place} perhaps"


def _known(change: JudgedDifference, names: NamesLock) -> Iterator[str]:
    """How the thing is known beside its wire name: in Python, and on the CRM's screens."""
    wire, called = _called(change.path, names)
    if called not in ("", wire):
        yield called
    if change.label and letters(change.label) not in (letters(wire), letters(called)):
        yield f'"{change.label}"'


def _called(path: Path, names: NamesLock) -> tuple[str, str]:
    """The name of the thing on the wire and in Python; that is empty where it has none."""
    match path:
        case ("module", module, "field", field, "value", value):
            return value, _of(names, module).members.get(field, {}).get(value, "")
        case ("module", module, "field", field, *_):
            return field, _of(names, module).fields.get(field, "")
        case ("module", module, "relation", label, *_):
            return label, _of(names, module).relations.get(label, "")
        case ("module", module, *_):
            return module, _of(names, module).class_name or ""
    return path[-1], ""


def _of(names: NamesLock, module: str) -> ModuleNames:
    return names.modules.get(module) or ModuleNames()


def _visible(name: str) -> str:
    """Names of the CRM must not command a terminal."""
    return name if name.isprintable() else json.dumps(name)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
