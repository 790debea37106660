"""Playing a story again: the same steps at the same moments, by the same phones, in either world."""

from __future__ import annotations

import asyncio

from homeport_client.fleet.deeds.table import is_armed, perform
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Story


async def play_again(stage: Stage, story: Story) -> None:
    """From its first step to its last; phones are switched on when they were."""
    switching = {name: asyncio.create_task(_switch_on(stage, phone)) for name, phone in stage.phones.items()}
    try:
        for step in story.steps:
            if is_armed(step):
                stage.world.arm(step)
        for step in story.steps:
            if is_armed(step):
                stage.write_down(step)
                continue
            await stage.world.until(step.at_ms)
            if step.who in switching and stage.phones[step.who].handset.on_at_ms <= step.at_ms:
                await switching[step.who]
            await perform(stage, step)
        await asyncio.gather(*switching.values())
        await stage.world.until(story.until_ms)
    finally:
        for task in switching.values():
            task.cancel()


async def _switch_on(stage: Stage, phone: Phone) -> None:
    await stage.world.until(phone.handset.on_at_ms)
    await phone.switch_on()
