"""The pytest plugin, as pytest loads it in a project of its own: each test here runs pytest in a process."""

import re
import subprocess
import sys
from dataclasses import fields
from textwrap import dedent

import pytest

from homeport_client.fleet import Network, Script
from homeport_client.fleet.networks import INCIDENTS
from homeport_pytest.protocols import NetworkValues, ScriptValues
from tests.house.tree import ROOT, SOURCE_ROOTS

pytest_plugins = ["pytester"]

APP = ROOT / "examples/tasks/app.py"
HEAVY = ("httpx2", "msgspec", "websockets", "homeport_client", "homeport_sync", "homeport_server")
ASYNC = "-p pytest_asyncio.plugin -o asyncio_default_fixture_loop_scope=function -o asyncio_mode=auto"


class Project:
    """A project with a plugin or two and the example app, whose warnings are errors."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        pytester.makeini(f"[pytest]\nhomeport_app = {APP}\nfilterwarnings = error\n")

    def run(self, test: str, *words: str) -> pytest.RunResult:
        """Runs one test file, with no plugins but ours and those that `words` name."""
        self._pytester.makepyfile(test_it=test)
        return self._pytester.runpytest_subprocess("-p", "homeport_pytest.plugin", *words)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """This tree's packages are found, whatever is installed."""
    monkeypatch.setenv("PYTHONPATH", ":".join(str(ROOT / each) for each in dict.fromkeys(SOURCE_ROOTS.values())))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("HOMEPORT_SEED", raising=False)
    return Project(pytester)


def test_pytest_loads_nothing_of_homeport() -> None:
    look = f"import pytest, sys, homeport_pytest.plugin; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True)
    assert answer.stdout == "[]\n"


def test_what_may_be_said_of_networks_and_scripts_is_what_they_have() -> None:
    named = {each.name for each in fields(Network)} - {"name", "rates"}
    assert NetworkValues.__annotations__.keys() == named | set(INCIDENTS)
    assert ScriptValues.__annotations__.keys() == {each.name for each in fields(Script)}


def test_a_project_without_homeport_tests_sees_nothing_of_it(project: Project) -> None:
    shown = project.run("def test_it(): pass")
    shown.assert_outcomes(passed=1)
    assert "homeport:" not in shown.stdout.str()


def test_the_simulated_world_needs_no_plugin_for_asyncio(project: Project) -> None:
    shown = project.run(
        """
        import asyncio
        import pytest
        from homeport_client.fleet.clock import Deadlock

        async def a_day():
            await asyncio.sleep(86_400)
            return asyncio.get_running_loop().time()

        def test_a_day_takes_no_time(virtual_time):
            assert virtual_time(a_day()) == 86_400
            with pytest.raises(Deadlock):
                virtual_time(asyncio.Event().wait())

        def test_networks_are_made_by_name_and_by_value(network):
            assert network("subway").gaps
            own = network(lose_answer=0.3, patience_s=2)
            assert (own.name, own.rates["lose_answer"]) == ("perfect with lose_answer=0.3, patience_s=2", 0.3)
            assert network("rough", late=0).rates["double"] > 0

        def test_a_fleet_keeps_its_promises(fleet, network):
            played = fleet(duration_s=60, network="wifi", thresholds=["heal < 1m".replace("heal", "max(heal)")])
            assert played.kept
            assert (played.story.seed, len(played.story.handsets)) == (fleet.seed, 3) == (5, 3)

        def test_a_scene_is_played_and_judged(fleet):
            async def plot(fleet):
                ann, bob = fleet.actors
                home = await ann.create("TaskList", title="home")
                await ann.invite(home, bob.phone.user)
                await asyncio.sleep(10)
                assert (await bob.phone.device.get(home))["title"] == "home"

            assert fleet.scene(plot).written == 2
        """,
        "--homeport-seed=5",
        "--homeport-devices=3",
    )
    shown.assert_outcomes(passed=4)
    shown.stdout.fnmatch_lines(["homeport: seed 5 *--homeport-seed 5*"])


def test_what_fails_says_how_it_is_replayed_and_is_kept(project: Project, pytester: pytest.Pytester) -> None:
    shown = project.run(
        """
        import pytest

        def no_task_is_done(data):
            assert not any(task["done"] for task in data.all("Task")), "somebody worked"

        @pytest.mark.parametrize("case", ["a b"])
        def test_nobody_works(fleet, case):
            fleet(devices=2, duration_s=120, network="perfect", invariants=[no_task_is_done, lambda data: None])

        def test_they_are_quick(fleet):
            fleet(devices=2, duration_s=60, network="wifi", thresholds=["max(heal) < 0ms"])

        def test_a_plot_may_fail(fleet):
            async def plot(fleet):
                assert len(fleet.phones) == 3, "two phones are here"

            fleet.scene(plot)

        def test_what_follows_may_fail(fleet):
            assert fleet(devices=1, duration_s=10, seed=6).story.seed == 7
        """,
        "--homeport-seed=5",
    )
    shown.assert_outcomes(failed=4)
    text = shown.stdout.str()
    assert "no_task_is_done does not hold on phone-" in text
    assert "<lambda>, which no module defines by that name" in text
    assert "pytest 'test_it.py::test_nobody_works[a b]' --homeport-seed 5" in text
    assert "max(heal) < 0ms was missed" in text
    assert "AssertionError: two phones are here" in text
    assert "sim/fleet.py" not in text
    assert "pytest test_it.py::test_a_plot_may_fail --homeport-seed 5" in text
    assert re.search(r"^Seed 6\. Replay it: pytest test_it.py::test_what_follows_may_fail$", text, re.MULTILINE)
    (kept,) = (pytester.path / "homeport_failures").glob("*.py")
    assert re.fullmatch(r"test_it_nobody_works_a_b_[0-9a-f]{8}_seed_5\.py", kept.name)
    again = pytester.runpytest_subprocess("-p", "homeport_pytest.plugin", str(kept))
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*no_task_is_done does not hold on phone-*"])


def test_mistakes_are_told_in_a_sentence(project: Project, pytester: pytest.Pytester) -> None:
    shown = project.run(
        """
        def test_network(network):
            network("metro")

        def test_value(network):
            network(lose_all=1)

        def test_threshold(fleet):
            fleet(thresholds=["lag < 1s"])

        def test_no_time(fleet):
            fleet(duration_s=0)

        def test_nobody(fleet):
            async def plot(fleet):
                pass

            fleet.scene(plot, devices=0)

        def test_rate(network):
            network(lose_answer=30)

        def test_cause(fleet):
            async def plot(fleet):
                raise ValueError("no") from KeyError("what was behind it")

            fleet.scene(plot)
        """
    )
    shown.assert_outcomes(failed=7)
    text = shown.stdout.str()
    assert "The script has duration_s=0; expected a number above 0." in text
    assert "The script has devices=0; expected a number above 0." in text
    assert "has lose_answer=30; expected a share from 0 to 1." in text
    assert "what was behind it" in text
    assert "There is no network 'metro': take one of perfect, rough," in text
    assert "A network has no lose_all: take one of" in text
    assert "There is no metric 'lag'" in text
    unnamed = pytester.runpytest_subprocess("-p", "homeport_pytest.plugin", "-o", "homeport_app=", "-k", "threshold")
    unnamed.assert_outcomes(errors=1)
    unnamed.stdout.fnmatch_lines(["No app is named: write homeport_app = *"])


def test_ctrl_c_stops_the_run_while_a_fleet_plays(project: Project) -> None:
    shown = project.run(
        """
        import signal
        from homeport_client.fleet import Persona

        async def stop(me):
            signal.raise_signal(signal.SIGINT)

        def test_it(fleet):
            fleet(devices=1, duration_s=60, personas=[Persona(name="tester", does={stop: 1}, every_s=1)])

        def test_that_never_runs():
            pass
        """,
        "--homeport-seed=5",
    )
    assert shown.ret is pytest.ExitCode.INTERRUPTED
    shown.assert_outcomes()


def test_a_drawn_seed_and_one_from_the_environment_are_shown(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    test = "def test_it(fleet): fleet(devices=1, duration_s=1)"
    seeds = {re.findall(r"homeport: seed (\d+)", project.run(test).stdout.str())[0] for _ in range(2)}
    assert len(seeds) == 2
    monkeypatch.setenv("HOMEPORT_SEED", "31")
    project.run(test).stdout.fnmatch_lines(["homeport: seed 31 *"])


def test_real_devices_meet_on_a_real_server_that_dies(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEPORT_DATABASE_URL", "postgresql://production/that/nobody/may/touch")
    shown = project.run(
        """
        import asyncio
        import pytest
        from homeport_client import Unreachable

        async def test_in_the_loop_of_a_plugin(device, homeport_server, virtual_time, fleet):
            ana, tablet = await device("ana"), await device("ana")
            home = await ana.create("TaskList", title="Home")
            await ana.sync()
            homeport_server.kill()
            with pytest.raises(Unreachable):
                await tablet.sync()
            homeport_server.start()
            await tablet.sync()
            assert (await tablet.get(home))["title"] == "Home"
            await tablet.start()
            virtual_time(asyncio.sleep(3_600))
            assert fleet(devices=2, duration_s=10).kept
            homeport_server.kill()

        def test_in_a_loop_of_ones_own_after_one_that_killed_the_server(device, homeport_server):
            async def sync():
                ben = await device("ben", network="wifi")
                await ben.create("TaskList", title="Ben's")
                await ben.start()
                await ben.sync()
                assert not ben.pending

            assert (homeport_server.running, homeport_server.tenant) == (True, "test-2")
            asyncio.run(sync())
        """,
        *ASYNC.split(),
    )
    shown.assert_outcomes(passed=2)
    assert not shown.stderr.str()


def test_without_the_extra_a_real_server_says_what_is_missing(project: Project) -> None:
    hide = "import importlib.metadata as m; f = m.distributions\n"
    hide += "m.distributions = lambda name: iter(()) if name == 'uvicorn' else f(name=name)\n"
    shown = project.run(f"{hide}\ndef test_it(homeport_server): pass")
    shown.assert_outcomes(errors=1)
    shown.stdout.fnmatch_lines(["A real server needs uvicorn, which is not installed: pip install 'homeport?server?'."])


@pytest.mark.parametrize("words", [("--homeport-seed=-1",), ("--homeport-devices=0",)])
def test_numbers_that_cannot_be_are_refused_at_once(project: Project, words: tuple[str, ...]) -> None:
    shown = project.run("def test_it(): pass", *words)
    assert shown.ret is pytest.ExitCode.USAGE_ERROR
    shown.stderr.fnmatch_lines([f"*{words[0].replace('=', ' is ')}; expected * or more.*"])


def test_stories_of_two_files_with_one_name_are_kept_beside_each_other(
    project: Project, pytester: pytest.Pytester
) -> None:
    test = """
        def nobody_works(data):
            assert not list(data.all("Task")), "somebody worked"

        def test_it(fleet):
            fleet(devices=2, duration_s=60, network="perfect", invariants=[nobody_works])
        """
    for folder in ("one", "two"):
        pytester.mkpydir(folder).joinpath("test_same.py").write_text(dedent(test))
    shown = project.run("def test_nothing(): pass", "--homeport-seed=5", ".")
    shown.assert_outcomes(failed=2, passed=1)
    assert len(list((pytester.path / "homeport_failures").glob("*.py"))) == 2


def test_a_story_that_cannot_be_kept_costs_no_verdict(project: Project, pytester: pytest.Pytester) -> None:
    (pytester.path / "homeport_failures").write_text("")
    shown = project.run(
        """
        def nobody_works(data):
            assert not list(data.all("Task")), "somebody worked"

        def test_it(fleet):
            fleet(devices=2, duration_s=60, network="perfect", invariants=[nobody_works])
        """,
        "--homeport-seed=5",
    )
    shown.assert_outcomes(failed=1)
    text = shown.stdout.str()
    assert "nobody_works does not hold on phone-" in text
    assert "It could not be kept in homeport_failures" in text
