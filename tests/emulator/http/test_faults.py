"""Faults on demand, counting and the log."""

from __future__ import annotations

import logging
import time
from typing import Any

import httpx
import pytest

from vtiger_orm.emulator import Crm, CrmError
from vtiger_orm.emulator.faults import (
    DroppedConnection,
    ExpiredSession,
    Html,
    Latency,
    LostAnswer,
    Meanwhile,
    PlainAnswer,
    RateLimited,
    ServerError,
    TextBefore,
    TruncatedBody,
)

ALL = "select lastname from Contacts order by id;"


@pytest.fixture
def wire(wire: Any) -> Any:
    return wire.logged_in()


def names(crm: Crm) -> list[str]:
    return [row["lastname"] for row in crm.run("query", query=ALL)]


def send(wire: Any, statement: str = ALL) -> Any:
    return wire.get("/webservice.php", operation="query", sessionName=wire.session, query=statement)


class TestEachFault:
    def test_a_lost_answer_leaves_the_record(self, wire: Any) -> None:
        wire.crm.faults.next(operation="create", fault=LostAnswer(), times=1)
        with httpx.Client(transport=wire.crm.transport()) as http:
            form = {
                "operation": "create",
                "sessionName": wire.session,
                "elementType": "Contacts",
                "element": '{"lastname": "Lost", "assigned_user_id": "19x1"}',
            }
            with pytest.raises(httpx.RemoteProtocolError):
                http.post(f"{wire.crm.url}/webservice.php", data=form)
            assert names(wire.crm) == ["Lost"]
            assert http.post(f"{wire.crm.url}/webservice.php", data=form).json()["success"]
        assert names(wire.crm) == ["Lost", "Lost"]

    def test_a_dropped_connection_leaves_nothing(self, wire: Any) -> None:
        wire.crm.faults.next(DroppedConnection(), operation="create")
        answer = wire.post("/webservice.php", operation="create", sessionName=wire.session)
        assert answer.delivery.dropped is True
        assert names(wire.crm) == []

    def test_html_instead_of_json(self, wire: Any) -> None:
        wire.crm.faults.next(Html())
        answer = send(wire)
        assert (answer.status, answer.header("content-type")) == (502, "text/html; charset=UTF-8")
        assert b"<html>" in answer.body

    def test_plain_text_and_a_notice_before_the_json(self, wire: Any) -> None:
        wire.crm.faults.next(PlainAnswer("Out of order"))
        wire.crm.faults.next(TextBefore())
        assert send(wire).body == b"Out of order"
        answer = send(wire).body
        assert answer.startswith(b"<br />")
        assert answer.endswith(b'{"success":true,"result":[]}')
        assert send(wire).json()["success"] is True

    def test_server_errors_before_and_after_the_work(self, wire: Any) -> None:
        wire.crm.faults.next(ServerError(), operation="create")
        wire.crm.faults.next(ServerError(done=True), operation="create")
        for expected in ([], ["x"]):
            answer = wire.post(
                "/webservice.php",
                operation="create",
                sessionName=wire.session,
                elementType="Contacts",
                element='{"lastname": "x", "assigned_user_id": "19x1"}',
            )
            assert (answer.status, answer.body) == (500, b"")
            assert names(wire.crm) == expected

    @pytest.mark.parametrize(("wait", "header"), [(None, ""), (7, "7"), (0.5, "0.5")])
    def test_too_many_requests(self, wire: Any, wait: float | None, header: str) -> None:
        wire.crm.faults.next(RateLimited(wait))
        answer = send(wire)
        assert (answer.status, answer.header("retry-after")) == (429, header)

    @pytest.mark.parametrize("code", ["INVALID_SESSIONID", "SESSION_LEFT_IDLE", "SESSION_EXPIRED"])
    def test_a_session_that_ends_in_the_middle(self, wire: Any, code: str) -> None:
        other = wire.login()["result"]["sessionName"]
        wire.crm.faults.next(ExpiredSession(code), operation="query", after=1)
        assert send(wire).json()["success"] is True
        assert send(wire).json()["error"]["code"] == code
        assert send(wire).json()["error"]["code"] == code
        wire.session = other
        assert send(wire).json()["success"] is True
        assert send(wire.logged_in()).json()["success"] is True

    def test_truncated_bodies(self, wire: Any) -> None:
        whole = send(wire).body
        wire.crm.faults.next(TruncatedBody(keep=10))
        wire.crm.faults.next(TruncatedBody(keep=0.5))
        wire.crm.faults.next(TruncatedBody(keep=10, honest=True))
        assert send(wire).delivery.cut_after == 10
        assert send(wire).delivery.cut_after == len(whole) // 2
        proxied = send(wire)
        assert (proxied.body, proxied.delivery.cut_after) == (whole[:10], None)

    def test_rows_come_and_go_between_two_pages(self, wire: Any) -> None:
        crm = wire.crm
        gone = crm.create("Contacts", {"lastname": "first"})["id"]

        def somebody_else() -> None:
            crm.create("Contacts", {"lastname": "second"})
            crm.run("delete", id=gone)

        crm.faults.next(Meanwhile(somebody_else), operation="query", after=1)
        assert [row["lastname"] for row in wire.rows(ALL)] == ["first"]
        assert [row["lastname"] for row in wire.rows(ALL)] == ["second"]

    def test_something_happens_right_after_the_work(self, wire: Any) -> None:
        add = Meanwhile(lambda: wire.crm.create("Contacts", {"lastname": "x"}), after=True)
        wire.crm.faults.next(add)
        assert wire.rows(ALL) == []
        assert len(wire.rows(ALL)) == 1

    def test_a_fault_of_ones_own(self, wire: Any) -> None:
        class Teapot:
            def apply(self, exchange: Any) -> Any:
                from dataclasses import replace

                return replace(exchange.proceed(), status=418)

        wire.crm.faults.next(Teapot())
        assert send(wire).status == 418


class TestRules:
    def test_faults_strike_one_after_the_other_then_all_is_well(self, wire: Any) -> None:
        rule = wire.crm.faults.next(ServerError(), times=2)
        wire.crm.faults.next(RateLimited())
        assert [send(wire).status for _ in range(4)] == [500, 500, 429, 200]
        assert rule.struck == 2
        assert wire.crm.faults.pending == []

    def test_only_what_matches_is_struck(self, wire: Any) -> None:
        faults = wire.crm.faults
        faults.next(ServerError(), operation={"create", "revise"})
        faults.next(ServerError(), module="Leads")
        faults.next(ServerError(), containing="limit 7")
        faults.next(ServerError(), when=lambda call: call.request.method == "PUT")
        assert send(wire).status == 200
        assert send(wire, "select id from Leads;").status == 500
        assert send(wire, "select id from Contacts limit 7;").status == 500
        assert len(faults.pending) == 2

    def test_logins_are_spared_unless_named(self, wire: Any) -> None:
        wire.crm.faults.always(ServerError())
        assert wire.login()["success"] is True
        assert send(wire).status == 500
        wire.crm.faults.next(ServerError(), operation="getchallenge")
        assert wire.get("/webservice.php", operation="getchallenge").status == 500

    def test_standing_and_queued_faults_come_together(self, wire: Any) -> None:
        wire.crm.faults.always(Latency(1))
        wire.crm.faults.next([Latency(2), ServerError()])
        struck = send(wire)
        assert struck.status == 500
        assert struck.delivery.delay == pytest.approx(3, abs=0.1)
        wire.crm.faults.clear()
        assert send(wire).delivery.delay == 0

    def test_calls_of_one_session_wait_for_each_other(self, wire: Any) -> None:
        wire.crm.faults.always(Latency(10))
        delays = [send(wire).delivery.delay for _ in range(3)]
        assert delays == pytest.approx([10, 20, 30], abs=0.5)
        wire.crm.faults.clear()
        wire.crm.faults.always(Latency(10))
        other = wire.logged_in()
        assert send(other).delivery.delay == pytest.approx(10, abs=0.5)


async def test_latency_is_real_and_parallel_between_sessions(crm: Crm, wire: Any) -> None:
    import asyncio

    sessions = [wire.login()["result"]["sessionName"] for _ in range(4)]
    crm.faults.always(Latency(0.1))

    async def ask(http: httpx.AsyncClient, session: str) -> None:
        params = {"operation": "query", "query": ALL, "sessionName": session}
        assert (await http.get(f"{crm.url}/webservice.php", params=params)).json()["success"]

    async with httpx.AsyncClient(transport=crm.transport()) as http:
        began = time.perf_counter()
        await asyncio.gather(*(ask(http, each) for each in sessions))
        apart = time.perf_counter() - began
        began = time.perf_counter()
        await asyncio.gather(*(ask(http, sessions[0]) for _ in range(4)))
        queued = time.perf_counter() - began
    assert 0.1 <= apart < 0.3
    assert queued >= 0.4


class TestCounting:
    def test_calls_operations_and_queries(self, wire: Any) -> None:
        with wire.crm.count_calls() as calls:
            wire.get("/webservice.php", operation="listtypes")  # nobody: is this a Vtiger?
            wire.logged_in()
            wire.create("Contacts", lastname="x")
            wire.rows(ALL)
            wire.rows("select id from Leads;")
        wire.rows(ALL)
        assert calls.number == len(calls) == 3
        assert calls.logins == 3
        assert calls.operations == {"create": 1, "query": 2}
        assert calls.queries == [ALL, "select id from Leads;"]

    def test_counts_nest_and_see_what_failed(self, wire: Any) -> None:
        with wire.crm.count_calls() as outer:
            send(wire)
            with wire.crm.count_calls() as inner:
                wire.crm.faults.next(DroppedConnection())
                send(wire)
                send(wire, "select id, from Contacts;")
        assert (outer.number, inner.number) == (3, 2)
        assert [record.error for record in outer] == ["", "dropped", "QUERY_SYNTAX_ERROR"]

    def test_what_a_test_does_directly_is_not_counted(self, wire: Any) -> None:
        wire.crm.faults.always(ServerError())
        with wire.crm.count_calls() as calls:
            wire.crm.create("Contacts", {"lastname": "x"})
            assert len(wire.crm.run("query", query=ALL)) == 1
        assert calls.number == 0
        with pytest.raises(CrmError, match="MANDATORY"):
            wire.crm.create("Contacts", {})


class TestLog:
    def test_one_readable_line_per_call(self, wire: Any, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, logger="vtiger_orm.emulator"):
            wire.create("Contacts", lastname="x")
            wire.rows("select id\n from   Contacts;")
            send(wire, "select id, from Contacts;")
            wire.tell("revise", element={"id": "12x1", "lastname": "y"})
        create, query, failed, revise = [record.message for record in caplog.records]
        assert revise.endswith("12x1")
        assert create.split()[:4] == ["admin", "create", "200", "ok"]
        assert create.endswith("Contacts")
        assert "1 row" in query
        assert query.endswith("select id from Contacts;")
        assert "QUERY_SYNTAX_ERROR" in failed

    def test_it_tells_no_secret(self, wire: Any, caplog: pytest.LogCaptureFixture) -> None:
        key = wire.crm.credentials()[1]
        with caplog.at_level(logging.DEBUG):
            wire.logged_in()
            wire.rows(f"select id from Users where accesskey = '{key}';")
            wire.rows(f"select id from Users where user_password in ('a', '{key}');")
        assert key not in caplog.text
        assert wire.session not in caplog.text
        assert key not in repr(wire.crm.users())
        with wire.crm.count_calls() as calls:
            wire.rows(ALL)
        assert wire.session not in repr(calls.records)
