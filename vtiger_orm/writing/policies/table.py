"""The table: which policies hold for a module, those of its kind and those of servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from ..._writes import Problem, Rule
from ...calls.server import ServerFacts
from ...metadata.module import FieldMeta, ModuleMeta
from ..changeset import Changeset
from . import corebos_items, modules, restfulapi, servers, totals
from .policy import Policy, Wire, is_foreign_nowhere


@lru_cache(maxsize=256)
def policies_of(meta: ModuleMeta) -> tuple[Policy, ...]:
    """The policies that hold for a module."""
    return tuple(policy for policy in POLICIES if policy.covers(meta))


@lru_cache(maxsize=256)  # nearly always none, and an answer has a hundred names
def foreign_in(meta: ModuleMeta) -> tuple[Callable[[str], bool], ...]:
    """What knows names in answers that belong to something else than the record."""
    found = (policy.foreign for policy in policies_of(meta))
    return tuple(each for each in found if each is not is_foreign_nowhere)


def is_writable(meta: ModuleMeta, each: FieldMeta) -> bool:
    """Whether the CRM takes a value for the field."""
    return each.editable and why_read_only(meta, each.wire) is None


def why_read_only(meta: ModuleMeta, wire: str) -> str | None:
    """Why nobody can write a field that the CRM calls editable; None where one can."""
    reasons = (policy.read_only(wire) for policy in policies_of(meta))
    return next((reason for reason in reasons if reason), None)


def check_read_only(change: Changeset, wire: Wire, facts: ServerFacts) -> Iterator[Problem]:
    """Fields that are called editable, and whose values the CRM drops without a word."""
    for name in wire:
        reason = why_read_only(change.meta, name)
        if reason is not None:
            attribute = change.meta.by_wire[name].name if name in change.meta.by_wire else name
            yield Problem(attribute, Rule.READ_ONLY, f"{attribute} cannot be written: {reason}")


def _of_the_crm(wire: str) -> str | None:
    if wire in ("modifiedby", "creator"):
        return "the CRM puts the session's user there, whatever is sent."
    return None


POLICIES: Final = (
    Policy(
        family="records",
        covers=lambda meta: True,
        checks=(check_read_only,),
        read_only=_of_the_crm,
    ),
    *restfulapi.POLICIES,
    *modules.POLICIES,
    *totals.POLICIES,
    *corebos_items.POLICIES,
    *servers.POLICIES,
)
"""Every policy, the general one first."""
