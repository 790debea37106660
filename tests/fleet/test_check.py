"""Planted bugs: a checker that cannot fail proves nothing, so each of them is shown what it is there to see.

Here bugs are planted in the evidence of a fleet that kept its promises; `test_planted.py` plants them in a store.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec.structs import replace as struct_replace

from homeport_client.fleet import Verdict
from homeport_client.fleet.check import Evidence, Followed, Held, Holding, judge
from homeport_client.fleet.check.evidence import Revoked
from homeport_client.fleet.check.in_log import lost_on_phones
from homeport_client.fleet.check.witness import Told
from homeport_sync.change import Value
from homeport_sync.clock import Stamp, make_stamp

Bug = Callable[[Evidence], Evidence]


def found(verdict: Verdict) -> set[str]:
    """Which checkers complain."""
    return set(verdict.found)


def a_phone_that_holds(evidence: Evidence, tampered: Callable[[Holding], Holding]) -> Evidence:
    first = next(holding for holding in evidence.holdings if not holding.fresh)
    return replace(evidence, holdings=[tampered(first), *evidence.holdings[1:]])


def some_task(holding: Holding) -> tuple[str, Held]:
    return next((id, held) for id, held in holding.records.items() if held.kind == "Task")


def with_title(title: Value) -> Callable[[Holding], Holding]:
    def tampered(holding: Holding) -> Holding:
        id, held = some_task(holding)
        other = replace(held, fields={**held.fields, "title": title})
        return replace(holding, records={**holding.records, id: other})

    return tampered


def without_a_task(holding: Holding) -> Holding:
    gone, _ = some_task(holding)
    return replace(holding, records={id: held for id, held in holding.records.items() if id != gone})


def with_another_scope(holding: Holding) -> Holding:
    id, held = some_task(holding)
    return replace(holding, records={**holding.records, id: replace(held, scope="somebody else's")})


def of_another_kind(holding: Holding) -> Holding:
    id, held = some_task(holding)
    return replace(holding, records={**holding.records, id: replace(held, kind="TaskList")})


def with_a_number_for_a_truth(holding: Holding) -> Holding:
    id, held = next((id, held) for id, held in holding.records.items() if isinstance(held.fields.get("done"), bool))
    fields = {**held.fields, "done": int(bool(held.fields["done"]))}
    return replace(holding, records={**holding.records, id: replace(held, fields=fields)})


def with_what_others_share(evidence: Evidence, *, under_its_own_list: bool) -> Evidence:
    """A phone holds a task of people it has nothing to do with; it may say that it is in a list of its own."""
    mine, id, theirs = next(
        (mine, id, held)
        for mine in evidence.holdings
        if not mine.fresh and any(held.kind == "Task" for held in mine.records.values())
        for holding in evidence.holdings
        for id, held in holding.records.items()
        if held.kind == "Task" and held.scope not in {each.scope for each in mine.records.values()}
    )
    held = replace(theirs, scope=some_task(mine)[1].scope) if under_its_own_list else theirs
    intruded = replace(mine, records={**mine.records, id: held})
    return replace(evidence, holdings=[intruded if each is mine else each for each in evidence.holdings])


def with_a_deleted_task(evidence: Evidence) -> Evidence:
    restored = {told.change.id for told in evidence.told if told.change.op == "restore"}
    deleted = next(
        told.change
        for told in evidence.told
        if told.change.op == "delete" and told.change.kind == "Task" and told.outcome.outcome != "rejected"
        if told.change.id not in restored
    )
    held = Held(kind=deleted.kind, scope=deleted.scope, fields={"title": "back again"})
    return a_phone_that_holds(evidence, lambda one: replace(one, records={**one.records, deleted.id: held}))


def with_told(evidence: Evidence, tampered: Callable[[Told], Told]) -> Evidence:
    index = next(i for i, told in enumerate(evidence.told) if told.outcome.outcome == "applied")
    return replace(evidence, told=[*evidence.told, tampered(evidence.told[index])])


def told_otherwise(told: Told) -> Told:
    return replace(told, outcome=struct_replace(told.outcome, outcome="superseded", lost=("title",)))


def told_no_reason(told: Told) -> Told:
    change = struct_replace(told.change, number=99_999)
    return replace(told, change=change, outcome=struct_replace(told.outcome, number=99_999, outcome="rejected"))


def rejected_as(code: str, evidence: Evidence, is_it: Callable[[Told], bool]) -> Evidence:
    """The first accepted change that `is_it` is rejected under another number, with that code."""
    told = next(told for told in evidence.told if told.outcome.outcome == "applied" and is_it(told))
    error: dict[str, object] = {"message": "no", "extensions": {"code": code}}
    outcome = struct_replace(told.outcome, number=99_998, outcome="rejected", error=error)
    told = replace(told, change=struct_replace(told.change, number=99_998), outcome=outcome)
    return replace(evidence, told=[*evidence.told, told])


def of_no_list_that_was_deleted(evidence: Evidence) -> Callable[[Told], bool]:
    deleted = {entry.record for entry in evidence.log if entry.op == "delete"}
    return lambda told: told.change.op == "update" and told.change.scope not in deleted


def by_no_editor(evidence: Evidence) -> Callable[[Told], bool]:
    """A change to a member by somebody who has owned the list from the beginning."""
    made = {entry.record: entry.user for entry in evidence.log if entry.record == entry.scope and entry.op == "create"}
    return lambda told: told.change.kind == "Member" and made.get(told.change.scope) == told.user


def by_another_device(told: Told) -> Told:
    change = struct_replace(told.change, stamp=Stamp(told.change.stamp[:16] + "00000000"))
    return replace(told, device="another device", change=change)


def taken_in_under_another_name(evidence: Evidence) -> Evidence:
    """A forked phone sent a change again, and the log has it once more under its new id."""
    told = next(told for told in evidence.told if told.outcome.outcome == "applied")
    entry = next(e for e in evidence.log if (e.device, e.number) == (told.device, told.change.number))
    again = struct_replace(entry, device="another device", position=len(evidence.log) + 1)
    return replace(evidence, told=[*evidence.told, replace(told, device="another device")], log=[*evidence.log, again])


def by_a_stranger(told: Told) -> Told:
    return replace(told, user="a stranger")


def stamped_alike(told: Told) -> Told:
    return replace(told, change=struct_replace(told.change, number=99_997))


def by_an_editor(evidence: Evidence) -> Evidence:
    """Who was let into a list lets the next one in."""
    members = [told for told in evidence.told if told.change.kind == "Member" and told.outcome.outcome == "applied"]
    first, then = next(
        (one, other)
        for one in members
        for other in members
        if one.change.scope == other.change.scope
        and one.change.number < other.change.number
        and one.change.fields["role"] == "editor"
    )
    user = str(first.change.fields["user"])
    return replace(evidence, told=[replace(told, user=user) if told == then else told for told in evidence.told])


def without_its_create(evidence: Evidence) -> Evidence:
    updated = next(entry.record for entry in evidence.log if entry.op == "update" and entry.kind == "Task")
    return replace(evidence, log=[entry for entry in evidence.log if (entry.op, entry.record) != ("create", updated)])


def with_no_answer(evidence: Evidence) -> Evidence:
    """A list in which a phone has written ends for its user, and the phone says nothing of it."""
    phone = next(holding for holding in evidence.holdings if holding.device)
    told = next(told for told in evidence.told if told.device == phone.device and told.outcome.outcome == "applied")
    ended = Revoked(user=phone.user, scope=told.change.scope, position=99, answered=frozenset({"another device"}))
    return replace(evidence, revoked=[*(evidence.revoked or ()), ended])


def at_rest(evidence: Evidence) -> Followed:
    """A follower that has come to the log's end."""
    head = len(evidence.log)
    return Followed(tenant="demo", head=head, place=head, counted=head)


BUGS: dict[str, tuple[Bug, set[str]]] = {
    "the log lost an acknowledged change": (lambda e: replace(e, log=e.log[:-1]), {"lost"}),
    "the log has a hole": (lambda e: replace(e, log=[*e.log[:3], *e.log[4:]]), {"lost", "gaps"}),
    "a phone's write was never answered": (
        lambda e: replace(e, written=[*e.written, replace(e.written[-1], id="nobody heard of it")]),
        {"lost"},
    ),
    "a change stands twice in the log": (
        lambda e: replace(e, log=[*e.log, struct_replace(e.log[-1], position=len(e.log) + 1)]),
        {"twice"},
    ),
    "a change was accepted under two names": (
        taken_in_under_another_name,
        {"twice"},
    ),
    "a change was acknowledged to another device, which had not sent it": (
        lambda e: with_told(e, by_another_device),
        {"twice", "lost"},
    ),
    "a phone shows an older title": (lambda e: a_phone_that_holds(e, with_title("older")), {"differing"}),
    "a phone misses a task": (lambda e: a_phone_that_holds(e, without_a_task), {"differing"}),
    "a phone says that a task is in another list": (
        lambda e: a_phone_that_holds(e, with_another_scope),
        {"differing"},
    ),
    "a phone takes a task for a list": (lambda e: a_phone_that_holds(e, of_another_kind), {"differing"}),
    "a phone holds 1 where true was written": (
        lambda e: a_phone_that_holds(e, with_a_number_for_a_truth),
        {"differing"},
    ),
    "a phone holds what it has no grant for": (
        lambda e: with_what_others_share(e, under_its_own_list=False),
        {"outside"},
    ),
    "a phone holds what it has no grant for, and says that it has": (
        lambda e: with_what_others_share(e, under_its_own_list=True),
        {"outside"},
    ),
    "a stranger's change was accepted": (
        lambda e: replace(e, told=[by_a_stranger(each) for each in e.told]),
        {"outside"},
    ),
    "an editor let somebody in": (by_an_editor, {"outside"}),
    "two changes of a device were stamped alike": (lambda e: with_told(e, stamped_alike), {"disordered"}),
    "a phone goes by yesterday's time": (
        lambda e: a_phone_that_holds(e, lambda one: replace(one, clock_off_ms=-86_400_000)),
        {"mistimed"},
    ),
    "no phone keeps what was rejected": (
        lambda e: replace(e, holdings=[replace(each, refused=frozenset()) for each in e.holdings]),
        {"unexplained"},
    ),
    "a task was changed that nobody had made": (without_its_create, {"unexplained", "lost", "gaps"}),
    "a phone showed something older": (lambda e: replace(e, flickers=["It went back."]), {"flickering"}),
    "a device that was in a list gave no receipt when it was put out": (with_no_answer, {"unreceipted"}),
    "a device owes a receipt for ever": (
        lambda e: a_phone_that_holds(e, lambda one: replace(one, owed=1)),
        {"unreceipted"},
    ),
    "a deleted task came back": (with_a_deleted_task, {"differing", "resurrected"}),
    "a follower skipped a position": (
        lambda e: replace(e, followed=[Followed(tenant="demo", head=9, place=9, counted=8), at_rest(e)]),
        {"skipped"},
    ),
    "a follower came further than the log": (
        lambda e: replace(e, followed=[Followed(tenant="demo", head=9, place=10, counted=10), at_rest(e)]),
        {"skipped"},
    ),
    "a follower never came to the end": (
        lambda e: replace(e, followed=[at_rest(e), Followed(tenant="demo", head=9, place=8, counted=8)]),
        {"unhealed"},
    ),
    "nobody saw where a follower stood": (lambda e: replace(e, followed=[]), {"unhealed"}),
    "a server ended by itself": (lambda e: replace(e, fallen=["homeport serve ended by itself."]), {"fallen"}),
    "an outcome was changed afterwards": (lambda e: with_told(e, told_otherwise), {"unexplained"}),
    "a rejection says nothing": (lambda e: with_told(e, told_no_reason), {"unexplained"}),
    "a change is rejected for nothing": (
        lambda e: rejected_as("SCOPE_GONE", e, of_no_list_that_was_deleted(e)),
        {"unjust"},
    ),
    "an owner may not invite": (lambda e: rejected_as("ROLE_FORBIDDEN", e, by_no_editor(e)), {"unjust"}),
    "nobody may delete a task": (
        lambda e: rejected_as("ROLE_FORBIDDEN", e, lambda told: told.change.op == "delete"),
        {"unjust"},
    ),
    "what a device takes for valid is not": (lambda e: rejected_as("WRONG_ID", e, lambda told: True), {"unjust"}),
    "a rejection has a code of which nobody has heard": (
        lambda e: rejected_as("FULL_MOON", e, lambda told: True),
        {"unjust"},
    ),
    "an invariant of the app is broken": (lambda e: replace(e, broken=["no_empty_titles does not hold."]), {"broken"}),
    "an outbox never empties": (
        lambda e: a_phone_that_holds(e, lambda one: replace(one, waiting=3)),
        {"unhealed"},
    ),
    "something still moves": (lambda e: replace(e, unrest=["An old request is on its way."]), {"unhealed"}),
}


def test_the_honest_evidence_is_judged_clean(honest: Evidence) -> None:
    assert found(judge(honest)) == set()
    assert len(honest.log) > 20
    assert any(told.change.op == "delete" for told in honest.told)


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_planted_in_the_evidence_is_found(honest: Evidence, bug: str) -> None:
    plant, expected = BUGS[bug]
    verdict = judge(plant(honest))
    assert expected <= found(verdict), verdict


@pytest.mark.parametrize(("phone", "is_found"), [("phone-2.1", False), ("phone-22", True)], ids=["clone", "another"])
def test_what_a_phone_and_its_clone_wrote_alike_may_be_answered_once(
    honest: Evidence, phone: str, *, is_found: bool
) -> None:
    write = replace(
        next(each for each in honest.written if each.op == "update" and each.kind == "Task"), phone="phone-2"
    )
    others = [each for each in honest.written if each.id != write.id]
    told = [each for each in honest.told if each.change.id != write.id or each.change.op == "update"]
    written = [*others, write, replace(write, phone=phone)]
    sentences = list(lost_on_phones(replace(honest, told=told, written=written)))
    assert bool(sentences) == is_found, sentences


def test_an_oracle_that_believes_other_stamps_disagrees_with_every_device(honest: Evidence) -> None:
    def in_the_far_future(index: int, told: Told) -> Told:
        stamp = make_stamp(4_000_000_000_000 - index, 0, told.device)
        return replace(told, change=struct_replace(told.change, stamp=stamp))

    told = [in_the_far_future(index, each) for index, each in enumerate(honest.told)]
    assert "differing" in found(judge(replace(honest, told=told)))
