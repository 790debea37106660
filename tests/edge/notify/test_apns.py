"""The channel of APNs against the emulator, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from homeport_notify.answer import Fate
from homeport_notify.channels.apns import ApnsChannel, open_apns
from homeport_notify.emulator.emulator import Emulator, wall_ms
from homeport_notify.emulator.keys import EmulatorKeys
from homeport_notify.emulator.settings import EmulatorSettings
from homeport_notify.errors import ChannelMissing
from homeport_notify.message import WAKE, Message
from tests.edge.notify.conversing import answers, fates, to

TOPIC = "com.example.app"


@asynccontextmanager
async def sending(
    emulator: Emulator, folder: Path, *, key_id: str = "", topic: str = TOPIC
) -> AsyncIterator[ApnsChannel]:
    keys = emulator.settings.keys
    path = folder / "key.p8"
    path.write_text(keys.apple_pem)
    channel = open_apns(
        path,
        wall_ms,
        key_id=key_id or keys.apple_key_id,
        team=emulator.settings.team,
        topic=topic,
        base=emulator.url,
    )
    try:
        yield channel
    finally:
        await channel.close()


async def test_each_phone_gets_its_own_message(emulator: Emulator, tmp_path: Path) -> None:
    phones = [emulator.phones.register(platform="ios", target=f"{at:064x}") for at in range(1, 301)]
    message = Message(title="News", body="Some", link="app://1", image="https://a/b.png", data={"task": "7"})
    async with sending(emulator, tmp_path) as channel:
        said = await answers(
            channel,
            [to(phone.target, platform="ios", number=at, collapse_id="c") for at, phone in enumerate(phones)],
            message,
        )
    assert {answer.fate for answer in said} == {Fate.SENT}
    assert said[7].name == "00000000-0000-0000-0000-000000000007"
    async with phones[7].open() as inbox:
        push = await anext(inbox)
    assert (push.title, push.body, push.priority, push.collapse_key) == ("News", "Some", "normal", "c")
    assert push.data == {"task": "7", "hp_delivery": f"{7:032x}", "hp_link": "app://1", "hp_image": "https://a/b.png"}
    assert push.message["aps"] == {"alert": {"title": "News", "body": "Some"}, "mutable-content": 1}


async def test_a_wake_is_a_background_push(emulator: Emulator, tmp_path: Path) -> None:
    phone = emulator.phones.register(platform="ios", target=f"{1:064x}")
    async with sending(emulator, tmp_path) as channel:
        assert await fates(channel, [to(phone.target, platform="ios")], WAKE) == [Fate.SENT]
    async with phone.open() as inbox:
        push = await anext(inbox)
    assert push.message == {"aps": {"content-available": 1}, "hp_wake": "1", "hp_delivery": f"{1:032x}"}
    assert push.priority == "normal"


async def test_a_collapse_key_in_any_script_is_one_header(emulator: Emulator, tmp_path: Path) -> None:
    phone = emulator.phones.register(platform="ios", target=f"{1:064x}")
    twice = [to(phone.target, number=number, collapse_id="aufträge\r\nx: y") for number in (1, 2)]
    async with sending(emulator, tmp_path) as channel:
        assert await fates(channel, twice) == [Fate.SENT] * 2
    assert emulator.tally.phones.replaced == 1


async def test_a_dry_run_sends_nothing(emulator: Emulator, tmp_path: Path) -> None:
    async with sending(emulator, tmp_path) as channel:
        [answer] = await answers(channel, [to("ab" * 32)], dry_run=True)
    assert (answer.fate, answer.code) == (Fate.SENT, "DRY_RUN")
    assert emulator.tally.apns.accepted == 0


async def test_each_gets_its_own_answer(emulator: Emulator, tmp_path: Path) -> None:
    there = emulator.phones.register(platform="ios", target=f"{1:064x}")
    gone = emulator.phones.register(platform="ios", target=f"{2:064x}")
    elsewhere = emulator.phones.register(platform="ios", target=f"{3:064x}", topic="com.example.other")
    emulator.phones.lose([gone.target])
    async with sending(emulator, tmp_path) as channel:
        said = await answers(channel, [to(target) for target in (elsewhere.target, gone.target, "abcd", there.target)])
    assert [answer.fate for answer in said] == [Fate.BAD_TARGET, Fate.GONE, Fate.BAD_TARGET, Fate.SENT]
    assert said[1].gone_at_ms


async def test_where_no_token_is_right_no_address_is_touched(emulator: Emulator, tmp_path: Path) -> None:
    phones = [emulator.phones.register(platform="ios", target=f"{at:064x}", topic="com.example.other") for at in (1, 2)]
    async with sending(emulator, tmp_path) as channel:
        said = await answers(channel, [to(phone.target) for phone in phones])
    assert {(answer.fate, answer.code) for answer in said} == {(Fate.MISCONFIGURED, "DeviceTokenNotForTopic")}


async def test_a_wrong_key_is_misconfigured(emulator: Emulator, tmp_path: Path) -> None:
    async with sending(emulator, tmp_path, key_id="NOSUCHKEY0") as channel:
        [answer] = await answers(channel, [to("ab" * 32)])
    assert (answer.fate, answer.code) == (Fate.MISCONFIGURED, "InvalidProviderToken")


async def test_a_token_that_apple_calls_expired_is_renewed_once(keys: EmulatorKeys, tmp_path: Path) -> None:
    settings = EmulatorSettings(keys=keys, provider_token_update_s=0)
    async with Emulator(settings, clock=lambda: wall_ms() + 30 * 60_000) as emulator:
        emulator.behave(key="expired")
        async with sending(emulator, tmp_path) as channel:
            said = await answers(channel, [to("ab" * 32), to("cd" * 32)])
    assert {(answer.fate, answer.code) for answer in said} == {(Fate.MISCONFIGURED, "ExpiredProviderToken")}
    assert emulator.tally.apns.refused == {"ExpiredProviderToken": 4}


@pytest.mark.parametrize(
    ("outage", "fate", "code"),
    [
        ("unavailable", Fate.UNAVAILABLE, "ServiceUnavailable"),
        ("internal", Fate.UNAVAILABLE, "InternalServerError"),
        ("throttled", Fate.THROTTLED, "TooManyRequests"),
        ("bad_gateway", Fate.UNAVAILABLE, "HTTP_502"),
        ("reset", Fate.UNANSWERED, "BROKEN"),
    ],
)
async def test_trouble_is_told_as_what_it_is(
    emulator: Emulator, tmp_path: Path, outage: str, fate: Fate, code: str
) -> None:
    async with sending(emulator, tmp_path) as channel:
        emulator.behave(outage=outage)
        [answer] = await answers(channel, [to("ab" * 32)])
    assert (answer.fate, answer.code) == (fate, code)


def test_a_key_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ChannelMissing, match="p8"):
        open_apns(tmp_path / "none.p8", wall_ms, key_id="K", team="T", topic=TOPIC)
