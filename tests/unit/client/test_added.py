"""A write is added to what shows, and what shows is then what a replay of everything would show (I5)."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from homeport_client.intents import Meant, adding, after, at_start, increment, removing
from homeport_client.replica import Replica
from homeport_client.writer import Writer
from homeport_sync import App, field
from homeport_sync.change import Fields, Outcome, Record
from homeport_sync.clock import NEVER, make_stamp, stamp_ms, uuid7
from homeport_sync.rejections import Rejection
from tests.fleet.board import app as board
from tests.unit.client.world import NOW, Clock, answer, page, pull, record, rejected, sent, stamp
from tests.unit.client.world import app as tasks

BOARD, OTHER, NEW, OLD = (uuid7(NOW, Random(seed)) for seed in range(4))
later = App("board")  # the same, with fields that records of before do not have


@later.kind(root=True)
class Board:
    title: str


@later.kind(within=Board)
class Card:
    title: str
    votes: int = field(default=3, merge="counter")
    claimed_by: str | None = field(default="nobody", merge="first")
    stock: int = field(default=7, merge="guarded")


def made(app: App, id: str, title: str, *, whole: bool) -> Record:
    """A card as another device made it: with all fields, or by a version that knows of titles alone."""
    fields: Fields = {"title": title}
    fields = app.catalog.kind("Card").complete(fields) if whole else fields
    return Record(id=id, kind="Card", scope=BOARD, stamp=stamp(0), position=1, fields=fields)


def replica(app: App) -> Replica:
    """With two boards, a card that has all fields, and one that has a title alone."""
    mine = Replica(":memory:", app.catalog, wall_ms=Clock(), random=Random(5))
    boards = [record(id, id, position=1, kind="Board", title="b") for id in (BOARD, OTHER)]
    pull(mine, page(*boards, made(app, NEW, "c", whole=True), made(app, OLD, "c", whole=False), cursor="1"))
    return mine


def rows(mine: Replica) -> list[tuple[object, ...]]:
    return mine._connection.execute("SELECT * FROM view ORDER BY id").fetchall()


MEANT: list[dict[str, Meant]] = [
    {"title": "x"},
    {"title": "y", "votes": increment(2)},
    {"votes": increment()},
    {"tags": adding("a", "b")},
    {"tags": removing("a")},
    {"stock": 2},
    {"stock": 3, "summary": "longer than it was"},
    {"claimed_by": "ann"},
    {"claimed_by": "bob", "summary": "s"},
    {"place": at_start()},
    {"place": after(OLD)},
]


class Run:
    """A replica to which anything happens."""

    def __init__(self, app: App) -> None:
        self.app, self.mine = app, replica(app)
        self.writer = Writer(self.mine)
        self.position = 2
        self.fits = set(app.catalog.kind("Card").fields)

    def take(self, what: str, number: int) -> None:
        card, into = (NEW, OLD)[number % 2], (BOARD, OTHER)[number // 2 % 2]
        match what:
            case "update":
                meant = {name: each for name, each in MEANT[number % len(MEANT)].items() if name in self.fits}
                self.writer.update(card, meant)
            case "delete":
                self.writer.delete(card)
            case "restore":
                self.writer.restore(card, {"title": f"again {number}"})
            case "move":
                self.writer.move(card, into)
            case "answer" | "reject" | "lower":
                for change in sent(self.mine.push_message())[:2]:
                    lowered = make_stamp(stamp_ms(change.stamp) - 5, 0, change.stamp)
                    taken = Outcome(
                        number=change.number, outcome="applied", stamp=lowered if what == "lower" else NEVER
                    )
                    self.mine.take_answer(answer(rejected(change.number) if what == "reject" else taken))
            case "pull":
                self.position += 1
                pulled = made(self.app, card, f"p{number}", whole=number % 3 > 0)
                pulled = replace(pulled, position=self.position, stamps={"title": stamp(number * 1_000)})
                contained = self.mine.meta.next_number
                pull(self.mine, page(pulled, cursor=f"{self.position}", contained=contained))


STEPS = st.lists(
    st.tuples(
        st.sampled_from([*["update"] * 5, "delete", "restore", "move", "answer", "reject", "lower", "pull"]),
        st.integers(0, 50),
    ),
    max_size=25,
)


@pytest.mark.parametrize("app", [board, later])
@pytest.mark.promise("I5")
@settings(max_examples=80, deadline=None)
@given(steps=STEPS)
def test_what_shows_after_a_write_is_what_a_replay_of_everything_shows(app: App, steps: list[tuple[str, int]]) -> None:
    run = Run(app)
    for what, number in steps:
        with suppress(Rejection):
            run.take(what, number)
        shown = rows(run.mine)
        run.mine.views.derive([BOARD, OTHER, NEW, OLD])
        assert rows(run.mine) == shown


def steps_to_write(mine: Replica, title: str) -> int:
    """How many steps SQLite takes for one more."""
    steps = count()
    mine._connection.set_progress_handler(lambda: next(steps) and None, 1)
    Writer(mine).update(NEW, {"title": title})
    mine._connection.set_progress_handler(None, 1)
    return next(steps)


def test_one_more_write_to_a_record_takes_no_longer_the_more_of_them_wait() -> None:
    mine = Replica(":memory:", tasks.catalog, wall_ms=Clock(), random=Random(5))
    pull(mine, page(record(BOARD, BOARD, position=1, kind="TaskList"), record(NEW, BOARD, position=2), cursor="2"))
    few = steps_to_write(mine, "first")
    for number in range(100):
        Writer(mine).update(NEW, {"title": f"{number}"})
    assert steps_to_write(mine, "last") < few * 1.5
