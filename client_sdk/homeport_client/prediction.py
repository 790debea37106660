"""Predicting a command: the app's own function, run on what this device sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from homeport_client.view import Views
from homeport_sync.call import Call
from homeport_sync.calling import UNLIMITED, Halted, run
from homeport_sync.catalog import Catalog
from homeport_sync.change import Change, Record


class NotForeseeable(Halted):
    """The command asks for what only the server knows."""


class _Foreseen(Call):
    """A call as a device runs it. Who calls, and in which role, only the server knows."""

    @property
    def user(self) -> str:
        raise NotForeseeable

    @property
    def role(self) -> str:
        raise NotForeseeable


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a command finds on a device: every record as it shows."""

    views: Views

    def record(self, id: str) -> Record | None:
        return self.views.record(id)

    def of_kind(self, scope: str, kind: str) -> Sequence[Record]:
        return self.views.of_kind(scope, kind)


def predict(change: Change, device: str, catalog: Catalog, views: Views) -> list[Change]:
    """What the called command will come to, as far as this device can tell; nothing if it cannot.

    Raises the `Rejection` with which the command refuses, or fails.
    """
    command = catalog.command(change.kind)
    if not command.predicted:
        return []
    call = _Foreseen(change, user="", role="", device=device, catalog=catalog, there=_Shown(views))
    try:
        run(command, call, UNLIMITED)
    except NotForeseeable:
        return []
    return call.effects()
