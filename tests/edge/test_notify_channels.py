"""From a change to a phone through FCM's own protocol: the rule of an app, the server, the emulated provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from homeport_notify import limits
from homeport_notify.address import TargetKind
from homeport_notify.answer import Answer, Fate
from homeport_notify.channel import Channel, Recipient
from homeport_notify.emulator import Emulator
from homeport_notify.emulator.phone import Phone
from homeport_notify.emulator.push import Push
from homeport_notify.message import Message
from homeport_server.app import wall_ms
from homeport_server.errors import BadSetting
from homeport_server.notify.channels import channel_names, close_all, make_channels
from homeport_server.notify.compose import GRACE_MS
from homeport_server.notify.nudges import nudge
from homeport_server.settings import Settings
from homeport_sync import App, Entry, Tell
from homeport_sync.telling import REGISTER
from homeport_sync.wire import PULL
from tests.edge.test_notify import BEN, TURNS
from tests.edge.world import DEVICE, SETTINGS, START_MS, World, ask, make_world


def new_app() -> App:
    """Lists whose members are told when one is renamed."""
    app = App("lists")

    @app.kind(root=True)
    class ShoppingList:
        title: str

    @app.notification(kinds=[ShoppingList], ops=["update"])
    def renamed(_entry: Entry, row: Mapping[str, object] | None) -> Tell | None:
        return Tell(scope=True, title=f"It is {row['title']} now") if row else None

    return app


@asynccontextmanager
async def provided(tmp_path: Path) -> AsyncIterator[tuple[World, Emulator]]:
    """A world whose server sends through an emulated FCM."""
    async with Emulator() as emulator:
        account = tmp_path / "account.json"
        account.write_text(json.dumps(emulator.account))
        settings = replace(SETTINGS, fcm_service_account=str(account), fcm_url=emulator.url)
        world = await make_world(settings, declared=new_app())
        async with world.built.routes.router.lifespan_context(world.built.routes):
            for _ in range(TURNS):  # its followers begin
                await asyncio.sleep(0)
            world.clock.now_ms += 1
            yield world, emulator


async def came(phone: Phone, count: int) -> list[Push]:
    """What the phone got, once it is so many."""
    news = asyncio.Event()
    leave = phone.listen(news.set)
    try:
        async with asyncio.timeout(10):
            while len(got := phone.poll()) < count:
                news.clear()
                await news.wait()
    finally:
        leave()
    return [push for _, push in got]


async def pass_time(world: World, ms: int) -> None:
    """The clock moves, and every lane looks."""
    world.clock.now_ms += ms
    for lane in ("transactional", "wake"):
        nudge(world.signals, world.tenant, lane)


@asynccontextmanager
async def nudged(world: World, *lanes: str) -> AsyncIterator[None]:
    """Left when something has been put into each of these lanes."""
    missing = {f"notify/{lane}/{world.tenant}" for lane in lanes}
    async with world.signals.listen() as told:
        yield
        async with asyncio.timeout(10):
            while missing:
                missing.discard((await anext(aiter(told)))[0])


async def test_a_change_reaches_the_phone_of_a_member_who_sleeps_and_wakes_it(tmp_path: Path) -> None:
    async with provided(tmp_path) as (world, emulator), world.client("ben") as ben:
        phone = emulator.phones.register()
        await ask(ben, REGISTER, device=BEN, channel="fcm", target=phone.target, platform="android")
        home = world.new_list(DEVICE)
        async with nudged(world, "wake"):
            await world.push(home, world.invitation(DEVICE, home["id"], "ben"))
        await pass_time(world, limits.WAKE_SETTLE_MS)
        (wake,) = await came(phone, 1)
        assert (wake.title, wake.data["hp_wake"]) == ("", "1")
        await ask(ben, PULL, device=BEN)

        fields = {"title": "Cream"}
        renamed = world.change(DEVICE, op="update", kind="ShoppingList", id=home["id"], scope=home["id"], fields=fields)
        async with nudged(world, "transactional", "wake"):
            await world.push(renamed)
        await world.push(renamed)  # again, because its answer was lost
        await pass_time(world, GRACE_MS)
        _, *both = await came(phone, 3)
        (told,) = [push for push in both if push.title]
        assert told.title == "It is Cream now"
        assert told.data.keys() >= {"hp_delivery", "hp_notification"}
        (kept,) = await world.notify.notifications(world.tenant, "", 10, lane="transactional")
        assert told.data["hp_notification"] == kept.id


async def test_who_has_pulled_is_neither_told_nor_woken(tmp_path: Path) -> None:
    async with provided(tmp_path) as (world, emulator), world.client("ben") as ben, world.client("cleo") as cleo:
        bens, cleos = emulator.phones.register(), emulator.phones.register()
        await ask(ben, REGISTER, device=BEN, channel="fcm", target=bens.target)
        await ask(cleo, REGISTER, device=BEN.replace("b", "c"), channel="fcm", target=cleos.target)
        home = world.new_list(DEVICE)
        invited = [world.invitation(DEVICE, home["id"], user) for user in ("ben", "cleo")]
        fields = {"title": "Cream"}
        renamed = world.change(DEVICE, op="update", kind="ShoppingList", id=home["id"], scope=home["id"], fields=fields)
        async with nudged(world, "transactional", "wake"):
            await world.push(home, *invited, renamed)
        await ask(ben, PULL, device=BEN)
        await pass_time(world, GRACE_MS)
        assert sorted(push.title for push in await came(cleos, 2)) == ["", "It is Cream now"]
        assert bens.waiting == 0
        assert emulator.tally.fcm.accepted == 2


def test_a_channel_is_refused_at_start_for_what_is_no_account(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    for text in ("", "{}", '{"type": "service_account"}'):
        file.write_text(text)
        with pytest.raises(BadSetting, match=r"account\.json is no service account's key"):
            make_channels(Settings(fcm_service_account=str(file)), lambda: 0)


async def test_apple_webhooks_and_the_console_are_built_from_their_settings(tmp_path: Path) -> None:
    async with Emulator() as emulator:
        key = tmp_path / "key.p8"
        key.write_text(emulator.settings.keys.apple_pem)
        settings = Settings(
            apns_key=str(key),
            apns_key_id=emulator.settings.keys.apple_key_id,
            apns_team_id=emulator.settings.team,
            apns_topic="app.lists",
            apns_url=emulator.url,
            webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            notify_console=True,
        )
        channels = make_channels(settings, wall_ms)
        assert {name: channel.name for name, channel in channels.items()} == {
            name: name for name in ("apns", "webhook", "console")
        }
        phone = emulator.phones.register("apns", "ios", topic="app.lists")
        (answer,) = await sent(channels["apns"], phone.target)
        assert answer.fate is Fate.SENT
        assert [push.title for push in await came(phone, 1)] == ["Hello"]
        await close_all(channels)


@pytest.mark.parametrize("allowed", [True, False])
async def test_webhooks_go_into_the_network_only_where_that_is_allowed(allowed: bool) -> None:
    called = asyncio.Event()

    async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        called.set()
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    settings = Settings(webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", webhook_allow_private=allowed)
    channels = make_channels(settings, lambda: START_MS)
    async with await asyncio.start_server(call, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        (answer,) = await sent(channels["webhook"], f"http://127.0.0.1:{port}/", "url")
    assert (answer.fate is Fate.SENT, called.is_set()) == (allowed, allowed)
    await close_all(channels)


async def sent(channel: Channel, target: str, kind: TargetKind = "token") -> list[Answer]:
    """What the provider says of a message to this target."""
    answers: list[Answer] = []
    to = Recipient(target=target, target_kind=kind, platform="other", delivery="d" * 32)
    until_s = asyncio.get_running_loop().time() + 10
    await channel.send(Message(title="Hello"), [to], lambda _, answer: answers.append(answer), until_s=until_s)
    return answers


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"webhook_secret": "secret"}, "whsec_"),
        ({"apns_key": "/no/such", "apns_key_id": "a", "apns_team_id": "b", "apns_topic": "c"}, "cannot be read"),
    ],
)
def test_what_a_channel_cannot_use_is_refused_at_start(given: dict[str, str], says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        make_channels(Settings(**given), lambda: 0)  # type: ignore[arg-type]  # texts


def test_only_what_is_set_up_is_a_channel() -> None:
    assert channel_names(Settings()) == ()
    assert make_channels(Settings(), lambda: 0) == {}
    named = Settings(
        fcm_service_account="a", apns_key="b", apns_key_id="c", apns_team_id="d", apns_topic="e", notify_console=True
    )
    assert channel_names(named) == ("fcm", "apns", "console")
