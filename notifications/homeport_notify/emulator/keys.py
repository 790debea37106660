"""The emulated accounts: a service account of Google with a key of its own, and a signing key of Apple.

The files that are written look like the real ones, so that clients take them unchanged; their keys open nothing else.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from homeport_notify.errors import BadEmulation

_RSA_BITS: Final = 2_048
_OURS: Final = "homeport-emulator@"


class EmulatorKeys:
    """Both keys, made when they are first needed; several emulators may share them."""

    def __init__(self, *, google_pem: str = "", apple_pem: str = "") -> None:
        self._google_pem = google_pem
        self._apple_pem = apple_pem

    @cached_property
    def google(self) -> rsa.RSAPrivateKey:
        """What assertions are signed with."""
        if not self._google_pem:
            return rsa.generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)
        key = load_pem_private_key(self._google_pem.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise BadEmulation("The private key of the service account is none of RSA.")
        return key

    @cached_property
    def apple(self) -> ec.EllipticCurvePrivateKey:
        """What provider tokens are signed with."""
        if not self._apple_pem:
            return ec.generate_private_key(ec.SECP256R1())
        key = load_pem_private_key(self._apple_pem.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise BadEmulation("The signing key of Apple is none of P-256.")
        return key

    @cached_property
    def google_pem(self) -> str:
        """The private key as text."""
        return _pem(self.google)

    @cached_property
    def apple_pem(self) -> str:
        """The private key as text: the contents of a .p8 file."""
        return _pem(self.apple)

    @cached_property
    def google_public_pem(self) -> bytes:
        """What assertions are verified with."""
        return self.google.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def apple_public_pem(self) -> bytes:
        """What provider tokens are verified with."""
        return self.apple.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def apple_key_id(self) -> str:
        """What Apple calls the key: 10 letters and digits."""
        return hashlib.sha256(self.apple_public_pem).hexdigest()[:10].upper()


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def email_of(project: str) -> str:
    """What the service account is called."""
    return f"{_OURS}{project}.iam.gserviceaccount.com"


def service_account(project: str, keys: EmulatorKeys, url: str) -> dict[str, str]:
    """The contents of a service-account file whose tokens come from the emulator at `url`."""
    email = email_of(project)
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": hashlib.sha256(keys.google_public_pem).hexdigest()[:40],
        "private_key": keys.google_pem,
        "client_email": email,
        "client_id": str(int(hashlib.sha256(email.encode()).hexdigest()[:16], 16)),
        "auth_uri": f"{url}/auth",
        "token_uri": f"{url}/token",
        "auth_provider_x509_cert_url": f"{url}/certs",
        "client_x509_cert_url": f"{url}/certs/{email}",
        "universe_domain": "googleapis.com",
    }


def keys_in(account: Path | None, apple: Path | None) -> EmulatorKeys:
    """The keys in files that an emulator wrote before, so that clients go on with theirs; new ones where there is no
    file. Raises `BadEmulation` for files of somebody else, and `OSError`."""
    return EmulatorKeys(
        google_pem=_google_pem_in(account) if account and account.exists() else "",
        apple_pem=apple.read_text() if apple and apple.exists() else "",
    )


def _google_pem_in(path: Path) -> str:
    try:
        account = json.loads(path.read_text())
        if account["client_email"].startswith(_OURS):
            return str(account["private_key"])
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    raise BadEmulation(f"{path} is there, and no emulator wrote it: name another file.")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads. Raises `OSError`."""
    path.touch(mode=0o600)
    path.write_text(text)
