"""A project that knows nothing of this tree: it installs the wheel, tests its own app, and finds its own bug."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEPS_MAX = 10

SHOWS = '''
"""Shows in halls. A show has seats, and nobody may sit on another's lap."""

from homeport_sync import App, field

app = App("shows")


@app.kind(root=True)
class Hall:
    name: str


@app.kind(within=Hall)
class Show:
    title: str
    seats: int = 3
    sold: int = 0


def never_oversold(data):
    for show in data.all("Show"):
        assert show["sold"] <= show["seats"], f"{show['title']}: {show['sold']} sold of {show['seats']}"
'''

# Two numbers that must agree were written on two phones. Now each ticket is a record, and seats are not taken away.
MENDED = """
from homeport_sync import App, field

app = App("shows", version=2)


@app.kind(root=True)
class Hall:
    name: str


@app.kind(within=Hall)
class Show:
    title: str


@app.kind(within=Hall)
class Ticket:
    show: str
    seat: int


def never_oversold(data):
    assert all(0 <= ticket["seat"] < 3 for ticket in data.all("Ticket"))
"""

PEOPLE = '''
"""What people do with the app. Each of them looks before they write."""

from homeport_client.fleet import Persona


async def plan(me):
    hall = await me.pick("Hall")
    if hall:
        await me.create("Show", hall, title="Hamlet")


async def sell(me):
    show = await me.pick("Show")
    if show and show["sold"] < show["seats"]:
        await me.update(show, sold=show["sold"] + 1)


async def remove_seat(me):
    show = await me.pick("Show")
    if show and show["sold"] < show["seats"]:
        await me.update(show, seats=show["seats"] - 1)


CASHIER = Persona(name="cashier", does={plan: 1, sell: 4, remove_seat: 2})
'''

TEST = """
from people import CASHIER
from shows import never_oversold


def test_a_show_is_never_oversold(fleet, network):
    fleet(devices=8, personas=[CASHIER], network=network("subway", delay_s=(0.1, 0.9)), invariants=[never_oversold])
"""

SETTINGS = "[pytest]\nhomeport_app = shows.py\npythonpath = .\ntestpaths = tests\nfilterwarnings = error\n"


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with an interpreter of its own."""

    folder: Path
    python: Path

    def pytest(self, *words: str) -> subprocess.CompletedProcess[str]:
        """pytest, as its people would run it: they have no plugin for asyncio."""
        mine = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HOMEPORT", "PYTEST"))
        }
        return subprocess.run(
            [str(self.python), "-m", "pytest", "-p", "no:asyncio", "-p", "no:cacheprovider", *words],
            cwd=self.folder,
            env=mine,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The wheel is installed in an environment that sees our dependencies, and neither this tree nor its tests."""
    place = tmp_path_factory.mktemp("outside")
    run = [sys.executable, "-m"]
    subprocess.run(
        [*run, "hatchling", "build", "-t", "wheel", "-d", str(place)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = place.glob("*.whl")
    subprocess.run([*run, "venv", "--without-pip", str(place / "venv")], check=True)
    (site,) = (place / "venv").glob("lib/python*/site-packages")
    installs = ["uv", "pip"] if shutil.which("uv") else [*run, "pip"]  # an environment that uv made has no pip
    subprocess.run(
        [*installs, "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True
    )
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    folder = place / "shows"
    (folder / "tests").mkdir(parents=True)
    files = {"shows.py": SHOWS, "people.py": PEOPLE, "tests/test_shows.py": TEST, "pytest.ini": SETTINGS}
    for name, text in files.items():
        (folder / name).write_text(text)
    return Project(folder, place / "venv/bin/python")


def test_a_project_finds_the_bug_of_its_app_keeps_it_as_a_short_test_and_mends_it(project: Project) -> None:
    failed = project.pytest("--homeport-seed", "7")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "homeport: seed 7" in failed.stdout
    assert "never_oversold does not hold on" in failed.stdout
    assert "pytest tests/test_shows.py::test_a_show_is_never_oversold --homeport-seed 7" in failed.stdout
    (kept,) = (project.folder / "homeport_failures").iterdir()
    assert f"pytest homeport_failures/{kept.name}" in failed.stdout
    assert 0 < len(re.findall(r"^        Step\(", kept.read_text(), re.MULTILINE)) <= STEPS_MAX

    again = project.pytest(f"homeport_failures/{kept.name}")
    assert again.returncode == 1, again.stdout + again.stderr
    assert "never_oversold does not hold on" in again.stdout

    (project.folder / "shows.py").write_text(MENDED)
    mended = project.pytest(f"homeport_failures/{kept.name}")
    assert mended.returncode == 0, mended.stdout + mended.stderr
