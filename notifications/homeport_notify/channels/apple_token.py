"""Apple's provider tokens: signed with the team's key, the same one in every worker.

Apple wants a token to be replaced at most every 20 and at least every 60 minutes, over all who send for a team, and
refuses whoever changes it more often (`TooManyProviderTokenUpdates`). What Apple compares is not documented, so nothing
may differ: `iat` is rounded down to steps of 40 minutes, and the signature is deterministic (RFC 6979), where ECDSA's
own would differ each time. So workers that share a key and a clock to within a minute show one and the same token,
without a word to each other. Where OpenSSL cannot sign so (before 3.2), each worker has a token of its own; `Bearers`
is the port through which one could be shared by a store then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm
from jwt.api_jws import PyJWS

from homeport_notify.errors import ChannelMissing

STEP_S: Final = 40 * 60  # a token is at most so old
RENEWED_STEP_S: Final = 20 * 60  # and so old when Apple has called the other expired: its clock runs before ours
_HALF_BYTES: Final = 32  # of a signature: each of its two numbers


class _Deterministic(ECAlgorithm):
    """ES256 that signs the same words the same way."""

    def sign(self, msg: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
        """The two numbers of the signature, as JWT has them (RFC 7518, section 3.4)."""
        try:
            signature = key.sign(msg, ec.ECDSA(SHA256(), deterministic_signing=True))
        except UnsupportedAlgorithm:
            return super().sign(msg, key)
        return b"".join(number.to_bytes(_HALF_BYTES, "big") for number in decode_dss_signature(signature))


class AppleTokens:
    """`Bearers` of one team and key. `key_pem` is the text of the .p8 file, `wall_ms` the clock. Raises
    `ChannelMissing` for a key that is none."""

    def __init__(self, team: str, key_id: str, key_pem: str, wall_ms: Callable[[], int]) -> None:
        try:
            key = load_pem_private_key(key_pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ChannelMissing(
                f"The key of Apple cannot be read: expected the text of a .p8 file ({str(error).split('. ')[0]})."
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ChannelMissing("The key of Apple is none of P-256: expected a .p8 file for APNs.")
        self._key = key
        self._team = team
        self._key_id = key_id
        self._wall_ms = wall_ms
        self._signing = PyJWS(algorithms=[])
        self._signing.register_algorithm("ES256", _Deterministic(ECAlgorithm.SHA256))
        self._signed: dict[int, str] = {}
        self._expired = ""

    async def bearer(self) -> str:
        """As `Bearers` says. It is always there."""
        token = self._at(STEP_S)
        return self._at(RENEWED_STEP_S) if token == self._expired else token

    def refused(self, bearer: str) -> None:
        """As `Bearers` says: the next is younger, if it can be without being one of too many."""
        self._expired = bearer

    async def close(self) -> None:
        """Nothing to do."""

    def _at(self, step_s: int) -> str:
        now_s = self._wall_ms() // 1_000
        iat = now_s - now_s % step_s
        if iat not in self._signed:
            self._signed = {other: token for other, token in self._signed.items() if other > now_s - 2 * STEP_S}
            self._signed[iat] = self._sign(iat)
        return self._signed[iat]

    def _sign(self, iat: int) -> str:
        claims = msgspec.json.encode({"iss": self._team, "iat": iat})
        return self._signing.encode(claims, self._key, algorithm="ES256", headers={"kid": self._key_id})
