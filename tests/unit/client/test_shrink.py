"""Shrinking: whatever makes a story fail, it is found, and little else is left."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeport_client.fleet.shrink import DEALS_MAX, STEADY_DEALS, Shrinking
from homeport_client.fleet.story import Detail, Handset, Step, Story


def story(count: int, phones: int = 6) -> Story:
    steps = tuple(Step(at_ms=1_000 * n, who=f"phone-{n % phones + 1}", do="kill") for n in range(count))
    handsets = tuple(Handset(name=f"phone-{n + 1}", user="ann") for n in range(phones))
    return Story(seed=1, until_ms=1_000 * count, handsets=handsets, steps=steps)


@given(st.integers(1, 150), st.integers(1, 5), st.integers(0, 2**32))
def test_the_steps_that_matter_are_all_that_is_left(count: int, wanted: int, seed: int) -> None:
    whole = story(count)
    marks = {(step.who, step.do) for step in Random(seed).sample(whole.steps, min(wanted, count))}

    def fails(candidate: Story) -> bool:
        return marks <= {(step.who, step.do) for step in candidate.steps}

    found = Shrinking(fails, tries_max=2_000).shrink(whole)
    assert fails(found.story)
    assert len(found.story.steps) == len(marks)
    assert len(found.story.handsets) == len({who for who, _ in marks})


def test_a_story_that_does_not_fail_again_is_left_as_it_is() -> None:
    whole = story(20)
    found = Shrinking(lambda _: False).shrink(whole)
    assert (found.story, found.tries) == (whole, 1)


def test_it_ends_after_so_many_tries_with_what_it_has() -> None:
    tried: list[int] = []

    def fails(candidate: Story) -> bool:
        tried.append(len(candidate.steps))
        return True

    found = Shrinking(fails, tries_max=3).shrink(story(100))
    assert len(tried) == found.tries == 3
    assert found.left_after == "3 tries"
    assert len(found.story.steps) < 100


def test_time_in_which_nothing_happens_is_cut() -> None:
    whole = Story(
        seed=1,
        until_ms=90_000_000,
        handsets=(Handset(name="phone-1", user="ann", on_at_ms=50_000),),
        steps=(Step(at_ms=60_000, who="phone-1", do="kill"), Step(at_ms=80_000_000, who="phone-1", do="kill")),
    )
    found = Shrinking(lambda candidate: len(candidate.steps) == 2).shrink(whole).story
    assert found.until_ms <= 3_000
    assert found.handsets[0].on_at_ms == 0


def test_what_an_app_wrote_at_once_is_left_whole() -> None:
    what: dict[str, Detail] = {"kind": "Task", "label": "task-1", "fields": {"title": "a", "done": True, "due": None}}
    whole = Story(
        seed=1,
        until_ms=1,
        handsets=(Handset(name="phone-1", user="ann"),),
        steps=(Step(at_ms=0, who="phone-1", do="update", what=what),),
    )
    assert Shrinking(lambda candidate: bool(candidate.steps)).shrink(whole).story.steps == whole.steps


def test_what_needs_luck_is_cut_by_dealing_each_candidate_anew() -> None:
    """A race: however few steps are left, it is met in one of three worlds only."""
    whole = story(200)

    def fails(candidate: Story) -> bool:
        met = Random(str(candidate)).random() < 1 / 3
        return candidate == whole or (met and {"phone-2", "phone-5"} <= {step.who for step in candidate.steps})

    found = Shrinking(fails).shrink(whole)
    assert fails(found.story)
    assert {"phone-2", "phone-5"} <= {step.who for step in found.story.steps}
    assert len(found.story.steps) <= 5
    assert found.story.luck


def test_what_fails_in_every_deal_is_dealt_once() -> None:
    asked: list[int] = []

    def fails(candidate: Story) -> bool:
        asked.append(candidate.luck)
        return bool(candidate.steps)

    assert Shrinking(fails).shrink(story(64)).story.luck == 0
    assert sum(map(bool, asked)) == (STEADY_DEALS - 1) + (DEALS_MAX - 1), "to see whether it is a race, and never again"


def test_what_fails_for_sure_but_not_when_crowded_is_not_made_a_race() -> None:
    whole = story(400)
    marks = {step.at_ms for step in whole.steps[50:110:10]}

    def fails(candidate: Story) -> bool:
        crowded = any(after.at_ms - before.at_ms < 100 for before, after in pairwise(candidate.steps))
        needed = marks <= {step.at_ms for step in candidate.steps} or crowded
        return needed and (not crowded or Random(str(candidate)).random() < 1 / 3)

    found = Shrinking(fails).shrink(whole)
    assert {step.at_ms for step in found.story.steps} == marks
    assert found.left_after == ""


def test_two_steps_that_undo_each_other_go_together() -> None:
    whole = story(120)

    def fails(candidate: Story) -> bool:
        left = {step.at_ms for step in candidate.steps}
        needed = {1_000 * n for n in range(20, 27)} <= left
        return needed and (40_000 in left) == (60_000 in left)

    found = Shrinking(lambda each: each == whole or fails(each)).shrink(whole)
    assert len(found.story.steps) == 7


def test_who_borrows_a_phone_may_as_well_own_it() -> None:
    whole = story(20)
    switch = Step(at_ms=500, who="phone-1", do="switch_user", what={"user": "bob"})
    whole = replace(whole, steps=(switch, *whole.steps))

    def fails(candidate: Story) -> bool:
        bobs = [each.name for each in candidate.handsets if each.user == "bob"]
        bobs += [step.who for step in candidate.steps if step.do == "switch_user"]
        return any(step.do == "kill" and step.who in bobs for step in candidate.steps)

    found = Shrinking(fails).shrink(whole).story
    assert [(each.name, each.user) for each in found.handsets] == [("phone-1", "bob")]
    assert [step.do for step in found.steps] == ["kill"]


def test_a_search_that_takes_too_long_ends_and_says_so() -> None:
    clock = iter(range(1_000))
    found = Shrinking(bool, seconds_max=3, clock_s=lambda: float(next(clock))).shrink(story(100))
    assert (found.tries, found.left_after) == (2, "3 s")


def test_whoever_waits_hears_how_short_it_has_become() -> None:
    heard: list[int] = []
    Shrinking(lambda each: bool(each.steps), told=lambda each: heard.append(len(each.steps))).shrink(story(64))
    assert heard == sorted(heard, reverse=True)
    assert heard[-1] == 1
