"""Many days, drawn by Hypothesis: up to thirty steps each, and of one that fails the fewest and plainest steps.

A list of steps and no `RuleBasedStateMachine`: what a step does follows from three small numbers and from what is
there, so every list is a day, any part of one too, and nothing is filtered. Drawing it costs next to nothing beside the
bundles and preconditions of a machine, and it shrinks to fewer steps and smaller numbers all the same: `rest` is the
plainest step, so that one which is not needed becomes it.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from tests.fleet.day import Day, Step, morning
from tests.fleet.street import Street

STEPS_MIN, STEPS_MAX = 15, 30
VERBS = (
    "rest",
    *("sync",) * 6,
    *("group", "call", "edit") * 3,
    *("vote", "make", "invite", "deliver", "move") * 2,
    *("rewrite", "delete", "leave", "new stall", "sync all", "kill", "clone", "back up", "restore"),
    *("set clock", "wait", "forget cursors"),
)
STEPS = st.lists(
    st.builds(Step, st.sampled_from(VERBS), st.integers(0, 5), st.integers(0, 5), st.integers(0, 11)),
    min_size=STEPS_MIN,
    max_size=STEPS_MAX,
)


def spend_days(times: int, *, page_size: int, of: int) -> Counter[str]:
    """So many days on a street with pages of this size, drawn from the seed `of`; how often each outcome came up."""
    met: Counter[str] = Counter()
    with asyncio.Runner() as runner:
        street = runner.run(morning(Street(page_size)))

        @seed(of)
        @settings(
            max_examples=times,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(steps=STEPS)
        def any_day(steps: list[Step]) -> None:
            note("\n".join(str(step) for step in steps if step.verb != "rest"))
            met.update(runner.run(_spend(street.copy(), steps)))

        any_day()
        runner.run(_put_away(street))
    return met


async def _spend(street: Street, steps: list[Step]) -> Counter[str]:
    day = Day(street)
    try:
        await day.spend(steps)
    finally:
        await day.close()
    return street.clerk.words


async def _put_away(street: Street) -> None:
    await Day(street).close()
