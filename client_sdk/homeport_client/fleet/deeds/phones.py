"""What happens to phones: they die, fall asleep, are cloned and handed on, their clocks jump, their storage fills."""

from __future__ import annotations

import asyncio

from homeport_client.fleet.phone import Phone
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Step

BACKGROUND_S = 30.0  # so long a system lets an app finish what it does once its user has left it
REFRESH_S = 900.0  # so often it lets one fetch something that sleeps: Android's shortest


async def kill(stage: Stage, phone: Phone, step: Step) -> bool:
    """The battery is pulled in the middle of whatever it did, and put in again."""
    await phone.kill()
    return True


async def put_away(stage: Stage, phone: Phone, step: Step) -> bool:
    """Its user leaves the app: after `BACKGROUND_S` the system suspends it, unless it is opened before."""
    stage.later(_suspend(stage, phone, phone.attention))
    return True


async def suspend(stage: Stage, phone: Phone, step: Step) -> bool:
    """The system stops the app where it is, and lets it go on `for_s` later."""
    if phone.asleep:
        return False
    await phone.sleep()
    stage.later(_resume(phone, float(str(step.what["for_s"]))))
    return True


async def take_out(stage: Stage, phone: Phone, step: Step) -> bool:
    """Its user opens the app again."""
    phone.attention += 1
    await phone.wake()
    return True


async def open_notification(stage: Stage, phone: Phone, step: Step) -> bool:
    """Its user opens what was shown last, and with it the app."""
    if phone.inbox.unread is None:
        return False
    phone.attention += 1
    await phone.wake()
    await phone.open_unread()
    return True


async def set_clock(stage: Stage, phone: Phone, step: Step) -> bool:
    """Somebody sets its clock, `by_ms` forward or back."""
    phone.wall.jump(int(str(step.what["by_ms"])))
    return True


async def clone(stage: Stage, phone: Phone, step: Step) -> bool:
    """Another phone is set up from its backup: same replica, same device id. It is called `name`."""
    twin = phone.twin()
    stage.phones[twin.name] = twin
    await twin.switch_on(phone.image())
    return True


async def switch_user(stage: Stage, phone: Phone, step: Step) -> bool:
    """The app's user logs out, and `user` in."""
    await phone.hand_to(str(step.what["user"]))
    return True


async def expire_token(stage: Stage, phone: Phone, step: Step) -> bool:
    """Its token is not accepted any more; `for_s` later the app gets another one."""
    phone.line.expire()
    stage.later(_renew(phone, float(str(step.what["for_s"]))))
    return True


async def fill_storage(stage: Stage, phone: Phone, step: Step) -> bool:
    """Not one more page fits on it; its user makes room `for_s` later."""
    phone.fill_storage()
    stage.later(_make_room(phone, float(str(step.what["for_s"]))))
    return True


async def _suspend(stage: Stage, phone: Phone, attention: int) -> None:
    await asyncio.sleep(BACKGROUND_S)
    if phone.attention == attention and not phone.asleep:
        await phone.sleep()
        if stage.world.app.notifications:
            stage.later(_refresh(phone, attention))


async def _refresh(phone: Phone, attention: int) -> None:
    """Now and then the system lets a sleeping app fetch what is new: what heals it where every wake is dropped."""
    while True:
        await asyncio.sleep(REFRESH_S)
        if phone.attention != attention or not phone.asleep:
            return
        await phone.fetch()


async def _resume(phone: Phone, for_s: float) -> None:
    await asyncio.sleep(for_s)
    await phone.wake()


async def _renew(phone: Phone, for_s: float) -> None:
    await asyncio.sleep(for_s)
    await phone.device.renew("another token")


async def _make_room(phone: Phone, for_s: float) -> None:
    await asyncio.sleep(for_s)
    phone.free_storage()
