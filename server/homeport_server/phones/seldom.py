"""Pokes, seldom: of many that come soon after each other one is heard, so that a busy list costs no more than one look
every so often. The first is heard at once, and none of the last is lost: a poke says only that there is more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from homeport_client.transport import GoAway

Pokes = AsyncIterator[GoAway | None]


@asynccontextmanager
async def seldom(pokes: Pokes, rest_s: float) -> AsyncIterator[Pokes]:
    """The same pokes, with `rest_s` seconds between two. Iterating raises what the pokes raise, and ends with them."""
    heard: dict[GoAway | None, None] = {}
    news = asyncio.Event()

    async def hear() -> None:
        async for each in pokes:
            heard[each] = None
            news.set()

    hearing = asyncio.create_task(hear())
    hearing.add_done_callback(lambda _: news.set())
    try:
        yield _told(heard, news, hearing, rest_s)
    finally:
        hearing.cancel()
        await asyncio.wait([hearing])


async def _told(
    heard: dict[GoAway | None, None], news: asyncio.Event, hearing: asyncio.Task[None], rest_s: float
) -> Pokes:
    while True:
        await news.wait()
        news.clear()
        now = list(heard)
        heard.clear()
        for each in now:
            yield each
        if hearing.done() and not heard:
            hearing.result()
            return
        await asyncio.sleep(rest_s)
