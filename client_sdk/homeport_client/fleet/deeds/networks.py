"""What happens to the networks of phones: they are gone for a while."""

from __future__ import annotations

import asyncio

from homeport_client.fleet.phone import Phone
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Step


async def no_network(stage: Stage, phone: Phone, step: Step) -> bool:
    """A tunnel, a lift, a flight: none at all `for_s` seconds, without anybody telling the device."""
    phone.cut_off("away")
    stage.later(_come_back(phone, float(str(step.what["for_s"]))))
    return True


async def _come_back(phone: Phone, for_s: float) -> None:
    await asyncio.sleep(for_s)
    if not phone.reachable:
        phone.let_on("away")
