"""The fingerprint of the secret in use: whoever comes first says it, and nobody changes it by accident."""

from __future__ import annotations

import asyncio

import pytest

from homeport_server.errors import SecretForeign
from homeport_server.secret import Secret, check_fingerprint
from tests.contract.stores import Store

ONE, OTHER = Secret(b"1" * 32), Secret(b"2" * 32)


async def test_the_first_fingerprint_is_kept_until_somebody_replaces_it(store: Store) -> None:
    assert await store.fingerprint() is None
    assert await store.adopt("one", replace=False) == "one"
    assert await store.adopt("other", replace=False) == "one"
    assert await store.fingerprint() == "one"
    assert await store.adopt("other", replace=True) == "other"
    assert await store.fingerprint() == "other"


async def test_of_many_who_come_first_at_once_one_wins_and_all_are_told_the_same(store: Store) -> None:
    told = set(await asyncio.gather(*(store.adopt(f"{number}", replace=False) for number in range(8))))
    assert told == {await store.fingerprint()}


async def test_a_process_with_another_secret_is_refused_until_it_replaces_the_first(store: Store) -> None:
    await check_fingerprint(store, ONE)
    await check_fingerprint(store, Secret(b"1" * 32))
    with pytest.raises(SecretForeign, match="copy the file `secret` from a machine that serves already"):
        await check_fingerprint(store, OTHER)
    await check_fingerprint(store, ONE)
    await check_fingerprint(store, OTHER, replace=True)
    with pytest.raises(SecretForeign):
        await check_fingerprint(store, ONE)


def test_a_fingerprint_is_sixteen_bytes_that_say_nothing_of_the_keys() -> None:
    assert len(bytes.fromhex(ONE.fingerprint())) == 16
    assert ONE.fingerprint() != OTHER.fingerprint()
    assert not ONE.key("tokens").hex().startswith(ONE.fingerprint())
