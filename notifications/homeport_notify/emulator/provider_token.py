"""Apple's provider tokens: signed with the team's key, at most an hour old, replaced at most every 20 minutes."""

from __future__ import annotations

import jwt
import msgspec

from homeport_notify.emulator import limits
from homeport_notify.emulator.keys import EmulatorKeys


class Known(msgspec.Struct, frozen=True):
    """A token that was verified."""

    signed_s: int


class ProviderTokens:
    """The tokens of one team. One that was shown before costs nothing to verify."""

    def __init__(self, keys: EmulatorKeys, team: str, *, update_s: int = limits.PROVIDER_TOKEN_UPDATE_S) -> None:
        self._keys = keys
        self._team = team
        self._update_ms = update_s * 1_000
        self._known: dict[str, Known] = {}
        self._updated_ms: int | None = None

    def refusal(self, authorization: str, now_ms: int) -> str:
        """Why the token of an `authorization` header is refused, as Apple calls it; "" if it is good."""
        known = self._known.get(authorization)
        if known is None:
            reason = self._read(authorization, now_ms)
            if reason:
                return reason
            known = self._known[authorization]
        if now_ms / 1_000 - known.signed_s > limits.PROVIDER_TOKEN_S_MAX:
            return "ExpiredProviderToken"
        return ""

    def _read(self, authorization: str, now_ms: int) -> str:
        """Why a token that comes for the first time is refused; "" when it is known from now on."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return "MissingProviderToken"
        signed_s = self._signed_s(token)
        if signed_s is None or signed_s > now_ms / 1_000 + limits.CLOCK_SKEW_S:
            return "InvalidProviderToken"
        if now_ms / 1_000 - signed_s > limits.PROVIDER_TOKEN_S_MAX:
            return "ExpiredProviderToken"
        if self._updated_ms is not None and now_ms - self._updated_ms < self._update_ms:
            return "TooManyProviderTokenUpdates"
        self._updated_ms = now_ms
        while len(self._known) >= limits.PROVIDER_TOKENS_MAX:
            del self._known[next(iter(self._known))]
        self._known[authorization] = Known(signed_s)
        return ""

    def _signed_s(self, token: str) -> int | None:
        """When the team's key signed it; None if it did not."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            claims = jwt.decode(token, self._keys.apple_public_pem, algorithms=["ES256"], options={"verify_iat": False})
        except jwt.PyJWTError:
            return None
        signed_s = claims.get("iat")
        good = key_id == self._keys.apple_key_id and claims.get("iss") == self._team
        return signed_s if good and isinstance(signed_s, int) else None
