"""Two phones drag the same five items into different orders, offline: both end with one, and each stands in it once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport_client import Device, after, at_end, at_start, before
from homeport_client.intents import Placing
from homeport_sync import App, Rank
from homeport_sync.rejections import RecordGone
from tests.unit.client.world import Line, Server, phone

app = App("lists")
ITEMS = 5
Drag = tuple[int, int, str]  # which item, beside which other one, and where: an own one is dragged to an end
drags = st.lists(
    st.tuples(st.integers(0, ITEMS - 1), st.integers(0, ITEMS - 1), st.sampled_from(["before", "after"])), max_size=6
)


@app.kind(root=True)
class Shelf:
    name: str = ""


@app.kind(within=Shelf)
class Book:
    name: str
    place: Rank


async def order(device: Device, shelf: str) -> list[str]:
    return [view.id for view in await device.query(Book, scope=shelf, order_by="place")]


async def drag(device: Device, books: list[str], moves: list[Drag]) -> None:
    for item, other, where in moves:
        if item == other:
            await device.update(books[item], place=at_start() if where == "before" else at_end())
        else:
            await device.update(books[item], place=(before if where == "before" else after)(books[other]))


async def shelves() -> tuple[list[Device], str, list[str]]:
    """Two phones with the same five books in a row, and neither has a network from now on."""
    server = await Server(of=app).begin()
    ann = await phone(Line(server, "ann"), of=app, seed=1)
    shelf = await ann.create(Shelf)
    books = [await ann.create(Book, scope=shelf, name=f"{number}") for number in range(ITEMS)]
    await ann.invite(shelf, "bob")
    await ann.sync()
    bob = await phone(Line(server, "bob"), of=app, seed=2)
    await bob.sync()
    return [ann, bob], shelf, books


@pytest.mark.parametrize("beside", [before, after])
async def test_beside_a_book_that_was_deleted_there_is_no_place(beside: Callable[[str | UUID], Placing]) -> None:
    (ann, _), shelf, books = await shelves()
    await ann.delete(books[1])
    with pytest.raises(RecordGone, match="to be placed beside"):
        await ann.update(books[3], place=beside(books[1]))
    assert await order(ann, shelf) == [books[0], *books[2:]]
    await ann.update(books[3], place=beside(UUID(books[0])))
    assert set((await order(ann, shelf))[:2]) == {books[0], books[3]}


@settings(max_examples=60, deadline=None)
@given(anns=drags, bobs=drags, bob_first=st.booleans())
async def test_every_phone_ends_with_one_order_nothing_lost_and_nothing_doubled(
    anns: list[Drag], bobs: list[Drag], bob_first: bool
) -> None:
    phones, shelf, books = await shelves()
    assert await order(phones[0], shelf) == await order(phones[1], shelf) == books
    for device, moves in zip(phones, (anns, bobs), strict=True):
        await drag(device, books, moves)
    for device in [*reversed(phones), *phones] if bob_first else [*phones, *reversed(phones)]:
        await device.sync()
    one, two = [await order(device, shelf) for device in phones]
    assert one == two
    assert sorted(one) == sorted(books)
    ranks = [
        [str(view["place"]) for view in await device.query(Book, scope=shelf, order_by="place")] for device in phones
    ]
    assert all(low < high for low, high in pairwise(ranks[0])), "no two stand in the same place"


@settings(max_examples=30, deadline=None)
@given(moves=drags)
async def test_what_one_has_dragged_stands_as_it_was_dragged_where_nobody_else_drags(moves: list[Drag]) -> None:
    (ann, bob), shelf, books = await shelves()
    expected = list(books)
    for item, other, where in moves:
        expected.remove(books[item])
        at = expected.index(books[other]) if item != other else (0 if where == "before" else len(expected))
        expected.insert(at + (item != other and where == "after"), books[item])
    await drag(ann, books, moves)
    assert await order(ann, shelf) == expected
    await ann.sync()
    await bob.sync()
    assert await order(bob, shelf) == expected
