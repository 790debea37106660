"""Every limit of the proxy, together and with its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyLimits:
    """What is too long, too much or too slow for the proxy.

    Of each connection at most `read_bytes` are read at once, `buffer_bytes` wait to be written, `ahead_bytes_max` are
    heard before their turn, and a head has `head_bytes_max`; of each WebSocket at most `pieces_max` are on their way. A
    message that is held whole, because it suffers an incident, has `held_bytes_max`; over that its connection is reset.
    A text frame of up to `frame_bytes_max` is held until it can be looked into. `slice_s` is the time between two
    writes of a throttled connection, `drips` the parts of a slow answer. More than `connections_max` clients are reset;
    more than `strays_max` copies on their way are lost. Without a network, connections are silent for `silence_s`
    before they end. `connect_s` bounds reaching the server, `linger_s` and `linger_bytes_max` the goodbye to a client
    that still sends.
    """

    head_bytes_max: int = 65_536
    read_bytes: int = 65_536
    buffer_bytes: int = 65_536
    ahead_bytes_max: int = 65_536
    held_bytes_max: int = 16_777_216
    frame_bytes_max: int = 65_536
    pieces_max: int = 256
    slice_s: float = 0.05
    drips: int = 20
    connections_max: int = 4_096
    backlog: int = 1_024
    strays_max: int = 1_024
    silence_s: float = 2.0
    connect_s: float = 10.0
    linger_s: float = 2.0
    linger_bytes_max: int = 16_777_216


PROXY_LIMITS = ProxyLimits()
