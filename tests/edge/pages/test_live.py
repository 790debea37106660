"""The stream of a page: each region when it has changed, and all of them to whoever comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from starlette.responses import StreamingResponse

from homeport_server.pages.live import LISTENERS_MAX, SAID_WAITING_MAX, Live


class Shown:
    """Two regions, and how often each was rendered."""

    def __init__(self) -> None:
        self.html = {"one": "<p>1</p>", "two": "<p>2</p>"}
        self.rendered = {"one": 0, "two": 0}
        self.live = Live({name: partial(self.render, name) for name in self.html})

    def render(self, name: str) -> str:
        self.rendered[name] += 1
        return self.html[name]


@asynccontextmanager
async def tab(live: Live) -> AsyncIterator[AsyncIterator[str]]:
    """What a tab is told, event by event."""
    answer = live.answer()
    assert isinstance(answer, StreamingResponse)
    assert answer.media_type == "text/event-stream"

    async def events() -> AsyncIterator[str]:
        async for part in answer.body_iterator:
            assert isinstance(part, bytes)
            for event in part.decode().split("\n\n"):
                if event:
                    yield event

    told = events()
    assert (await anext(told)).startswith("retry:")
    try:
        yield told
    finally:
        live.close()
        async for _ in told:
            pass


async def test_who_comes_is_shown_every_region_and_then_what_changes() -> None:
    shown = Shown()
    async with tab(shown.live) as told:
        assert await anext(told) == "event: one\ndata: <p>1</p>"
        assert await anext(told) == "event: two\ndata: <p>2</p>"
        shown.html["two"] = "<p>\n3</p>"
        shown.live.touch("one", "two")
        assert await anext(told) == "event: two\ndata: <p>\ndata: 3</p>"


async def test_what_many_look_at_is_rendered_once_and_anew_for_whoever_comes() -> None:
    shown = Shown()
    async with tab(shown.live) as first:
        assert [await anext(first), await anext(first)] == ["event: one\ndata: <p>1</p>", "event: two\ndata: <p>2</p>"]
        shown.html["two"] = "<p>of which nobody was told</p>"
        async with tab(shown.live) as second:
            await anext(second)
            assert await anext(second) == "event: two\ndata: <p>of which nobody was told</p>"
            shown.rendered = {"one": 0, "two": 0}
            shown.html["one"] = "<p>3</p>"
            shown.live.touch("one")
            for told in (first, second):
                assert await anext(told) == "event: one\ndata: <p>3</p>"
            assert shown.rendered == {"one": 1, "two": 0}


async def test_what_is_said_comes_once_and_a_slow_tab_misses_the_oldest() -> None:
    shown = Shown()
    async with tab(shown.live) as told:
        await anext(told)
        await anext(told)
        for number in range(SAID_WAITING_MAX + 1):
            shown.live.say("travel", str(number))
        heard = [await anext(told) for _ in range(SAID_WAITING_MAX)]
        assert heard[0] == "event: travel\ndata: 1"
        shown.live.say("travel", "last")
        assert await anext(told) == "event: travel\ndata: last"


async def test_only_so_many_tabs_look_at_once_and_one_that_leaves_makes_room() -> None:
    shown = Shown()
    answers = [shown.live.answer() for _ in range(LISTENERS_MAX)]
    streams = []
    for answer in answers:
        assert isinstance(answer, StreamingResponse)
        streams.append(aiter(answer.body_iterator))
        await anext(streams[-1])
    assert shown.live.answer().status_code == 503
    await streams[0].aclose()  # type: ignore[attr-defined]  # it is a generator
    assert shown.live.answer().status_code == 200
    shown.live.close()
    for stream in streams[1:]:
        async for _ in stream:
            pass


async def test_a_region_that_is_not_there_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Shown().live.touch("three")


async def test_nobody_is_watched_by_nobody() -> None:
    shown = Shown()
    seen = [shown.live.watched]
    async with tab(shown.live):
        seen.append(shown.live.watched)
    assert [*seen, shown.live.watched] == [False, True, False]


async def test_those_who_come_at_one_moment_are_no_more_than_those_who_come_one_by_one() -> None:
    shown = Shown()
    answers = [shown.live.answer() for _ in range(LISTENERS_MAX + 1)]
    streams = [aiter(each.body_iterator) for each in answers if isinstance(each, StreamingResponse)]
    told = [await anext(each) for each in streams]
    assert sum(each.startswith(b"retry:") for each in told if isinstance(each, bytes)) == len(streams)
    with pytest.raises(StopAsyncIteration):
        await anext(streams[-1])
    for each in streams[:-1]:
        assert b"event: one" in await anext(each)
    shown.live.close()


async def test_letters_that_only_look_like_the_end_of_a_line_arrive_as_they_are() -> None:
    shown = Shown()
    shown.html = {"one": "a\u2028b\x0bc\x85d", "two": "e\rf\r\ng\n"}
    async with tab(shown.live) as told:
        assert await anext(told) == "event: one\ndata: a\u2028b\x0bc\x85d"
        assert await anext(told) == "event: two\ndata: e\ndata: f\ndata: g\ndata: "
