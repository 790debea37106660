"""The recorder: is told now and then how a fleet stands, and keeps samples of it."""

from __future__ import annotations

from homeport_client.fleet.measure.histogram import Histogram
from homeport_client.fleet.measure.standing import Standing
from homeport_client.fleet.report.summary import Sample

PLAYING_MAX, HEALING_MAX = 90, 25  # at an even pace in each; a few more are taken where one ends


class Recorder:
    """Of one fleet."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._before = (0, 0, 0)
        self._lag = Histogram("ms")
        self._asleep = (Histogram("ms"), Histogram("ms"))

    def look(self, now: Standing, *, at_ms: int, logged: int, keep: bool = True) -> Sample:
        """A sample, against the last one that was kept: how it stands, when, and how long the log is."""
        up, down, requests = self._before
        self._lag.merge(now.lag)
        for mine, theirs in zip(self._asleep, now.asleep, strict=True):
            mine.merge(theirs)
        woken, unwoken = (round(each.percentile(0.95), 1) if each.count else None for each in self._asleep)
        sample = Sample(
            at_s=at_ms / 1_000,
            states=now.states,
            written=now.written,
            waiting=now.waiting,
            waiting_max=now.waiting_max,
            logged=logged,
            bytes_up=now.bytes_up - up,
            bytes_down=now.bytes_down - down,
            requests=now.requests - requests,
            lag_p50_ms=round(self._lag.percentile(0.5), 1) if self._lag.count else None,
            lag_p95_ms=round(self._lag.percentile(0.95), 1) if self._lag.count else None,
            sleeping_p95_ms=woken,
            unwoken_p95_ms=unwoken,
        )
        if keep:
            self.samples.append(sample)
            self._before, self._lag = (now.bytes_up, now.bytes_down, now.requests), Histogram("ms")
            self._asleep = (Histogram("ms"), Histogram("ms"))
        return sample
