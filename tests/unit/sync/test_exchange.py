"""One round trip: changes up, outcomes and a page down, and a failed page never costs the outcomes."""

from __future__ import annotations

import msgspec
import pytest

from homeport_sync.change import Change, encode
from homeport_sync.cursor import CursorSeal
from homeport_sync.errors import CursorForeign, CursorInvalid, HomeportError, Malformed, TooLarge
from homeport_sync.exchange import Exchange
from homeport_sync.limits import LIMITS
from homeport_sync.memory import MemoryStore
from homeport_sync.pull import BACKFILLS_MAX
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import Page, PullInput, PullMessage, PushAnswer, PushMessage, decode_page, decode_push_answer
from tests.unit.sync.tasks import CATALOG, DAY, NOW, Phone, ann, bob

TENANT = "acme"


class Server:
    """An exchange over a store in memory, with one tenant."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.exchange = Exchange(
            store=self.store,
            catalog=CATALOG,
            signals=LocalSignals(),
            seal=CursorSeal(b"k" * 32),
            limits=LIMITS,
            wall_ms=lambda: NOW,
        )

    async def push(
        self,
        phone: Phone,
        *changes: Change,
        pull: PullInput | None = None,
        clock_ms: int | None = None,
        device: str = "",
    ) -> PushAnswer:
        message = PushMessage(
            device=device or phone.device,
            changes=[msgspec.Raw(encode(change).encode()) for change in changes],
            clock_ms=clock_ms,
            pull=pull,
        )
        pushed = await self.exchange.push(TENANT, phone.user, message, request_id="request")
        answer = decode_push_answer(pushed.text)
        assert sum(pushed.verdicts.values()) == len(answer.outcomes) + len(answer.errors)
        return answer

    async def pull(self, phone: Phone, cursor: str | None = None, limit: int | None = None) -> Page:
        message = PullMessage(device=phone.device, cursor=cursor, limit=limit)
        return decode_page(await self.exchange.pull(TENANT, phone.user, message))


@pytest.fixture
async def server() -> Server:
    made = Server()
    await made.store.create(TENANT, id=TENANT, epoch="first", now_ms=0)
    return made


async def test_a_push_can_bring_its_page_in_the_same_round_trip(server: Server) -> None:
    phone = ann()
    root = phone.make_root()
    answer = await server.push(phone, root, phone.make(root.id), pull=PullInput())
    assert [each.outcome for each in answer.outcomes] == ["applied", "applied"]
    assert answer.pull is not None
    assert [record.position for record in answer.pull.records] == [1, 2]
    assert (answer.pull.contained, answer.pull.more, answer.pull.reset) == (2, False, False)
    assert answer.server_time_ms == answer.pull.server_time_ms == NOW
    assert (answer.errors, answer.clock) == ([], None)


async def test_a_page_that_was_not_asked_for_does_not_come(server: Server) -> None:
    assert (await server.push(ann(), ann().make_root())).pull is None


@pytest.mark.parametrize(
    ("pull", "code"), [(PullInput(cursor="forged"), "CURSOR_INVALID"), (PullInput(limit=5_000), "TOO_LARGE")]
)
async def test_a_bad_pull_beside_a_good_push_does_not_lose_the_outcomes(
    server: Server, pull: PullInput, code: str
) -> None:
    phone = ann()
    answer = await server.push(phone, phone.make_root(), pull=pull)
    assert [each.outcome for each in answer.outcomes] == ["applied"]
    assert [each.code for each in answer.errors] == [code]
    assert answer.pull is None


async def test_what_could_not_be_decided_is_told_beside_what_was(server: Server) -> None:
    phone = ann()
    root = phone.make_root()
    phone.number += 1
    answer = await server.push(phone, root, phone.make(root.id), pull=PullInput())
    assert [each.number for each in answer.outcomes] == [1]
    assert [each.code for each in answer.errors] == ["NUMBER_GAP"]
    assert answer.errors[0].extensions["expected"] == 2
    assert answer.pull is not None
    assert answer.pull.contained == 1


async def test_verdicts_are_counted_apart_from_outcomes_given_before(server: Server) -> None:
    phone = ann()
    root = phone.make_root()
    changes = [root, phone.make(root.id), phone.make(root.id, "Card")]
    message = PushMessage(device=phone.device, changes=[msgspec.Raw(encode(each).encode()) for each in changes])
    first = await server.exchange.push(TENANT, "ann", message, request_id="a")
    again = await server.exchange.push(TENANT, "ann", message, request_id="b")
    assert first.verdicts == {"applied": 2, "rejected": 1}
    assert again.verdicts == {"again": 3}


@pytest.mark.parametrize(("ahead_ms", "word"), [(DAY, "ahead of"), (-DAY, "behind")])
async def test_a_clock_wrong_beyond_the_limit_is_told_and_its_work_is_kept(
    server: Server, ahead_ms: int, word: str
) -> None:
    phone = ann()
    phone.ms = NOW + ahead_ms
    answer = await server.push(phone, phone.make_root(), clock_ms=phone.ms)
    assert [each.outcome for each in answer.outcomes] == ["applied"]
    assert answer.clock is not None
    assert answer.clock.code == "CLOCK_SKEWED"
    assert answer.clock.extensions["aheadMs"] == ahead_ms
    assert f"86,400 s {word} the server's" in answer.clock.message


@pytest.mark.parametrize("ahead_ms", [0, LIMITS.skew_max_ms, -LIMITS.skew_max_ms])
async def test_a_clock_within_the_limit_is_not_mentioned(server: Server, ahead_ms: int) -> None:
    assert (await server.push(ann(), ann().make_root(), clock_ms=NOW + ahead_ms)).clock is None


@pytest.mark.parametrize("device", ["", "phone", ann().device.upper().replace("0", "A")])
async def test_a_device_id_that_is_no_uuid_is_malformed(server: Server, device: str) -> None:
    with pytest.raises(Malformed, match="expected a UUID"):
        await server.exchange.pull(TENANT, "ann", PullMessage(device=device))
    with pytest.raises(Malformed, match="expected a UUID"):
        await server.exchange.push(TENANT, "ann", PushMessage(device=device, changes=[]), request_id="r")


async def test_a_push_over_its_limit_is_refused_whole(server: Server) -> None:
    phone = ann()
    with pytest.raises(TooLarge):
        await server.push(phone, *(phone.make_root() for _ in range(LIMITS.push_changes_max + 1)))
    assert await server.store.read(TENANT, 0, 10) == []


async def test_pulls_page_through_everything_and_say_what_is_contained_on_the_last(server: Server) -> None:
    phone = ann()
    root = phone.make_root()
    await server.push(phone, root, *(phone.make(root.id) for _ in range(4)))
    cursor, seen = None, []
    for more in (True, True, False):
        page = await server.pull(phone, cursor, limit=2)
        seen += [record.position for record in page.records]
        assert (page.more, page.contained) == (more, 0 if more else 5)
        cursor = page.cursor
    assert seen == [1, 2, 3, 4, 5]
    assert (await server.pull(phone, cursor)).records == []


@pytest.mark.parametrize("limit", [0, -1, LIMITS.page_size_max + 1])
async def test_a_limit_out_of_bounds_is_an_error_and_never_cut(server: Server, limit: int) -> None:
    with pytest.raises(TooLarge, match=f"not {limit}"):
        await server.pull(ann(), limit=limit)


async def test_the_cursor_of_another_user_is_foreign_and_a_made_up_one_invalid(server: Server) -> None:
    mine = (await server.pull(ann())).cursor
    refusals: list[tuple[str, type[HomeportError]]] = [(mine, CursorForeign), ("made up", CursorInvalid)]
    for cursor, error in refusals:
        with pytest.raises(error):
            await server.pull(bob(), cursor)


async def test_another_users_device_id_tells_nothing_of_its_numbers(server: Server) -> None:
    phone = ann()
    await server.push(phone, phone.make_root())
    thief = Phone(user="eve", index=phone.index)
    assert (await server.pull(thief)).contained == 0


async def test_a_grant_brings_the_scope_and_its_end_takes_it_away(server: Server) -> None:
    phone, other = ann(), bob()
    root = phone.make_root()
    task = phone.make(root.id)
    await server.push(phone, root, task)
    nothing = await server.pull(other)
    assert nothing.records == []
    await server.push(phone, phone.invite(root.id, "bob"))
    invited = await server.pull(other, nothing.cursor)
    assert {record.kind for record in invited.records} == {"TaskList", "Task", "Member"}
    await server.push(phone, phone.invite(root.id, "bob", None), phone.update(task, title="secret"))
    ended = await server.pull(other, invited.cursor)
    assert (ended.lost, ended.records) == ([root.id], [])
    assert (await server.pull(other, ended.cursor)).lost == []


async def test_more_new_scopes_than_a_cursor_can_hold_come_whole_after_one_reset(server: Server) -> None:
    phone, other = ann(), bob()
    own = other.make_root()
    await server.push(other, own)
    cursor = (await server.pull(other)).cursor
    roots = [phone.make_root() for _ in range(BACKFILLS_MAX + 1)]
    invitations = [phone.invite(root.id, "bob") for root in roots]
    changes = [*roots, *invitations]
    for start in range(0, len(changes), LIMITS.push_changes_max):
        await server.push(phone, *changes[start : start + LIMITS.push_changes_max])
    pages: list[Page] = []
    while not pages or pages[-1].more:
        pages.append(await server.pull(other, pages[-1].cursor if pages else cursor, limit=400))
        assert len(pages) <= 3, "catching up does not end"
    assert [page.reset for page in pages] == [True, False, False]
    held = {record.id for page in pages for record in page.records}
    assert held == {own.id, *(change.id for change in changes)}
    assert pages[-1].contained == 1
    assert not (await server.pull(other, pages[-1].cursor)).reset
