"""Imports only run down: between the packages by contract, inside each of them without a circle.

The contracts stand in ``pyproject.toml`` under ``tool.importlinter``. Circles are searched here, because a
circle behind ``TYPE_CHECKING`` or inside a function is still two modules that cannot be understood apart.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.house.conftest import Plant
from tests.house.tree import ROOT, SOURCE_ROOTS, Tree, report


def imports_of(tree: Tree, name: str) -> Mapping[str, frozenset[str]]:
    """Module to the modules of the same package it names in any import, wherever the import stands.

    Importing ``homeport_sync.merge`` also runs the package's ``__init__``, but does not depend on it; only an
    import from the package itself does.
    """
    modules = tree.package(name)
    return {module: frozenset(_named(tree.parsed(path), modules) - {module}) for module, path in modules.items()}


def _named(parsed: ast.Module, modules: Mapping[str, str]) -> set[str]:
    named = set()
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = inside & modules.keys()
            named |= submodules
            if submodules != inside:
                named.add(node.module)
    return named & modules.keys()


def circles(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """One complaint for each circle met by a walk from every module, told from its first name on."""
    done: set[str] = set()
    return [
        " → ".join(circle) + ": move what both need into a module below them."
        for start in sorted(graph)
        for circle in _walk(graph, start, (), done)
    ]


def _walk(
    graph: Mapping[str, frozenset[str]], module: str, trail: tuple[str, ...], done: set[str]
) -> Iterator[tuple[str, ...]]:
    if module in trail:
        yield (*trail[trail.index(module) :], module)
        return
    if module in done:
        return
    for below in sorted(graph[module]):
        yield from _walk(graph, below, (*trail, module), done)
    done.add(module)


def broken_contracts(root: Path) -> str:
    """What import-linter says about the packages below a root; nothing when every contract is kept."""
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--no-logo",
        "--config",
        str(ROOT / "pyproject.toml"),
    ]
    paths = os.pathsep.join(str(root / source_root) for source_root in SOURCE_ROOTS.values())
    answer = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout + answer.stderr if answer.returncode else ""


def test_no_package_imports_in_a_circle(tree: Tree) -> None:
    complaints = [complaint for name in SOURCE_ROOTS for complaint in circles(imports_of(tree, name))]
    assert not complaints, report(complaints)


def test_every_import_between_the_rooms_runs_in_its_direction() -> None:
    complaints = broken_contracts(ROOT)
    assert not complaints, complaints


def test_a_circle_is_found_behind_type_checking_and_inside_a_function(plant: Plant) -> None:
    tree = plant(
        {
            "sync/homeport_sync/__init__.py": "from homeport_sync.change import Change\n",
            "sync/homeport_sync/change.py": (
                "import typing\nif typing.TYPE_CHECKING:\n    from homeport_sync.merge import merge\n"
            ),
            "sync/homeport_sync/merge.py": "def merge():\n    from homeport_sync import log\n",
            "sync/homeport_sync/log.py": "import homeport_sync.change\n",
        }
    )
    assert [complaint.split(":")[0] for complaint in circles(imports_of(tree, "homeport_sync"))] == [
        "homeport_sync.change → homeport_sync.merge → homeport_sync.log → homeport_sync.change"
    ]


def test_a_module_that_imports_from_its_own_face_is_a_circle(plant: Plant) -> None:
    tree = plant(
        {
            "sync/homeport_sync/__init__.py": "from homeport_sync.change import Change\n",
            "sync/homeport_sync/change.py": "from homeport_sync import Change\n",
        }
    )
    assert len(circles(imports_of(tree, "homeport_sync"))) == 1


def test_a_diamond_is_no_circle(plant: Plant) -> None:
    tree = plant(
        {
            "sync/homeport_sync/intake.py": "from homeport_sync import change, merge\n",
            "sync/homeport_sync/merge.py": "from homeport_sync.change import Change\n",
            "sync/homeport_sync/change.py": "import json\n",
        }
    )
    assert circles(imports_of(tree, "homeport_sync")) == []


EMPTY_HOUSE = {
    "sync/homeport_sync/__init__.py": "",
    "sync/homeport_sync/change.py": "",
    "sync/homeport_sync/merge.py": "",
    "sync/homeport_sync/sql/__init__.py": "",
    "sync/homeport_sync/sql/tables.py": "import sqlalchemy, homeport_sync.merge\n",
    "notifications/homeport_notify/__init__.py": "",
    "notifications/homeport_notify/audience.py": "import homeport_sync.change\n",
    "client_sdk/homeport_client/__init__.py": "",
    "client_sdk/homeport_client/device.py": "import homeport_sync.merge\n",
    "client_sdk/homeport_client/fleet/__init__.py": "import homeport_client.device\n",
    "client_sdk/homeport_pytest/__init__.py": "",
    "client_sdk/homeport_pytest/plugin.py": "import homeport_client.fleet\n",
    "server/homeport_server/__init__.py": "",
    "server/homeport_server/cli.py": "import homeport_sync.sql, homeport_client.fleet\n",
    "server/homeport_server/edge/__init__.py": "import homeport_sync.merge\n",
    "server/homeport_server/phones/__init__.py": "import homeport_client.fleet\n",
    "server/homeport_server/verbs/__init__.py": "import homeport_server.phones\n",
}


def test_a_house_whose_imports_run_down_keeps_every_contract(plant: Plant) -> None:
    assert broken_contracts(plant(EMPTY_HOUSE).root) == ""


@pytest.mark.parametrize(
    ("path", "imported", "contract"),
    [
        ("sync/homeport_sync/merge.py", "homeport_client.device", "sync imports nobody"),
        ("sync/homeport_sync/merge.py", "homeport_sync.sql", "only the server imports homeport_sync.sql"),
        ("sync/homeport_sync/merge.py", "strawberry", "the sync core imports no database"),
        ("notifications/homeport_notify/audience.py", "homeport_sync.merge", "notify imports sync's change"),
        ("client_sdk/homeport_client/device.py", "starlette", "client imports no server"),
        (
            "client_sdk/homeport_client/device.py",
            "homeport_client.fleet",
            "only the roof imports homeport_client",
        ),
        ("server/homeport_server/edge/__init__.py", "homeport_sync.sql", "server.edge imports no sql"),
        ("server/homeport_server/edge/__init__.py", "homeport_server.phones", "only the command line imports"),
    ],
)
def test_an_import_that_climbs_breaks_its_contract(plant: Plant, path: str, imported: str, contract: str) -> None:
    tree = plant({**EMPTY_HOUSE, path: f"import {imported}\n"})
    assert f"\n{contract}" in broken_contracts(tree.root).partition("Broken contracts")[2]
