"""Access tokens: JWT (RFC 7519), HS256 and nothing else, issued and verified with one key.

The tenant and the user come from the token alone. What is wrong with a token is told apart, because the remedy
differs: an expired one is renewed, an unsigned one is an attack or a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated

import jwt
import msgspec

from homeport_server.errors import TokenAlgorithm, TokenExpired, TokenMalformed, TokenSignature, TokenUnsigned
from homeport_sync.scope import EVERYBODY

ALGORITHM = "HS256"
NAME = "homeport"  # issuer and audience
TYPE = "at+jwt"  # an access token (RFC 9068), so that no other kind of token passes for one
TOKEN_LENGTH_MAX = 4_096

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class _Header(msgspec.Struct):
    alg: str
    typ: str = ""


class _Claims(msgspec.Struct):
    sub: _Name
    tenant: _Name
    iss: str
    aud: str
    iat: int | float
    exp: int | float
    may: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a user of a tenant (its id), until the token expires, leeway included. `may` are the rights beyond a
    user's own (`rights.py`)."""

    tenant: str
    user: str
    expires_at_ms: int
    may: frozenset[str] = frozenset()


class Tokens:
    """Issues tokens and verifies them. `wall_ms` is the server's clock, `leeway_s` how wrong it may be."""

    def __init__(self, key: bytes, wall_ms: Callable[[], int], *, leeway_s: int) -> None:
        self._key = key
        self._wall_ms = wall_ms
        self._leeway_s = leeway_s

    def issue(self, *, user: str, tenant: str, ttl_s: float, may: Collection[str] = ()) -> str:
        """A token for the user, valid from now on for `ttl_s` seconds, with these rights. `tenant` is its
        id."""
        now_s = self._wall_ms() // 1_000
        claims = {"sub": user, "tenant": tenant, "iss": NAME, "aud": NAME, "iat": now_s, "exp": now_s + ttl_s}
        claims |= {"may": sorted(may)} if may else {}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"typ": TYPE})

    def verify(self, token: str) -> Caller:
        """Who the token stands for. Raises one of the `Unauthenticated` errors, named for what is wrong."""
        _check_header(token)
        claims = self._claims(token)
        if claims.sub == EVERYBODY:
            raise TokenMalformed(
                f"The token is of the user {EVERYBODY!r}, which stands for everybody: get one of a user."
            )
        now_s = self._wall_ms() / 1_000
        if claims.iat > now_s + self._leeway_s:
            raise TokenMalformed("The token is from the future: set this server's clock, or the issuer's.")
        expires_at_ms = int((claims.exp + self._leeway_s) * 1_000)
        if self._wall_ms() >= expires_at_ms:
            raise TokenExpired
        return Caller(tenant=claims.tenant, user=claims.sub, expires_at_ms=expires_at_ms, may=claims.may)

    def _claims(self, token: str) -> _Claims:
        try:
            read = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=NAME,
                issuer=NAME,
                # Times are compared above, with the clock we are given.
                options={"require": ["sub", "tenant", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
            return msgspec.convert(read, _Claims)
        except jwt.InvalidSignatureError:
            raise TokenSignature from None
        except (jwt.InvalidTokenError, msgspec.ValidationError) as wrong:
            raise TokenMalformed(f"The token cannot be read ({wrong}): get a new one (`homeport token`).") from None


def _check_header(token: str) -> None:
    """What can be said before the signature is: size, shape, and whether it is signed as ours are."""
    if len(token) > TOKEN_LENGTH_MAX:
        raise TokenMalformed(f"The token has {len(token):,} characters; ours have {TOKEN_LENGTH_MAX:,} at most.")
    try:
        header = msgspec.convert(jwt.get_unverified_header(token), _Header)
    except (jwt.InvalidTokenError, msgspec.ValidationError) as wrong:
        raise TokenMalformed(f"The token is not a JWT ({wrong}): get a new one (`homeport token`).") from None
    if header.alg.lower() == "none" or token.endswith("."):
        raise TokenUnsigned
    if header.alg != ALGORITHM:
        raise TokenAlgorithm(f"The token is signed with {header.alg[:20]}; expected {ALGORITHM}: get one that is.")
    if header.typ.lower() != TYPE:
        raise TokenMalformed(f"The token is of type {header.typ[:20]!r}; expected {TYPE}: send the access token.")
