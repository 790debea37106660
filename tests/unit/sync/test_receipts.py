"""Endings and receipts on the server: what a page names, what a push may bring, and what its answer says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from homeport_sync.change import Change, encode
from homeport_sync.cursor import Cursor, CursorSeal
from homeport_sync.errors import TooLarge, Unavailable
from homeport_sync.exchange import Exchange
from homeport_sync.limits import LIMITS
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import Head, Standing
from homeport_sync.pull import ENDINGS_MAX, endings, plan
from homeport_sync.receipts import Ending, Holder, Receipt, first_of_each, merged
from homeport_sync.scope import Grant
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PullInput, PullMessage, PushAnswer, PushMessage, decode_page, decode_push_answer
from tests.unit.sync.tasks import CATALOG, NOW, Phone, ann, bob

TENANT = "acme"
HOME, NEW = (f"00000000-0000-7000-8000-00000000000{digit}" for digit in "ab")


def ended(scope: str, until: int) -> Grant:
    return Grant(user="u", scope=scope, role="editor", since=1, until=until)


def told(grants: Sequence[Grant], cursor: Cursor | None, head: int = 9) -> list[tuple[str, int]]:
    standing = Standing(head=Head(position=head, epoch="0"), grants=grants, last_number=0)
    return [(each.scope, each.position) for each in endings(standing, cursor, plan(standing, cursor))]


def at(seen: int, epoch: str = "0") -> Cursor:
    return Cursor(tenant="t", user="u", epoch=epoch, position=seen, granted=seen)


HELD = Grant(user="u", scope="held", role="editor", since=2)
GRANTS = [ended("a", 4), HELD, ended("z", 8)]


def test_a_page_names_where_the_grants_ended_that_its_reader_had() -> None:
    assert told(GRANTS, at(3)) == [("a", 4), ("z", 8)]
    assert told(GRANTS, at(4)) == [("z", 8)]
    assert told(GRANTS, at(8)) == []


def test_a_page_from_the_start_names_the_newest_of_all_that_ended() -> None:
    assert told(GRANTS, None) == [("z", 8), ("a", 4)]
    assert told(GRANTS, at(99)) == told(GRANTS, at(3, epoch="1")) == [("z", 8), ("a", 4)]
    many = [ended(f"{number:04}", number) for number in range(1, ENDINGS_MAX + 3)]
    assert [position for _, position in told(many, None)] == list(range(ENDINGS_MAX + 2, 2, -1))


def test_of_several_receipts_for_an_ending_the_first_counts() -> None:
    said = (("t", 1, 1), ("s", 2, 2), ("t", 1, 3))
    receipts = [Receipt(scope=scope, position=position, dropped_ms=ms) for scope, position, ms in said]
    assert [each.dropped_ms for each in first_of_each(receipts)] == [2, 1]


def test_a_device_that_is_known_from_several_sides_is_told_once_with_its_newest_time() -> None:
    answered = Holder(device="b", seen_at_ms=5, dropped_at_ms=4, received_at_ms=5)
    known = [("c", None), ("a", 3), ("b", 9), ("a", 7)]
    assert merged([answered], known, 2) == [Holder(device="a", seen_at_ms=7), replace(answered, seen_at_ms=9)]
    assert merged([], [("c", None)], 9) == [Holder(device="c")]


class Broken(MemoryStore):
    """It keeps no receipts."""

    async def keep_receipts(self, *_: object) -> None:
        raise Unavailable


class Server:
    """An exchange over a store in memory, with one tenant."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.now_ms = NOW
        self.exchange = Exchange(
            store=store,
            catalog=CATALOG,
            signals=LocalSignals(),
            seal=CursorSeal(b"k" * 32),
            limits=LIMITS,
            wall_ms=lambda: self.now_ms,
        )

    async def push(
        self, phone: Phone, *changes: Change, receipts: Sequence[Receipt] = (), pulls: bool = False
    ) -> PushAnswer:
        message = PushMessage(
            device=phone.device,
            changes=[msgspec.Raw(encode(change).encode()) for change in changes],
            pull=PullInput() if pulls else None,
            receipts=list(receipts),
        )
        return decode_push_answer((await self.exchange.push(TENANT, phone.user, message, request_id="r")).text)

    async def answered(self) -> list[tuple[str, str, int]]:
        """The device, scope and position of each receipt that was kept."""
        found = []
        for grant in await self.store.ended_grants(TENANT, ("", ""), 10):
            holders = await self.store.holders(TENANT, grant, "", 10)
            found += [(each.device, grant.scope, grant.position) for each in holders if each.received_at_ms]
        return found


async def made(store: MemoryStore) -> tuple[Server, str]:
    """Bob was in Ann's list, wrote in it, and was removed at position 4."""
    server, mine, his = Server(store), ann(), bob()
    await store.create(TENANT, id=TENANT, epoch="first", now_ms=0)
    root = mine.make_root()
    await server.push(mine, root, mine.invite(root.id, "bob"))
    await server.push(his, his.make(root.id))
    await server.push(mine, mine.invite(root.id, "bob", None))
    return server, root.id


def receipt(scope: str, position: int = 4) -> Receipt:
    return Receipt(scope=scope, position=position, dropped_ms=NOW)


async def test_a_push_that_brings_only_a_receipt_is_answered_and_opens_no_batch() -> None:
    server, home = await made(MemoryStore())
    before = await server.store.device(TENANT, bob().device)
    server.now_ms += 1
    answer = await server.push(bob(), receipts=[receipt(home)], pulls=True)
    assert (answer.receipts, answer.outcomes, answer.errors) == ([Ending(scope=home, position=4)], [], [])
    assert answer.pull is not None
    assert await server.answered() == [(bob().device, home, 4)]
    assert await server.store.device(TENANT, bob().device) == before


async def test_receipts_beside_changes_are_kept_too_and_what_is_passed_over_is_acknowledged() -> None:
    server, home = await made(MemoryStore())
    his = bob()
    his.number = 1
    bad = [receipt(home, 3), receipt(HOME)]
    answer = await server.push(his, his.make_root(id=NEW), receipts=[*bad, receipt(home)])
    assert [each.outcome for each in answer.outcomes] == ["applied"]
    assert [(each.scope, each.position) for each in answer.receipts] == [(home, 3), (HOME, 4), (home, 4)]
    assert await server.answered() == [(his.device, home, 4)]


async def test_receipts_that_could_not_be_kept_are_not_acknowledged_and_take_nothing_with_them() -> None:
    server, home = await made(Broken())
    his = bob()
    his.number = 1
    answer = await server.push(his, his.make_root(id=NEW), receipts=[receipt(home)], pulls=True)
    assert (answer.receipts, [each.outcome for each in answer.outcomes]) == ([], ["applied"])
    assert [each.code for each in answer.errors] == ["UNAVAILABLE"]
    assert answer.errors[0].extensions["retryAfterMs"] == LIMITS.unavailable_retry_ms
    assert answer.pull is not None


async def test_a_device_that_is_anothers_is_told_so_and_its_receipts_wait_for_its_new_id() -> None:
    server, home = await made(MemoryStore())
    borrowed = Phone(user="bob", index=ann().index, number=9)
    answer = await server.push(borrowed, borrowed.make_root(), receipts=[receipt(home)])
    assert [each.code for each in answer.errors] == ["DEVICE_FOREIGN"]
    assert answer.receipts == []
    assert await server.answered() == []


async def test_more_receipts_than_go_at_once_are_refused_as_a_whole() -> None:
    server, home = await made(MemoryStore())
    many = [receipt(home, position) for position in range(1, LIMITS.push_receipts_max + 2)]
    with pytest.raises(TooLarge, match="at most 20 go at once"):
        await server.push(bob(), receipts=many)
    assert len((await server.push(bob(), receipts=many[1:])).receipts) == LIMITS.push_receipts_max


async def test_a_page_says_where_the_grant_ended_that_it_names_as_lost() -> None:
    server, mine, his = Server(MemoryStore()), ann(), bob()
    await server.store.create(TENANT, id=TENANT, epoch="first", now_ms=0)
    root = mine.make_root()
    await server.push(mine, root, mine.invite(root.id, "bob"))
    first = decode_page(await server.exchange.pull(TENANT, "bob", PullMessage(device=his.device)))
    await server.push(mine, mine.invite(root.id, "bob", None))
    after = PullMessage(device=his.device, cursor=first.cursor)
    page = decode_page(await server.exchange.pull(TENANT, "bob", after))
    assert (first.endings, page.lost, page.endings) == ([], [root.id], [Ending(scope=root.id, position=3)])
    fresh = decode_page(await server.exchange.pull(TENANT, "bob", PullMessage(device=his.device)))
    assert (fresh.lost, fresh.endings) == ([], page.endings)
