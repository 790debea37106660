"""Moves and undone deletes in a fleet: everybody makes them, and what is planted about them in evidence is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec.structs import replace as struct_replace

from homeport_client.fleet import Actor, Fleet, Played, Script
from homeport_client.fleet.check import Evidence, Held, judge
from homeport_client.fleet.check.glimpse import unaccountable
from homeport_client.fleet.check.witness import Told, Written
from homeport_client.fleet.networks import PERFECT
from homeport_sync import App
from homeport_sync.ports import LogEntry
from tests.fleet.test_glimpse import GONE, SEEN_MS

Bug = Callable[[Evidence], Evidence]
TWO_PHONES = Script(devices=2, phones_per_user=1, network=PERFECT, watched=2)
A_WHILE_S = 5.0


@pytest.fixture(scope="module")
def played(app: App) -> Played:
    return Fleet(app, 6, script=Script(devices=30, duration_s=1_200)).run()


@pytest.fixture(scope="module")
def evidence(played: Played) -> Evidence:
    assert played.kept, str(played.verdict)
    assert played.evidence is not None
    return played.evidence


def test_people_move_what_they_have_and_undo_their_deletes(played: Played, evidence: Evidence) -> None:
    assert {"move", "restore"} <= {step.do for step in played.story.steps}
    met = {(told.change.op, told.outcome.outcome) for told in evidence.told}
    assert {(op, met_in) for op in ("move", "restore") for met_in in ("applied", "superseded")} <= met
    logged = {(entry.device, entry.number): entry for entry in evidence.log}
    followed = [
        told
        for told in evidence.told
        if (entry := logged.get((told.device, told.change.number))) is not None
        if told.change.op == "update" and entry.scope != told.change.scope
    ]
    assert followed, "nobody has written to a record where it had been"


def test_a_story_with_moves_and_undone_deletes_takes_the_same_steps_again(app: App, played: Played) -> None:
    again = Fleet(app, 6, script=Script(devices=30, duration_s=1_200)).replay(played.story)
    assert again.story.steps == played.story.steps
    assert again.fingerprint == played.fingerprint


def a_move(evidence: Evidence) -> LogEntry:
    """The first that took something elsewhere."""
    left = next(entry for entry in evidence.log if entry.op == "leave")
    return next(entry for entry in evidence.log if entry.position == left.position + 1)


def without(evidence: Evidence, gone: LogEntry) -> Evidence:
    """The log without one entry, and no hole where it was."""
    log = [
        struct_replace(each, position=each.position - (each.position > gone.position))
        for each in evidence.log
        if each != gone
    ]
    return replace(evidence, log=log)


def with_entry(evidence: Evidence, was: LogEntry, is_now: LogEntry) -> Evidence:
    return replace(evidence, log=[is_now if each == was else each for each in evidence.log])


def with_its_leave(evidence: Evidence, tampered: Callable[[LogEntry], LogEntry]) -> Evidence:
    left = next(entry for entry in evidence.log if entry.op == "leave")
    return with_entry(evidence, left, tampered(left))


def where_it_was(evidence: Evidence) -> Evidence:
    """All phones still hold a task where it was before it was moved."""
    moved, left = a_move(evidence), next(entry for entry in evidence.log if entry.op == "leave")
    holdings = [
        replace(each, records={**each.records, moved.record: replace(each.records[moved.record], scope=left.scope)})
        if moved.record in each.records
        else each
        for each in evidence.holdings
    ]
    return replace(evidence, holdings=holdings)


def on_the_phone_of_a_stranger(evidence: Evidence) -> Evidence:
    """Somebody who has no grant where a task is says that it is in a list of their own."""
    moved = a_move(evidence)
    holding = next(each for each in evidence.holdings if moved.scope not in {r.scope for r in each.records.values()})
    held = Held(kind="Task", scope=next(iter(holding.records.values())).scope, fields={})
    other = replace(holding, records={**holding.records, moved.record: held})
    return replace(evidence, holdings=[other if each is holding else each for each in evidence.holdings])


def told(op: str, tampered: Callable[[Told], Told]) -> Bug:
    """The first change of this kind that took effect on what lives in the end was told otherwise."""

    def bug(evidence: Evidence) -> Evidence:
        live = {id for holding in evidence.holdings if holding.fresh for id in holding.records}
        those = (each for each in evidence.told if each.change.id in live and each.outcome.outcome == "applied")
        one = next(each for each in those if each.change.op == op)
        other = tampered(one)
        return replace(evidence, told=[other if each == one else each for each in evidence.told])

    return bug


def from_before(told: Told) -> Told:
    """Stamped long before all else."""
    return replace(told, change=struct_replace(told.change, stamp=f"000{told.change.stamp[3:]}"))


def rejected_as(code: str, evidence: Evidence) -> Evidence:
    """An edit of what was never moved, by whoever made the list, is rejected under another number, with that code."""
    moved = {each.change.id for each in evidence.told if each.change.op == "move"}
    one = next(
        each
        for each in evidence.told
        if each.outcome.outcome == "applied" and each.change.op == "update" and each.change.id not in moved
    )
    error: dict[str, object] = {"message": "no", "extensions": {"code": code}}
    outcome = struct_replace(one.outcome, number=99_998, outcome="rejected", error=error)
    return replace(
        evidence,
        told=[*evidence.told, replace(one, change=struct_replace(one.change, number=99_998), outcome=outcome)],
    )


BUGS: dict[str, tuple[Bug, set[str]]] = {
    "a move forgot to say that something left": (lambda e: without(e, a_move_left(e)), {"mistold"}),
    "something left, and nobody says that it was moved": (lambda e: without(e, a_move(e)), {"mistold", "lost"}),
    "something left another scope than the one it was in": (
        lambda e: with_its_leave(e, lambda left: struct_replace(left, scope=left.record)),
        {"mistold"},
    ),
    "where something left the log says what was written": (
        lambda e: with_its_leave(e, lambda left: struct_replace(left, fields={"title": "secret"})),
        {"mistold"},
    ),
    "a move went elsewhere": (
        lambda e: with_entry(e, a_move(e), struct_replace(a_move(e), scope=a_move(e).record)),
        {"mistold"},
    ),
    "a move stands twice in the log": (
        lambda e: replace(e, log=[*e.log, struct_replace(a_move(e), position=len(e.log) + 1)]),
        {"twice"},
    ),
    "phones hold a task where it was": (where_it_was, {"differing"}),
    "a stranger holds a task that was moved": (on_the_phone_of_a_stranger, {"outside"}),
    "an older move won": (told("move", from_before), {"mistold"}),
    "an older restore won": (told("restore", from_before), {"mistold", "resurrected"}),
    "a move by a stranger was accepted": (told("move", lambda each: replace(each, user="a stranger")), {"outside"}),
    "a phone's move was never answered": (
        lambda e: replace(
            e, written=[*e.written, next(replace(w, into="nowhere") for w in e.written if w.op == "move")]
        ),
        {"lost"},
    ),
    "what was never moved is rejected as gone": (lambda e: rejected_as("RECORD_GONE", e), {"unjust"}),
}


def a_move_left(evidence: Evidence) -> LogEntry:
    return next(entry for entry in evidence.log if entry.op == "leave")


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_planted_in_the_evidence_is_found(evidence: Evidence, bug: str) -> None:
    plant, expected = BUGS[bug]
    verdict = judge(plant(evidence))
    assert expected <= set(verdict.found), verdict


def moved(id: str, *, at_ms: int = SEEN_MS) -> Written:
    return Written(phone="phone-2", op="move", kind="Task", id=id, fields={}, at_ms=at_ms, into="another list")


def test_what_was_moved_may_go_from_a_screen() -> None:
    assert not list(unaccountable([GONE], [moved(GONE.id)]))
    assert list(unaccountable([GONE], [moved("another task")]))
    assert list(unaccountable([GONE], [moved(GONE.id, at_ms=SEEN_MS + 1)]))


def test_a_task_that_is_moved_and_one_that_is_brought_back_in_one_group_are_there_for_everybody(app: App) -> None:
    fleet = Fleet(app, 1, script=TWO_PHONES)
    labels: dict[str, str] = {}

    async def scene(fleet: Fleet) -> None:
        ann, bob = fleet.actors
        labels.update(await two_lists(ann, bob))
        await asyncio.sleep(A_WHILE_S)
        await ann.delete(labels["milk"])
        async with ann.group():
            await ann.move(labels["eggs"], labels["work"])
            await ann.restore(labels["milk"])
        await bob.update(labels["eggs"], title="ten eggs")  # where they were, for all he knows
        await asyncio.sleep(A_WHILE_S)
        for actor in (ann, bob):
            eggs, milk = [await actor.phone.device.get(labels[name]) for name in ("eggs", "milk")]
            assert eggs is not None
            assert (eggs.scope, eggs["title"]) == (labels["work"], "ten eggs")
            assert milk is not None
            assert (milk.scope, milk["title"]) == (labels["home"], "milk")

    played = fleet.rehearse(scene)
    assert played.kept, str(played.verdict)
    assert [part.do for step in played.story.steps for part in step.parts] == ["move", "restore"]


async def two_lists(ann: Actor, bob: Actor) -> dict[str, str]:
    """Both share two lists; in the first there are milk and eggs."""
    home, work = [str(await ann.create("TaskList", title=title)) for title in ("home", "work")]
    for scope in (home, work):
        await ann.invite(scope, bob.phone.user)
    milk, eggs = [str(await ann.create("Task", home, title=title)) for title in ("milk", "eggs")]
    return {"home": home, "work": work, "milk": milk, "eggs": eggs}
