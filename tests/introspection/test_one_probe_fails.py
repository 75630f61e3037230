"""Any one question of a pull fails, in any way: what the others found stays as it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vtiger_codegen.live.pull import server_of

from tests.servers.test_recognition import session_with
from tests.support.examples import examples
from vtiger_orm import Session
from vtiger_orm.calls.operations import Call
from vtiger_orm.calls.plans import Batch, perform
from vtiger_orm.dialects.outcomes import of_status
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import (
    AccessDenied,
    ApiError,
    MalformedAnswer,
    NotSupported,
    ServerError,
    VtigerError,
)
from vtiger_orm.introspection.pull import pull
from vtiger_orm.metadata.snapshot import Snapshot

T = TypeVar("T")
SERVERS: Final = ["vtiger-7.5", "vtiger-8.0", "vtiger-8.3", "corebos", "frevocrm"]
MODULES: Final = ("Accounts", "Contacts", "Documents", "HelpDesk")


def _fatal() -> VtigerError:
    error = ServerError("fatal", status=500)
    error.outcome = of_status(500)
    return error


FAULTS: Final[dict[str, Callable[[], VtigerError]]] = {
    "fatal": _fatal,
    "denied": lambda: AccessDenied("no", code="ACCESS_DENIED", status=200),
    "no JSON": lambda: MalformedAnswer("html", status=200),
    "unknown operation": lambda: NotSupported("not there"),
    "other code": lambda: ApiError("odd", code="ODD", status=200),
}


@dataclass
class Replayed:
    """A server that is asked once for each call, and fails at one of them."""

    session: Session
    answers: dict[str, Any] = field(default_factory=dict)

    def run(self, plan: Generator[Any, Any, T], wrong: str = "", fault: str = "") -> T:
        reply: Any = None
        error: BaseException | None = None
        while True:
            try:
                step = plan.send(reply) if error is None else plan.throw(error)
            except StopIteration as done:
                result: T = done.value
                return result
            reply, error = None, None
            try:
                if isinstance(step, Batch):
                    reply = [self._answer(each, wrong, fault) for each in step.calls]
                else:
                    reply = self._answer(step, wrong, fault)
            except VtigerError as raised:
                error = raised

    def _answer(self, call: Call[Any], wrong: str, fault: str) -> Any:
        key = repr(call)
        if key == wrong:
            raise FAULTS[fault]()
        if key not in self.answers:
            try:
                self.answers[key] = self.session.run(perform(call))
            except VtigerError as error:
                self.answers[key] = error
        answer = self.answers[key]
        if isinstance(answer, VtigerError):
            raise answer
        return answer


@cache
def undisturbed(name: str) -> tuple[Replayed, Snapshot, list[str]]:
    crm = Crm(profile=name)
    session = session_with(crm)
    session.identify()
    replayed = Replayed(session)
    whole = pulled(replayed)
    probes = [key for key in replayed.answers if not key.startswith(("Describe", "ListTypes"))]
    return replayed, whole, probes


def pulled(replayed: Replayed, wrong: str = "", fault: str = "") -> Snapshot:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan = pull(server_of(replayed.session), include=MODULES)
        return replayed.run(plan, wrong, fault)


@pytest.mark.parametrize("server", SERVERS)
@examples(4)
@given(data=st.data(), fault=st.sampled_from(sorted(FAULTS)))
def test_what_the_others_found_stays(server: str, data: st.DataObject, fault: str) -> None:
    replayed, whole, probes = undisturbed(server)
    now = pulled(replayed, data.draw(st.sampled_from(probes)), fault)
    before, after = (each.instance.capabilities.model_dump() for each in (whole, now))
    lost = {name: after[name] for name in before if before[name] != after[name]}
    assert len(lost) <= 1
    # Not known is told as such, or as the least that every server does; no for none but those
    # that say so.
    says_so = [False] if fault == "unknown operation" else []
    assert all(value in (None, "unknown", {}, 100, *says_so) for value in lost.values()), lost
    other = [name for name in whole.modules if whole.modules[name] != now.modules[name]]
    assert len(other) <= 1
    for name in other:
        assert now.modules[name].flaws.items() <= whole.modules[name].flaws.items()
