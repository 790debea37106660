"""Laws of deciding, over random histories of several phones, good changes and bad ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeport_sync.change import Change, Outcome, encode
from homeport_sync.push import Decided, Push
from tests.unit.sync.ledger import Ledger, outcomes
from tests.unit.sync.tasks import MINUTE, NOW, Phone, device_id

# A small world of ids, so that phones meet: 1 and 2 are mostly roots, the others mostly tasks.
IDS = [device_id(index) for index in (101, 102, 103, 104)]
USERS = ["ann", "bob", "ann"]
WRITES = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["root", "make", "note", "update", "delete", "invite", "expel", "wrong"]),
    st.sampled_from(IDS),
    st.sampled_from(IDS[:2]),
    st.integers(-1, 8).map(lambda minutes: minutes * MINUTE),
    st.integers(0, 6),
)
Write = tuple[int, str, str, str, int, int]
# Two lists that all share, so that most of what follows is accepted.
SHARED: list[Write] = [(0, what, id, id, 0, 1) for id in IDS[:2] for what in ("root", "invite")]


def change_of(phone: Phone, write: Write) -> Change:
    """The write as the phone's next change."""
    _, what, id, scope, later_ms, base = write
    phone.ms = NOW + later_ms
    task = Change(number=1, op="update", kind="Task", id=id, scope=scope, stamp=phone.last)
    made: dict[str, Callable[[], Change]] = {
        "root": lambda: phone.make_root(id=scope, title=f"{phone.index}{base}"),
        "make": lambda: phone.make(scope, id=id, title=f"{phone.index}{base}"),
        "note": lambda: phone.make(scope, "Note", id=id),
        "update": lambda: phone.update(task, base=base, title=f"{phone.index}{base}"),
        "delete": lambda: phone.delete(task if base else replace(task, kind="TaskList", id=scope), base=base),
        "invite": lambda: phone.invite(scope, "bob", "owner" if base % 2 else "editor"),
        "expel": lambda: phone.invite(scope, "bob", None),
        "wrong": lambda: phone.make(scope, id=id, done="no"),
    }
    return made[what]()


def pushes_of(writes: Sequence[Write]) -> list[Push]:
    """What is shared, then the writes as they come, each run of one phone's as one push."""
    phones = [Phone(user=user, index=index + 1) for index, user in enumerate(USERS)]
    runs: list[tuple[Phone, list[Change]]] = []
    for write in (*SHARED, *writes):
        phone = phones[write[0]]
        if not runs or runs[-1][0] is not phone:
            runs.append((phone, []))
        runs[-1][1].append(change_of(phone, write))
    return [phone.push(*changes) for phone, changes in runs]


def given_by(decided: Sequence[Decided]) -> dict[tuple[int, int], Outcome]:
    """Outcomes by the push they came for and their number."""
    return {(index, each.number): each for index, one in enumerate(decided) for each in outcomes(one)}


@given(writes=st.lists(WRITES, min_size=8, max_size=30), cut=st.integers(1, 6))
def test_how_pushes_fall_into_batches_changes_nothing(writes: list[Write], cut: int) -> None:
    pushes = pushes_of(writes)
    one, many, alone = Ledger(), Ledger(), Ledger()
    whole = one.decide(*pushes)
    parts = [each for start in range(0, len(pushes), cut) for each in many.decide(*pushes[start : start + cut])]
    singly = [each for push in pushes for each in alone.decide(push)]
    assert given_by(whole) == given_by(parts) == given_by(singly)
    assert one.log == many.log == alone.log
    assert one.records == many.records == alone.records
    assert one.grants == many.grants == alone.grants
    assert one.devices == many.devices == alone.devices
    assert one.outcomes == many.outcomes == alone.outcomes
    assert one.quarantine == many.quarantine == alone.quarantine


@pytest.mark.promise("I2")
@given(writes=st.lists(WRITES, min_size=8, max_size=20), data=st.data())
def test_sending_any_part_again_gives_the_same_outcomes_and_changes_nothing(
    writes: list[Write], data: st.DataObject
) -> None:
    pushes = pushes_of(writes)
    ledger = Ledger()
    first = [ledger.decide(push)[0] for push in pushes]
    log, records, grants = list(ledger.log), dict(ledger.records), dict(ledger.grants)
    kept, quarantine = dict(ledger.outcomes), list(ledger.quarantine)
    for index in data.draw(st.lists(st.sampled_from(range(len(pushes))), max_size=5)):
        (again,) = ledger.decide(pushes[index])
        assert (again.outcomes, again.verdicts, again.errors) == (first[index].outcomes, [], [])
    assert (ledger.log, ledger.records, ledger.grants) == (log, records, grants)
    assert (ledger.outcomes, ledger.quarantine) == (kept, quarantine)


@given(writes=st.lists(WRITES, min_size=8, max_size=30))
def test_every_change_is_decided_once_and_every_accepted_one_is_in_the_log_once(writes: list[Write]) -> None:
    ledger = Ledger()
    decided = ledger.decide(*pushes_of(writes))
    assert not [error for each in decided for error in each.errors]
    assert len(ledger.outcomes) == len(SHARED) + len(writes)
    refused = {(each.device, each.number) for each in ledger.quarantine}
    assert len(refused) == len(ledger.quarantine)
    accepted = ledger.outcomes.keys() - refused
    assert [entry.position for entry in ledger.log] == list(range(1, ledger.head + 1))
    assert {(entry.device, entry.number) for entry in ledger.log} == accepted
    assert len(ledger.log) == len(accepted)


@given(writes=st.lists(WRITES, min_size=8, max_size=30))
def test_folding_the_log_gives_the_records_and_a_tombstone_never_has_fields(writes: list[Write]) -> None:
    ledger = Ledger()
    ledger.decide(*pushes_of(writes))
    fields: dict[str, dict[str, object]] = {}
    for entry in ledger.log:
        known = fields.setdefault(entry.record, {})
        assert entry.before == {name: known[name] for name in entry.fields if name in known}
        known.update(entry.fields)
        if entry.op == "delete":
            known.clear()
    for id, stored in ledger.records.items():
        assert stored.record.fields == fields[id], encode(stored.record)
        assert not (stored.record.deleted and stored.record.fields)
