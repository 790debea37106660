"""Groups and commands in a fleet: everybody uses them, and what is planted in the evidence about them is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec.structs import replace as struct_replace

from homeport_client.fleet import Fleet, Handset, Played, Script, Step, Story
from homeport_client.fleet.again import pytest_file
from homeport_client.fleet.check import Evidence, judge
from homeport_client.fleet.check.effects import called
from homeport_client.fleet.check.glimpse import unaccountable
from homeport_client.fleet.check.witness import Told, Written
from homeport_sync.ports import LogEntry
from tests.fleet.bazaar import app
from tests.fleet.test_glimpse import GONE, LIST, SEEN_MS

SEED = 5
SCRIPT = Script(devices=8, duration_s=900)
Bug = Callable[[Evidence], Evidence]


@pytest.fixture(scope="module")
def played() -> Played:
    return Fleet(app, SEED, script=SCRIPT).run()


@pytest.fixture(scope="module")
def evidence(played: Played) -> Evidence:
    assert played.kept, str(played.verdict)
    assert played.evidence is not None
    return played.evidence


def test_people_call_every_command_and_group_their_writes_and_take_the_roles_of_the_app(played: Played) -> None:
    steps = played.story.steps
    assert {step.what["command"] for step in steps if step.do == "call"} == app.catalog.commands.keys()
    assert {len(step.parts) for step in steps if step.do == "group"} >= {2, 3}
    assert {step.what.get("role") for step in steps if step.do == "invite"} & {"cashier", "steward"}
    met = Counter((told.change.op, told.change.group is not None, told.outcome.outcome) for told in played.told)
    assert met["command", False, "applied"] > 10
    assert met["create", True, "applied"] > 5
    assert {"GROUP_REJECTED", "COMMAND_FAILED", "NOT_ALLOWED"} <= {told.code for told in played.told}


def test_a_story_with_groups_and_commands_takes_the_same_steps_again(played: Played) -> None:
    again = Fleet(app, SEED, script=SCRIPT).replay(played.story)
    assert again.story.steps == played.story.steps
    assert again.fingerprint == played.fingerprint


def test_a_group_is_one_step_in_a_story_that_is_kept_and_in_words() -> None:
    part = Step(at_ms=1, who="phone-1", do="delete", what={"kind": "Ware", "label": "ware-1.1"})
    step = Step(at_ms=1, who="phone-1", do="group", parts=(part, part))
    deleted = "delete (kind='Ware', label='ware-1.1')"
    assert str(step) == f"0.001 s  phone-1 group ({deleted}, {deleted})"
    story = Story(seed=1, until_ms=9, handsets=(Handset(name="phone-1", user="ann"),), steps=(step,))
    kept: dict[str, object] = {}
    exec(pytest_file(story, app="app.py"), kept)  # noqa: S102 - the file that a fleet writes, with its story in it
    assert kept["STORY"] == story


def of_a_group(evidence: Evidence) -> list[Told]:
    """The changes of the first group that was accepted, each with an entry of its own."""
    logged = {(entry.device, entry.number) for entry in evidence.log}
    for told in evidence.told:
        group = told.change.group
        if group is not None and group.at == 1:
            numbers = range(told.change.number, told.change.number + group.of)
            if all((told.device, number) in logged for number in numbers):
                return [each for each in evidence.told if each.device == told.device and each.change.number in numbers]
    raise AssertionError("no group was accepted")


def entry_of(evidence: Evidence, told: Told) -> LogEntry:
    return next(e for e in evidence.log if (e.device, e.number) == (told.device, told.change.number))


def without_one_of_a_group(evidence: Evidence) -> Evidence:
    gone = entry_of(evidence, of_a_group(evidence)[1])
    return replace(evidence, log=[entry for entry in evidence.log if entry != gone])


def with_one_of_a_group_at_the_end(evidence: Evidence) -> Evidence:
    last = entry_of(evidence, of_a_group(evidence)[-1])
    moved = struct_replace(last, position=len(evidence.log) + 1)
    return replace(evidence, log=[*(entry for entry in evidence.log if entry != last), moved])


def with_one_of_a_group_rejected(evidence: Evidence) -> Evidence:
    one = of_a_group(evidence)[1]
    error: dict[str, object] = {"message": "no", "extensions": {"code": "NOT_ALLOWED"}}
    other = replace(one, outcome=struct_replace(one.outcome, outcome="rejected", error=error))
    return replace(evidence, told=[other if each == one else each for each in evidence.told])


def with_half_an_answer(evidence: Evidence) -> Evidence:
    group = of_a_group(evidence)
    return replace(evidence, told=[each for each in evidence.told if each not in group[1:]])


def written_together_and_sent_apart(evidence: Evidence) -> Evidence:
    accepted = {told.change.id for told in evidence.told if told.outcome.outcome != "rejected"}
    creates = [each for each in evidence.written if each.op == "create" and not each.group]
    bad = next(each for each in creates if each.id not in accepted)
    good = next(each for each in creates if each.id in accepted)
    written = [replace(each, group="somebody") if each in (bad, good) else each for each in evidence.written]
    return replace(evidence, written=written)


def with_effects(tampered: Callable[[LogEntry], LogEntry]) -> Bug:
    """The first effect that a command has had on a ware that was there is another one in the log."""

    def bug(evidence: Evidence) -> Evidence:
        names = set(called(evidence.told, evidence.log).values())
        one = next(e for e in evidence.log if (e.device, e.number) in names and e.kind == "Ware" and e.before)
        return replace(evidence, log=[tampered(entry) if entry == one else entry for entry in evidence.log])

    return bug


def with_an_effect_twice(evidence: Evidence) -> Evidence:
    names = set(called(evidence.told, evidence.log).values())
    one = next(entry for entry in evidence.log if (entry.device, entry.number) in names)
    return replace(evidence, log=[*evidence.log, struct_replace(one, position=len(evidence.log) + 1)])


def with_calls(tampered: Callable[[Told], Told]) -> Bug:
    """Every call that was accepted was told otherwise."""

    def bug(evidence: Evidence) -> Evidence:
        told = [
            tampered(each) if (each.change.op, each.outcome.outcome) == ("command", "applied") else each
            for each in evidence.told
        ]
        return replace(evidence, told=told)

    return bug


def rejected_as(code: str, kind: str) -> Bug:
    """The first accepted change to such a kind, in no group, is rejected under another number, with that code."""

    def bug(evidence: Evidence) -> Evidence:
        one = next(
            each
            for each in evidence.told
            if each.outcome.outcome == "applied" and each.change.kind == kind and not each.change.group
        )
        error: dict[str, object] = {"message": "no", "extensions": {"code": code}}
        outcome = struct_replace(one.outcome, number=99_998, outcome="rejected", error=error)
        told = replace(one, change=struct_replace(one.change, number=99_998), outcome=outcome)
        return replace(evidence, told=[*evidence.told, told])

    return bug


BUGS: dict[str, tuple[Bug, str]] = {
    "the log has a group but for one": (without_one_of_a_group, "halved"),
    "the last of a group stands at the end of the log": (with_one_of_a_group_at_the_end, "halved"),
    "one of a group was rejected": (with_one_of_a_group_rejected, "halved"),
    "of a group only the first was answered": (with_half_an_answer, "halved"),
    "what a phone wrote in a group was accepted in part": (written_together_and_sent_apart, "halved"),
    "an effect of a command stands twice in the log": (with_an_effect_twice, "twice"),
    "a command wrote in another scope": (with_effects(lambda e: struct_replace(e, scope="another")), "mistold"),
    "a command wrote over what was not there": (
        with_effects(lambda e: struct_replace(e, before={**e.before, "name": "none"})),
        "mistold",
    ),
    "a command wrote before it was called": (
        with_effects(lambda e: struct_replace(e, stamp=f"000{e.stamp[3:]}")),
        "mistold",
    ),
    "a command was told superseded": (
        with_calls(lambda each: replace(each, outcome=struct_replace(each.outcome, outcome="superseded"))),
        "mistold",
    ),
    "a stranger called a command": (with_calls(lambda each: replace(each, user="a stranger")), "outside"),
    "a write is rejected as a command": (rejected_as("COMMAND_REFUSED", "Ware"), "unjust"),
    "a write is rejected with a group it is not in": (rejected_as("GROUP_REJECTED", "Ware"), "unjust"),
    "a write is rejected by a rule that is not there": (rejected_as("RULE_FAILED", "Stall"), "unjust"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_planted_in_the_evidence_is_found(evidence: Evidence, bug: str) -> None:
    plant, expected = BUGS[bug]
    verdict = judge(plant(evidence))
    assert expected in verdict.found, verdict


def call_by(phone: str, *, at_ms: int = SEEN_MS) -> Written:
    return Written(phone=phone, op="command", kind="tidy", id=LIST, fields={}, at_ms=at_ms)


def test_what_a_phone_expected_of_its_own_command_may_come_otherwise() -> None:
    assert not list(unaccountable([GONE], [call_by("phone-1")]))
    assert not list(unaccountable([GONE], [call_by("phone-1.2")]))
    assert list(unaccountable([GONE], [call_by("phone-2")]))
    assert list(unaccountable([GONE], [call_by("phone-1", at_ms=SEEN_MS + 1)]))
