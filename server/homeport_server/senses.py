"""Senses: what a server perceives of its devices. Who was heard of lately, who listens, and samples of all of it.

The three belong together: who listens says whose lag counts, and both say who needs no wake.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from homeport_server.listening import Listening
from homeport_server.notify.presences import LivePresences
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.samples import Samples
from homeport_server.pokes import PokeHub
from homeport_server.settings import Settings
from homeport_server.sightings import Heard, Keeper, position_of
from homeport_sync.cursor import CursorSeal
from homeport_sync.lookups import Lookups
from homeport_sync.ports import LogStore, Signals
from homeport_sync.sightings import Sightings


class Senses:
    """Those of one process. `seal` opens the cursors that it gives to devices, `wall_ms` is its clock."""

    def __init__(self, settings: Settings, log: Log, seal: CursorSeal, wall_ms: Callable[[], int]) -> None:
        self.heard = Heard()
        self.listening = Listening(wall_ms)
        self.samples = Samples(wall_ms, place_of=partial(position_of, seal), since_ms=self.listening.since_ms)
        self._settings = settings
        self._log = log
        self._seal = seal
        self._wall_ms = wall_ms

    def hub(self, store: LogStore, signals: Signals, metrics: Metrics) -> PokeHub:
        """What pokes those who listen."""
        return PokeHub(
            store,
            signals,
            self._log,
            poll_s=self._settings.poke_poll_s,
            metrics=metrics,
            wall_ms=self._wall_ms,
            listening=self.listening,
            announced=self.samples.announced,
        )

    def keeper(self, store: Sightings) -> Keeper:
        """What keeps all of it in the store. Who listens is kept where several processes may share one."""
        return Keeper(
            self.heard,
            store,
            self._seal,
            self._log,
            wall_ms=self._wall_ms,
            every_s=self._settings.sightings_every_s,
            listening=self.listening if self._settings.database_url else None,
        )

    def presences(self, store: Lookups) -> LivePresences:
        """How far devices are, with what this process knows better than the store."""
        return LivePresences(store, self.heard, self.listening, self._seal, self._wall_ms)
