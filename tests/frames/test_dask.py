"""Dask reads the partitions of a queryset, by threads of this process and by a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import cloudpickle
import distributed
import pytest
from dask import threaded

from generated.demo import Contacts, Potentials, connect
from vtiger_orm import UnsupportedQuery, frames
from vtiger_orm.emulator import Crm
from vtiger_orm.session import Budget


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as demo:
        yield demo


@pytest.fixture
def environment(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What workers connect by."""
    with crm.serve() as server:
        user, key = crm.credentials()
        monkeypatch.setenv("VTIGER_URL", server.url)
        monkeypatch.setenv("VTIGER_USERNAME", user)
        monkeypatch.setenv("VTIGER_ACCESS_KEY", key)
        yield


def test_partitions_are_read_by_threads(environment: None) -> None:
    with connect():
        frame = frames.dask(Contacts.objects.only("lastname"), npartitions=4)
        whole = Contacts.objects.only("lastname").to_pandas()
    assert frame.npartitions == 4
    found = frame.compute(scheduler="threads").reset_index(drop=True)
    assert found.equals(whole)
    assert (found.dtypes == whole.dtypes).all()


def test_a_way_to_connect_that_travels_as_its_code_logs_in_once(
    crm: Crm, environment: None
) -> None:
    """As a function of a notebook does: every task gets another object."""
    own: dict[str, Any] = {"__name__": "__main__"}
    exec("def login():\n    from generated.demo import connect\n    return connect()", own)
    with connect():
        frame = frames.dask(Contacts.objects.only("lastname"), npartitions=3, connect=own["login"])
    made = frame.optimize()
    sent = cloudpickle.dumps(dict(made.dask))
    with crm.count_calls() as calls:
        for _ in range(3):
            threaded.get(cloudpickle.loads(sent), made.__dask_keys__())
    assert calls.logins <= 2  # a challenge and a login


def test_a_slice_is_refused(environment: None) -> None:
    with connect(), pytest.raises(UnsupportedQuery):
        frames.dask(Contacts.objects[:10], npartitions=2)


@pytest.mark.programs
def test_a_cluster_logs_in_one_by_one_and_shares_a_budget(
    crm: Crm, environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = Budget(hour=500, file=str(tmp_path / "budget.db"))
    monkeypatch.setenv("VTIGER_BUDGET", f"500/hour, file:{budget.file}")
    with connect(budget=budget) as session:
        truth = Potentials.objects.to_polars()["amount"].sum()
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster),
            crm.count_calls() as calls,
        ):
            found = frames.dask(Potentials.objects, npartitions=4).compute()
        assert len(found) == 315
        assert Decimal(found["amount"].sum()) == truth
        assert calls.logins <= 4  # a challenge and a login for each worker
        (hour,) = session.limits.budget
    assert hour.limit - hour.left >= calls.number
