"""Shrinking: from a story that fails to a short one that still fails, for the same reason.

Delta debugging (Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): leave out all circles
but one, then all that came after it had gone wrong, then whole phones, then halves, quarters and single steps, as long
as the same checker complains. Then quiet times are cut, the troubles of a phone become one tunnel, and who has borrowed
a phone does it on their own. Every candidate is played in a world of its own, so the result is a story that does fail.
A step is kept as it is or left out: half of what one step writes is nothing that its app ever does.

A **race** fails now and then only: two things must meet within milliseconds, and whatever is left out moves them. Its
steps are crowded, so that they meet often, and each candidate is dealt other luck, several times if need be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import ceil, log

from homeport_client.fleet.cuts import (
    SETTLE_MS,
    begun,
    dealt,
    done_by,
    hurried,
    in_tunnel,
    theirs_from_the_start,
    without,
    without_phones,
    without_steps,
    without_two,
)
from homeport_client.fleet.story import SERVER, Story

TRIES_MAX = 1_000
SHORT_STEPS = 6
PAIRS_STEPS_MAX = 24  # so many steps have 276 pairs
SECONDS_MAX = 300.0
MOMENT_MS = 1_000
CROWDED_MS = 20
DEALS_MAX = 8
STEADY_DEALS = 3  # a story that fails in so many deals is no race
OVERLOOKED_RATE = 0.1
SWITCH = "switch_user"
WRITES = frozenset({"create", "update", "delete", "restore", "move", "invite", "remove", "call", "group"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The shortest story found, and how many were tried on the way. `left_after` says what ended the search before it
    was done, in words ("": nothing)."""

    story: Story
    tries: int
    left_after: str = ""


class Tries:
    """At most `most` plays, of which none begins later than `seconds_max` seconds of `clock_s` after the first.
    `ended` says in words what ended them ("": nothing yet)."""

    def __init__(
        self, fails: Callable[[Story], bool], *, most: int, seconds_max: float, clock_s: Callable[[], float]
    ) -> None:
        self.used = 0
        self.ended = ""
        self._fails = fails
        self._most = most
        self._seconds_max = seconds_max
        self._clock_s = clock_s
        self._began_s = clock_s()

    def fails(self, story: Story) -> bool:
        """Whether the story fails; none does any more when they have ended."""
        if self.used >= self._most:
            self.ended = f"{self._most:,} tries"
        elif self._clock_s() - self._began_s >= self._seconds_max:
            self.ended = f"{self._seconds_max:.0f} s"
        if self.ended:
            return False
        self.used += 1
        return self._fails(story)


class Shrinking:
    """`fails` plays a story and says whether it fails for the reason that is looked for. `suspects` are phones and
    users who are looked at first; `told` hears of the shortest story so far, after every try. No try begins after
    `tries_max` others, or `seconds_max` seconds of `clock_s`: it ends with what it has then."""

    def __init__(
        self,
        fails: Callable[[Story], bool],
        *,
        tries_max: int = TRIES_MAX,
        seconds_max: float = SECONDS_MAX,
        clock_s: Callable[[], float] = time.monotonic,
        suspects: Collection[str] = (),
        told: Callable[[Story], None] = lambda story: None,
    ) -> None:
        self._tries = Tries(fails, most=tries_max, seconds_max=seconds_max, clock_s=clock_s)
        self._suspects = suspects
        self._told = told
        self._deals = 1
        self._shortest: Story

    def shrink(self, story: Story) -> Shrunk:
        """The shortest one found. The story itself, if it does not fail when it is played again."""
        self._shortest = story
        if self._fails(story):
            story = self._fewer(self._crowded(self._ended_early(self._one_circle(story))))
            story = self._simpler(self._less_time(story))
            story = self._simpler(self._without_pairs(self._with_more_deals(story)))
            story = self._less_time(story)
        return Shrunk(story=story, tries=self._tries.used, left_after=self._tries.ended)

    def _fewer(self, story: Story) -> Story:
        """Without phones and steps that it does not need, until it needs all that are left."""
        before = None
        while before != len(story.steps) and not self._tries.ended:
            before = len(story.steps)
            story = self._without_parts(story, lambda each: len(each.handsets), without_phones)
            story = self._without_parts(story, lambda each: len(each.steps), without_steps)
        return story

    def _simpler(self, story: Story) -> Story:
        """With less of what can be said more simply, and then with fewer steps."""
        return self._fewer(self._own_phones(self._one_tunnel(story)))

    def _with_more_deals(self, story: Story) -> Story:
        """Once more, where it is still long: that a step is left out may only have moved what two others met in."""
        if len(story.steps) <= SHORT_STEPS or self._deals >= STEADY_DEALS:
            return story
        self._deals = STEADY_DEALS
        return self._fewer(story)

    def _one_circle(self, story: Story) -> Story:
        """Only the people of one circle, if they do: most of what goes wrong goes wrong among those who share."""
        circles: dict[int, set[str]] = {}
        for handset in sorted(story.handsets, key=lambda each: {each.name, each.user}.isdisjoint(self._suspects)):
            circles.setdefault(handset.circle, set()).add(handset.name)
        everybody = {handset.name for handset in story.handsets}
        for circle in circles.values() if len(circles) > 1 else ():
            shorter = self._better(story, without(story, everybody - circle))
            if shorter is not story:
                return shorter
        return story

    def _ended_early(self, story: Story) -> Story:
        """Without all that came after it had gone wrong, which few checkers see before the end."""
        longest, kept = story, 0
        while len(story.steps) - kept > 1 and not self._tries.ended:
            half = (len(story.steps) + kept) // 2
            shorter = self._better(story, begun(longest, half))
            kept, story = (kept, shorter) if shorter is not story else (half, story)
        return story

    def _without_parts(
        self, story: Story, length: Callable[[Story], int], cut: Callable[[Story, slice], Story]
    ) -> Story:
        """Without halves of it that it does not need, then without ever smaller parts, from the last to the first."""
        size = max(length(story) // 2, 1)
        while size:
            at = length(story)
            while at > 0 and not self._tries.ended:
                at = max(at - size, 0)
                story = self._better(story, cut(story, slice(at, at + size)))
            size //= 2
        return story

    def _without_pairs(self, story: Story) -> Story:
        """Without two steps at once, where it is short: who is invited and removed can only be left out with both."""
        at = len(story.steps) - 2 if SHORT_STEPS < len(story.steps) <= PAIRS_STEPS_MAX else -1
        while at >= 0 and not self._tries.ended:
            shorter = story
            for second in range(at + 1, len(story.steps)):
                shorter = self._better(story, without_two(story, at, second))
                if shorter is not story:
                    break
            story, at = shorter, min(at - 1, len(shorter.steps) - 2)
        return story

    def _one_tunnel(self, story: Story) -> Story:
        """The troubles of each phone as one long tunnel, if that does: often all they do is to keep it offline."""
        for name in dict.fromkeys(step.who for step in story.steps if step.who != SERVER):
            troubles = [at for at, step in enumerate(story.steps) if step.who == name and step.do not in WRITES]
            for at in troubles if len(troubles) > 1 and not self._tries.ended else ():
                shorter = self._better(story, in_tunnel(story, troubles, at))
                if shorter is not story:
                    story = shorter
                    break
        return story

    def _own_phones(self, story: Story) -> Story:
        """Each on a phone of their own, if that does: who has borrowed one may as well do it there, or own it."""
        owners = {handset.user: handset.name for handset in reversed(story.handsets)}
        for step in [step for step in story.steps if step.do == SWITCH]:
            owner = owners.get(str(step.what.get("user")))
            if owner and owner != step.who and step in story.steps:
                story = self._better(story, done_by(story, step, owner))
            if step in story.steps:
                story = self._better(story, theirs_from_the_start(story, step))
        return story

    def _crowded(self, story: Story) -> Story:
        """With all its steps on each other's heels, if it fails then: a race is met the more often the closer they are.
        What is no race must fail in every deal then too, or it would be made one."""
        crowded = hurried(story, CROWDED_MS)
        steady = all(self._fails(each) for each in dealt(story, STEADY_DEALS))
        failing = [each for each in dealt(crowded, DEALS_MAX) if self._fails(each)]
        if not failing or (steady and len(failing) < DEALS_MAX):
            return story
        self._deals = _deals_for(len(failing) / DEALS_MAX)
        return self._accepted(failing[0])

    def _less_time(self, story: Story) -> Story:
        """Without the time in which nothing happens: all of it, or what is long of it."""
        for longest_ms in (MOMENT_MS, SETTLE_MS, 6 * SETTLE_MS):
            shorter = hurried(story, longest_ms)
            if shorter.until_ms < story.until_ms and self._fails(shorter):
                return self._accepted(shorter)
        return story

    def _better(self, story: Story, shorter: Story) -> Story:
        for each in dealt(shorter, self._deals) if shorter.handsets else ():
            if self._fails(each):
                return self._accepted(each)
        return story

    def _accepted(self, story: Story) -> Story:
        self._shortest = story
        return story

    def _fails(self, story: Story) -> bool:
        found = self._tries.fails(story)
        self._told(story if found else self._shortest)
        return found


def _deals_for(chance: float) -> int:
    """How often to deal a story that fails with this chance (0 to 1), so that it is seen nine times of ten, or as often
    as `DEALS_MAX` deals can."""
    return 1 if chance == 1 else min(ceil(log(OVERLOOKED_RATE) / log(1 - chance)), DEALS_MAX)
