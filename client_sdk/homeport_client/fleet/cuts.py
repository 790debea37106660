"""Cuts: one story made from another, by leaving something out or by putting it more closely. Pure; whether it still
fails is for others to find out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec.structs import replace

from homeport_client.fleet.story import Step, Story

SETTLE_MS = 10_000


def without(story: Story, gone: set[str]) -> Story:
    """Without these phones, and their clones."""
    return replace(
        story,
        handsets=tuple(handset for handset in story.handsets if handset.name not in gone),
        steps=tuple(step for step in story.steps if step.who.partition(".")[0] not in gone),
    )


def without_phones(story: Story, part: slice) -> Story:
    """Without this part of its phones."""
    return without(story, {handset.name for handset in story.handsets[part]})


def without_steps(story: Story, part: slice) -> Story:
    """Without this part of its steps."""
    return replace(story, steps=(*story.steps[: part.start], *story.steps[part.stop :]))


def done_by(story: Story, switch: Step, owner: str) -> Story:
    """Without the switch; what its phone does after it is done on the owner's."""
    at = story.steps.index(switch)
    after = (replace(each, who=owner) if each.who == switch.who else each for each in story.steps[at + 1 :])
    return replace(story, steps=(*story.steps[:at], *after))


def theirs_from_the_start(story: Story, switch: Step) -> Story:
    """Without the switch; its phone belongs to the one who borrows it."""
    user = str(switch.what["user"])
    handsets = (replace(each, user=user) if each.name == switch.who else each for each in story.handsets)
    steps = tuple(each for each in story.steps if each is not switch)
    return replace(story, handsets=tuple(handsets), steps=steps)


def without_two(story: Story, first: int, second: int) -> Story:
    """Without the steps at these two places, of which the second is the later one."""
    steps = story.steps
    return replace(story, steps=(*steps[:first], *steps[first + 1 : second], *steps[second + 1 :]))


def begun(story: Story, count: int) -> Story:
    """Its first steps alone, and a while for what they set going."""
    steps = story.steps[:count]
    return replace(story, steps=steps, until_ms=min(story.until_ms, steps[-1].at_ms + SETTLE_MS))


def in_tunnel(story: Story, troubles: Collection[int], at: int) -> Story:
    """With a tunnel that does not end in the place of the step at `at`, and without the other troubles."""
    step, gone = story.steps[at], {*troubles} - {at}
    tunnel = Step(at_ms=step.at_ms, who=step.who, do="no_network", what={"for_s": story.until_ms / 1_000})
    steps = (tunnel if index == at else each for index, each in enumerate(story.steps) if index not in gone)
    return replace(story, steps=tuple(steps))


def dealt(story: Story, times: int) -> Iterator[Story]:
    """The same story with so much other luck."""
    yield story
    for luck in range(1, times):
        yield replace(story, luck=story.luck + luck)


def hurried(story: Story, longest_ms: int) -> Story:
    """No two steps are further from each other, and the first not further from the beginning."""
    steps: list[Step] = []
    before_ms = now_ms = 0
    for step in story.steps:
        now_ms += min(step.at_ms - before_ms, longest_ms)
        before_ms = step.at_ms
        steps.append(replace(step, at_ms=now_ms))
    handsets = tuple(replace(handset, on_at_ms=0) for handset in story.handsets)
    until_ms = now_ms + min(story.until_ms - before_ms, longest_ms)
    return replace(story, handsets=handsets, steps=tuple(steps), until_ms=until_ms)
