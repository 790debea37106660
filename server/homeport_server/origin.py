"""Where a browser on this machine finds a server that listens there."""

from __future__ import annotations

from typing import Final

WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # compared with, not listened on


def origin_of(host: str, port: int) -> str:
    """The origin of its pages; who listens on every address is found at loopback."""
    host = "127.0.0.1" if host in WILDCARDS else f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}"
