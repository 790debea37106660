"""What happens to the server: its process dies, and everybody's connections break at once."""

from __future__ import annotations

from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Step


async def crash(stage: Stage, step: Step) -> bool:
    """Its process dies, and another one starts."""
    await stage.world.crash()
    return True


async def storm(stage: Stage, step: Step) -> bool:
    """Every connection breaks, and all phones come back together."""
    for phone in stage.phones.values():
        if phone.on:
            phone.line.drop()
    return True
