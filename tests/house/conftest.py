"""The real tree, read once, and the means to plant a small bad one."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.house.tree import Tree

Plant = Callable[[Mapping[str, str]], Tree]


@pytest.fixture(scope="session")
def tree() -> Tree:
    return Tree.tracked()


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return lambda texts: Tree.planted(tmp_path, texts)
