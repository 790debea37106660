"""The metrics that a fleet offers: the one table that thresholds, their errors and the docs are made from.

A **trend** is a distribution, a **count** goes up once for each thing that happened, and a **check** is a count of what
may never happen. A count with a `whole` may also be asked for as a share of it, in percent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from homeport_client.fleet.report.units import Unit

Sort: TypeAlias = Literal["trend", "count", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing that is measured. `says` goes on after "is": "sync_lag is how long …"."""

    name: str
    sort: Sort
    unit: Unit
    says: str
    whole: str | None = None


def _trend(name: str, unit: Unit, says: str) -> Metric:
    return Metric(name=name, sort="trend", unit=unit, says=says)


def _count(name: str, says: str, *, of: str | None = None, unit: Unit = "") -> Metric:
    return Metric(name=name, sort="count", unit=unit, says=says, whole=of)


def _check(name: str, says: str) -> Metric:
    return Metric(name=name, sort="check", unit="", says=says)


_ALL = (
    _trend(
        "sync_lag",
        "ms",
        "how long a change took to another device: from the moment the server accepted it, or that device could be "
        "reached if later, until the device had pulled it",
    ),
    _trend(
        "push_lag",
        "ms",
        "how long a write waited for its answer: from the moment it was written, or its device could be reached if "
        "later",
    ),
    _trend(
        "sleeping_lag",
        "ms",
        "how long a change took to a device whose app slept: from the moment the server accepted it until the device "
        "had pulled it, woken or not",
    ),
    _trend(
        "unwoken_lag",
        "ms",
        "the same without wakes: until the app was opened or fetched what was new by itself",
    ),
    _trend("heal", "ms", "how long after the end of all faults a device had nothing waiting and was caught up"),
    _trend("outbox", "", "the number of changes that waited on a device, at each sample"),
    _trend("bytes_per_device_day", "bytes", "what a device sent and received in a day"),
    _trend("requests_per_device_day", "", "the number of requests a device made in a day"),
    _trend(
        "radio_wakes_per_device_day", "", "how often a device's radio came on in a day, after 10 s or more of quiet"
    ),
    _count("written", "the number of changes that were written on devices"),
    _count("accepted", "the number of changes that the server took in", of="written"),
    _count("applied", "the number of changes that the server took in as they were", of="written"),
    _count("merged", "the number of changes that the server took in together with another's", of="written"),
    _count("superseded", "the number of changes that were taken in after something newer had won", of="written"),
    _count("rejected", "the number of changes that the server refused, saying why", of="written"),
    _count("requests", "the number of requests that devices made"),
    _count("pokes", "the number of pokes that reached devices"),
    _count("notifications_owed", "the number of notifications that were owed to phones"),
    _count("notifications_received", "the number of those that phones showed", of="notifications_owed"),
    _count("wakes", "the number of wakes that the provider of notifications took"),
    _count("bytes_up", "what all devices sent", unit="bytes"),
    _count("bytes_down", "what all devices received", unit="bytes"),
    _count("incidents", "the number of requests to which the network did something", of="requests"),
    _count("crashes", "the number of times that the server's process died"),
    _count("kills", "the number of times that a device lost power or was killed"),
    _count("steps", "the number of steps that devices took in their stories"),
    _check("lost", "acknowledged writes that were lost, and writes that were never answered"),
    _check("twice", "changes that were applied twice"),
    _check("halved", "groups of which only a part took effect"),
    _check("differing", "devices that differ from what they must hold"),
    _check("flickering", "records that somebody saw go and come back, or change and change back"),
    _check("outside", "records on devices that may not see them, and writes where nobody may write"),
    _check("unreceipted", "ends of grants that a device which held the scope has not answered with a receipt"),
    _check("resurrected", "deleted records that are still on a device"),
    _check("mistold", "log entries and outcomes that do not say what was written, or what became of it"),
    _check("gaps", "gaps in the log"),
    _check("skipped", "positions that a follower skipped or counted twice"),
    _check("unexplained", "outcomes that changed, do not fit the log, or do not say why"),
    _check("unjust", "changes that were rejected for a reason that was never there"),
    _check("disordered", "changes of one device that count in another order than it made them"),
    _check("mistimed", "phones that go by a wrong time although the server has told them the right one"),
    _check("broken", "violations of what the app itself says must always be true"),
    _check("raised", "errors that a device raised though it may not"),
    _check("fallen", "processes that ended by themselves"),
    _check("unhealed", "devices and followers that did not come to rest in time"),
    _check("untold", "notifications that were owed to a phone and did not show there"),
    _check("overtold", "notifications to those who were owed none, had pulled before, or saw one more than once"),
    _check("overwoken", "phones that were woken more often within an hour than their system allows"),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
