"""URLs that may hold a password, read once, before any driver meets them.

A sign that is not escaped moves the borders of a URL: a piece of the password becomes a port, or the name of a host,
and the driver's error quotes it. So what cannot be told apart is refused here, and never shown.
"""

from __future__ import annotations

from urllib.parse import urlsplit


def can_be_read(url: str) -> bool:
    """Whether its user, password and servers (several: with commas) can be told apart without doubt."""
    try:
        parts = urlsplit(url)
        user, at, servers = parts.netloc.rpartition("@")
        for server in servers.split(","):
            _ = urlsplit(f"//{server}").port  # raises ValueError for what is no port
    except ValueError:
        return False
    cut_off = bool(parts.netloc) and not at and "@" in url
    return not cut_off and "@" not in user
