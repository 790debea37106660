"""What pytest loads: options, fixtures, and the section of a failing test that says how to replay it.

pytest loads this in every project, so nothing of Homeport is imported before a fixture is used, no fixture is used by
itself, and nothing is printed where no test asks for one. The simulated world needs no plugin for asyncio.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from homeport_pytest.processes import OneServer
    from homeport_pytest.protocols import Devices, Fleets, Networks, Server, VirtualTime

SEEDS = 1_000_000
DEVICES = 20
SEEDED = frozenset({"fleet", "device"})
REPLAYS = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and the line of a project's settings that names its app."""
    group = parser.getgroup("homeport", "tests of Homeport apps")
    group.addoption("--homeport-app", metavar="PATH", help="The module that declares the app, from the rootdir.")
    group.addoption(
        "--homeport-seed", type=int, metavar="N", help="What is drawn from (HOMEPORT_SEED; drawn if unsaid)."
    )
    group.addoption(
        "--homeport-devices", type=int, default=DEVICES, metavar="N", help=f"Phones of a fleet ({DEVICES})."
    )
    parser.addini("homeport_app", "The module that declares the app, from the rootdir.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """One seed for the whole run, also for processes that it is spread over: they are given the options."""
    if config.option.homeport_seed is None:
        said = os.environ.get("HOMEPORT_SEED", "")
        if said and not said.isdecimal():
            raise pytest.UsageError(f"HOMEPORT_SEED is {said!r}; expected a whole number.")
        config.option.homeport_seed = int(said) if said else SystemRandom().randrange(SEEDS)
    for flag, least in (("--homeport-seed", 0), ("--homeport-devices", 1)):
        if (given := config.getoption(flag)) < least:
            raise pytest.UsageError(f"{flag} is {given}; expected {least} or more.")


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """The seed, at the head of a run in which it matters."""
    if not any(SEEDED.intersection(getattr(item, "fixturenames", ())) for item in items):
        return []
    seed = config.option.homeport_seed
    return [f"homeport: seed {seed} (the same again: --homeport-seed {seed})"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails says how to replay it."""
    report = yield
    replays = item.stash.get(REPLAYS, [])
    if report.failed and replays:
        report.sections.append(("homeport", "\n".join(replays)))
    return report


@pytest.fixture(scope="session")
def homeport_app(pytestconfig: pytest.Config) -> Path:
    """The module that declares the app. A folder whose tests are about another app overrides this fixture."""
    named = pytestconfig.getoption("homeport_app") or pytestconfig.getini("homeport_app")
    if not named:
        pytest.fail(
            'No app is named: write homeport_app = "app.py" where pytest is configured, or give --homeport-app app.py.',
            pytrace=False,
        )
    return pytestconfig.rootpath / str(named)


@pytest.fixture(scope="session")
def virtual_time() -> VirtualTime:
    """Runs a coroutine in virtual time: `virtual_time(main())` is its result, and an hour of sleep takes no time."""
    from homeport_client.fleet.clock import run
    from homeport_pytest.aside import aside

    return lambda main: aside(lambda: run(main))


@pytest.fixture(scope="session")
def network() -> Networks:
    """Makes networks: `network("subway")`, `network(lose_answer=0.3)`."""
    from homeport_pytest.networks import make

    return make


@pytest.fixture
def fleet(request: pytest.FixtureRequest, homeport_app: Path) -> Fleets:
    """Plays fleets of simulated phones on the app: `fleet(devices=20, duration_s=600)`. See docs/fleet.md."""
    from homeport_pytest.fleets import SimulatedFleets
    from homeport_pytest.replaying import Replaying

    replays = request.node.stash.setdefault(REPLAYS, [])
    return SimulatedFleets(homeport_app, Replaying.of(request.node, replays), request.config.option.homeport_devices)


@pytest.fixture(scope="session")
def _homeport_process(homeport_app: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneServer]:
    from homeport_pytest.processes import OneServer

    server = OneServer(homeport_app, tmp_path_factory.mktemp("homeport_server"))
    yield server
    server.kill()


@pytest.fixture
def homeport_server(_homeport_process: OneServer) -> Server:
    """A real server of the app, a process of its own: `homeport_server.url`, `.token("ana")`, `.kill()`, `.start()`."""
    from homeport_pytest.processes import OneTenant

    return OneTenant(_homeport_process)


@pytest.fixture
def device(request: pytest.FixtureRequest, homeport_server: Server) -> Iterator[Devices]:
    """Opens real devices on the real server: `phone = await device("ana")`. They are closed when the test is over."""
    from homeport_pytest.devices import RealDevices

    devices = RealDevices(homeport_server, request.config.option.homeport_seed)
    yield devices
    devices.close()
