"""A replica that loses a scope, step by step: what is cleared when, and when its receipt is given."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random

import pytest

from homeport_client.replica import Replica
from homeport_client.scribe import Scribe
from homeport_client.storage import open_storage
from homeport_sync.change import Elements, Met, Outcome, decode_outcome
from homeport_sync.clock import uuid7
from homeport_sync.receipts import Ending
from homeport_sync.wire import Page
from tests.unit.client.world import NOW, Clock, answer, app, found, page, pull, record, rejected, sent

HOME, WORK, MILK, PLAN = (uuid7(NOW, Random(seed)) for seed in range(4))


def lost(*, more: bool = False) -> Page:
    """A page that tells of an end."""
    return page(cursor="at 3", more=more, lost=[HOME], endings=[Ending(scope=HOME, position=3)])


def shared(path: Path, held: list[sqlite3.Connection] | None = None) -> Replica:
    """A replica that has pulled two lists, one with a task."""

    def opened(at: str) -> sqlite3.Connection:
        connection = open_storage(at)
        if held is not None:
            held.append(connection)
        return connection

    mine = Replica(str(path), app.catalog, wall_ms=Clock(), random=Random(7), storage=opened)
    pull(
        mine,
        page(
            record(HOME, HOME, position=1, kind="TaskList"),
            record(MILK, HOME, position=2, title="ann-wrote"),
            record(WORK, WORK, position=2, kind="TaskList"),
            cursor="at 2",
        ),
    )
    return mine


def told(mine: Replica) -> list[tuple[str, int]]:
    message = mine.push_message()
    return [(each.scope, each.position) for each in message.receipts] if message else []


def test_a_receipt_goes_out_alone_and_is_told_until_it_is_known(tmp_path: Path) -> None:
    mine = shared(tmp_path / "r")
    pull(mine, lost())
    message = mine.push_message()
    assert message is not None
    assert (message.changes, message.pull is not None, told(mine)) == ([], True, [(HOME, 3)])
    assert abs(message.receipts[0].dropped_ms - NOW) < 1_000
    mine.take_answer(answer())
    assert told(mine) == [(HOME, 3)]
    mine.take_answer(answer(receipts=[Ending(scope=HOME, position=2)]))
    assert told(mine) == [(HOME, 3)]
    mine.take_answer(answer(receipts=[Ending(scope=HOME, position=3)]))
    assert mine.push_message() is None
    mine.close()


def test_a_receipt_goes_with_changes_and_can_be_left_out(tmp_path: Path) -> None:
    mine = shared(tmp_path / "r")
    pull(mine, lost())
    Scribe(mine).write("update", "TaskList", WORK, WORK, {"title": "Office"})
    message, without = mine.push_message(), mine.push_message(receipts=False)
    assert [change.number for change in sent(message)] == [change.number for change in sent(without)] == [1]
    assert message is not None
    assert without is not None
    assert (len(message.receipts), without.receipts) == (1, [])
    mine.close()


def test_no_receipt_is_given_before_the_last_page_of_the_catch_up(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    pull(mine, lost(more=True))
    assert (told(mine), mine.views.get(MILK) is None) == ([], False)
    pull(mine, page(cursor="at 4"))
    assert (told(mine), mine.views.get(MILK), found(path, "ann-wrote")) == ([(HOME, 3)], None, 0)
    mine.close()


def test_a_catch_up_that_begins_again_forgets_what_it_was_told(tmp_path: Path) -> None:
    mine = shared(tmp_path / "r")
    pull(mine, lost(more=True))
    mine.start_over()
    pull(mine, page(record(MILK, HOME, position=2), cursor="at 4"))
    assert told(mine) == []
    mine.close()


def test_who_starts_over_answers_every_ending_and_who_is_new_answers_none(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    mine.start_over()
    all_ended = [Ending(scope=HOME, position=3), Ending(scope=PLAN, position=4)]
    pull(mine, page(record(WORK, WORK, position=2, kind="TaskList"), cursor="at 5", endings=all_ended))
    assert sorted(told(mine)) == sorted((each.scope, each.position) for each in all_ended)
    assert found(path, "ann-wrote") == 0
    mine.close()
    fresh = Replica(":memory:", app.catalog, wall_ms=Clock(), random=Random(8))
    pull(fresh, page(cursor="at 5", endings=all_ended))
    assert told(fresh) == []


def test_another_users_records_leave_nothing_behind_when_they_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    mine.start_over()
    pull(mine, page(cursor="at 5"))
    assert (found(path, "ann-wrote"), mine.push_message(), mine.receipts.empty) == (0, None, True)
    mine.close()


def test_an_older_server_names_no_ending_and_the_scope_is_cleared_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    pull(mine, page(cursor="at 3", lost=[HOME]))
    assert (mine.views.get(MILK), found(path, "ann-wrote")) == (None, 0)
    assert (mine.push_message(), mine.receipts.empty) == (None, True)
    mine.close()


def test_the_receipt_waits_for_changes_that_are_still_to_be_answered(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    Scribe(mine).write("update", "Task", MILK, HOME, {"title": "bob-wrote"})
    pull(mine, lost())
    assert (told(mine), mine.views.get(MILK)) == ([], None)
    mine.take_answer(answer(rejected(1, "SCOPE_FORBIDDEN")))
    assert told(mine) == [(HOME, 3)]
    assert [each.change.fields for each in mine.outcomes.page(0, 10)] == [{"title": "bob-wrote"}]
    mine.close()


def test_what_the_app_said_of_others_records_goes_and_its_code_stays(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    Scribe(mine).write("update", "Task", MILK, HOME, {"title": "bob-wrote"})
    error: dict[str, object] = {"message": "ann-wrote it", "extensions": {"code": "COMMAND_REFUSED", "by": "ann-wrote"}}
    mine.take_answer(answer(Outcome(number=1, outcome="rejected", error=error)))
    pull(mine, lost())
    (kept,) = mine.outcomes.page(0, 10)
    assert kept.error is not None
    assert kept.error["extensions"] == {"code": "COMMAND_REFUSED", "retryable": False}
    assert (found(path, "ann-wrote"), kept.change.fields) == (0, {"title": "bob-wrote"})
    mine.close()


def test_a_scope_that_is_here_again_before_it_was_cleared_keeps_its_outcomes_and_owes_no_receipt(
    tmp_path: Path,
) -> None:
    path, held = tmp_path / "r", list[sqlite3.Connection]()
    mine = shared(path, held)
    Scribe(mine).write("update", "Task", MILK, HOME, {"title": "bob-wrote"})
    pull(mine, lost())
    pull(mine, page(record(HOME, HOME, position=4, kind="TaskList"), cursor="at 4"))
    mine.take_answer(answer(rejected(1, "NOT_ALLOWED")))
    (kept,) = mine.outcomes.page(0, 10)
    assert (kept.error, told(mine), mine.receipts.empty) == (rejected(1, "NOT_ALLOWED").error, [], True)
    mine.close()


def test_what_a_device_leaves_out_itself_is_kept_without_what_its_outcomes_quote(tmp_path: Path) -> None:
    held = list[sqlite3.Connection]()
    mine = shared(tmp_path / "r", held)
    Scribe(mine).write("update", "Task", MILK, HOME, {"title": "bob-wrote"})
    met = {"title": Met(theirs="ann-wrote", result="ann-wrote")}
    unseen = {"title": Elements(remove={"ann-wrote": []})}
    mine.take_answer(answer(Outcome(number=1, outcome="superseded", lost=("title",), met=met, base=2, mine=unseen)))
    mine.outcomes.forget_others({HOME: False})
    ((text,),) = held[0].execute("SELECT outcome FROM outcomes").fetchall()
    assert decode_outcome(text) == Outcome(number=1, outcome="superseded", lost=("title",))
    (kept,) = mine.outcomes.page(0, 10)
    assert kept.change.fields == {"title": "bob-wrote"}
    mine.close()


@pytest.mark.parametrize("code", ["GROUP_REJECTED", "DEPENDS_ON_REJECTED"])
def test_a_reason_that_quotes_nobody_stays(tmp_path: Path, code: str) -> None:
    mine = shared(tmp_path / "r")
    Scribe(mine).write("update", "Task", MILK, HOME, {"title": "bob-wrote"})
    mine.take_answer(answer(rejected(1, code)))
    pull(mine, lost())
    assert [each.error for each in mine.outcomes.page(0, 10)] == [rejected(1, code).error]
    mine.close()


def test_what_is_cleared_twice_keeps_what_its_user_wrote(tmp_path: Path) -> None:
    path, held = tmp_path / "r", list[sqlite3.Connection]()
    mine = shared(path, held)
    Scribe(mine).write("delete", "Task", MILK, HOME, {}, base={"title": "ann-wrote"})
    Scribe(mine).write(
        "restore", "Task", MILK, HOME, {"title": "ann-wrote", "notes": "bob-wrote"}, base={"title": "ann-wrote"}
    )
    mine.take_answer(answer(rejected(1), rejected(2)))
    reading = held[0].execute("SELECT scope FROM pulled")
    reading.fetchone()
    pull(mine, lost())
    reading.close()
    pull(mine, page(cursor="at 3"))
    assert [each.change.fields for each in mine.outcomes.page(0, 10)] == [{}, {"notes": "bob-wrote"}]
    assert (told(mine), found(path, "ann-wrote")) == ([(HOME, 3)], 0)
    mine.close()


def test_what_was_left_between_the_rows_of_an_older_file_goes_as_well(tmp_path: Path) -> None:
    path, held = tmp_path / "r", list[sqlite3.Connection]()
    mine = shared(path, held)
    held[0].execute("PRAGMA secure_delete = OFF").fetchall()  # as files of the first version had it
    for position, length in enumerate((900, 20, 300, 5), start=3):
        pull(mine, page(record(MILK, HOME, position=position, notes="ann-wrote " * length), cursor=f"{position}"))
    pull(mine, lost())
    assert (told(mine), found(path, "ann-wrote")) == ([(HOME, 3)], 0)
    mine.close()


def test_while_the_file_cannot_be_written_anew_no_receipt_is_given(tmp_path: Path) -> None:
    path, held = tmp_path / "r", list[sqlite3.Connection]()
    mine = shared(path, held)
    reading = held[0].execute("SELECT scope FROM pulled")
    reading.fetchone()
    pull(mine, lost())
    assert (told(mine), mine.views.get(MILK), found(path, "ann-wrote") > 0) == ([], None, True)
    reading.close()
    pull(mine, page(cursor="at 3"))  # nothing new
    assert (told(mine), found(path, "ann-wrote")) == ([(HOME, 3)], 0)
    mine.close()


def test_what_a_crash_left_uncleared_is_cleared_when_the_file_is_opened(tmp_path: Path) -> None:
    path, held = tmp_path / "r", list[sqlite3.Connection]()
    mine = shared(path, held)
    reading = held[0].execute("SELECT scope FROM pulled")
    reading.fetchone()
    pull(mine, lost())
    reading.close()
    mine.close()
    again = Replica(str(path), app.catalog, wall_ms=Clock(), random=Random(9))
    assert (told(again), found(path, "ann-wrote")) == ([(HOME, 3)], 0)
    again.close()
