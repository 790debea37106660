"""Where the server is: what `--to` says, read once."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Self
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server's place. `authority` is what the Host header of a request to it says."""

    scheme: str
    host: str
    port: int
    authority: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises `ValueError` for a URL that is not http or https, or has more than a host and a port."""
        parts = urlsplit(url)
        more = parts.path not in ("", "/") or "?" in url or "#" in url or "@" in parts.netloc
        if parts.scheme not in _PORTS or not parts.hostname or more:
            raise ValueError(
                f"The server is {url.rpartition('@')[2]!r}; expected a URL such as http://127.0.0.1:8000, "
                "without a path or anything else."
            )
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            authority=parts.netloc,
        )

    async def connect(
        self, tls: ssl.SSLContext | None, *, read_bytes: int, within_s: float
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection; over TLS, with `tls` or what Python trusts, if it is https. Raises `OSError`."""
        context = (tls or trusted()) if self.scheme == "https" else None
        async with asyncio.timeout(within_s):  # its TimeoutError is an OSError
            return await asyncio.open_connection(self.host, self.port, ssl=context, limit=read_bytes)


@cache
def trusted() -> ssl.SSLContext:
    """What Python trusts: read once, as it takes longer than a connection."""
    return ssl.create_default_context()
