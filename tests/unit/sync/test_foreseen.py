"""What was decided before the head was locked, moved behind what others have committed meanwhile."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from homeport_sync import App
from homeport_sync.decision import Batch
from homeport_sync.foreseen import behind, holds
from homeport_sync.limits import LIMITS
from homeport_sync.ports import Loaded
from homeport_sync.push import Push, wanted
from tests.unit.sync.ledger import Ledger
from tests.unit.sync.tasks import MINUTE, NOW, ann, bob
from tests.unit.sync.test_decision import started
from tests.unit.sync.test_decision_laws import WRITES, Write, pushes_of

app = App("vault")
BASES_MAX = 6  # of `WRITES`: a device has seen no more than the head it was decided on


@app.kind(root=True, guarded=True)
class Vault:
    name: str = ""


class Vaults(Ledger):
    catalog = app.catalog


def moved_on(loaded: Loaded, by: int) -> Loaded:
    return replace(loaded, head=replace(loaded.head, position=loaded.head.position + by))


def batch_of(ledger: Ledger, loaded: Loaded, *pushes: Push, now_ms: int = NOW) -> tuple[Batch, list[list[str]]]:
    """The pushes decided on what was loaded, and what each was told."""
    batch = Batch(loaded, ledger.catalog, LIMITS, now_ms)
    return batch, [batch.decide(push).outcomes for push in pushes]


@given(writes=st.lists(WRITES, min_size=10, max_size=30), by=st.integers(0, 100))
def test_writes_moved_behind_others_are_those_that_would_be_decided_there(writes: list[Write], by: int) -> None:
    pushes, ledger = pushes_of(writes), Ledger()
    before, after = pushes[: len(pushes) // 2], pushes[len(pushes) // 2 :]
    ledger.decide(*before)
    assume(ledger.head >= BASES_MAX)
    loaded = ledger.loaded(wanted(after))
    then, told = batch_of(ledger, loaded, *after)
    now, told_now = batch_of(ledger, moved_on(loaded, by), *after)
    assert told == told_now
    assert behind(then.writes(), loaded.head.position, loaded.head.position + by, NOW) == now.writes()


def test_it_holds_when_the_head_alone_has_moved_on_in_the_same_epoch() -> None:
    ledger, phone, task = started()
    asked = wanted([phone.push(phone.update(task, title="a"))])
    loaded = ledger.loaded(asked)
    assert holds(loaded, moved_on(loaded, 3))
    assert not holds(loaded, replace(loaded, head=replace(loaded.head, epoch="second")))
    phone.number -= 1
    ledger.push(phone.push(phone.update(task, title="b")))
    assert not holds(loaded, ledger.loaded(asked))


def test_what_is_moved_was_accepted_when_it_was_written() -> None:
    ledger, phone, task = started()
    push = phone.push(phone.update(task, title="a"))
    batch, _ = batch_of(ledger, ledger.loaded(wanted([push])), push)
    writes = behind(batch.writes(), ledger.head, ledger.head + 5, NOW + MINUTE)
    assert (writes.head, writes.now_ms) == (ledger.head + 6, NOW + MINUTE)
    assert [(entry.position, entry.accepted_at_ms) for entry in writes.log] == [(ledger.head + 6, NOW + MINUTE)]


def test_a_grant_that_was_there_keeps_its_beginning_and_one_that_is_new_moves() -> None:
    ledger, phone, task = started()
    ledger.push(phone.push(phone.invite(task.scope, "bob")))
    push = phone.push(phone.invite(task.scope, "bob", None), phone.invite(task.scope, "eve"))
    batch, _ = batch_of(ledger, ledger.loaded(wanted([push])), push)
    grants = behind(batch.writes(), ledger.head, 100, NOW).grants
    assert [(grant.user, grant.since, grant.until) for grant in grants] == [("bob", 3, 101), ("eve", 102, None)]


def test_a_batch_that_has_told_one_of_its_own_positions_cannot_be_moved() -> None:
    ledger, phone, other = Vaults(), ann(), bob()
    id = phone.new_id()
    vault = phone.change("create", "Vault", id, id, fields={"name": "a"})
    ledger.push(phone.push(vault, phone.invite(id, "bob")))
    first, second = (each.push(each.update(vault, base=2, name=each.user)) for each in (phone, other))
    loaded = ledger.loaded(wanted([first, second]))
    batch, told = batch_of(ledger, loaded, first, second)
    assert '"STALE"' in told[1][0]
    assert not batch.movable
    ledger.decide(first)
    batch, told = batch_of(ledger, ledger.loaded(wanted([second])), second)
    assert '"STALE"' in told[0][0]
    assert batch.movable, "that position was there before"
