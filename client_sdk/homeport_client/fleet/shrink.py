"""Shrinking: from a story that fails to a short one that still fails, for the same reason.

Delta debugging (Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): leave out all circles
but one, then whole phones, then halves, quarters and single steps, as long as the same checker complains. Then quiet
times are cut, the troubles of a phone become one tunnel, and what steps write is made less. Every candidate is played
in a world of its own, so the result is a story that does fail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from homeport_client.fleet.story import SERVER, Step, Story

TRIES_MAX = 400
MOMENT_MS = 1_000
SETTLE_MS = 10_000
WRITES = frozenset({"create", "update", "delete", "invite", "remove"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The shortest story found, and how many were tried on the way."""

    story: Story
    tries: int


class Shrinking:
    """`fails` plays a story and says whether it fails for the reason that is looked for. `suspects` are phones and
    users who are looked at first; `told` hears of every story that is shorter."""

    def __init__(
        self,
        fails: Callable[[Story], bool],
        *,
        tries_max: int = TRIES_MAX,
        suspects: Collection[str] = (),
        told: Callable[[Story], None] = lambda story: None,
    ) -> None:
        self._fails = fails
        self._tries_left = tries_max
        self._tries_max = tries_max
        self._suspects = suspects
        self._told = told

    def shrink(self, story: Story) -> Shrunk:
        """The shortest one found. The story itself, if it does not fail when it is played again."""
        if self._still_fails(story):
            story = self._fewer(self._one_circle(story))
            story = self._fewer(self._one_tunnel(self._less_time(story)))
            story = self._less_written(self._less_time(story))
        return Shrunk(story=story, tries=self._tries_max - self._tries_left)

    def _fewer(self, story: Story) -> Story:
        """Without phones and steps that it does not need, until it needs all that are left."""
        before = None
        while before != len(story.steps) and self._tries_left > 0:
            before = len(story.steps)
            story = self._fewer_phones(story)
            story = self._fewer_steps(story)
        return story

    def _one_circle(self, story: Story) -> Story:
        """Only the people of one circle, if they do: most of what goes wrong goes wrong among those who share."""
        circles: dict[int, set[str]] = {}
        for handset in sorted(story.handsets, key=lambda each: {each.name, each.user}.isdisjoint(self._suspects)):
            circles.setdefault(handset.circle, set()).add(handset.name)
        everybody = {handset.name for handset in story.handsets}
        for circle in circles.values() if len(circles) > 1 else ():
            shorter = self._better(story, _without(story, everybody - circle))
            if shorter is not story:
                return shorter
        return story

    def _fewer_phones(self, story: Story) -> Story:
        """Without phones that it does not need, half of them at once and then one by one."""
        size = max(len(story.handsets) // 2, 1)
        while size:
            at = len(story.handsets)
            while at > 0:
                at = max(at - size, 0)
                gone = {handset.name for handset in story.handsets[at : at + size]}
                story = self._better(story, _without(story, gone))
            size //= 2
        return story

    def _fewer_steps(self, story: Story) -> Story:
        """Without steps that it does not need, in ever smaller parts, from the last to the first."""
        size = max(len(story.steps) // 2, 1)
        while size:
            at = len(story.steps)
            while at > 0:
                at = max(at - size, 0)
                steps = (*story.steps[:at], *story.steps[at + size :])
                story = self._better(story, replace(story, steps=steps))
            size //= 2
        return story

    def _one_tunnel(self, story: Story) -> Story:
        """The troubles of each phone as one long tunnel, if that does: often all they do is to keep it offline."""
        for name in dict.fromkeys(step.who for step in story.steps if step.who != SERVER):
            troubles = [at for at, step in enumerate(story.steps) if step.who == name and step.do not in WRITES]
            for at in troubles if len(troubles) > 1 else ():
                shorter = self._better(story, _in_tunnel(story, troubles, at))
                if shorter is not story:
                    story = shorter
                    break
        return story

    def _less_time(self, story: Story) -> Story:
        """Without the time in which nothing happens: all of it, or what is long of it."""
        for longest_ms in (MOMENT_MS, SETTLE_MS, 6 * SETTLE_MS):
            shorter = _hurried(story, longest_ms)
            if shorter.until_ms < story.until_ms and self._still_fails(shorter):
                self._told(shorter)
                return shorter
        return story

    def _less_written(self, story: Story) -> Story:
        """Each step with as few fields as it needs."""
        for index, step in enumerate(story.steps):
            for slimmer in _slimmer(step):
                steps = (*story.steps[:index], slimmer, *story.steps[index + 1 :])
                shorter = replace(story, steps=steps)
                if self._still_fails(shorter):
                    story = shorter
        return story

    def _better(self, story: Story, shorter: Story) -> Story:
        if len(shorter.handsets) > 0 and self._still_fails(shorter):
            self._told(shorter)
            return shorter
        return story

    def _still_fails(self, story: Story) -> bool:
        if self._tries_left <= 0:
            return False
        self._tries_left -= 1
        return self._fails(story)


def _without(story: Story, gone: set[str]) -> Story:
    """Without these phones, and their clones."""
    return replace(
        story,
        handsets=tuple(handset for handset in story.handsets if handset.name not in gone),
        steps=tuple(step for step in story.steps if step.who.partition(".")[0] not in gone),
    )


def _in_tunnel(story: Story, troubles: Collection[int], at: int) -> Story:
    """With a tunnel that does not end in the place of the step at `at`, and without the other troubles."""
    step, gone = story.steps[at], {*troubles} - {at}
    tunnel = Step(at_ms=step.at_ms, who=step.who, do="no_network", what={"for_s": story.until_ms / 1_000})
    steps = (tunnel if index == at else each for index, each in enumerate(story.steps) if index not in gone)
    return replace(story, steps=tuple(steps))


def _hurried(story: Story, longest_ms: int) -> Story:
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


def _slimmer(step: Step) -> Iterator[Step]:
    """The same step with one field alone, for each that it writes."""
    fields = step.what.get("fields")
    if step.do == "update" and isinstance(fields, dict) and len(fields) > 1:
        for name, value in fields.items():
            yield replace(step, what={**step.what, "fields": {name: value}})
