"""The rescue: whatever befell the phones is over, and everybody who is logged out somewhere gets a phone."""

from __future__ import annotations

from homeport_client.fleet.phone import Phone
from homeport_client.fleet.stage import Stage


async def rescue_all(stage: Stage) -> None:
    """From now on all phones that are on are in order, and can come to rest."""
    on = [phone for phone in stage.phones.values() if phone.on]
    for phone in on:
        await _rescue(phone)
    for phone in on:
        for twin, image in phone.unpacked():
            stage.phones[twin.name] = twin
            await twin.switch_on(image)


async def _rescue(phone: Phone) -> None:
    """Only what is wrong is put right: whoever waits for the next try, or for the next poll, is told nothing."""
    phone.free_storage()
    phone.rescue()
    await phone.wake()
    if not phone.line.valid:
        await phone.device.renew("another token")
    if not phone.device.online:
        await phone.device.go_online()
