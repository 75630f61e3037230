"""The pytest plugin: installed with the package, active without a line of set-up.

Fixtures:

`vtiger_crm`
    A fresh embedded CRM with the demo data, in this process, no socket. Every test has its own.
`vtiger_session`
    A session on it, already entered: querysets of `vtiger_package` use it, also in threads.
`vtiger_server`
    The same CRM on a socket of 127.0.0.1; ``vtiger_server.url``.
`vtiger_factory`
    Makes valid records: ``vtiger_factory("Contacts", lastname="Smith")``.
`vtiger_cassette`
    Plays recorded traffic (``cassettes/<test>.json`` beside the test file); with
    ``--vtiger-record=missing`` or ``=all`` it records it.

Settings (``[tool.pytest.ini_options]``): `vtiger_schema`, a snapshot folder instead of the demo;
`vtiger_package`, the generated package the tests use; `vtiger_profile`, the kind of server
(default: that of the snapshot).
Each is also a session fixture of that name, to be overridden in a ``conftest.py``.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from vtiger_orm.emulator import Crm, Server
    from vtiger_orm.session import Session

    from .factory import Factory
    from .recorder import Recorder, Replay
    from .scrub import Scrub

_PASSED: Final = pytest.StashKey[bool]()
_LONGEST: Final = 120

_PROFILES: Final = (
    *("vtiger-7.5", "vtiger-8.0", "vtiger-8.2", "vtiger-8.3", "corebos", "frevocrm", "berlicrm"),
    *("cloud", "restfulapi", "restfulapi-unmended", "stock-8.0-php8", "stock-7"),
)
"""Named here once more, as this module is loaded with every run of pytest: the embedded CRM is
not, before a test asks for it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings and the switch of the recorder."""
    parser.addini("vtiger_schema", "snapshot folder of the CRM under test (default: the demo)")
    parser.addini("vtiger_package", "generated package that the tests use, e.g. generated.demo")
    parser.addini("vtiger_profile", f"kind of server: {', '.join(_PROFILES)}")
    parser.getgroup("vtiger-orm").addoption(
        "--vtiger-record",
        choices=("none", "missing", "all"),
        default="none",
        help="none: only play cassettes (default); missing: record those that do not exist; "
        "all: record anew",
    )


@pytest.fixture(scope="session")
def vtiger_schema(pytestconfig: pytest.Config) -> Path | None:
    """Snapshot folder of the CRM under test, from the setting; None is the demo."""
    folder = pytestconfig.getini("vtiger_schema")
    return pytestconfig.rootpath / folder if folder else None


@pytest.fixture(scope="session")
def vtiger_profile(pytestconfig: pytest.Config) -> str:
    """Kind of server, from the setting."""
    return pytestconfig.getini("vtiger_profile") or "auto"


@pytest.fixture(scope="session")
def vtiger_package(pytestconfig: pytest.Config) -> Any:
    """The `Package` of the generated code the tests use, from the setting; None without one."""
    name = pytestconfig.getini("vtiger_package")
    if not name:
        return None
    from importlib import import_module

    return import_module(f"{name}._package").package


@pytest.fixture(scope="session")
def vtiger_template(vtiger_schema: Path | None, vtiger_profile: str) -> Iterator[Crm]:
    """The CRM that every test gets a copy of; override it to give all of them other data."""
    from vtiger_orm.emulator import Crm

    with Crm(vtiger_schema, profile=vtiger_profile) as crm:
        yield crm


@pytest.fixture
def vtiger_crm(vtiger_template: Crm) -> Iterator[Crm]:
    """A fresh CRM of this test alone."""
    with vtiger_template.copy() as crm:
        yield crm


@pytest.fixture
def vtiger_session(vtiger_crm: Crm, vtiger_package: Any) -> Iterator[Session]:
    """A session on `vtiger_crm`, entered, so that querysets of the package use it. Threads of the
    application use it as well, as the package's default."""
    from vtiger_orm.session import Session

    name, key = vtiger_crm.credentials()
    with (
        ExitStack() as stack,
        Session(
            vtiger_crm.url,
            name,
            key,
            dialect="cloud" if vtiger_crm.profile.cloud else "webservice",
            capabilities=vtiger_crm.capabilities,
            package=vtiger_package,
            transport=vtiger_crm.transport(),
            async_transport=vtiger_crm.transport(),
        ) as session,
    ):
        if vtiger_package is not None:
            stack.enter_context(vtiger_package.keeping_default())
            vtiger_package.configure(session=session)
        yield session


@pytest.fixture(autouse=True)
def _vtiger_default_sessions() -> Iterator[None]:
    """What a test sets with `configure` ends with it."""
    known = _packages()
    with ExitStack() as stack:
        for package in known:
            stack.enter_context(package.keeping_default())
        yield
        for package in _packages():
            if package not in known:  # imported by the test itself
                package.reset()


def _packages() -> list[Any]:
    """The generated packages of this process; imports nothing where there is none."""
    module = sys.modules.get("vtiger_orm.package")
    return module.packages() if module is not None else []


@pytest.fixture
def vtiger_server(vtiger_crm: Crm) -> Iterator[Server]:
    """`vtiger_crm` on a socket of this machine."""
    with vtiger_crm.serve() as server:
        yield server


@pytest.fixture
def vtiger_factory(vtiger_crm: Crm) -> Factory:
    """Makes valid records in `vtiger_crm`."""
    from .factory import Factory

    return Factory(vtiger_crm)


@pytest.fixture(scope="session")
def vtiger_scrub() -> Scrub:
    """What is taken out of cassettes; override it to keep names or take out more."""
    from .scrub import Scrub

    return Scrub(names=True, emails=True)


@pytest.fixture
def vtiger_cassette(
    request: pytest.FixtureRequest, vtiger_scrub: Scrub
) -> Iterator[Recorder | Replay]:
    """Recorded traffic of this test: give ``vtiger_cassette.transport()`` to a session."""
    from .recorder import Recorder, replay

    path = _cassette_path(request)
    mode = request.config.getoption("--vtiger-record")
    if mode == "all" or (mode == "missing" and not path.exists()):
        recorder = Recorder(vtiger_scrub)
        yield recorder
        if request.node.stash.get(_PASSED, False):
            recorder.save(path)
        return
    if not path.exists():
        pytest.fail(
            f"There is no cassette {path}. Record it: run this test with "
            "--vtiger-record=missing and a CRM that answers.",
            pytrace=False,
        )
    with replay(path) as tape:
        yield tape


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test passed: what a failed one recorded is not kept."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


def _cassette_path(request: pytest.FixtureRequest) -> Path:
    """One file for each test: the class and the parameters are in its name, and a few digits
    where a name cannot stand in a file as it is."""
    node = request.node.nodeid.partition("::")[2].replace("::", ".")
    name = "".join(char if char.isalnum() or char in "-_." else "-" for char in node)
    if name != node or len(name) > _LONGEST:
        name = f"{name[:_LONGEST].rstrip('-')}-{hashlib.sha256(node.encode()).hexdigest()[:8]}"
    return request.path.parent / "cassettes" / f"{request.path.stem}.{name}.json"
