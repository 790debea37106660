"""Work beside the requests: one that ends by itself is never overlooked."""

import asyncio
import io
import json

import pytest
from starlette.applications import Starlette

from homeport_server.background import Background
from homeport_server.observe import make_log

PATIENCE_S = 10


async def breaks() -> None:
    raise RuntimeError("why it broke")


async def returns() -> None:
    pass


async def is_cancelled() -> None:
    raise asyncio.CancelledError


async def goes_on() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("work", "why"), [(breaks, "why it broke"), (returns, "it returned"), (is_cancelled, "it was cancelled")]
)
async def test_work_that_ends_by_itself_is_logged_at_once_and_told(work: object, why: str) -> None:
    out, died = io.BytesIO(), asyncio.Event()
    background = Background(make_log("info", out), goes_on, work)  # type: ignore[arg-type]
    background.at_death(died.set)
    async with background.lifespan(Starlette()):
        async with asyncio.timeout(PATIENCE_S):
            await died.wait()
        assert not background.runs()
        await asyncio.sleep(0)  # lines are written at the end of a turn of the loop
        (line,) = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (line["level"], line["event"], line["work"]) == ("error", "work stopped", work.__qualname__)  # type: ignore[attr-defined]
    assert why in line.get("reason", "") + line.get("exception", "")


async def test_work_that_is_told_to_end_is_no_news() -> None:
    out = io.BytesIO()
    background = Background(make_log("info", out), goes_on)
    background.at_death(lambda: pytest.fail("it was told to end"))
    async with background.lifespan(Starlette()):
        await asyncio.sleep(0)
        assert background.runs()
    await asyncio.sleep(0)
    assert out.getvalue() == b""
