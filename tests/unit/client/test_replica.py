"""The replica's steps, one by one, against pages and answers from a script."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from random import Random

import pytest

from homeport_client import DeviceLimits
from homeport_client.replica import Replica
from homeport_client.scribe import Scribe
from homeport_client.view import View
from homeport_sync.change import Outcome, encode
from homeport_sync.clock import uuid7
from homeport_sync.limits import LIMITS
from tests.unit.client.world import NOW, Clock, answer, app, applied, page, pull, record, rejected, sent, stamp

HOME, MILK, EGGS = (uuid7(NOW, Random(seed)) for seed in range(3))


def replica(
    limits: DeviceLimits | None = None, clock: Clock | None = None, changed: Callable[[], None] = lambda: None
) -> Replica:
    return Replica(
        ":memory:",
        app.catalog,
        wall_ms=clock or Clock(),
        random=Random(7),
        limits=limits or DeviceLimits(),
        changed=changed,
    )


def shared(**home: object) -> Replica:
    """A replica that has pulled a list with one task, at positions 1 and 2."""
    mine = replica()
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), record(MILK, HOME, position=2), cursor="at 2"))
    return mine


def shown(mine: Replica, record_id: str = MILK) -> View:
    seen = mine.views.get(record_id)
    assert seen is not None
    return seen


def rename(mine: Replica, title: str) -> None:
    Scribe(mine).write("update", "Task", MILK, HOME, {"title": title})


def pushed(mine: Replica) -> list[int]:
    return [change.number for change in sent(mine.push_message())]


def test_an_own_change_shows_until_the_server_decides_and_after() -> None:
    mine = shared()
    rename(mine, "oat milk")
    assert (shown(mine)["title"], shown(mine).pending) == ("oat milk", True)
    mine.take_answer(answer(*applied(1)))
    assert (shown(mine)["title"], shown(mine).pending) == ("oat milk", False)


def test_a_page_that_does_not_contain_an_answered_change_does_not_undo_it() -> None:
    mine = shared()
    rename(mine, "oat milk")
    mine.take_answer(answer(*applied(1)))
    pull(mine, page(record(MILK, HOME, position=3, notes="fresh"), cursor="at 3", contained=0))
    assert (shown(mine)["title"], shown(mine)["notes"]) == ("oat milk", "fresh")
    pull(mine, page(cursor="at 3", contained=1))
    assert shown(mine)["title"] == "milk"


def test_a_change_that_is_contained_but_not_answered_stays_to_be_asked_for_again() -> None:
    mine = shared()
    rename(mine, "oat milk")
    pull(mine, page(cursor="at 3", contained=1))
    assert pushed(mine) == [1]
    assert shown(mine)["title"] == "oat milk"


def test_a_rejected_change_is_rolled_back_and_kept_for_the_app() -> None:
    mine = shared()
    rename(mine, "oat milk")
    Scribe(mine).write("update", "Task", MILK, HOME, {"notes": "fresh"})
    mine.take_answer(answer(rejected(1), *applied(2)))
    assert (shown(mine)["title"], shown(mine)["notes"]) == ("milk", "fresh")
    first, second = mine.outcomes.page(0, 10)
    assert (first.outcome, first.change.fields) == ("rejected", {"title": "oat milk"})
    assert first.error is not None
    assert (second.outcome, second.number) == ("applied", 2)
    assert mine.outcomes.page(first.place, 10) == [second]


def test_what_follows_a_rejected_create_shows_nothing() -> None:
    mine = shared()
    Scribe(mine).write("create", "Task", EGGS, HOME, {"title": "eggs", "notes": "", "done": False, "rank": None})
    Scribe(mine).write("update", "Task", EGGS, HOME, {"title": "ten eggs"})
    mine.take_answer(answer(rejected(1)))
    assert mine.views.get(EGGS) is None
    mine.take_answer(answer(rejected(2, "DEPENDS_ON_REJECTED")))
    assert mine.outbox.unanswered() == 0


def test_an_outcome_that_comes_twice_counts_once() -> None:
    mine = shared()
    rename(mine, "oat milk")
    assert mine.take_answer(answer(*applied(1))) == 1
    assert mine.take_answer(answer(rejected(1))) == 0
    assert shown(mine)["title"] == "oat milk"


def test_half_a_catch_up_is_never_seen() -> None:
    mine = shared()
    pull(mine, page(record(MILK, HOME, 50, position=5, title="new"), cursor="at 5", more=True))
    assert shown(mine)["title"] == "milk"
    assert mine.pull_message().cursor == "at 5"
    assert mine.meta.cursor == "at 2"
    rename(mine, "mine")
    assert shown(mine)["title"] == "mine"
    eggs = record(EGGS, HOME, 60, position=6, title="eggs")
    pull(mine, page(eggs, cursor="at 6", contained=0))
    assert shown(mine, EGGS)["title"] == "eggs"
    assert shown(mine)["title"] == "mine"
    assert mine.meta.cursor == "at 6"


def test_a_later_page_of_a_catch_up_beats_an_earlier_one() -> None:
    mine = shared()
    pull(mine, page(record(MILK, HOME, 50, position=5, title="new"), cursor="at 5", more=True))
    pull(mine, page(record(MILK, HOME, 70, position=7, title="newer"), cursor="at 7"))
    assert shown(mine)["title"] == "newer"


def test_a_lost_scope_is_dropped_with_what_was_staged_of_it() -> None:
    mine = shared()
    rename(mine, "mine")
    pull(mine, page(record(EGGS, HOME, position=5), cursor="at 5", more=True))
    pull(mine, page(cursor="at 6", more=True, lost=[HOME]))
    assert shown(mine)["title"] == "mine"
    pull(mine, page(cursor="at 7"))
    assert [mine.views.get(each) for each in (HOME, MILK, EGGS)] == [None] * 3
    assert mine.pulled.ids() == set()
    assert pushed(mine) == [1]


def test_a_scope_that_is_lost_and_given_again_within_a_catch_up_is_there() -> None:
    mine = shared()
    pull(mine, page(cursor="at 5", more=True, lost=[HOME]))
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), cursor="at 6"))
    assert mine.views.get(HOME) is not None
    assert mine.views.get(MILK) is None


def test_a_tombstone_beats_a_pending_edit() -> None:
    mine = shared()
    rename(mine, "mine")
    gone = Outcome(number=1, outcome="superseded", lost=("title",))
    dead = record(MILK, HOME, position=4)
    dead = type(dead)(id=MILK, kind="Task", scope=HOME, stamp=dead.stamp, position=4, deleted=stamp(1))
    pull(mine, page(dead, cursor="at 4"))
    assert mine.views.get(MILK) is None
    mine.take_answer(answer(gone))
    assert mine.views.get(MILK) is None


def test_a_reset_sends_everything_again_and_shows_the_old_until_the_new_is_whole() -> None:
    mine = shared()
    rename(mine, "mine")
    mine.take_answer(answer(*applied(1)))
    assert pushed(mine) == []
    before = sent_text(mine)
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), cursor="passed over", more=True, reset=True))
    assert mine.pull_message().cursor is None
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), cursor="new 1", more=True))
    assert shown(mine)["title"] == "mine"
    assert mine.pull_message().cursor == "new 1"
    assert pushed(mine) == [1]
    assert sent_text(mine) == before
    pull(mine, page(cursor="new 2"))
    assert mine.views.get(HOME) is not None
    assert mine.pulled.ids() == {HOME}


def sent_text(mine: Replica) -> list[str]:
    return [encode(change) for change in mine.outbox.replay(MILK)]


def test_a_replacing_catch_up_begins_without_a_cursor() -> None:
    mine = shared()
    pull(mine, page(record(EGGS, HOME, position=5), cursor="at 5", more=True))
    mine.start_over()
    assert mine.pull_message().cursor is None
    assert shown(mine)["title"] == "milk"
    pull(mine, page(cursor="new 1"))
    assert mine.pulled.ids() == set()
    assert mine.pull_message().cursor == "new 1"


def test_a_fork_numbers_the_unanswered_anew_under_another_id() -> None:
    mine = shared()
    for title in ("a", "b", "c"):
        rename(mine, title)
    stamps = [change.stamp for change in sent(mine.push_message())]
    mine.take_answer(answer(*applied(1)))
    former = mine.meta.device
    mine.fork()
    message = mine.push_message()
    assert message is not None
    assert message.device == mine.meta.device != former
    assert [(change.number, change.stamp) for change in sent(message)] == [(1, stamps[1]), (2, stamps[2])]
    assert message.confirmed == 0
    rename(mine, "d")
    assert pushed(mine) == [1, 2, 3]
    assert shown(mine)["title"] == "d"


def test_what_was_answered_before_a_fork_leaves_with_the_next_finished_catch_up() -> None:
    mine = shared()
    rename(mine, "a")
    mine.take_answer(answer(*applied(1)))
    mine.fork()
    pull(mine, page(record(EGGS, HOME, position=5), cursor="at 5", more=True))
    assert len(mine.outbox.replay(MILK)) == 1
    pull(mine, page(record(MILK, HOME, position=6, title="a"), cursor="at 6", contained=0))
    assert mine.outbox.replay(MILK) == []
    assert shown(mine)["title"] == "a"


def test_a_reset_after_a_fork_sends_also_what_was_answered_before_it() -> None:
    mine = shared()
    rename(mine, "a")
    mine.take_answer(answer(*applied(1)))
    rename(mine, "b")
    mine.fork()
    pull(mine, page(cursor="new 1", reset=True))
    assert [(change.number, change.fields["title"]) for change in sent(mine.push_message())] == [(1, "a"), (2, "b")]


def test_a_gap_that_is_still_held_is_sent_again_from_there() -> None:
    mine = shared()
    for title in ("a", "b", "c"):
        rename(mine, title)
    mine.take_answer(answer(*applied(1, 2)))
    assert pushed(mine) == [3]
    assert mine.resend_from(2)
    assert pushed(mine) == [2, 3]
    assert not mine.resend_from(9)


def test_a_lowered_stamp_counts_in_the_view_and_is_not_what_is_sent_again() -> None:
    clock = Clock(NOW + 10_000_000)
    mine = replica(clock=clock)
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), record(MILK, HOME, position=2), cursor="2"))
    rename(mine, "from the future")
    (wild,) = sent(mine.push_message())
    mine.take_answer(answer(Outcome(number=1, outcome="applied", stamp=stamp(300_000, mine.meta.device[-8:]))))
    theirs = record(MILK, HOME, position=4)
    later = type(theirs)(
        id=MILK,
        kind="Task",
        scope=HOME,
        stamp=theirs.stamp,
        position=4,
        fields={**theirs.fields, "title": "theirs"},
        stamps={"title": stamp(400_000)},
    )
    pull(mine, page(later, cursor="4", contained=0))
    assert shown(mine)["title"] == "theirs"
    mine.start_over()
    assert sent(mine.push_message()) == [wild]
    clock.ms = NOW
    rename(mine, "mine again")
    assert shown(mine)["title"] == "mine again"
    assert mine.clock.last < wild.stamp


def test_after_a_fork_a_lowered_change_is_sent_as_it_was_made_and_shows_as_it_counts() -> None:
    mine = replica(clock=Clock(NOW + 10_000_000))
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), record(MILK, HOME, position=2), cursor="2"))
    rename(mine, "from the future")
    (made,) = sent(mine.push_message())
    lowered = stamp(300_000, mine.meta.device[-8:])
    mine.take_answer(answer(Outcome(number=1, outcome="applied", stamp=lowered)))
    mine.start_over()
    mine.fork()
    assert [change.stamp for change in sent(mine.push_message())] == [made.stamp]
    assert [change.stamp for change in mine.outbox.replay(MILK)] == [lowered]


def test_a_write_is_stamped_after_what_it_overwrites_whatever_the_clock_says() -> None:
    mine = replica(clock=Clock(NOW - 50_000_000))
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), record(MILK, HOME, position=2), cursor="2"))
    mine.clock.last = stamp(-60_000_000)
    rename(mine, "mine")
    assert shown(mine)["title"] == "mine"


def test_a_push_carries_no_more_than_its_limits_and_asks_for_a_page_only_at_the_end() -> None:
    mine = shared()
    for _ in range(LIMITS.push_changes_max + 1):
        rename(mine, "x")
    message = mine.push_message()
    assert message is not None
    assert (len(message.changes), message.pull) == (LIMITS.push_changes_max, None)
    mine.take_answer(answer(*applied(*range(1, LIMITS.push_changes_max + 1))))
    message = mine.push_message()
    assert message is not None
    assert (len(message.changes), message.confirmed) == (1, LIMITS.push_changes_max)
    assert message.pull is not None
    assert message.pull.cursor == "at 2"


def test_a_push_stays_below_its_size_in_bytes() -> None:
    mine = shared()
    for _ in range(150):
        Scribe(mine).write("update", "Task", MILK, HOME, {"notes": "x" * 10_000})
    message = mine.push_message()
    assert message is not None
    size = sum(len(bytes(text)) for text in message.changes)
    assert LIMITS.push_bytes_max - 20_000 < size < LIMITS.push_bytes_max
    assert message.pull is None


def test_the_history_of_outcomes_is_bounded_and_forgets_none_that_waits() -> None:
    mine = replica(DeviceLimits(outcomes_max=3))
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), record(MILK, HOME, position=2), cursor="2"))
    for _ in range(6):
        rename(mine, "x")
    mine.take_answer(answer(rejected(1), *applied(2, 3, 4, 5, 6)))
    assert [each.number for each in mine.outcomes.page(0, 10)] == [1, 4, 5, 6]


def test_a_record_of_a_kind_that_this_version_does_not_know_waits_unseen() -> None:
    mine = shared()
    pull(mine, page(record(EGGS, HOME, position=5, kind="Photo"), cursor="at 5"))
    assert mine.views.get(EGGS) is None
    assert EGGS in mine.pulled.ids()


def test_a_step_that_fails_leaves_nothing_behind() -> None:
    mine = shared()
    with pytest.raises(Exception, match="title"):
        Scribe(mine).write("update", "Task", MILK, HOME, {"title": 7})
    assert (mine.outbox.unanswered(), mine.meta.next_number, shown(mine)["title"]) == (0, 1, "milk")


def test_a_page_with_nothing_new_writes_nothing_and_tells_nobody() -> None:
    told: list[None] = []
    mine = replica(changed=lambda: told.append(None))
    pull(mine, page(record(HOME, HOME, position=1, kind="TaskList"), cursor="at 1"))
    so_far, written = len(told), mine._connection.total_changes
    mine.clock.learn(NOW + 100, sent_ms=NOW, received_ms=NOW)
    pull(mine, page(cursor="at 1"))
    assert (len(told), mine._connection.total_changes) == (so_far, written)


def test_an_empty_page_is_news_when_the_cursor_or_the_clock_has_moved_or_when_it_contains_a_change() -> None:
    mine = shared()
    rename(mine, "oat milk")
    mine.take_answer(answer(*applied(1)))
    pull(mine, page(cursor="at 3"))
    assert mine.meta.cursor == "at 3"
    mine.clock.learn(NOW + 100_000, sent_ms=NOW, received_ms=NOW)
    pull(mine, page(cursor="at 3"))
    assert mine.meta.offset_ms == 100_000
    assert mine.outbox.records() == {MILK}
    pull(mine, page(cursor="at 3", contained=1))
    assert mine.outbox.records() == set()


def test_what_is_held_of_the_replica_is_what_its_row_says_new_and_later() -> None:
    for mine in (replica(), shared()):
        held = mine.meta
        mine._meta.forget()
        assert mine.meta == held


def test_a_commit_that_fails_leaves_the_replica_knowing_what_it_knew() -> None:
    mine = shared()
    before = mine.meta
    mine._connection.executescript(
        """PRAGMA foreign_keys = ON;
        CREATE TABLE room (id INTEGER PRIMARY KEY);
        CREATE TABLE guest (id INTEGER REFERENCES room DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER too_many AFTER INSERT ON outbox BEGIN INSERT INTO guest VALUES (1); END;"""
    )
    with pytest.raises(sqlite3.IntegrityError):
        rename(mine, "oat milk")
    assert (mine.meta, shown(mine)["title"], mine.push_message()) == (before, "milk", None)
    mine._connection.execute("DROP TRIGGER too_many")
    rename(mine, "oat milk")
    assert (pushed(mine), mine.meta.next_number) == ([1], 2)
