"""The pytest plugin, as a user's test suite meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# A run within this process forgets the modules that it was the first to load: of each that is
# loaded again there would be two.
import vtiger_orm.models.portable  # noqa: F401
from vtiger_orm.emulator.profiles import PROFILES

pytest_plugins = "pytester"

INI = """
[pytest]
vtiger_package = generated.demo
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
pythonpath = {root}
addopts = -p no:slipcover
"""
"""What measures the run around this one would end with it."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini(INI.format(root=ROOT))
    return pytester


def test_loading_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, vtiger_orm.testing.plugin\n"
        "heavy = {'httpx', 'pydantic', 'lark', 'h11', 'sqlite3', 'faker', 'vtiger_orm.session'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_test_has_a_crm_of_its_own(suite: pytest.Pytester) -> None:
    suite.makepyfile("""
        import pytest
        from vtiger_orm.emulator.faults import ServerError

        @pytest.mark.parametrize("turn", range(5))
        def test_one(vtiger_crm, vtiger_factory, turn):
            before = vtiger_crm.run("query", query="select count(*) from Leads;")
            vtiger_factory.batch("Leads", 3)
            vtiger_crm.faults.always(ServerError())
            assert vtiger_crm.run("query", query="select count(*) from Leads;") != before
            assert before == [{"count": before[0]["count"]}]
            pytest.counts = getattr(pytest, "counts", set()) | {before[0]["count"]}
            assert len(pytest.counts) == 1
        """)
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=5)


def test_sessions_querysets_counts_and_faults(suite: pytest.Pytester) -> None:
    suite.makepyfile("""
        import pytest
        from generated.demo import Contacts
        from vtiger_orm.emulator.faults import ExpiredSession

        def test_sync(vtiger_session, vtiger_crm, vtiger_factory):
            vtiger_factory("Contacts", lastname="Zzyzx")
            with vtiger_crm.count_calls() as calls:
                found = Contacts.objects.get(lastname="Zzyzx")
            assert found.lastname == "Zzyzx"
            assert calls.operations["query"] >= 1
            vtiger_crm.faults.next(ExpiredSession(), operation="query")
            assert Contacts.objects.filter(lastname="Zzyzx").count() == 1

        async def test_async(vtiger_session, vtiger_factory):
            vtiger_factory("Contacts", lastname="Zzyzx")
            found = await Contacts.objects.aget(lastname="Zzyzx")
            assert found.lastname == "Zzyzx"
        """)
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_the_server_is_real(suite: pytest.Pytester) -> None:
    suite.makepyfile("""
        from urllib.request import urlopen

        def test_one(vtiger_server, vtiger_crm):
            url = f"{vtiger_server.url}/webservice.php?operation=getchallenge&username=admin"
            with vtiger_crm.count_calls() as calls, urlopen(url) as answer:
                assert b'"success":true' in answer.read()
            assert calls.logins == 1
        """)
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_settings_and_overridden_fixtures(suite: pytest.Pytester) -> None:
    suite.makeini(INI.format(root=ROOT) + "vtiger_profile = cloud\n")
    suite.makeconftest("""
        import pytest
        from vtiger_orm.emulator import Crm

        @pytest.fixture(scope="session")
        def vtiger_template(vtiger_profile):
            with Crm(data={"Leads": [{"lastname": "Only"}]}, profile=vtiger_profile) as crm:
                yield crm
        """)
    suite.makepyfile("""
        def test_one(vtiger_crm):
            assert vtiger_crm.profile.name == "cloud"
            rows = vtiger_crm.run("query", query="select lastname from Leads;")
            assert [row["lastname"] for row in rows] == ["Only"]
        """)
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize(("profile", "dialect"), [("cloud", "cloud"), ("stock-7", "webservice")])
def test_the_session_speaks_as_the_kind_of_server_does(
    suite: pytest.Pytester, profile: str, dialect: str
) -> None:
    suite.makeini(INI.format(root=ROOT) + f"vtiger_profile = {profile}\n")
    suite.makepyfile(f"""
        from generated.demo import Leads

        def test_one(vtiger_session, vtiger_factory):
            vtiger_factory("Leads", lastname="Zzyzx")
            lead = Leads.objects.get(lastname="Zzyzx")
            assert lead.crm.convert(account=True).account
            assert vtiger_session.dialect == "{dialect}"
        """)
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


CASSETTE_TEST = """
    import httpx

    def test_one(vtiger_crm, vtiger_cassette):
        inner = {inner}
        with httpx.Client(transport=vtiger_cassette.transport(*inner)) as http:
            answer = http.get("https://crm.test/webservice.php?operation=getchallenge&username=admin")
        assert answer.json()["success"] is True
"""


def test_cassettes(suite: pytest.Pytester) -> None:
    suite.makepyfile(CASSETTE_TEST.format(inner="(vtiger_crm.transport(),)"))
    missing = suite.runpytest_inprocess("-p", "no:cacheprovider")
    missing.assert_outcomes(failed=0, errors=1)
    missing.stdout.fnmatch_lines(["*There is no cassette*--vtiger-record=missing*"])
    recorded = suite.runpytest_inprocess("-p", "no:cacheprovider", "--vtiger-record=missing")
    recorded.assert_outcomes(passed=1)
    (path,) = (suite.path / "cassettes").iterdir()
    assert path.name == "test_cassettes.test_one.json"
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    suite.makepyfile(CASSETTE_TEST.format(inner="()"))
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_no_two_tests_share_a_cassette(suite: pytest.Pytester) -> None:
    suite.makepyfile("""
        import httpx
        import pytest

        def ask(vtiger_crm, vtiger_cassette):
            with httpx.Client(transport=vtiger_cassette.transport(vtiger_crm.transport())) as http:
                http.get("https://crm.test/webservice.php?operation=getchallenge&username=admin")

        class TestA:
            def test_one(self, vtiger_crm, vtiger_cassette):
                ask(vtiger_crm, vtiger_cassette)

        class TestB(TestA):
            pass

        @pytest.mark.parametrize("text", ["a/b", "a-b", "A b", "客户", "x" * 300, "y" * 300])
        def test_one(vtiger_crm, vtiger_cassette, text):
            ask(vtiger_crm, vtiger_cassette)
        """)
    recorded = suite.runpytest_inprocess("-p", "no:cacheprovider", "--vtiger-record=missing")
    recorded.assert_outcomes(passed=8)
    assert len(list((suite.path / "cassettes").iterdir())) == 8


def test_what_a_failed_test_recorded_is_not_kept(suite: pytest.Pytester) -> None:
    failing = CASSETTE_TEST.format(inner="(vtiger_crm.transport(),)") + "        assert False\n"
    suite.makepyfile(failing)
    suite.runpytest_inprocess("-p", "no:cacheprovider", "--vtiger-record=all").assert_outcomes(
        failed=1
    )
    assert not (suite.path / "cassettes").exists()


def test_threads_of_the_application_use_the_session(suite: pytest.Pytester) -> None:
    suite.makepyfile("""
        from concurrent.futures import ThreadPoolExecutor
        import pytest
        from generated.demo import Leads
        from vtiger_orm.errors import NoSession

        def test_threads(vtiger_session):
            with ThreadPoolExecutor(2) as pool:
                counts = list(pool.map(lambda _: Leads.objects.count(), range(4)))
            assert set(counts) == {Leads.objects.count()}

        def test_afterwards():
            with pytest.raises(NoSession):
                Leads.objects.count()
        """)
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_configure_in_a_test_ends_with_it(suite: pytest.Pytester) -> None:
    suite.makeconftest("""
        import pytest
        from vtiger_orm.emulator import Crm

        @pytest.fixture(scope="module")
        def everywhere():
            from generated.demo import configure
            with Crm() as crm:
                yield configure(crm.url, *crm.credentials(), transport=crm.transport())
        """)
    suite.makepyfile(
        test_a="""
        import pytest
        from generated.demo import Leads, configure
        from vtiger_orm.errors import NoSession

        def test_sets_one(vtiger_crm):
            transport = vtiger_crm.transport()
            configure(vtiger_crm.url, *vtiger_crm.credentials(), transport=transport)
            assert Leads.objects.count()

        def test_has_none():
            with pytest.raises(NoSession):
                Leads.objects.count()
        """,
        test_b="""
        from generated.demo import Leads, configure

        def test_uses_that_of_the_module(everywhere):
            assert Leads.objects.count()

        def test_sets_one(vtiger_crm, everywhere):
            transport = vtiger_crm.transport()
            configure(vtiger_crm.url, *vtiger_crm.credentials(), transport=transport)
            assert Leads.objects.count()

        def test_still_uses_that_of_the_module():
            assert Leads.objects.count()
        """,
    )
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=5)


def test_the_help_lists_every_profile(pytester: pytest.Pytester) -> None:
    shown = " ".join(pytester.runpytest_subprocess("--help").stdout.str().split())
    for name in PROFILES:
        assert name in shown
