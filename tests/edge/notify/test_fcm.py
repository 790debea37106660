"""The channel of FCM against the emulator, over real sockets: credentials from a file, sending, and each refusal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from homeport_notify.answer import Fate
from homeport_notify.channels.fcm import FcmChannel, open_fcm
from homeport_notify.emulator.emulator import Emulator, wall_ms
from homeport_notify.errors import ChannelMissing
from homeport_notify.message import WAKE, Message
from tests.edge.notify.conversing import answers, fates, to


@asynccontextmanager
async def sending(emulator: Emulator, folder: Path, *, project: str = "") -> AsyncIterator[FcmChannel]:
    """The channel as a server opens it: from the service account's file."""
    path = folder / "account.json"
    account = {**emulator.account, **({"project_id": project} if project else {})}
    path.write_text(json.dumps(account))
    channel = open_fcm(path, wall_ms, base=f"{emulator.url}/v1/projects")
    try:
        yield channel
    finally:
        await channel.close()


async def test_each_phone_gets_its_own_message_and_one_token_is_enough(emulator: Emulator, tmp_path: Path) -> None:
    phones = [emulator.phones.register() for _ in range(500)]
    async with sending(emulator, tmp_path) as channel:
        said = await answers(channel, [to(phone.target, number=at) for at, phone in enumerate(phones)])
        assert {answer.fate for answer in said} == {Fate.SENT}
        assert len({answer.name for answer in said}) == 500
    assert emulator.tally.fcm.accepted == 500
    assert emulator.tally.tokens.issued == 1
    async with phones[7].open() as inbox:
        push = await anext(inbox)
    assert (push.title, push.data["hp_delivery"], push.data["task"]) == ("News", f"{7:032x}", "7")


async def test_an_installation_id_and_a_wake_arrive(emulator: Emulator, tmp_path: Path) -> None:
    phone = emulator.phones.register("fid")
    async with sending(emulator, tmp_path) as channel:
        assert await fates(channel, [to(phone.target, kind="fid")], WAKE) == [Fate.SENT]
    async with phone.open() as inbox:
        push = await anext(inbox)
    assert (push.title, push.data["hp_wake"], push.collapse_key) == ("", "1", "homeport-sync")


async def test_a_dry_run_is_checked_and_shown_to_nobody(emulator: Emulator, tmp_path: Path) -> None:
    phone = emulator.phones.register()
    async with sending(emulator, tmp_path) as channel:
        [answer] = await answers(channel, [to(phone.target)], dry_run=True)
    assert answer.fate is Fate.SENT
    assert (emulator.tally.fcm.checked, emulator.tally.fcm.accepted) == (1, 0)


async def test_each_gets_its_own_answer(emulator: Emulator, tmp_path: Path) -> None:
    there, gone = emulator.phones.register(), emulator.phones.register()
    elsewhere = emulator.phones.register(project="another")
    emulator.phones.lose([gone.target])
    async with sending(emulator, tmp_path) as channel:
        said = await answers(channel, [to(elsewhere.target), to(gone.target), to("no token!"), to(there.target)])
    assert [answer.fate for answer in said] == [Fate.MISCONFIGURED, Fate.GONE, Fate.BAD_TARGET, Fate.SENT]
    assert said[0].narrow == "device"  # the project is right: another was sent to


async def test_tokens_that_are_all_of_another_project_speak_against_the_account(
    emulator: Emulator, tmp_path: Path
) -> None:
    strangers = [emulator.phones.register(project="another") for _ in range(3)]
    async with sending(emulator, tmp_path) as channel:
        said = await answers(channel, [to(phone.target) for phone in strangers])
    assert {(answer.fate, answer.narrow) for answer in said} == {(Fate.MISCONFIGURED, "account")}


async def test_a_project_that_was_mistyped_touches_no_address(emulator: Emulator, tmp_path: Path) -> None:
    phone = emulator.phones.register()
    async with sending(emulator, tmp_path, project="mistyped") as channel:
        [answer] = await answers(channel, [to(phone.target)])
    assert (answer.fate, answer.code) == (Fate.MISCONFIGURED, "PERMISSION_DENIED")


async def test_a_message_that_is_refused_as_such_is_its_own_fault(emulator: Emulator, tmp_path: Path) -> None:
    too_large = Message(title="t", body="x" * 5_000)
    async with sending(emulator, tmp_path) as channel:
        assert await fates(channel, [to(emulator.phones.register().target)], too_large) == [Fate.BAD_MESSAGE]


async def test_a_bearer_that_ended_is_renewed_and_everything_is_sent_once(emulator: Emulator, tmp_path: Path) -> None:
    phones = [to(emulator.phones.register().target) for _ in range(20)]
    async with sending(emulator, tmp_path) as channel:
        await answers(channel, phones)
        emulator.expire()
        assert await fates(channel, phones) == [Fate.SENT] * 20
    assert emulator.tally.tokens.issued == 2
    assert emulator.tally.fcm.accepted == 40


async def test_a_key_that_stays_expired_is_misconfigured_after_one_renewal(emulator: Emulator, tmp_path: Path) -> None:
    phones = [to(emulator.phones.register().target) for _ in range(3)]
    async with sending(emulator, tmp_path) as channel:
        emulator.behave(key="expired")
        said = await answers(channel, phones)
    assert {(answer.fate, answer.code) for answer in said} == {(Fate.MISCONFIGURED, "UNAUTHENTICATED")}
    assert emulator.tally.tokens.issued == 2


async def test_a_key_that_was_revoked_gets_no_token(emulator: Emulator, tmp_path: Path) -> None:
    async with sending(emulator, tmp_path) as channel:
        emulator.behave(key="revoked")
        [answer] = await answers(channel, [to("abc")])
    assert (answer.fate, answer.code) == (Fate.MISCONFIGURED, "INVALID_GRANT")


async def test_where_the_token_endpoint_is_down_everything_waits(emulator: Emulator, tmp_path: Path) -> None:
    async with sending(emulator, tmp_path) as channel:
        await emulator.close()
        [answer] = await answers(channel, [to("abc")])
    assert (answer.fate, answer.code) == (Fate.UNAVAILABLE, "TOKEN_UNAVAILABLE")
    assert answer.retry_after_ms


async def test_where_the_token_endpoint_says_nothing_nobody_waits_longer_than_there_is_time(
    emulator: Emulator, tmp_path: Path
) -> None:
    async with sending(emulator, tmp_path) as channel:
        emulator.behave(tokens_given="silent")
        [answer] = await answers(channel, [to("abc")], within_s=0.1)
        await emulator.close()
    assert answer.code == "NO_TIME"


@pytest.mark.parametrize(
    ("outage", "fate", "code"),
    [
        ("unavailable", Fate.UNAVAILABLE, "UNAVAILABLE"),
        ("internal", Fate.UNAVAILABLE, "INTERNAL"),
        ("throttled", Fate.THROTTLED, "QUOTA_EXCEEDED"),
        ("bad_gateway", Fate.UNAVAILABLE, "HTTP_502"),
        ("reset", Fate.UNANSWERED, "BROKEN"),
        ("reset_untaken", Fate.UNANSWERED, "BROKEN"),
    ],
)
async def test_trouble_is_told_as_what_it_is(
    emulator: Emulator, tmp_path: Path, outage: str, fate: Fate, code: str
) -> None:
    phone = emulator.phones.register()
    async with sending(emulator, tmp_path) as channel:
        emulator.behave(outage=outage)
        [answer] = await answers(channel, [to(phone.target)])
        assert (answer.fate, answer.code) == (fate, code)
        emulator.behave(outage="none")
        assert await fates(channel, [to(phone.target)]) == [Fate.SENT]


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_how_long_to_wait_is_read_in_both_forms(emulator: Emulator, tmp_path: Path, form: str) -> None:
    async with sending(emulator, tmp_path) as channel:
        emulator.behave(outage="throttled", retry_after_s=90, retry_after=form)
        [answer] = await answers(channel, [to("abc")])
    assert 85_000 < (answer.retry_after_ms or 0) <= 90_000


async def test_a_connection_that_leaves_loses_nothing_that_was_begun(emulator: Emulator, tmp_path: Path) -> None:
    phones = [to(emulator.phones.register().target, number=at) for at in range(400)]
    async with sending(emulator, tmp_path) as channel:
        emulator.behave(latency_ms=5.0)
        begun = asyncio.Event()
        emulator.tally.watch = lambda _push: begun.set()
        under_way = asyncio.create_task(answers(channel, phones))
        await begun.wait()
        emulator.goaway()
        said = await under_way
    sent = [answer for answer in said if answer.fate is Fate.SENT]
    assert {answer.fate for answer in said} <= {Fate.SENT, Fate.NOT_SENT}
    assert emulator.tally.fcm.accepted == len(sent)


@pytest.mark.parametrize("text", ["", "{}", '{"type": "authorized_user"}'])
def test_a_file_that_is_no_service_account_is_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "account.json"
    path.write_text(text)
    with pytest.raises(ChannelMissing, match="download it"):
        open_fcm(path, wall_ms)
    with pytest.raises(ChannelMissing):
        open_fcm(tmp_path / "nowhere.json", wall_ms)


async def test_without_another_base_it_goes_to_google(tmp_path: Path, emulator: Emulator) -> None:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(emulator.account))
    channel = open_fcm(path, wall_ms)
    assert channel._path == "/v1/projects/emulated/messages:send"
    await channel.close()
