"""The provider's weather: which request is struck by what, and how long an answer takes. Drawn from a seed, so that the
same requests in the same order meet the same."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from math import exp, log
from random import Random
from typing import Final

from homeport_notify.emulator import limits
from homeport_notify.emulator.behaviour import Behaviour, Trouble, shares

MINUTE_MS: Final = 60_000
_P99_SIGMAS: Final = 2.326  # standard deviations up to which 99 of 100 lie


class Weather:
    """Changes when `behaviour` is set; the draws go on where they were."""

    def __init__(self, behaviour: Behaviour, seed: int) -> None:
        self._random = Random(f"{seed}/weather")
        self._window_ms: int | None = None
        self._spent = 0
        self._spent_on: Counter[str] = Counter()
        self.behaviour = behaviour

    @property
    def behaviour(self) -> Behaviour:
        """What is set."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        by_chance = shares(behaviour)
        self._shares = list(
            zip([each for each, _ in by_chance], accumulate(share for _, share in by_chance), strict=True)
        )
        p99 = behaviour.latency_p99_ms
        self._sigma = log(p99 / behaviour.latency_ms) / _P99_SIGMAS if p99 else 0.0

    def trouble(self) -> Trouble | None:
        """What strikes the next request."""
        if self._behaviour.outage != "none":
            return self._behaviour.outage
        if not self._shares:
            return None
        drawn = self._random.random()
        return next((each for each, up_to in self._shares if drawn < up_to), None)

    def delay_s(self) -> float:
        """How long the next answer takes: log-normal, as latencies are."""
        if not self._sigma:
            return self._behaviour.latency_ms / 1_000
        return self._behaviour.latency_ms / 1_000 * exp(self._random.gauss(0.0, self._sigma))

    def spend(self, target: str, now_ms: int) -> tuple[str, int] | None:
        """Counts a request. If a quota is spent: whose ("project" or "device"), and for how many ms yet."""
        behaviour = self._behaviour
        if not (behaviour.quota_a_minute or behaviour.device_quota_a_minute):
            return None
        if self._window_ms is None or not 0 <= now_ms - self._window_ms < MINUTE_MS:
            self._window_ms, self._spent = now_ms, 0
            self._spent_on.clear()
        left_ms = self._window_ms + MINUTE_MS - now_ms
        if 0 < behaviour.quota_a_minute <= self._spent:
            return "project", left_ms
        if behaviour.device_quota_a_minute and target:
            if self._spent_on[target] >= behaviour.device_quota_a_minute:
                return "device", left_ms
            if len(self._spent_on) < limits.DEVICE_TALLIES_MAX:
                self._spent_on[target] += 1
        self._spent += 1
        return None
