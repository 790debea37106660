"""The recorder: looks at a fleet now and then, and keeps how it stood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from homeport_client.fleet.measure.meter import Tally
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.report.summary import LaneState, Sample
from homeport_client.fleet.stage import Stage

SAMPLES_MAX = 120


class Recorder:
    """Of one stage. `logged` tells how long the log is."""

    def __init__(self, stage: Stage, tally: Tally, logged: Callable[[], int]) -> None:
        self.samples: list[Sample] = []
        self._stage = stage
        self._tally = tally
        self._logged = logged
        self._before = (0, 0, 0)

    def look(self) -> Sample:
        """One more sample."""
        phones = list(self._stage.phones.values())
        up, down, requests = now = _radio(phones)
        recent, before, self._before = self._tally.take_recent(), self._before, now
        waiting = [phone.meter.waiting for phone in phones]
        for each in waiting:
            self._tally.outbox.add(each)
        sample = Sample(
            at_s=self._stage.world.now_ms() / 1_000,
            states=_states(phones),
            written=len(self._stage.written),
            waiting=sum(waiting),
            waiting_max=max(waiting, default=0),
            logged=self._logged(),
            bytes_up=up - before[0],
            bytes_down=down - before[1],
            requests=requests - before[2],
            lag_p50_ms=round(recent.percentile(0.5), 1) if recent.count else None,
            lag_p95_ms=round(recent.percentile(0.95), 1) if recent.count else None,
        )
        self.samples.append(sample)
        return sample


def _states(phones: Iterable[Phone]) -> dict[LaneState, int]:
    return dict(sorted(Counter(phone.state for phone in phones).items()))


def _radio(phones: Iterable[Phone]) -> tuple[int, int, int]:
    meters = [phone.meter for phone in phones]
    return (
        sum(meter.bytes_up for meter in meters),
        sum(meter.bytes_down for meter in meters),
        sum(meter.requests for meter in meters),
    )
