"""Somebody before the page, with a list of two tasks on the first phone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.edge.phones.standing import Sitting, sitting


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Sitting]:
    async with sitting(tmp_path) as made:
        await made.does("make-list", **{"kind": "TaskList", "f-title": "Garden", "f-color": "green"})
        for title in ("Dig", "Plant"):
            await made.does("add", **{"kind": "Task", "f-title": title})
        yield made
