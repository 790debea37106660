"""`homeport notify`: sends, lists, shows, steers and replays, and says plainly what is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from homeport_notify import limits
from homeport_notify.answer import Answer, Fate
from homeport_notify.deliver import Deliverer
from homeport_notify.expand import Expander
from homeport_notify.ports import NotifyStore
from homeport_notify.preferences import Preferences, QuietHours
from homeport_server.cli import main
from homeport_server.data import database_of
from homeport_server.database import notify_store_of
from homeport_server.notify.compose import TELLABLE_S_MIN
from homeport_server.tables import BESIDE
from homeport_sync.limits import LIMITS
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.unit.notify.channels import ChannelByHand, PresencesByHand, ToldByHand
from tests.unit.notify.samples import NOW_MS, an_address
from tests.unit.notify.test_deliver import NoMembers

Found = TypeVar("Found")


class Desk:
    """A data directory with a tenant, and its verbs."""

    def __init__(self, data: Path) -> None:
        self.data = data
        made = CliRunner().invoke(main, ["tenant", "create", "demo"], env={"HOMEPORT_DATA": str(data)})
        self.tenant = made.stdout.strip()

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["notify", *arguments], env={"HOMEPORT_DATA": str(self.data)})

    def send(self, *arguments: str) -> str:
        sent = self.run("send", "demo", *arguments)
        assert sent.exit_code == 0, sent.output
        return sent.stdout.strip()

    def ask(self, work: Callable[[NotifyStore], Awaitable[Found]]) -> Found:
        """What a work on the store returns."""

        async def inside() -> Found:
            store = await SqliteStore.open(database_of(self.data), LIMITS, beside=BESIDE)
            try:
                return await work(notify_store_of(store))
            finally:
                await store.close()

        return asyncio.run(inside())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_is_sent_is_listed_and_shown(desk: Desk) -> None:
    id = desk.send(
        "--to-user=ben", "--title=Hello", "--body=You", "--with=a=b=c", "--link=app://x", "--key=k", "--urgent"
    )
    progress = desk.ask(lambda store: store.progress(desk.tenant, id))
    note = progress.notification
    assert (note.message.title, note.message.body, note.message.data) == ("Hello", "You", {"a": "b=c"})
    assert (note.message.link, note.key, note.urgent, note.at_least_once) == ("app://x", "k", True, False)
    assert (note.message.priority, note.message.ttl_s, note.lane) == ("high", limits.TTL_S_MAX, "transactional")
    desk.send("--everyone", "--body=News")
    first, second = desk.run("list", "demo").stdout.splitlines()
    assert "bulk" in first
    assert first.endswith("News")
    assert second.startswith(f"{id}  waiting  transactional  due 20")
    assert desk.run("list", "demo", "--limit", "1").stdout.splitlines() == [first]
    shown = desk.run("show", "demo", id).stdout.splitlines()
    assert "title:     Hello" in shown
    assert "received:  0" in shown


def test_the_same_key_sends_once(desk: Desk) -> None:
    id = desk.send("--to-user=ben", "--title=Hello", "--key=k")
    again = desk.run("send", "demo", "--to-user=ben", "--title=Hello", "--key=k")
    assert again.stdout.strip() == id
    assert "came before" in again.stderr
    other = desk.run("send", "demo", "--to-user=ben", "--title=Other", "--key=k")
    assert other.exit_code == 2
    assert "use a new key" in other.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--title=x"], "Say whom to tell"),
        (["--title=x", "--everyone", "--to-user=ben"], "in one way"),
        (["--everyone"], "The message says nothing"),
        (["--everyone", "--title=x", "--with=a"], "expected KEY=VALUE"),
        (["--everyone", "--title=x", "--with=a=1", "--with=a=2"], "names 'a' twice"),
        (["--everyone", "--title=x", "--at=2026-11-30T09:00"], "expected one with its zone"),
        (["--everyone", "--title=x", "--local-at=soon"], "expected one without a zone"),
        (["--everyone", "--title=x", "--priority=now"], "'now' is not one of"),
        (["--everyone", "--title=x", "--key="], "has 0 characters"),
        (["--to-scope=home", "--title=x"], "The scope is 'home'; expected the id of its root"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_sentence(desk: Desk, arguments: list[str], says: str) -> None:
    refused = desk.run("send", "demo", *arguments)
    assert refused.exit_code == 2
    assert says in refused.stderr
    assert "nothing was told yet" in desk.run("list", "demo").stderr


def test_a_tenant_that_is_not_there_is_told(desk: Desk) -> None:
    refused = desk.run("send", "nobody", "--everyone", "--title=x")
    assert refused.exit_code == 2
    assert "There is no tenant 'nobody'" in refused.stderr


def test_a_local_time_and_a_dry_run_are_shown_as_such(desk: Desk) -> None:
    id = desk.send("--everyone", "--title=Hello", "--local-at=2027-01-01T09:00", "--dry-run")
    shown = desk.run("show", "demo", id).stdout
    assert "due:       2027-01-01T09:00 local" in shown
    assert "dry run:   nobody is shown it" in shown


def test_it_is_paused_resumed_and_cancelled(desk: Desk) -> None:
    id = desk.send("--everyone", "--title=Hello")
    assert desk.run("pause", "demo", id).stdout.strip() == "paused"
    assert "state:     paused: by the command line" in desk.run("show", "demo", id).stdout
    assert desk.run("resume", "demo", id).stdout.strip() == "waiting"
    assert desk.run("cancel", "demo", id).stdout.strip() == "cancelled"
    refused = desk.run("resume", "demo", id)
    assert refused.exit_code == 2
    assert "cancelled" in refused.stderr
    assert "There is no notification" in desk.run("show", "demo", "x").stderr
    unknown = desk.run("dead", "demo", "0192f0c1-a2b3-7000-8000-000000000000")
    assert unknown.exit_code == 2
    assert "There is no notification" in unknown.stderr


def test_the_addresses_of_a_user_are_printed_with_their_targets_shortened(desk: Desk) -> None:
    assert "no device" in desk.run("addresses", "demo", "ben").stderr
    address = an_address(user="ben")

    async def register(store: NotifyStore) -> None:
        await store.register(desk.tenant, address, NOW_MS)

    desk.ask(register)
    (line,) = desk.run("addresses", "demo", "ben").stdout.splitlines()
    assert line.startswith(f"{address.id}  fcm  android  {address.device}  token-1…  lives  seen 2026-11-")


def test_what_a_user_wants_to_be_told_is_printed_with_their_addresses(desk: Desk) -> None:
    async def want(store: NotifyStore) -> None:
        await store.register(desk.tenant, an_address(user="ben", timezone="Asia/Tokyo"), NOW_MS)
        wishes = Preferences(timezone="Europe/Rome", quiet=QuietHours(1_320, 425), muted=frozenset({"news", "ads"}))
        await store.prefer(desk.tenant, "ben", wishes, NOW_MS)
        await store.subscribe(desk.tenant, "ben", "goals", NOW_MS)

    desk.ask(want)
    address, *wishes = desk.run("addresses", "demo", "ben").stdout.splitlines()
    assert "  lives  Asia/Tokyo  seen " in address
    assert wishes == [
        "timezone:  Europe/Rome",
        "quiet:     22:00 to 07:05",
        "muted:     ads, news",
        "topics:    goals",
    ]


def test_a_closed_channel_is_opened(desk: Desk) -> None:
    async def close(store: NotifyStore) -> None:
        await store.close_gate("fcm", NOW_MS * 2, "fcm: SENDER_ID_MISMATCH")

    desk.ask(close)
    assert desk.run("open", "fcm").stdout.strip() == "fcm is open; it was closed: fcm: SENDER_ID_MISMATCH"
    assert desk.run("open", "fcm").stdout.strip() == "fcm is open"
    assert desk.ask(lambda store: store.gate("fcm")).closed_until_ms < NOW_MS * 2
    assert desk.run("open", "pigeon").exit_code == 2


def give_up(tenant: str) -> Callable[[NotifyStore], Awaitable[None]]:
    """Has the provider refuse what waits in the transactional lane, for one address of Ben's."""
    address = an_address(user="ben")
    now_ms = time.time_ns() // 1_000_000

    async def fail(store: NotifyStore) -> None:
        await store.register(tenant, address, now_ms)
        refuses = ChannelByHand(lambda _: Answer(fate=Fate.BAD_TARGET, code="INVALID_ARGUMENT", detail="no token"))
        worker = Deliverer(
            store,
            {"fcm": refuses},
            PresencesByHand(),
            ToldByHand(),
            holder="one",
            wall_ms=lambda: now_ms,
            random=Random(1),
        )
        while await Expander(store, NoMembers()).step(tenant, "transactional", now_ms):
            pass
        while await worker.step(tenant, "transactional"):
            pass

    return fail


def test_what_was_given_up_is_printed_and_tried_once_more(desk: Desk) -> None:
    id = desk.send("--to-user=ben", "--title=Hello")
    assert "nothing of it was given up" in desk.run("dead", "demo", id).stderr
    desk.ask(give_up(desk.tenant))
    assert f"why they failed: homeport notify dead demo {id}" in desk.run("show", "demo", id).stderr
    (line,) = desk.run("dead", "demo", id).stdout.splitlines()
    assert line.startswith(f"{an_address(user='ben').id}  INVALID_ARGUMENT  ")
    assert line.endswith("no token")
    assert desk.run("dead", "demo", id, "--replay").stdout.strip() == "1 are tried once more"
    assert desk.run("dead", "demo", id, "--replay").stdout.strip() == "0 are tried once more"
    assert "  replayed  " in desk.run("dead", "demo", id).stdout
    waits = desk.run("show", "demo", id)
    assert "state:     running" in waits.stdout
    assert "`deliveries fail`" in waits.stderr


def test_a_notification_that_reaches_nobody_says_so(desk: Desk) -> None:
    id = desk.send("--to-user=nobody", "--title=Hello")
    assert desk.run("show", "demo", id).stderr == ""
    desk.ask(give_up(desk.tenant))
    shown = desk.run("show", "demo", id)
    assert "state:     done" in shown.stdout
    assert shown.stderr == "no device of whom it is for has registered: homeport notify addresses demo USER\n"


def test_a_short_time_to_live_is_kept_and_not_stretched(desk: Desk) -> None:
    for given_s, lives_s in ((300, 300), (0, TELLABLE_S_MIN)):
        id = desk.send("--to-user=ben", "--title=Your code is 123456", f"--ttl={given_s}")
        note = desk.ask(lambda store, id=id: store.progress(desk.tenant, id)).notification  # type: ignore[misc]
        assert note.expires_at_ms == note.due_at_ms + lives_s * 1_000
        assert note.message.ttl_s == given_s
