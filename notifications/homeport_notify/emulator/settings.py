"""How an emulator is set up: what stays as it is while it runs. What may change is its `Behaviour`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from homeport_notify.emulator import limits
from homeport_notify.emulator.behaviour import Behaviour
from homeport_notify.emulator.keys import EmulatorKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """`port` 0 takes any free one. `url` is where clients reach it, if that is elsewhere. `project` is Firebase's, and
    `team` Apple's; `topics` are the bundle ids that may be sent to, none: any. With `credentials_checked` off whoever
    comes may send. `certificate` and its `certificate_key` (PEM files) make it speak TLS."""

    host: str = "127.0.0.1"
    port: int = 0
    url: str = ""
    project: str = "emulated"
    team: str = "EMULATED00"
    topics: frozenset[str] = frozenset()
    seed: int = 1
    behaviour: Behaviour = field(default_factory=Behaviour)
    keys: EmulatorKeys = field(default_factory=EmulatorKeys)
    credentials_checked: bool = True
    bearer_ttl_s: int = 3_600
    provider_token_update_s: int = limits.PROVIDER_TOKEN_UPDATE_S
    certificate: Path | None = None
    certificate_key: Path | None = None
