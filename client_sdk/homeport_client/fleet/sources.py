"""Where another process finds what it is to play: an app and a script are code, which does not travel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from homeport_client.fleet.networks import Network
from homeport_client.fleet.playing import load_script
from homeport_client.fleet.script import Script
from homeport_sync import App, load_app


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files that declare the app and the script (None: the script made from the app), and what is otherwise than
    the script says (None: nothing)."""

    app: Path
    script: Path | None = None
    devices: int | None = None
    duration_s: float | None = None
    network: Network | None = None

    def load(self) -> tuple[App, Script]:
        """Both. Raises what `load_app` and `load_script` raise."""
        script = load_script(self.script) if self.script else Script()
        return load_app(self.app), replace(
            script,
            devices=self.devices or script.devices,
            duration_s=self.duration_s or script.duration_s,
            network=self.network or script.network,
        )
