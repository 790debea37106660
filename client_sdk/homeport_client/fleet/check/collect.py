"""Collecting what phones hold when everything has come to rest, for the checkers and the app's own invariants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from homeport_client.fleet.check.data import Data
from homeport_client.fleet.check.evidence import Holding
from homeport_client.fleet.check.reading import data, pulled, shown
from homeport_client.fleet.script import Invariant
from homeport_sync import App


def holdings(image: bytes, app: App, *, name: str, user: str, skew_ms: int) -> list[Holding]:
    """What a device had pulled, and what it showed. The phone's own clock was off by `skew_ms`."""
    return [pulled(image, name=name, user=user, skew_ms=skew_ms), shown(image, app.catalog, name=name, user=user)]


def broken(image: bytes, app: App, invariants: Sequence[Invariant], *, name: str, user: str) -> list[str]:
    """Which invariants of the app did not hold on a device."""
    if not invariants:
        return []
    return list(_broken(data(image, app.catalog, name=name, user=user), invariants))


def _broken(shows: Data, invariants: Iterable[Invariant]) -> Iterator[str]:
    for invariant in invariants:
        try:
            invariant(shows)
        except AssertionError as failed:
            yield f"{invariant.__name__} does not hold on {shows.device}: {' '.join(str(failed).split())}"
