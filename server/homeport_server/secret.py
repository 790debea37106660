"""The server's one secret: made on first run, kept in the data directory, never a default.

It signs nothing itself. Each use has a key of its own, derived by HKDF (RFC 5869, the expand step with SHA-256), so
that a token can never pass for a cursor.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from homeport_server.errors import SecretForeign, SecretUnsafe
from homeport_sync.installation import Installation

FILE = "secret"
SECRET_BYTES = 32
_OTHERS = 0o077


class Secret:
    """At least 32 random bytes."""

    def __init__(self, value: bytes) -> None:
        if len(value) < SECRET_BYTES:
            raise SecretUnsafe(f"The secret has {len(value)} bytes; expected {SECRET_BYTES} at least.")
        self._value = value

    def key(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose, always the same."""
        return hmac.digest(self._value, f"homeport {purpose}".encode() + b"\x01", "sha256")

    def fingerprint(self) -> str:
        """A name for the secret that everybody may know: 16 bytes in hex."""
        return self.key("fingerprint")[:16].hex()

    def __repr__(self) -> str:
        return "Secret(…)"


def open_secret(data: Path) -> Secret:
    """The secret of a data directory; the first call makes both, the directory with mode 0700, the file with 0600.

    Raises `SecretUnsafe` for a file that is too short or that others may read.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = data / FILE
    if not file.exists():
        _make(file)
    return read_secret(file)


def read_secret(file: Path) -> Secret:
    """The secret in a file that is there. Raises `SecretUnsafe` as `open_secret` does."""
    if os.name == "posix" and file.stat().st_mode & _OTHERS:
        raise SecretUnsafe(f"Others may read the secret {file}: run chmod 600 {file}, then start again.")
    value = file.read_bytes()
    if len(value) < SECRET_BYTES:
        raise SecretUnsafe(
            f"The secret {file} has {len(value)} bytes; expected {SECRET_BYTES} at least: restore it from your "
            "backup, or delete it and give out new tokens."
        )
    return Secret(value)


async def check_fingerprint(installation: Installation, secret: Secret, *, replace: bool = False) -> None:
    """Let a process work with this secret; the first one's becomes the database's, and so does one that is to
    `replace` it.

    Raises `SecretForeign` if the database knows another: two secrets behind one address void each other's tokens.
    """
    ours = secret.fingerprint()
    if await installation.adopt(ours, replace=replace) != ours:
        raise SecretForeign


def _make(file: Path) -> None:
    """Whole or not at all, and never over another's: of two processes that start at once, one wins."""
    draft = file.with_name(f"{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(SECRET_BYTES))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return
    finally:
        draft.unlink()
