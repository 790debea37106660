"""The same script, unchanged, in both worlds, and one world's story in the other: the same records live in the end."""

import asyncio
from pathlib import Path

from homeport_client.fleet import Fleet, Played
from homeport_client.fleet.final import final_records
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.script import Script
from homeport_client.fleet.sources import Sources
from homeport_client.fleet.story import Story
from homeport_sync import App

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
SCRIPT = Path(__file__).with_name("both_worlds.py")
SOURCES = Sources(app=APP, script=SCRIPT)
SEED = 3


async def really(app: App, script: Script, data: Path, story: Story | None = None) -> Played:
    """The script, or that story, by two processes against a server of its own."""
    async with RealServer(APP, data) as server:
        fleet = LiveFleet(app, server, SEED, script=script, processes=2, sources=SOURCES)
        return await (fleet.replay(story) if story else fleet.run())


async def test_thirty_phones_come_to_the_same_records_simulated_real_and_each_in_the_other(
    app: App, directory: Path
) -> None:
    _, script = SOURCES.load()
    simulated = await asyncio.to_thread(Fleet(app, SEED, script=script).run)
    improvised, replayed = await asyncio.gather(
        really(app, script, directory / "improvised"), really(app, script, directory / "replayed", simulated.story)
    )
    again = await asyncio.to_thread(Fleet(app, SEED, script=script).replay, improvised.story)
    for played in (simulated, improvised, replayed, again):
        assert played.kept, played.verdict
        assert len(played.meters) == script.devices
        assert sum(step.do == "crash" for step in played.story.steps)
        assert len(played.tally.incidents) > 3, "networks were bad"
    expected = final_records(simulated)
    assert len(expected) > 3 * script.devices
    assert final_records(improvised) == expected
    assert final_records(replayed) == expected
    assert final_records(again) == expected
    assert improvised.labels.keys() == simulated.labels.keys()
