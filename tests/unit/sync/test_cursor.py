"""A cursor comes back as it was sealed, and any other text is refused."""

from __future__ import annotations

import base64
import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.cursor import Backfill, Cursor, CursorSeal
from homeport_sync.errors import CursorForeign, CursorInvalid
from homeport_sync.limits import LIMITS
from homeport_sync.pull import BACKFILLS_MAX

KEY = b"k" * 32
SEAL = CursorSeal(KEY)
POSITIONS = st.integers(0, 2**63 - 1)
CURSORS = st.builds(
    Cursor,
    tenant=st.text(max_size=40),
    user=st.text(max_size=40),
    epoch=st.text(max_size=40),
    position=POSITIONS,
    granted=POSITIONS,
    backfills=st.lists(st.builds(Backfill, st.text(max_size=40), POSITIONS, POSITIONS), max_size=5).map(tuple),
)
CURSOR = Cursor(
    tenant="acme",
    user="ann",
    epoch="first",
    position=812,
    granted=900,
    backfills=(Backfill("home", 3, 812),),
)


@given(cursor=CURSORS)
def test_a_cursor_comes_back_as_it_was_sealed(cursor: Cursor) -> None:
    assert SEAL.open(SEAL.seal(cursor), tenant=cursor.tenant, user=cursor.user) == cursor


@given(cursor=CURSORS)
def test_a_sealed_cursor_is_url_safe_text(cursor: Cursor) -> None:
    assert SEAL.seal(cursor).replace("-", "a").replace("_", "a").rstrip("=").isalnum()


def test_a_cursor_tampered_with_at_any_byte_is_refused() -> None:
    sealed = base64.urlsafe_b64decode(SEAL.seal(CURSOR))
    for index in range(len(sealed)):
        for flip in (1, 0x80, 0xFF):
            forged = bytearray(sealed)
            forged[index] ^= flip
            with pytest.raises(CursorInvalid):
                SEAL.open(base64.urlsafe_b64encode(forged).decode(), tenant="acme", user="ann")


def test_a_cursor_cut_short_or_made_longer_is_refused() -> None:
    sealed = base64.urlsafe_b64decode(SEAL.seal(CURSOR))
    for forged in (*(sealed[:end] for end in range(len(sealed))), sealed + b"\0"):
        with pytest.raises(CursorInvalid):
            SEAL.open(base64.urlsafe_b64encode(forged).decode(), tenant="acme", user="ann")


@pytest.mark.parametrize("junk", ["\n", " ", "\0", "!", "%", ".", "="])
def test_a_cursor_with_junk_before_after_or_within_it_is_refused(junk: str) -> None:
    sealed = SEAL.seal(CURSOR)
    for at in (0, 1, len(sealed) // 2, len(sealed.rstrip("=")) - 1):
        with pytest.raises(CursorInvalid):
            SEAL.open(sealed[:at] + junk + sealed[at:], tenant="acme", user="ann")


@pytest.mark.parametrize("junk", ["\n", " ", "\0", "!", "%", ".", "A", "===="])
def test_a_cursor_with_junk_behind_it_is_refused(junk: str) -> None:
    with pytest.raises(CursorInvalid):
        SEAL.open(SEAL.seal(CURSOR) + junk, tenant="acme", user="ann")


def test_a_cursor_with_as_many_backfills_as_there_may_be_and_the_largest_numbers_is_opened_again() -> None:
    backfill = Backfill(f"{0:08x}-0000-7000-8000-{0:012x}", 2**63 - 1, 2**63 - 1)
    long = Cursor(
        tenant="t" * 200,
        user="ä" * 200,
        epoch=backfill.scope,
        position=2**63 - 1,
        granted=2**63 - 1,
        backfills=(backfill,) * BACKFILLS_MAX,
    )
    assert SEAL.open(SEAL.seal(long), tenant=long.tenant, user=long.user) == long


def test_a_cursor_of_another_key_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        CursorSeal(b"K" * 32).open(SEAL.seal(CURSOR), tenant="acme", user="ann")


@pytest.mark.parametrize(("tenant", "user"), [("other", "ann"), ("acme", "bob"), ("ann", "acme")])
def test_a_cursor_of_another_tenant_or_user_is_foreign(tenant: str, user: str) -> None:
    with pytest.raises(CursorForeign):
        SEAL.open(SEAL.seal(CURSOR), tenant=tenant, user=user)


@given(text=st.text(max_size=100))
def test_any_other_text_is_refused_and_never_fails_otherwise(text: str) -> None:
    with pytest.raises(CursorInvalid):
        SEAL.open(text, tenant="acme", user="ann")


def test_a_text_longer_than_any_cursor_is_refused_unread() -> None:
    with pytest.raises(CursorInvalid, match="more than any of ours"):
        SEAL.open("A" * (LIMITS.cursor_bytes_max + 1), tenant="acme", user="ann")


def test_a_cursor_that_another_version_sealed_is_refused_and_no_fault_of_ours() -> None:
    body = msgspec.msgpack.encode(["another", "shape"])
    sealed = hmac.digest(KEY, body, "sha256")[:16] + body
    with pytest.raises(CursorInvalid):
        SEAL.open(base64.urlsafe_b64encode(sealed).decode(), tenant="acme", user="ann")
