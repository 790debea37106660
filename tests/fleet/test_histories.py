"""All histories of three devices that each write one thing, offline, to a record that all three had pulled.

Each operation that a field's rule knows, by each of three devices, with their clocks running either way: for each
history the record and what the devices were told are compared with a naive model that shares no code with merge. Realm
publishes 4,913 such cases for its merge; here are all of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from homeport_client.fleet.check.fields import json_text
from homeport_client.fleet.check.ledger import Standing
from homeport_client.fleet.check.witness import Told
from homeport_sync.change import Change, Edits, Elements, Increment, Op, Outcome, Record, Swap
from homeport_sync.clock import make_stamp
from homeport_sync.decision import Batch
from homeport_sync.limits import LIMITS
from homeport_sync.ports import Head, Loaded, StoredRecord
from homeport_sync.push import Push
from homeport_sync.scope import Grant
from homeport_sync.wire import Sent
from tests.fleet.board import app
from tests.unit.sync.ledger import outcomes

NOW = 1_795_000_000_000
BOARD, CARD = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
SHED, ATTIC = "00000000-0000-7000-8000-000000000003", "00000000-0000-7000-8000-000000000004"
DEVICES = [f"00000000-0000-7000-8000-0000000000{n}" for n in ("a1", "b2", "c3")]
BEGAN = make_stamp(NOW - 1_000, 0, BOARD)
KIND = app.catalog.kind("Card")
PULLED = Record(
    id=CARD,
    kind="Card",
    scope=BOARD,
    stamp=BEGAN,
    position=2,
    fields={
        **{name: field.default for name, field in KIND.fields.items()},
        "title": "milk",
        "votes": 1,
        "tags": ["a", "b"],
        "stock": 5,
        "summary": "long",
    },
    adds={"tags": {"a": [BEGAN], "b": [BEGAN]}},
)
UPDATES: Mapping[str, Edits] = {
    "title x": {"title": "x"},
    "title y": {"title": "y"},
    "title as it was": {"title": "milk"},
    "place first": {"place": "Zz8"},
    "vote": {"votes": Increment(by=1)},
    "vote down": {"votes": Increment(by=-2)},
    "tag a again": {"tags": Elements(add={"a": [BEGAN]})},
    "tag c": {"tags": Elements(add={"c": []})},
    "untag a": {"tags": Elements(remove={"a": [BEGAN]})},
    "untag b, tag c": {"tags": Elements(add={"c": []}, remove={"b": [BEGAN]})},
    "sell one": {"stock": Swap(to=4, was=5)},
    "sell none": {"stock": Swap(to=5, was=5)},
    "claim for ann": {"claimed_by": "ann"},
    "claim for bob": {"claimed_by": "bob"},
    "claim for nobody": {"claimed_by": None},
    "summary longer": {"summary": Swap(to="much longer", was="long")},
    "summary shorter": {"summary": Swap(to="s", was="long")},
    "all at once": {"title": "z", "votes": Increment(by=10), "stock": Swap(to=3, was=5), "claimed_by": "eve"},
}
WRITES: Mapping[str, tuple[Op, Edits, str] | None] = {
    "nothing": None,
    "delete": ("delete", {}, ""),
    "restore": ("restore", {**PULLED.fields, "title": "milk again", "votes": 0, "tags": ["d"]}, ""),
    "move to the shed": ("move", {}, SHED),
    "move to the attic": ("move", {}, ATTIC),
    **{name: ("update", edits, "") for name, edits in UPDATES.items()},
}


def histories() -> Iterator[tuple[str, ...]]:
    yield from product(WRITES, repeat=3)


def changes(history: tuple[str, ...], later: tuple[int, ...]) -> list[tuple[str, Change]]:
    """Who writes what, in the order in which it arrives; `later` says how their clocks stand to each other."""
    return [
        (
            device,
            Change(
                number=1,
                op=write[0],
                kind="Card",
                id=CARD,
                scope=BOARD,
                stamp=make_stamp(NOW + ms, 0, device),
                fields=write[1],
                into=write[2],
                base=2,
            ),
        )
        for device, name, ms in zip(DEVICES, history, later, strict=True)
        if (write := WRITES[name]) is not None
    ]


def batch() -> Batch:
    boards = [
        Record(id=board, kind="Board", scope=board, stamp=BEGAN, position=1, fields={"title": "Home"})
        for board in (BOARD, SHED, ATTIC)
    ]
    grants = {
        (user, board.id): Grant(user=user, scope=board.id, role="owner", since=1)
        for user in DEVICES
        for board in boards
    }
    records = {each.id: StoredRecord(record=each, author=BOARD, foreign_position=0) for each in (*boards, PULLED)}
    loaded = Loaded(head=Head(position=2, epoch="first"), grants=grants, records=records)
    return Batch(loaded, app.catalog, LIMITS, NOW)


def taken_in(said: list[tuple[str, Change]]) -> tuple[Record, list[Outcome]]:
    """What the server makes of it, in one batch."""
    decided = batch()
    found = [
        decided.decide(
            Push(
                device=device,
                user=device,
                request_id="r",
                confirmed=0,
                sent=[Sent(number=1, digest=b"", change=change)],
            )
        )
        for device, change in said
    ]
    written = {each.row: each.record for each in decided.writes().records}
    return written.get(CARD, PULLED), [outcome for each in found for outcome in outcomes(each)]


def standing() -> Standing:
    """The naive model, as the record was pulled."""
    model = Standing(kind=KIND, scope=BOARD)
    made = Change(number=1, op="create", kind="Card", id=CARD, scope=BOARD, stamp=BEGAN, fields=PULLED.fields)
    model.take(Told(user="ann", device=BOARD, change=made, outcome=Outcome(number=1, outcome="applied")), 2)
    return model


def test_there_are_more_of_them_than_anybody_has_published() -> None:
    assert len(WRITES) ** 3 > 4_913
    assert {KIND.fields[name].rule for edits in UPDATES.values() for name in edits} == {
        field.rule for field in KIND.fields.values()
    }


@pytest.mark.promise("I3")
@pytest.mark.parametrize(
    "later",
    [(1, 2, 3), (3, 2, 1), (2, 3, 1)],
    ids=["in order", "with clocks the other way round", "with the first that was made coming last"],
)
@pytest.mark.parametrize("first", WRITES)
def test_every_history_ends_as_the_naive_model_says(first: str, later: tuple[int, ...]) -> None:
    for history in histories():
        if history[0] != first:
            continue
        said = changes(history, later)
        record, told = taken_in(said)
        model = standing()
        for position, ((device, change), outcome) in enumerate(zip(said, told, strict=True), start=3):
            due = model.take(Told(user=device, device=device, change=change, outcome=outcome), position)
            assert (due.outcome, due.lost) == (outcome.outcome, frozenset(outcome.lost)), history
        must = {} if model.deleted else {name: model.here(name) for name in model.writes}
        assert json_text(record.fields) == json_text(must), history
        assert (record.deleted, record.scope) == (model.deleted, model.scope), history
