"""A record's history says who wrote what, what was there, and what is not known any more; the rest is never guessed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from homeport_sync.annals import Stretch
from homeport_sync.catalog import Catalog
from homeport_sync.change import MET_CHARS_MAX, Change, Elements, Increment, decode_outcome, encode
from homeport_sync.clock import stamp_ms
from homeport_sync.entry import moment_of
from homeport_sync.explain import explain
from homeport_sync.history import BASE, MINE, RESULT, THEIRS, FieldWritten, History, Merge
from homeport_sync.limits import LIMITS
from homeport_sync.ports import LogEntry
from homeport_sync.quarantine import Held
from tests.unit.sync.ledger import Ledger
from tests.unit.sync.tasks import CATALOG, DAY, MINUTE, NOW, Phone
from tests.unit.sync.test_decision import shared

UNTOLD = frozenset({BASE, MINE, THEIRS, RESULT})


def history(ledger: Ledger, record: str, *, down_to: int = 1, catalog: Catalog = CATALOG) -> History:
    """Of what the ledger has from that position on."""
    entries = [each for each in reversed(ledger.log) if each.record == record and each.position >= down_to]
    return explain(record, Stretch(entries=entries, down_to=down_to), ledger.outcomes, catalog)


def merged() -> tuple[Ledger, Phone, Change, int]:
    """Two wrote the title, and one of them whether it is done; the base of both."""
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    late = other.update(task, base=base, title="theirs", done=True)
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, base=base, title="mine")), now_ms=NOW + 5)
    ledger.push(other.push(late), now_ms=NOW + 7)
    return ledger, other, task, base


TITLE = Merge(field="title", rule="register", base="milk", mine="theirs", theirs="mine", result="mine", lost=True)


def test_a_history_tells_who_wrote_what_when_and_what_was_there() -> None:
    ledger, other, task, _ = merged()
    told = history(ledger, task.id)
    assert (told.record, told.down_to, told.more, told.refused) == (task.id, 1, False, ())
    last, before, made = told.moments
    assert (made.op, made.verdict, made.user, made.kind, made.scope) == ("create", "applied", "ann", "Task", task.scope)
    assert {each.field: (each.before, each.after) for each in made.written}["title"] == (None, "milk")
    assert before.written == (FieldWritten(field="title", rule="register", mine="mine", before="milk", after="mine"),)
    assert (last.user, last.device, last.number) == ("bob", other.device, 1)
    assert (last.accepted_at, last.written_at) == (moment_of(NOW + 7), moment_of(stamp_ms(ledger.log[-1].stamp)))
    assert last.written == (FieldWritten(field="done", rule="register", mine=True, before=False, after=True),)
    assert (last.verdict, last.merges, last.lost, last.in_vain) == ("merged", (TITLE,), ("title",), {"title": "theirs"})


def test_the_base_is_told_only_where_the_history_reaches_back_to_it() -> None:
    ledger, _, task, base = merged()
    assert history(ledger, task.id, down_to=base + 1).moments[0].merges == (TITLE,)
    (title, done) = history(ledger, task.id, down_to=base + 2).moments[0].merges
    assert (title.base, title.mine, title.theirs, title.untold) == (None, "theirs", "mine", frozenset({BASE}))
    assert (done.field, done.mine, done.theirs, done.result, done.untold) == (
        "done",
        True,
        False,
        True,
        frozenset({BASE}),
    )


def test_what_the_outcome_told_is_left_out_where_it_is_forgotten() -> None:
    ledger, other, task, _ = merged()
    del ledger.outcomes[other.device, 1]
    last = history(ledger, task.id).moments[0]
    assert (last.told, last.verdict, last.merges, last.lost) == (False, "merged", (), ())
    assert [each.field for each in last.written] == ["done"]


def test_of_an_outcome_from_before_it_kept_more_the_rest_is_told() -> None:
    ledger, other, task, _ = merged()
    kept = ledger.outcomes[other.device, 1]
    former = encode(replace(decode_outcome(kept.text), base=None, mine={}))
    ledger.outcomes[other.device, 1] = replace(kept, text=former)
    title, _ = history(ledger, task.id).moments[0].merges
    assert (title.theirs, title.result, title.lost, title.untold) == ("mine", "mine", True, frozenset({BASE, MINE}))


def test_of_long_values_it_is_told_that_they_are_not_known() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    late = other.update(task, base=base, title="y" * MET_CHARS_MAX)
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, title="x" * MET_CHARS_MAX)))
    ledger.push(other.push(late))
    (title,) = history(ledger, task.id).moments[0].merges
    assert (title.base, title.lost, title.untold) == ("milk", True, UNTOLD - {BASE})


def test_who_was_overtaken_by_a_delete_is_told_what_was_in_vain() -> None:
    ledger, phone, other, task = shared()
    late = other.update(task, title="theirs")
    ledger.push(phone.push(phone.delete(task)))
    ledger.push(other.push(late))
    last, gone, _ = history(ledger, task.id).moments
    assert (gone.op, gone.written, gone.merges) == ("delete", (), ())
    assert (last.verdict, last.met_deleted, last.merges, last.in_vain) == ("superseded", True, (), {"title": "theirs"})


def test_a_clock_that_was_too_far_ahead_is_told_as_it_was() -> None:
    ledger, phone, _, task = shared()
    phone.ms = NOW + DAY
    ledger.push(phone.push(sent := phone.update(task, title="tomorrow")), now_ms=NOW)
    last = history(ledger, task.id).moments[0]
    assert stamp_ms(ledger.log[-1].stamp) <= NOW + LIMITS.skew_max_ms + 1
    assert (last.ahead_ms, last.written_at) == (stamp_ms(sent.stamp) - NOW, moment_of(stamp_ms(sent.stamp)))
    assert [each.ahead_ms for each in history(ledger, task.id).moments[1:]] == [0]


def test_a_clock_that_is_ahead_of_every_calendar_is_told_as_its_end() -> None:
    ledger, phone, _, task = shared()
    phone.ms = 2**48 - 1  # as much as a stamp holds
    ledger.push(phone.push(phone.update(task, title="far")), now_ms=NOW)
    last = history(ledger, task.id).moments[0]
    assert (last.written_at.year, last.ahead_ms) == (9999, 2**48 - 1 - NOW)


def entries(ledger: Ledger, task: Change) -> Sequence[LogEntry]:
    return [each for each in reversed(ledger.log) if each.record == task.id]


def test_what_the_app_does_not_declare_any_more_is_told_as_it_was_sent() -> None:
    ledger, _, task, _ = merged()
    last = history(ledger, task.id, catalog=Catalog(app="none", version=1, kinds={})).moments[0]
    assert (last.kind, last.merges, last.written[0].after) == ("Task", (TITLE,), True)
    edit = {"votes": Increment(by=2), "tags": Elements(add={"b": [], "a": []})}
    strange = replace(entries(ledger, task)[0], fields={**edit, "words": ["x"]}, before={"votes": 3, "tags": ["c"]})
    (told,) = explain(task.id, Stretch(entries=[strange], down_to=1), {}, CATALOG).moments
    assert {each.field: (each.mine, each.before, each.after) for each in told.written} == {
        "votes": (Increment(by=2), 3, 5),
        "tags": (edit["tags"], frozenset({"c"}), frozenset({"a", "b", "c"})),
        "words": (frozenset({"x"}), None, frozenset({"x"})),
    }


def test_what_was_rejected_of_the_record_is_told_with_its_reason_newest_first() -> None:
    ledger, _, other, task = shared()
    for title in (7, 8):
        wrong = replace(other.update(task), fields={"title": title})
        ledger.push(other.push(wrong), now_ms=NOW + title)
    one, two = (Held(change=each, user="bob") for each in ledger.quarantine)
    made_good = replace(one, replayed_by="f/1", replayed_at_ms=NOW + 9)
    unread = Held(change=replace(two.change, change="", number=9, replays=one.name, rejected_at_ms=NOW), user="")
    told = explain(task.id, Stretch(entries=[], down_to=5), {}, CATALOG, [made_good, two, unread])
    assert (told.moments, told.more) == ((), True)
    waiting, replayed, again = told.refused
    codes = [each.code for each in told.refused]
    assert codes == ["WRONG_TYPE"] * 3
    assert (waiting.wrote, waiting.waits, waiting.user, waiting.op) == ({"title": 8}, True, "bob", "update")
    assert (replayed.waits, replayed.replayed_by, replayed.replayed_at) == (False, "f/1", moment_of(NOW + 9))
    assert (again.wrote, again.replays, again.waits, again.kind) == ({}, one.name, False, "")


def test_what_was_seen_before_a_restore_is_told_where_the_history_reaches_back_to_who_wrote_it() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    phone.ms = NOW + 1
    ledger.push(phone.push(phone.delete(task)))
    back = phone.change("restore", "Task", task.id, task.scope, fields={"title": "back", "done": False})
    ledger.push(phone.push(back))
    other.ms = NOW + MINUTE
    ledger.push(other.push(other.update(task, base=base, title="theirs")))
    last, restored, *_ = history(ledger, task.id).moments
    assert {each.field: each.before for each in restored.written} == {"title": None, "done": None}
    (title,) = last.merges
    assert (title.base, title.mine, title.theirs, title.untold) == ("milk", "theirs", "back", frozenset())
    (title,) = history(ledger, task.id, down_to=base + 1).moments[0].merges
    assert (title.base, title.mine, title.theirs, title.untold) == (None, "theirs", "back", frozenset({BASE}))
