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
            if invariant(shows) is False:
                yield f"{invariant.__name__} does not hold on {shows.device}: it returned False."
        except AssertionError as failed:
            yield f"{invariant.__name__} does not hold on {shows.device}: {_line(failed)}"
        except Exception as broke:  # noqa: BLE001  # a reference that leads nowhere is a finding, and no reason to stop
            yield f"{invariant.__name__} could not be asked on {shows.device}: {type(broke).__name__}: {_line(broke)}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
