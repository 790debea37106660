"""An operator with the link open."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.edge.console.operated import Operator, open_link, operated


@pytest.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Operator]:
    async with operated(tmp_path) as operator:
        assert (await open_link(operator)).status_code == 303
        yield operator
