"""Edits: what an app means by an update becomes what the field's rule takes, offline, and everybody ends alike."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from homeport_client import Device, adding, after, at_end, at_start, before, increment, removing
from homeport_client.intents import Meant
from homeport_sync.rejections import RecordGone, WrongType
from tests.fleet.board import Board, Card, Payment, app
from tests.unit.client.world import Line, Server, phone


@pytest.fixture
async def server() -> Server:
    return await Server(of=app).begin()


@pytest.fixture
async def phones(server: Server) -> AsyncIterator[tuple[Device, Device, str]]:
    """Ann's and Bob's phone, and a board that they share."""
    async with (
        await phone(Line(server, "ann"), seed=1, of=app) as ann,
        await phone(Line(server, "bob"), seed=2, of=app) as bob,
    ):
        board = await ann.create(Board, title="Home")
        await ann.invite(board, "bob")
        await ann.sync()
        await bob.sync()
        yield ann, bob, board


async def meet(*devices: Device) -> None:
    for device in (*devices, *devices):
        await device.sync()


async def fields(device: Device, id: str, *names: str) -> tuple[object, ...]:
    view = await device.get(id)
    assert view is not None
    return tuple(view[name] for name in names)


async def titles(device: Device, board: str) -> list[object]:
    return [card["title"] for card in await device.query(Card, scope=board, order_by="place")]


async def test_two_people_who_vote_offline_are_two_votes(phones: tuple[Device, Device, str]) -> None:
    ann, bob, board = phones
    await ann.update(board, visits=increment())
    await bob.update(board, visits=increment(2))
    await bob.update(board, visits=increment(-1))
    assert await fields(bob, board, "visits") == (1,)
    await meet(ann, bob)
    assert await fields(ann, board, "visits") == await fields(bob, board, "visits") == (2,)
    assert [each.outcome for each in await bob.outcomes()] == ["merged", "merged"]


async def test_what_one_adds_to_a_set_stays_where_another_takes_it_out(phones: tuple[Device, Device, str]) -> None:
    ann, bob, board = phones
    await ann.update(board, labels=adding("urgent", "late"))
    await meet(ann, bob)
    await ann.update(board, labels=removing("urgent", "late", "never there"))
    await bob.update(board, labels=adding("urgent"))
    assert await fields(ann, board, "labels") == (frozenset(),)
    await meet(ann, bob)
    assert await fields(ann, board, "labels") == await fields(bob, board, "labels") == (frozenset({"urgent"}),)


async def test_a_whole_set_that_is_written_says_what_is_new_and_what_is_gone(
    phones: tuple[Device, Device, str],
) -> None:
    ann, bob, board = phones
    await ann.update(board, labels={"a", "b"})
    await meet(ann, bob)
    await ann.update(board, labels={"b", "c"})
    await bob.update(board, labels={"a", "b", "d"})
    await meet(ann, bob)
    assert await fields(ann, board, "labels") == await fields(bob, board, "labels") == (frozenset("bcd"),)


async def test_a_set_that_is_written_as_it_is_writes_nothing(phones: tuple[Device, Device, str]) -> None:
    ann, bob, board = phones
    await ann.update(board, labels=set())
    await ann.update(board, labels=removing("never there"))
    await meet(ann, bob)
    assert len(await ann.outcomes()) == 2, "the board and the invitation"


async def test_of_two_who_sell_the_last_one_the_second_is_told_and_sees_what_is_left(
    phones: tuple[Device, Device, str],
) -> None:
    ann, bob, board = phones
    card = await ann.create(Card, scope=board, title="ticket", stock=1)
    await meet(ann, bob)
    await ann.update(card, stock=0)
    await bob.update(card, stock=0, title="sold")
    assert await fields(bob, card, "stock", "title") == (0, "sold")
    await meet(ann, bob)
    assert await fields(bob, card, "stock", "title") == (0, "ticket")
    (refused,) = await bob.outcomes()
    assert refused.error
    assert refused.error["message"] == "It was made for 1, and there is 0: decide again."


async def test_who_claims_first_has_it(phones: tuple[Device, Device, str]) -> None:
    ann, bob, board = phones
    card = await ann.create(Card, scope=board, title="dishes")
    await meet(ann, bob)
    await ann.update(card, claimed_by="ann")
    await bob.update(card, claimed_by="bob")
    await bob.sync()
    await meet(ann, bob)
    assert await fields(ann, card, "claimed_by") == await fields(bob, card, "claimed_by") == ("bob",)
    assert [each.outcome for each in await ann.outcomes()][-1] == "superseded"


async def test_the_apps_own_function_decides_between_two(phones: tuple[Device, Device, str]) -> None:
    ann, bob, board = phones
    card = await ann.create(Card, scope=board, title="dishes", summary="short")
    await meet(ann, bob)
    await ann.update(card, summary="much longer")
    await bob.update(card, summary="longer")
    await meet(ann, bob)
    assert await fields(ann, card, "summary") == await fields(bob, card, "summary") == ("much longer",)


async def test_what_is_written_to_a_guarded_record_that_has_changed_is_refused(
    phones: tuple[Device, Device, str],
) -> None:
    ann, bob, board = phones
    payment = await ann.create(Payment, scope=board, amount=10)
    await meet(ann, bob)
    await ann.update(payment, note="paid")
    await ann.update(payment, note="paid in cash")
    await bob.update(payment, amount=12)
    await bob.delete(payment)
    await meet(ann, bob)
    assert await fields(bob, payment, "amount", "note") == (10, "paid in cash")
    assert [each.outcome for each in await bob.outcomes()] == ["rejected", "rejected"]


async def test_cards_come_in_the_order_they_are_made_in_and_are_moved(phones: tuple[Device, Device, str]) -> None:
    ann, bob, board = phones
    a, b, c = [await ann.create(Card, scope=board, title=title) for title in "abc"]
    assert await titles(ann, board) == ["a", "b", "c"]
    for place, order in (
        (after(b), "bac"),
        (at_end(), "bca"),
        (before(c), "bac"),
        (at_start(), "abc"),
        (after(c), "bca"),
        (before(b), "abc"),
    ):
        await ann.update(a, place=place)
        assert "".join(map(str, await titles(ann, board))) == order
    await ann.update(b, place=at_start())
    await ann.update(b, place=at_start())
    await meet(ann, bob)
    assert await titles(bob, board) == ["b", "a", "c"]


async def test_two_phones_that_drag_the_same_five_cards_offline_end_with_one_order(
    phones: tuple[Device, Device, str],
) -> None:
    ann, bob, board = phones
    cards = [await ann.create(Card, scope=board, title=title) for title in "abcde"]
    await meet(ann, bob)
    for one, other in zip(cards, reversed(cards), strict=True):
        await ann.update(one, place=at_start())
        if other != cards[2]:
            await bob.update(other, place=after(cards[2]))
    await meet(ann, bob)
    assert await titles(ann, board) == await titles(bob, board)
    assert sorted(map(str, await titles(ann, board))) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("meant", "says"),
    [
        ({"visits": 3}, "is a counter: write visits=increment"),
        ({"visits": adding("a")}, "merges as counter, and takes no adding"),
        ({"title": increment()}, "merges as register, and takes no increment"),
        ({"labels": increment()}, "is a set, and takes no increment"),
        ({"labels": adding("x" * 10_001)}, "holds|takes"),
        ({"labels": {"x" * 10_001}}, "holds a set of at most"),
        ({"labels": "urgent"}, "holds a set of at most"),
        ({"visits": increment(2**60)}, "takes an increment"),
        ({"visits": increment(1.5)}, r"by a whole number, not by 1\.5: write visits=increment\(2\)"),  # type: ignore[arg-type]
        ({"visits": increment("x")}, "by a whole number, not by 'x'"),  # type: ignore[arg-type]
        ({"visits": increment(True)}, "by a whole number, not by True"),
        ({"labels": adding(["x"])}, r"takes texts to add and to remove, not \['x'\]"),  # type: ignore[arg-type]
        ({"labels": adding("a", 5)}, 'not 5: write each by itself, as in labels=adding\\("one"'),  # type: ignore[arg-type]
        ({"labels": removing(None)}, "takes texts to add and to remove, not None"),  # type: ignore[arg-type]
    ],
)
async def test_what_a_field_does_not_take_is_refused_at_once(
    phones: tuple[Device, Device, str], meant: dict[str, Meant], says: str
) -> None:
    ann, _, board = phones
    with pytest.raises(WrongType, match=says):
        await ann.update(board, **meant)
    assert await fields(ann, board, "visits", "labels", "title") == (0, frozenset(), "Home")
    assert ann.pending == 0
    await ann.sync()


async def test_a_card_is_placed_beside_one_of_its_own_board_only(phones: tuple[Device, Device, str]) -> None:
    ann, _, board = phones
    other = await ann.create(Board, title="Other")
    card, stranger = await ann.create(Card, scope=board, title="a"), await ann.create(Card, scope=other, title="b")
    for beside in (stranger, board, "00000000-0000-7000-8000-000000000000"):
        with pytest.raises(RecordGone, match="to be placed beside"):
            await ann.update(card, place=after(beside))


async def test_a_card_is_not_placed_beside_itself(phones: tuple[Device, Device, str]) -> None:
    ann, _, board = phones
    card = await ann.create(Card, scope=board, title="a")
    for place in (after(card), before(card)):
        with pytest.raises(WrongType, match="cannot stand beside itself: name another, or write place=at_end"):
            await ann.update(card, place=place)
