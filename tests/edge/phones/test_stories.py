"""Stories play themselves on the table, step by step, and each can be stopped."""

import asyncio

from homeport_server.phones.stories import GIVEN, STORIES, Playing, Scene, Step, Story
from tests.edge.phones.standing import Sitting


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
