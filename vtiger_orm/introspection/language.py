"""What the query language of a server has: asked with statements that are true of every record.

A row shows that the server reads the form. A refusal of the statement shows that it does not, once
another one of the kind was answered. No rows show a failure that is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, Final

from .._dataclass import dataclass
from ..calls.outcome import tells_nothing
from ..calls.plans import Plan, perform
from ..errors import ApiError, VtigerError
from ..metadata.describe import DescribeAnswer
from ..metadata.kinds import Kind
from ..planner.statement import Form, can_be_named
from .probing import Probe

_GRAMMAR: Final = {
    "brackets": Form.BRACKETS,
    "is_null": Form.IS_NULL,
    "not_in": Form.NOT_IN,
    "not_like": Form.NOT_LIKE,
    "patterns_of_ids": Form.PATTERN_OF_IDS,
}


_REFUSED: Final = frozenset({"QUERY_SYNTAX_ERROR", "INVALID_ID_ATTRIBUTE", "DATABASE_QUERY_ERROR"})
"""Codes that are about the statement; whatever else goes wrong says nothing of it."""


@dataclass(slots=True)
class _Asked:
    module: str
    text: str
    reference: str
    statuses: set[bool] = field(default_factory=set)

    def about(self, form: Form) -> Plan[bool | ApiError | None]:
        """Whether a row came, or the refusal; None where the answer cannot be read."""
        try:
            rows = yield from perform(form.probe(self.module, self.text, self.reference))
        except VtigerError as error:
            if tells_nothing(error):
                raise
            if not isinstance(error, ApiError):
                return None
            if error.status is not None and _is_refusal(error):
                self.statuses.add(error.status >= 400)
            return error
        return bool(rows)


def probe_language(
    probes: Sequence[Probe], describes: Sequence[DescribeAnswer]
) -> Plan[dict[str, Any]]:
    """Capabilities of the query language by name, as far as they could be found out."""
    asked = _place(probes, describes)
    if asked is None:
        return {}
    proof = yield from asked.about(Form.PROOF)
    if proof is False:
        return {"proves": False}
    answers = {}
    for form in (*_GRAMMAR.values(), Form.DOUBLED, Form.BARE_WORD):
        answers[form] = yield from asked.about(form)
    if proof is not True and True not in answers.values():
        return {}
    found: dict[str, Any] = {"proves": True} if proof is True else {}
    for name, form in _GRAMMAR.items():
        answer = answers[form]
        if answer is True or _is_refusal(answer):
            found[name] = answer is True
    if answers[Form.DOUBLED] is True:
        found["escaping"] = "doubled"
    bare = answers[Form.BARE_WORD]
    if bare is False or _is_refusal(bare):
        found["sql_errors"] = "silent" if bare is False else "told"
    if len(asked.statuses) == 1:
        found["statuses"] = asked.statuses.pop()
    return found


def _is_refusal(answer: object) -> bool:
    return isinstance(answer, ApiError) and answer.code in _REFUSED


def _place(probes: Sequence[Probe], describes: Sequence[DescribeAnswer]) -> _Asked | None:
    """A module with records, a text and a reference: the first by name."""
    of = {describe.name: describe for describe in describes}
    for probe in sorted(probes, key=lambda probe: probe.module):
        describe = of.get(probe.module)
        if describe is None or not probe.count or not describe.is_entity:
            continue
        usable = [
            each
            for each in describe.fields
            if each.name not in probe.flaws and can_be_named(each.name)
        ]
        text = next((f.name for f in usable if f.type.name == Kind.STRING and f.editable), None)
        owner = next((f.name for f in usable if f.type.name == Kind.OWNER), None)
        if text and owner:
            return _Asked(probe.module, text, owner)
    return None
