"""Where a token stands in a request, and who it stands for. The token alone names the tenant.

Over HTTP it is the header `authorization: Bearer <token>`; on a socket the payload of `connection_init` has the
same text under `authorization` (or `Authorization`), because browsers cannot set headers there; or one level
below, under `headers`, where RxDB puts it (`includeWsHeaders`).
"""

from __future__ import annotations

from collections.abc import Mapping

from homeport_server.accounts import Accounts
from homeport_server.errors import TokenForeign, TokenMalformed, Unauthenticated
from homeport_server.tokens import Caller

_AUTHORIZATION = b"authorization"
_TENANT = b"homeport-tenant"


async def caller_of_request(headers: Mapping[bytes, bytes], accounts: Accounts) -> Caller:
    """Who sends this request. Raises an `Unauthenticated` error.

    The header `homeport-tenant`, if there is one, must name the token's tenant: a client that mixes up its tenants
    is told so before anything is written.
    """
    text = headers.get(_AUTHORIZATION, b"").decode("latin-1")
    caller = await _caller(text, accounts)
    tenant = headers.get(_TENANT)
    if tenant is not None and tenant.decode("latin-1") != caller.tenant:
        raise TokenForeign
    return caller


async def caller_of_socket(payload: Mapping[str, object], accounts: Accounts) -> Caller:
    """Who opened this socket, by the payload of its `connection_init`. Raises an `Unauthenticated` error."""
    headers = payload.get("headers")
    text = _text_in(payload) or (_text_in(headers) if isinstance(headers, Mapping) else "")
    if not text:
        raise Unauthenticated('There is no token: connection_init carries {"authorization": "Bearer <token>"}.')
    return await _caller(text if isinstance(text, str) else "", accounts)


def _text_in(payload: Mapping[str, object]) -> object:
    return payload.get("authorization", payload.get("Authorization", ""))


async def _caller(authorization: str, accounts: Accounts) -> Caller:
    if not authorization:
        raise Unauthenticated
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenMalformed("The authorization has another form; expected: Bearer <token>.")
    return accounts.remembered(token) or await accounts.caller(token)
