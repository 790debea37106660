"""Whoever looks is told what changes and what travels, and is let go when the page ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.responses import StreamingResponse

from homeport_server.phones.page import PhonesPage
from homeport_server.phones.sights import TableSight
from tests.edge.phones.standing import Sitting

FRAMES_MAX = 50


@asynccontextmanager
async def looking(at: Sitting) -> AsyncIterator[AsyncIterator[str]]:
    """What a tab gets, from the first picture on."""
    answer = at.page.showing.live.answer()
    assert isinstance(answer, StreamingResponse)
    stream = answer.body_iterator

    async def frames() -> AsyncIterator[str]:
        async for part in stream:
            text = part if isinstance(part, str) else bytes(part).decode()
            for frame in text.split("\n\n"):
                if frame:
                    yield frame

    told = frames()
    try:
        yield told
    finally:
        at.page.close()
        async for _ in told:
            pass


async def first(told: AsyncIterator[str], event: str, words: str = "") -> str:
    """The first event of that name with these words in it."""
    seen = 0
    async for frame in told:
        seen += 1
        assert seen < FRAMES_MAX, f"{event} never came"
        name, _, data = frame.partition("\n")
        if name == f"event: {event}" and words in data:
            return data.replace("data: ", "")
    raise AssertionError(f"{event} never came")


async def test_a_tab_gets_every_region_and_then_what_changes(at: Sitting) -> None:
    async with looking(at) as told:
        await first(told, "a-screen", "Dig")
        await at.does("set", record=(await at.row()).id, field="title", text="Dig deeper")
        assert "Dig deeper" in await first(told, "a-screen", "Dig deeper")
        assert "Dig deeper" in await first(told, "a-outbox", "Dig deeper")


async def test_what_travels_is_told_as_it_happens(at: Sitting) -> None:
    async with looking(at) as told:
        await first(told, "a-screen")
        at.table.happenings.travel("a", "push", "left", 3)
        travel = json.loads(await first(told, "travel"))
        assert travel == {"phone": "a", "leg": "push", "count": 3, "fate": "left"}


async def test_the_end_of_the_page_ends_every_stream(at: Sitting) -> None:
    async with looking(at) as told:
        await first(told, "a-screen")
        at.page.close()
        async with asyncio.timeout(5):
            async for _ in told:
                pass
    assert (await at.browser.get("/live")).status_code == 503


async def test_a_page_that_cannot_follow_any_more_ends_and_says_why(at: Sitting) -> None:
    page, stood = PhonesPage(at.table), asyncio.Event()

    async def shown() -> None:
        async with page.open(still=stood.set):
            page.showing.look = broken  # type: ignore[method-assign]
            await asyncio.sleep(0)  # now it listens
            at.table.happenings.changed("a-screen")
            await stood.wait()

    with pytest.raises(ZeroDivisionError):
        await shown()


async def broken() -> TableSight:
    raise ZeroDivisionError("nobody can look at this")
