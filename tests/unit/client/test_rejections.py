"""How long what the server refused is kept on a device, and how the app is told of it."""

from __future__ import annotations

import pytest

from homeport_client import DeviceLimits
from tests.unit.client.versions import newer, served
from tests.unit.client.world import Line, Server, phone


async def test_what_is_settled_is_forgotten_before_what_waits() -> None:
    server = await Server(of=served()).begin()
    async with await phone(Line(server, "ann"), of=newer(), limits=DeviceLimits(outcomes_max=1)) as device:
        home = await device.create("TaskList", title="Home")
        for number in range(2):
            await device.create("Task", scope=home, title=str(number), state="soured")
        await device.sync()
        first, second = await device.quarantine()
        await device.dismiss(second.place)
        await device.update(home, title="House")
        await device.sync()
        assert await device.quarantine() == [first]
        assert [each.outcome for each in await device.outcomes()] == ["rejected", "applied"]


@pytest.mark.promise("I7")
async def test_what_waits_is_never_forgotten_however_short_the_history_is() -> None:
    server = await Server(of=served()).begin()
    async with await phone(Line(server, "ann"), of=newer(), limits=DeviceLimits(outcomes_max=2)) as device:
        home = await device.create("TaskList", title="Home")
        task = await device.create("Task", scope=home, title="Milk", state="soured")
        for number in range(4):
            await device.update(task, title=str(number))
        await device.sync()
        assert [each.op for each in await device.quarantine()] == ["create", *["update"] * 4]
        assert [each.outcome for each in await device.outcomes()] == ["applied", *["rejected"] * 5]
