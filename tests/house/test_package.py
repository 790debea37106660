"""What is installed: one wheel of five packages, locks any mirror serves, a reason for each dependency; and what of it
is held to full coverage."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT, SOURCE_ROOTS, Tree, report

LOCKS = ("requirements.lock", "requirements-dev.lock")
DECISION = "sync/decisions/0001-dependencies.md"
HEAVY = (
    "sqlalchemy",
    "starlette",
    "strawberry",
    "uvicorn",
    "homeport_server",
    "homeport_notify",
    "homeport_sync.sql",
)


def declared(project: dict[str, Any], groups: Iterable[str]) -> set[str]:
    """Normalised names of the base, the named extras and the named dependency groups."""
    lines = list(project["project"]["dependencies"])
    for group in groups:
        lines += project["project"]["optional-dependencies"].get(group, [])
        lines += [line for line in project["dependency-groups"].get(group, []) if isinstance(line, str)]
    return {_normal(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines}


def locked(lock: str) -> dict[str, str]:
    """Name to version."""
    return dict(re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", lock, re.MULTILINE))


def unlocked_lines(lock: str) -> list[str]:
    """Requirements without a hash, and lines that name a place on a network or a machine."""
    entries = re.split(r"\n(?=[a-z])", "\n" + lock)[1:]
    loose = [f"{entry.split()[0]} has no hash" for entry in entries if "--hash=sha256:" not in entry]
    placed = [f"'{line.strip()}' names a place" for line in lock.splitlines() if re.search(r"^-|://| @ ", line)]
    return loose + placed


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def project(tree: Tree) -> dict[str, Any]:
    return tomllib.loads(tree.text("pyproject.toml"))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_everything_by_hash_and_names_no_place(tree: Tree, lock: str) -> None:
    complaints = unlocked_lines(tree.text(lock))
    assert not complaints, report([f"{lock}: {complaint}. Run make lock." for complaint in complaints])


def test_the_locks_are_in_step_with_the_project_and_with_each_other(tree: Tree, project: dict[str, Any]) -> None:
    run, dev = (locked(tree.text(lock)) for lock in LOCKS)
    assert declared(project, ["server", "sim", "build"]) <= run.keys(), "requirements.lock is behind. Run make lock."
    assert declared(project, ["server", "sim", "build", "dev"]) <= dev.keys(), "the dev lock is behind. Run make lock."
    assert run.items() <= dev.items(), "the locks disagree. Run make lock."


def test_every_dependency_has_its_reason_and_every_reason_its_dependency(tree: Tree, project: dict[str, Any]) -> None:
    groups = [*project["project"]["optional-dependencies"], *project["dependency-groups"]]
    reasons = {_normal(name) for name in re.findall(r"^\| ([\w.-]+) \| [a-z, ]+ \|", tree.text(DECISION), re.MULTILINE)}
    assert reasons - {"name"} == declared(project, groups), f"{DECISION} and pyproject.toml name different dependencies"


def test_every_module_that_is_held_to_full_coverage_is_there(tree: Tree, project: dict[str, Any]) -> None:
    gone = [path for path in project["tool"]["coverage"]["report"]["include"] if path not in tree.paths]
    complaints = [f"pyproject.toml: {path} is gone. Name the module that has its code now." for path in gone]
    assert not complaints, report(complaints)


def test_the_wheel_holds_five_typed_packages_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name.split("/")[0]}
    assert tops == set(SOURCE_ROOTS)
    assert {f"{package}/py.typed" for package in SOURCE_ROOTS} <= set(names)


def test_a_device_loads_no_server_and_no_database() -> None:
    look = f"import sys, homeport_client; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"


def test_a_loose_and_a_placed_requirement_are_found() -> None:
    lock = (
        "fine==1 \\\n    --hash=sha256:aa\n    # via homeport (pyproject.toml)\n"
        "loose==2\n    # via fine\n"
        "--trusted-host example.org\nlocal @ file:///x \\\n    --hash=sha256:bb\n"
    )
    assert unlocked_lines(lock) == [
        "loose==2 has no hash",
        "'--trusted-host example.org' names a place",
        "'local @ file:///x \\' names a place",
    ]
