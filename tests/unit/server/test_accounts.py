"""A token is verified once and remembered while it is valid, and memory has a bound."""

import asyncio
from collections.abc import Sequence

import pytest

from homeport_server.accounts import TENANT_KNOWN_MS, Accounts
from homeport_server.errors import TenantUnknown, TokenExpired
from homeport_server.tokens import Tokens
from homeport_sync.ports import Tenant


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


class CountingTenants:
    """Two tenants, and how often they were looked up."""

    def __init__(self) -> None:
        self.finds = 0

    async def create(self, name: str, *, id: str, epoch: str, now_ms: int) -> Tenant:
        raise NotImplementedError

    async def find(self, id_or_name: str) -> Tenant | None:
        self.finds += 1
        known = {"t1": "demo", "demo": "demo"}
        return Tenant(id="t1", name="demo", created_at_ms=1) if id_or_name in known else None

    async def tenants(self, after: str, limit: int) -> Sequence[Tenant]:
        raise NotImplementedError


class Desk:
    def __init__(self, *, leeway_s: int = 0, cached_max: int = 2) -> None:
        self.clock, self.tenants = Clock(), CountingTenants()
        self.tokens = Tokens(b"k" * 32, self.clock, leeway_s=leeway_s)
        self.accounts = Accounts(self.tokens, self.tenants, self.clock, cached_max=cached_max)

    def token(self, user: str = "ana", tenant: str = "t1") -> str:
        return self.tokens.issue(user=user, tenant=tenant, ttl_s=10)


async def test_a_token_is_looked_up_once() -> None:
    desk = Desk()
    token = desk.token()
    assert await desk.accounts.caller(token) is await desk.accounts.caller(token)
    assert desk.tenants.finds == 1


async def test_a_remembered_token_is_forgotten_when_it_expires_leeway_included() -> None:
    desk = Desk(leeway_s=5)
    token = desk.token()
    await desk.accounts.caller(token)
    desk.clock.now_ms += 14_999
    assert desk.accounts.remembered(token) is not None
    desk.clock.now_ms += 1
    assert desk.accounts.remembered(token) is None
    with pytest.raises(TokenExpired):
        await desk.accounts.caller(token)


async def test_of_too_many_tokens_the_one_not_used_longest_is_forgotten() -> None:
    desk = Desk(cached_max=2)
    ana, bo, eve = desk.token("ana"), desk.token("bo"), desk.token("eve")
    for token in (ana, bo, ana, eve):
        await desk.accounts.caller(token)
    assert [desk.accounts.remembered(each) is not None for each in (ana, bo, eve)] == [True, False, True]


@pytest.mark.parametrize("tenant", ["t2", "demo"])
async def test_a_token_of_a_tenant_that_is_not_here_is_refused_and_not_remembered(tenant: str) -> None:
    desk = Desk()
    for _ in range(2):
        with pytest.raises(TenantUnknown):
            await desk.accounts.caller(desk.token(tenant=tenant))
    assert desk.tenants.finds == 2


async def test_a_crowd_of_new_tokens_asks_for_their_tenant_once_and_again_after_a_minute() -> None:
    desk = Desk(cached_max=100)
    users = [f"user {index}" for index in range(20)]
    await asyncio.gather(*(desk.accounts.caller(desk.token(user)) for user in users))
    assert desk.tenants.finds == 1
    desk.clock.now_ms += TENANT_KNOWN_MS
    await asyncio.gather(*(desk.accounts.caller(desk.token(f"{user} again")) for user in users))
    assert desk.tenants.finds == 2


async def test_a_tenant_that_is_not_there_is_asked_for_each_time_until_it_is() -> None:
    desk = Desk()
    for finds in (1, 2):
        told = await asyncio.gather(
            *(desk.accounts.caller(desk.token(user, "t2")) for user in ("ana", "ben")), return_exceptions=True
        )
        assert [type(each) for each in told] == [TenantUnknown, TenantUnknown]
        assert desk.tenants.finds == finds
