"""Where a device can be reached: the server is told of it once, and again when it changes, and of its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from homeport_client import Device, Unreachable
from homeport_client.addresses import REFRESH_MS
from homeport_sync.errors import Malformed
from homeport_sync.telling import RegisterAddress, RetireAddresses, Telling
from tests.unit.client.notified import a_line, ann_with, refusal, registrations
from tests.unit.client.world import Clock


async def test_an_address_is_told_with_the_next_sync_and_once() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.register("fcm", "token-1", platform="android", timezone="Europe/Rome", locale="it")
    assert ann.notifications.registered == ["fcm"]
    await ann.sync()
    await ann.notifications.register("fcm", "token-1", platform="android", timezone="Europe/Rome", locale="it")
    await ann.sync()
    assert line.told == [
        RegisterAddress(
            device=ann.id,
            channel="fcm",
            target="token-1",
            platform="android",
            timezone="Europe/Rome",
            locale="it",
        )
    ]


async def test_a_new_token_is_told_and_an_old_one_again_after_a_week() -> None:
    line, clock = await a_line(), Clock()
    ann = await ann_with(line, clock=clock)
    for token in ("token-1", "token-2"):
        await ann.notifications.register("fcm", token)
        await ann.sync()
    line.server.clock.ms += REFRESH_MS + 1_000
    clock.ms += REFRESH_MS + 1_000
    await ann.sync()
    await ann.sync()
    assert registrations(line) == ["token-1", "token-2", "token-2"]


async def test_an_address_outlives_a_kill_and_is_told_when_there_is_a_network(tmp_path: Path) -> None:
    line, path = await a_line(), str(tmp_path / "replica")
    line.up = False
    ann = await ann_with(line, path=path)
    await ann.notifications.register("fcm", "token-1")
    with pytest.raises(Unreachable):
        await ann.sync()
    await ann.close()
    line.up = True
    ann = await ann_with(line, path=path)
    await ann.sync()
    assert registrations(line) == ["token-1"]
    await ann.close()


async def test_an_address_whose_answer_is_lost_is_told_again() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.sync()
    await ann.notifications.register("fcm", "token-1")

    async def tell(telling: Telling) -> None:
        line.told.append(telling)
        if len(line.told) == 1:
            raise Unreachable

    line.tell = tell  # type: ignore[method-assign]
    await ann.sync()
    await ann.sync()
    await ann.sync()
    assert registrations(line) == ["token-1", "token-1"]


async def test_what_is_given_up_is_retired_and_told_no_more() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.register("fcm", "token-1")
    await ann.sync()
    await ann.notifications.unregister()
    assert ann.notifications.registered == []
    await ann.sync()
    await ann.sync()
    assert line.told[1:] == [RetireAddresses(device=ann.id)]


async def test_what_was_given_up_without_a_network_is_taken_over_by_who_uses_the_phone_then_and_retired() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.register("fcm", "token-1")
    await ann.sync()
    line.up = False
    await ann.notifications.unregister()
    line.up = True
    await ann.renew("good")
    await ann.sync()
    moved, retired = line.told[1:]
    assert isinstance(moved, RegisterAddress)
    assert retired == RetireAddresses(device=ann.id)


async def test_another_token_of_the_user_registers_the_device_again() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.register("fcm", "token-1")
    await ann.sync()
    await ann.renew("good")
    await ann.sync()
    assert registrations(line) == ["token-1", "token-1"]


async def test_a_device_that_goes_on_under_another_id_registers_again() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.register("fcm", "token-1")
    await ann.sync()
    ann._replica.fork()
    await ann.sync()
    first, second = line.told
    assert isinstance(first, RegisterAddress)
    assert isinstance(second, RegisterAddress)
    assert first.device != second.device == ann.id


async def test_a_channel_that_is_registered_again_outlives_the_retiring_of_the_others() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.register("fcm", "token-1")
    await ann.notifications.register("apns", "abcd")
    await ann.sync()
    await ann.notifications.unregister()
    await ann.notifications.register("fcm", "token-2")
    await ann.sync()
    retired, registered = line.told[2:]
    assert isinstance(retired, RetireAddresses)
    assert isinstance(registered, RegisterAddress)
    assert ann.notifications.registered == ["fcm"]


async def test_what_the_server_refuses_of_an_address_is_told_again_when_it_has_changed() -> None:
    line = await a_line()
    ann = await ann_with(line)
    line.refuses_to_be_told.append(refusal("BAD_ADDRESS"))
    await ann.notifications.register("fcm", "bad")
    await ann.sync()
    assert "BAD_ADDRESS" in str(ann.notifications.trouble)
    await ann.sync()
    await ann.notifications.register("fcm", "good")
    await ann.sync()
    assert registrations(line) == ["good"]


async def test_a_server_from_before_there_were_notifications_is_asked_once() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.register("fcm", "token-1")
    line.refuses_to_be_told.extend([refusal("GRAPHQL_INVALID"), refusal("GRAPHQL_INVALID")])
    await ann.sync()
    await ann.sync()
    assert len(line.refuses_to_be_told) == 1


@pytest.mark.parametrize(
    "register",
    [
        lambda ann: ann.notifications.register("fcm", ""),
        lambda ann: ann.notifications.register("fcm", "x" * 5_000),
        lambda ann: ann.notifications.register("fcm", "ü"),
        lambda ann: ann.notifications.register("fcm", "good", locale="x" * 200),
    ],
)
async def test_what_cannot_be_an_address_is_refused_and_not_kept(
    register: Callable[[Device], Awaitable[None]],
) -> None:
    ann = await ann_with(await a_line())
    with pytest.raises(Malformed):
        await register(ann)
    assert ann.notifications.registered == []
