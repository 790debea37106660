"""What a database says of the whole installation: with which secret its tokens and cursors are signed.

Every process needs the same secret and has a copy of its own; the database is what they all share, so it knows the
fingerprint of the right one.
"""

from __future__ import annotations

from typing import Protocol


class Installation(Protocol):
    """What a store keeps of the installation; it belongs to no tenant."""

    async def fingerprint(self) -> str | None:
        """The fingerprint of the secret in use; None before anybody has adopted one."""

    async def adopt(self, fingerprint: str, *, replace: bool) -> str:
        """Keep the fingerprint, durably, if none is kept or if it is to `replace` the other; the one that is kept then.
        Of many who come first at once, one wins, and all are told the same."""


class MemoryInstallation:
    """`Installation` in memory."""

    def __init__(self) -> None:
        self._fingerprint: str | None = None

    async def fingerprint(self) -> str | None:
        """See `Installation`."""
        return self._fingerprint

    async def adopt(self, fingerprint: str, *, replace: bool) -> str:
        """See `Installation`."""
        if replace or self._fingerprint is None:
            self._fingerprint = fingerprint
        return self._fingerprint
