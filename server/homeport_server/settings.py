"""Every setting of the server, together, with its unit and its reason; read once, at start.

One rule names them: the field `token_ttl_s` is the flag `--token-ttl-s` and the variable `HOMEPORT_TOKEN_TTL_S`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from homeport_server.errors import BadSetting
from homeport_server.urls import can_be_read
from homeport_sync.query import ROWS_MAX

LOG_LEVELS = ("debug", "info", "warning", "error")
ON_OR_OFF = ("on", "off")
TRACES = ("off", "otlp")
TOKEN_LEEWAY_MAX_S = 60
LEASE_MIN_S = 1.0
MAY_BE_ZERO = frozenset(
    {
        "port",
        "work_port",
        "token_leeway_s",
        "drain_notice_s",
        "told_hold_ms",
        "graphql_checking_ms_a_s",
        "gzip_bytes_min",
        "fcm_a_second",
        "apns_a_second",
        "webhook_a_second",
    }
)
NOTIFY_SLICES_MAX = 64
CHANNEL_SETTINGS = (
    "fcm_service_account",
    "fcm_url",
    "fcm_a_second",
    "apns_key",
    "apns_key_id",
    "apns_team_id",
    "apns_topic",
    "apns_url",
    "apns_a_second",
    "webhook_secret",
    "webhook_allow_private",
    "webhook_a_second",
    "notify_console",
)
WEB_SCHEMES = ("http://", "https://")
POSTGRES_SCHEMES = ("postgresql://", "postgres://")
NATS_SCHEMES = ("nats://", "tls://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one server process runs. Each field carries the sentence that says what it is for."""

    host: Annotated[str, "The address to listen on."] = "127.0.0.1"
    port: Annotated[int, "The port to listen on; 0 takes any free one."] = 8000
    data: Annotated[Path, "The directory that holds the database and the secret."] = Path(".homeport")
    database_url: Annotated[str, "postgresql://… as the app's role; empty: SQLite in the data directory."] = ""
    database_connections_max: Annotated[int, "How many connections to PostgreSQL a process may have."] = 10
    database_role: Annotated[str, "The role that servers use on PostgreSQL; it owns no table."] = "homeport_app"
    nats_url: Annotated[str, "nats://… to carry signals between processes; empty: PostgreSQL carries them."] = ""
    log_level: Annotated[str, "How much is logged: debug, info, warning or error."] = "info"
    traces: Annotated[str, "Where spans go: off, or otlp (OTEL_EXPORTER_OTLP_ENDPOINT says to whom)."] = "off"
    token_ttl_s: Annotated[int, "How long a new token is valid, in seconds."] = 30 * 24 * 3_600
    token_leeway_s: Annotated[int, "How wrong the clocks of two servers may be, in seconds, at most 60."] = 30
    tokens_cached_max: Annotated[int, "How many verified tokens are remembered."] = 10_000
    body_bytes_max: Annotated[int, "The largest request body or socket message, in bytes."] = 1_310_720
    body_s: Annotated[float, "How long a request body may take to arrive, in seconds."] = 120.0
    gzip_bytes_min: Annotated[int, "How large an answer is compressed, in bytes; 0: none is."] = 4_096
    bodies_arriving_max: Annotated[int, "How many bodies may be arriving in pieces, half of them one tenant's."] = 128
    requests_in_hand_max: Annotated[int, "How many requests a process works on at once; more are told to wait."] = 512
    tenant_requests_in_hand_max: Annotated[int, "How many of them may be one tenant's."] = 256
    handshakes_in_hand_max: Annotated[int, "How many sockets may be opening at once, half of them one tenant's."] = 512
    retry_after_max_s: Annotated[float, "The longest that a device is told to wait, in seconds."] = 60.0
    told_hold_ms: Annotated[int, "How long a refusal for want of room is held, in ms; 0: not at all."] = 500
    told_held_max: Annotated[int, "How many refusals are held at once; more are sent at once."] = 4_096
    sockets_per_user_max: Annotated[int, "How many sockets one user may have open."] = 20
    subscriptions_per_socket_max: Annotated[int, "How many operations a socket may have running."] = 10
    socket_init_s: Annotated[float, "How long a socket may take to say who it is, in seconds."] = 10.0
    graphql_tokens_max: Annotated[int, "How many tokens a GraphQL document may have."] = 2_000
    graphql_depth_max: Annotated[int, "How many fields may stand within each other."] = 15
    graphql_aliases_max: Annotated[int, "How many aliases a document may have."] = 30
    graphql_cost_max: Annotated[int, "What an operation may cost: its fields, those in lists often."] = 20_000
    graphql_page_max: Annotated[int, "The largest page that may be asked for."] = 1_000
    graphql_s: Annotated[float, "How long a query or a write by GraphQL may run, in seconds."] = 30.0
    graphql_checking_ms_a_s: Annotated[
        int, "How many ms a second checking one user's new documents may take; 0: any."
    ] = 200
    graphql_introspection: Annotated[bool, "The schema may be asked for in production, too."] = False
    graphql_cost_shown: Annotated[bool, "Every answer says what it cost, and not only to who asks."] = False
    documents: Annotated[str, "The JSON file of trusted documents, Relay's or Apollo's; empty: none."] = ""
    documents_only: Annotated[bool, "Trusted documents alone are run, and those of Homeport's own SDKs."] = False
    poke_poll_s: Annotated[float, "How late a poke may be if its signal was lost, in seconds."] = 5.0
    work_port: Annotated[int, "The port on which a worker shows its health; 0 takes any free one."] = 0
    work_poll_s: Annotated[float, "How late a follower may be if its signal was lost, in seconds."] = 30.0
    work_at_once_max: Annotated[int, "How many tenants a worker works for at once."] = 4
    lease_s: Annotated[float, "How long the work of a worker that vanished waits for another, in seconds."] = 15.0
    upkeep_every_s: Annotated[float, "How often old confirmed outcomes are forgotten, in seconds."] = 3_600.0
    sightings_every_s: Annotated[float, "How often it is kept when devices were last heard of, in seconds."] = 2.0
    keep_alive_s: Annotated[int, "How long an idle HTTP connection is kept open, in seconds."] = 75
    backlog: Annotated[int, "How many connections may wait to be accepted."] = 4_096
    workers: Annotated[int, "How many server processes share the port; more than 1 needs PostgreSQL."] = 1
    drain_notice_s: Annotated[float, "How long a process told to stop serves on as not ready, in seconds."] = 0.0
    drain_s: Annotated[float, "How long sockets take to leave a process that stops, in seconds."] = 10.0
    fcm_service_account: Annotated[str, "The service account's JSON file; empty: nothing is sent by FCM."] = ""
    fcm_url: Annotated[str, "Where FCM is, for an emulator; empty: at Google's."] = ""
    fcm_a_second: Annotated[int, "How many messages a second FCM may be sent; 0: as many as it takes."] = 8_000
    apns_key: Annotated[str, "The file of the signing key (.p8); empty: nothing is sent by APNs."] = ""
    apns_key_id: Annotated[str, "The id of that key."] = ""
    apns_team_id: Annotated[str, "The id of the team whose key it is."] = ""
    apns_topic: Annotated[str, "The app's bundle id."] = ""
    apns_url: Annotated[str, "Where APNs is: its sandbox, or an emulator; empty: Apple's production."] = ""
    apns_a_second: Annotated[int, "How many messages a second APNs may be sent; 0: as many as it takes."] = 0
    webhook_secret: Annotated[str, "What signs webhooks (whsec_…, the newest first); empty: none are sent."] = ""
    webhook_allow_private: Annotated[bool, "Webhooks may go to addresses of private networks."] = False
    webhook_a_second: Annotated[int, "How many webhooks a second may be sent; 0: as many as are taken."] = 0
    notify_console: Annotated[bool, "Notifications to the channel console are printed: for development."] = False
    notify_slices: Annotated[int, "Into how many parts a log's rules and wakes are cut, for as many workers."] = 1
    graphql_ide: Annotated[bool, "The IDE at /graphql is there in production, too; without a token."] = False
    rxdb: Annotated[str, "Whether the schema has what RxDB's replication asks for: on or off."] = "on"
    production: Annotated[bool, "Real people depend on it: `homeport fleet` keeps away."] = False

    def __post_init__(self) -> None:
        """Raises `BadSetting`, naming the variable, for a value that cannot work."""
        if self.log_level not in LOG_LEVELS:
            raise _wrong("log_level", self.log_level, f"one of {', '.join(LOG_LEVELS)}")
        self._check_urls()
        self._check_channels()
        if self.traces not in TRACES:
            raise _wrong("traces", self.traces, f"one of {', '.join(TRACES)}")
        if self.rxdb not in ON_OR_OFF:
            raise _wrong("rxdb", self.rxdb, f"one of {', '.join(ON_OR_OFF)}")
        self._check_numbers()
        if self.workers > 1 and not self.database_url:
            raise _wrong("workers", self.workers, f"1 on SQLite, which one process owns (or {flag('database_url')})")

    @property
    def lease_ms(self) -> int:
        """How long a lease of a worker is, in milliseconds."""
        return int(self.lease_s * 1_000)

    def _check_numbers(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, float) and not isfinite(value):
                raise _wrong(each.name, value, "a finite number")
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if is_number and value <= 0 and (each.name not in MAY_BE_ZERO or value < 0):
                raise _wrong(each.name, value, "0 or more" if each.name in MAY_BE_ZERO else "a number above 0")
        for name, port in (("port", self.port), ("work_port", self.work_port)):
            if not 0 <= port <= 65_535:
                raise _wrong(name, port, "0 to 65535")
        if not 0 <= self.token_leeway_s <= TOKEN_LEEWAY_MAX_S:
            raise _wrong("token_leeway_s", self.token_leeway_s, f"0 to {TOKEN_LEEWAY_MAX_S}")
        if self.lease_s < LEASE_MIN_S:
            raise _wrong("lease_s", self.lease_s, f"{LEASE_MIN_S:g} or more, or workers take each other's work away")
        for name, most in (("graphql_page_max", ROWS_MAX), ("notify_slices", NOTIFY_SLICES_MAX)):
            if getattr(self, name) > most:
                raise _wrong(name, getattr(self, name), f"1 to {most}")

    def _check_channels(self) -> None:
        for name, url in (("fcm_url", self.fcm_url), ("apns_url", self.apns_url)):
            if url and not url.startswith(WEB_SCHEMES):
                raise _wrong(name, url, "http://…, https://… or nothing")
        for name in ("apns_key_id", "apns_team_id", "apns_topic"):
            if bool(self.apns_key) != bool(getattr(self, name)):
                raise _wrong(name, getattr(self, name), f"what belongs to {flag('apns_key')}: all four, or none")

    def _check_urls(self) -> None:
        if self.database_url and not self.database_url.startswith(POSTGRES_SCHEMES):
            raise _wrong("database_url", self.database_url.partition(":")[0] + ":…", "postgresql://… or nothing")
        if self.nats_url and not (self.database_url and self.nats_url.startswith(NATS_SCHEMES)):
            raise _wrong("nats_url", self.nats_url.partition(":")[0] + ":…", "nats://…, and PostgreSQL, or nothing")
        for name, urls in (("database_url", [self.database_url]), ("nats_url", self.nats_url.split(","))):
            if not all(map(can_be_read, urls)):
                raise BadSetting(f"{flag(name)} cannot be read: escape / @ : in the password as %2F %40 %3A.")


def says(name: str) -> str:
    """The sentence of a setting."""
    sentence: str = _hints()[name].__metadata__[0]
    return sentence


@functools.cache  # each verb asks for each of its settings, and reading them all takes most of a millisecond
def _hints() -> Mapping[str, Any]:
    return get_type_hints(Settings, include_extras=True)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"HOMEPORT_{name.upper()}"


def flag(name: str) -> str:
    """The command line flag of a setting."""
    return f"--{name.replace('_', '-')}"


def _wrong(name: str, value: object, expected: str) -> BadSetting:
    return BadSetting(f"{flag(name)} is {value!r}; expected {expected}: set it there or in {variable(name)}.")
