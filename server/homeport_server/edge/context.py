"""What an operation knows: the rooms behind the edge, who calls, and under which request id."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import getrandbits
from typing import Any

from homeport_server.accounts import Accounts
from homeport_server.edge.batches import Batches
from homeport_server.notify.notifier import Notifier
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.samples import Samples
from homeport_server.observe.tracing.port import Tracer
from homeport_server.observe.troubles import Troubles
from homeport_server.pokes import PokeHub
from homeport_server.settings import Settings
from homeport_server.sightings import Heard
from homeport_server.tokens import Caller
from homeport_sync.catalog import Catalog
from homeport_sync.exchange import Exchange
from homeport_sync.introduction import HEADER
from homeport_sync.quarantine import Quarantine
from homeport_sync.query import Queries

DEVICE_SHOWN_MAX = 80
REQUEST_ID = b"x-request-id"
TRACEPARENT = b"traceparent"
INTRODUCTION = HEADER.encode()
BESIDE: ContextVar[dict[str, Any]] = ContextVar("beside")  # what the running operation tells beside its data
_is_request_id = re.compile(rb"[A-Za-z0-9._-]{1,128}").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What stands behind the edge, built once by the roof. `wall_ms` is the server's clock."""

    exchange: Exchange
    accounts: Accounts
    pokes: PokeHub
    log: Log
    troubles: Troubles
    metrics: Metrics
    samples: Samples
    tracer: Tracer
    settings: Settings
    wall_ms: Callable[[], int]
    notifier: Notifier
    catalog: Catalog
    queries: Queries
    quarantine: Quarantine
    heard: Heard = field(default_factory=Heard)

    def pushed(
        self, tenant: str, verdicts: Mapping[str, int], codes: Mapping[str, Mapping[str, int]], seconds: float
    ) -> None:
        """A push was answered, in whatever form it came: for /metrics, and for the charts."""
        self.metrics.pushed(verdicts, codes, seconds)
        self.samples.pushed(tenant, verdicts, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, or one socket: every line logged for it and every error it gets carries `request_id`.

    `traceparent` is the caller's own span (W3C Trace Context), "" if it has none. `introduction` is the header in which
    a device speaks of itself, as it came, b"" for none. `batches` are its open questions.
    """

    rooms: Rooms
    caller: Caller
    request_id: str
    traceparent: str = ""
    introduction: bytes = b""
    batches: Batches = field(default_factory=Batches, compare=False)


def request_id_of(headers: Mapping[bytes, bytes]) -> str:
    """The caller's own request id if it is well-formed (1 to 128 of A-Z a-z 0-9 . _ -), else a new one."""
    given = headers.get(REQUEST_ID)
    if given is not None and _is_request_id(given):
        return given.decode("ascii")
    return f"{getrandbits(64):016x}"  # a name, not a secret


def in_ms(seconds: float) -> float:
    """Seconds as the milliseconds that a log line tells."""
    return round(seconds * 1_000, 2)
