"""Google's OAuth as far as service accounts need it: a signed assertion in, an access token out (RFC 7523)."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import parse_qs

import jwt
import msgspec

from homeport_notify.emulator import limits
from homeport_notify.emulator.exchange import Reply, Request, json_reply
from homeport_notify.emulator.keys import EmulatorKeys, email_of

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLES: Final = "https://oauth2.googleapis.com/token"  # what clients name as the audience, whatever their token_uri is
SCOPES: Final = frozenset(
    f"https://www.googleapis.com/auth/{name}" for name in ("firebase.messaging", "cloud-platform", "firebase")
)
_REST_BYTES: Final = 764  # a real access token is about a KiB long, which counts: it goes with every message
_SHORT_LIVED: Final = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


class Bearer(msgspec.Struct, frozen=True):
    """An access token that was given."""

    until_ms: int
    may_send: bool


class Bearers:
    """The access tokens that were given, until they expire."""

    def __init__(self, keys: EmulatorKeys, project: str, *, ttl_s: int) -> None:
        self._keys = keys
        self._email = email_of(project)
        self._ttl_s = ttl_s
        self._given: dict[str, Bearer] = {}

    def refusal(self, authorization: str, now_ms: int) -> str:
        """Why the bearer of an `authorization` header may not send, as Google calls it; "" if it may."""
        bearer = self._given.get(authorization)
        if bearer is None:
            if not authorization:
                return "CREDENTIALS_MISSING"
            known = authorization.startswith("Bearer ya29.")
            return "ACCESS_TOKEN_EXPIRED" if known else "ACCESS_TOKEN_TYPE_UNSUPPORTED"
        if now_ms >= bearer.until_ms:
            return "ACCESS_TOKEN_EXPIRED"
        return "" if bearer.may_send else "ACCESS_TOKEN_SCOPE_INSUFFICIENT"

    def expire(self) -> None:
        """All that were given end now."""
        self._given.clear()

    def exchange(self, request: Request, audience: str, now_ms: int) -> Reply:
        """Answer a request for a token. `audience` is our own token endpoint's URL; `code` of what is returned is OK,
        or what is wrong."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode("latin-1")).items()}
        if form.get("grant_type") != GRANT:
            return _refused("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        try:
            claims = jwt.decode(
                form.get("assertion", ""),
                self._keys.google_public_pem,
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError:
            return _refused("invalid_grant", "Invalid JWT Signature.")
        wrong = self._wrong(claims, audience, now_ms)
        return wrong or self._give(str(claims.get("scope", "")), now_ms)

    def _wrong(self, claims: dict[str, object], audience: str, now_ms: int) -> Reply | None:
        if claims.get("iss") != self._email:
            return _refused("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in {audience, GOOGLES}:
            says = f"Invalid JWT: Failed audience check. The right audience is {audience}"
            return _refused("invalid_grant", says)
        iat, exp, now_s = claims.get("iat"), claims.get("exp"), now_ms / 1_000
        if not isinstance(iat, int) or not isinstance(exp, int):
            return _refused("invalid_grant", _SHORT_LIVED)
        skew = limits.CLOCK_SKEW_S
        if iat > now_s + skew or exp < now_s - skew or not 0 < exp - iat <= limits.ASSERTION_S_MAX:
            return _refused("invalid_grant", _SHORT_LIVED)
        if not claims.get("scope"):
            return _refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return None

    def _give(self, scope: str, now_ms: int) -> Reply:
        token = f"ya29.c.{secrets.token_urlsafe(_REST_BYTES)}"
        while len(self._given) >= limits.BEARERS_MAX:
            del self._given[next(iter(self._given))]
        may_send = not SCOPES.isdisjoint(scope.split())
        self._given[f"Bearer {token}"] = Bearer(now_ms + self._ttl_s * 1_000, may_send)
        given = {"access_token": token, "expires_in": max(1, self._ttl_s - 1), "token_type": "Bearer"}
        return json_reply(200, given, code="OK")


def revoked() -> Reply:
    """What is said of a key that was deleted."""
    return _refused("invalid_grant", "Invalid JWT Signature.")


def _refused(error: str, says: str) -> Reply:
    return json_reply(400, {"error": error, "error_description": says}, code=error)
