"""Stories play themselves on the table, step by step, and each can be stopped."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from homeport_server.phones.stories import GIVEN, STORIES, Player, Playing, Scene, Step, Story
from tests.edge.phones.standing import Sitting, Unserved

WITHIN_S = 10.0
NEVER_S = 3_600.0


@dataclass(slots=True, kw_only=True)
class Deeds:
    """What a story does here: each deed takes a while, and waits to be let go on."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0
    most: int = 0
    done: int = 0

    async def one(self, _: Scene) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.begun.set()
        await self.go_on.wait()
        self.under_way -= 1
        self.done += 1

    def player(self, table: Unserved) -> Player:
        player = Player(table, lambda: None, pause_s=NEVER_S)
        steps = (Step(words="First", act=self.one), Step(words="Then", act=self.one))
        player.stories = (Story(name="long", title="Long", promise="It ends.", steps=steps),)
        return player


async def test_a_story_does_what_fingers_do(at: Sitting) -> None:
    scene = Scene(table=at.table, row=await at.row(), guest="ben")
    await scene.write("a", "Dig, says Ana")
    await scene.write("a", "ben", GIVEN)
    await scene.add("a", "Water")
    await scene.fly("a", "b", on=True)
    shown = await at.table.look_at("a")
    assert [each.title for each in shown.sections[0].rows] == ["Dig, says Ana", "Plant", "Water"]
    assert shown.pending == 6
    assert next(each for each in (await at.row()).fields if each.name == GIVEN).value == "ben"


async def test_each_story_names_its_promise_and_its_steps() -> None:
    assert all(each.promise.endswith(".") and len(each.steps) > 2 for each in STORIES)
    assert len({each.name for each in STORIES}) == len(STORIES)


async def test_the_page_shows_which_step_is_being_played(at: Sitting) -> None:
    player = at.page.showing.player
    steps = tuple(Step(words=words, act=lambda _: asyncio.sleep(0)) for words in ("First", "Then"))
    story = Story(name="short", title="Short", promise="It ends.", steps=steps)
    for at_step, seen in ((0, 'aria-current="step">First'), (1, 'aria-current="step">Then'), (2, "It ends.")):
        player.playing = Playing(story=story, at=at_step)
        html = await at.shows("/")
        assert seen in html
        assert ("Close" in html) == (at_step == len(steps))
    assert (await at.post("/stories/stop")).status_code == 204
    assert "It ends." not in await at.shows("/")


async def test_a_story_is_stopped_between_two_deeds_and_never_within_one(at: Sitting) -> None:
    deeds = Deeds()
    player = deeds.player(at.table)
    async with asyncio.timeout(WITHIN_S):
        assert await player.play("long")
        await deeds.begun.wait()
        stopping = asyncio.create_task(player.stop())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not stopping.done()
        deeds.go_on.set()
        await stopping
    assert (deeds.done, deeds.under_way, player.playing) == (1, 0, None)


async def test_of_stories_that_are_asked_for_at_once_one_plays(at: Sitting) -> None:
    deeds = Deeds()
    player = deeds.player(at.table)
    async with asyncio.timeout(WITHIN_S):
        assert await player.play("long")
        await deeds.begun.wait()
        asking = [asyncio.create_task(player.play("long")) for _ in range(3)]
        await asyncio.sleep(0)
        deeds.go_on.set()
        assert await asyncio.gather(*asking) == [True, True, True]
        await player.stop()
    assert (deeds.most, deeds.under_way, player.playing) == (1, 0, None)
    assert not await player.play("no such story")
