"""Laws of the diff: nothing with itself, it composes, and no text is more than text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from vtiger_codegen.diff.compare import Diff, compare
from vtiger_codegen.diff.differences import Difference, OutlineNode, Path, differences, outline
from vtiger_codegen.diff.grading import Grade
from vtiger_codegen.diff.renames import Rename, parse_renames, relabelled, renameable, spelled
from vtiger_codegen.diff.reports import as_json, as_markdown, as_text, headline
from vtiger_codegen.generate import generate
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.snapshots import field, hostile_snapshots, module, snapshot
from tests.support.examples import examples
from vtiger_orm.metadata.snapshot import ModuleSnapshot, Snapshot

NAMES = st.sampled_from(["value", "field", "cf_1", "cf_2", "id", "a.b", "a=b"])
TEXTS = st.sampled_from(["", "x", "y", "Cold Call", "a=b", "a.b"])


@st.composite
def modules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Fields of few names, kinds and values, so that two draws have much in common."""
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    return [
        field(
            name,
            draw(st.sampled_from(["string", "picklist", "reference", "date"])),
            label=draw(TEXTS),
            mandatory=draw(st.booleans()),
            values=draw(st.dictionaries(TEXTS, TEXTS, max_size=3)),
            **draw(st.fixed_dictionaries({}, optional={"value": TEXTS, "default": TEXTS})),
            targets=draw(st.lists(st.sampled_from(["A", "B"]), unique=True)),
        )
        for name in names
        if name != "id"
    ]


@st.composite
def histories(draw: st.DrawFn) -> Snapshot:
    """Snapshots of one CRM at different times."""
    names = draw(st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, unique=True))
    return snapshot(
        *(
            module(
                name,
                *draw(modules()),
                relations=[
                    {"name": "A", "label": label} for label in draw(st.lists(TEXTS, unique=True))
                ],
                createable=draw(st.booleans()),
            )
            for name in sorted(names)
        )
    )


ABSENT = object()
Leaves = dict[Path, tuple[Any, Any]]


def leaves(found: list[Difference]) -> Leaves:
    """Every single fact that is another one afterwards, with what it was and is."""
    flat: Leaves = {}
    for each in found:
        for side, value in enumerate((each.before, each.after)):
            for path, leaf in flattened(each.path, value):
                pair = list(flat.get(path, (ABSENT, ABSENT)))
                pair[side] = leaf
                flat[path] = (pair[0], pair[1])
    return flat


def flattened(path: Path, value: Any) -> list[tuple[Path, Any]]:
    if isinstance(value, OutlineNode):
        return [leaf for key in value for leaf in flattened((*path, key), value[key])]
    return [(path, ABSENT if value is None else value)]


def between(one: Snapshot, two: Snapshot, renames: Sequence[Rename] = ()) -> Leaves:
    found = leaves(list(differences(relabelled(outline(one), renames), outline(two))))
    return {path: pair for path, pair in found.items() if pair[0] != pair[1]}


@given(hostile_snapshots())
def test_a_snapshot_does_not_differ_from_itself(given_: Snapshot) -> None:
    again = Snapshot.model_validate(given_.model_copy(deep=True))
    assert compare(given_, again) == Diff()
    assert as_text(compare(given_, again)) == "Nothing changed."


@examples(6)
@given(given_=hostile_snapshots(), chance=st.randoms(use_true_random=False))
def test_the_order_of_a_server_is_no_change_and_generates_the_same(
    given_: Snapshot, chance: Random
) -> None:
    moved = {}
    for name, each in given_.modules.items():
        fields, relations = list(each.raw["fields"]), each.to_json()["relations"]
        chance.shuffle(fields)
        chance.shuffle(relations)
        moved[name] = ModuleSnapshot.model_validate(
            {**each.to_json(), "describe": {**each.raw, "fields": fields}, "relations": relations}
            | {"order": None}
        )
    other = Snapshot(instance=given_.instance, modules=moved)
    assert compare(given_, other) == Diff()
    assert generate(given_, NamesLock()).files == generate(other, NamesLock()).files


@given(histories(), histories(), histories())
def test_two_diffs_in_a_row_are_the_diff_of_the_ends(
    first: Snapshot, second: Snapshot, third: Snapshot
) -> None:
    composed = dict(between(first, second))
    for path, (before, after) in between(second, third).items():
        start, middle = composed.get(path, (before, before))
        assert middle == before
        composed[path] = (start, after)
    composed = {path: pair for path, pair in composed.items() if pair[0] != pair[1]}
    assert composed == between(first, third)


@given(histories(), histories())
def test_back_is_the_same_way(first: Snapshot, second: Snapshot) -> None:
    there, back = between(first, second), between(second, first)
    assert there == {path: (after, before) for path, (before, after) in back.items()}


@given(histories(), histories())
def test_every_candidate_can_be_said_as_an_option(first: Snapshot, second: Snapshot) -> None:
    diff = compare(first, second)
    for each in diff.candidates:
        text = f"{spelled(each.rename.path)}={each.rename.name}"
        (parsed,) = parse_renames([text], outline(first), outline(second))
        # A value may hold dots and equals signs: then another reading may fit as well.
        if "a=b" not in text and "a.b" not in text:
            assert parsed == each.rename
        paired = compare(first, second, [each.rename])
        assert each.rename.place in {change.path for change in paired.changes}
        assert not {each.rename.path} & {change.path for change in paired.changes}
        assert len(between(first, second, [each.rename])) <= len(between(first, second))


@examples(40)
@given(hostile_snapshots(), hostile_snapshots())
def test_no_text_of_a_crm_commands_a_terminal(first: Snapshot, second: Snapshot) -> None:
    diff = compare(first, second)
    lines = as_text(diff).split("\n")
    assert all(line.isprintable() for line in lines)
    assert len(lines) == 1 + len(diff.changes) + len(diff.candidates) + bool(diff.candidates)


@examples(40)
@given(hostile_snapshots(), hostile_snapshots())
def test_no_text_of_a_crm_is_markdown(first: Snapshot, second: Snapshot) -> None:
    """Whatever a reader of Markdown finds is ours, or is code."""
    diff = compare(first, second)
    assume(diff)
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(as_markdown(diff))
    assert {token.type for token in tokens} <= {
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline"),
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
        "html_block",
    }
    for token in tokens:
        if token.type == "html_block":
            assert (
                token.content.strip() == "</details>" or "safe changes</summary>" in token.content
            )
    inside = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inside} <= {
        *("text", "code_inline", "strong_open", "strong_close"),
    }
    ours = {change.reason for change in diff.changes}
    for child in inside:
        if child.type == "text":
            words = child.content.removeprefix("Nothing is taken for renamed unless you say so:")
            assert any(reason in words for reason in ours) or not set(words) - set(
                "0123456789,.() :" + "".join(Grade) + "changes" + "BCS"
            )
    codes = {child.content for child in inside if child.type == "code_inline"}
    assert {headline(change).strip() for change in diff.changes} <= {each.strip() for each in codes}


def test_a_comment_is_no_longer_than_comments_may_be() -> None:
    many = [field(f"cf_{number}", label="x" * 100) for number in range(900)]
    here, there = snapshot(module("M", *many)), snapshot(module("M"))
    for diff in (compare(here, there), compare(there, here)):
        told = as_markdown(diff)
        assert len(told) < 65_000
        assert told.startswith("### 900 changes: 900 ")
        assert "more lines would not fit" in told
        assert told.count("<details>") == told.count("</details>")


@examples(40)
@given(hostile_snapshots(), hostile_snapshots())
def test_the_json_says_all_of_it(first: Snapshot, second: Snapshot) -> None:
    diff = compare(first, second)
    content = json.loads(as_json(diff))
    assert [tuple(each["path"]) for each in content["changes"]] == [
        change.path for change in diff.changes
    ]
    for told, change in zip(content["changes"], diff.changes):
        assert (told["before"], told["after"]) == (change.before, change.after)
        assert (told["action"], told["grade"]) == (change.action, change.grade)
        assert renameable(change.path) or change.action in ("changed", "added", "removed")
    assert content["grade"] == diff.grade
