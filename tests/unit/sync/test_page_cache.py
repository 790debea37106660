"""The cache holds the pages used last, never more bytes than its limit, and one page a place."""

from __future__ import annotations

from homeport_sync.limits import Limits
from homeport_sync.page_cache import Found, PageCache
from homeport_sync.ports import Head
from homeport_sync.pull import Plan, Range, Step

LIMITS = Limits(page_cached_bytes_min=2, page_cache_bytes_max=20)


def page(records: bytes = b"0123456789", *, position: int = 1) -> Found:
    return Found(
        head=Head(position=position, epoch="first"),
        made=Plan(reset=False, lost=(), ranges=(Range(scopes=("s",), after=0, upto=position),)),
        step=Step(position=position, backfills=(), more=False),
        records=records,
    )


def kept(cache: PageCache, *limits: int) -> list[int]:
    return [limit for limit in limits if cache.find("acme", None, limit) is not None]


def test_the_page_not_used_for_longest_makes_room() -> None:
    cache = PageCache(LIMITS)
    cache.keep("acme", None, 1, page())
    cache.keep("acme", None, 2, page())
    assert kept(cache, 1) == [1]
    cache.keep("acme", None, 3, page())
    assert kept(cache, 1, 2, 3) == [1, 3]


def test_a_page_kept_again_takes_the_place_and_the_room_of_the_one_before() -> None:
    cache = PageCache(LIMITS)
    for limit in (1, 2, 3):
        cache.keep("acme", None, limit, page())
    cache.keep("acme", None, 3, page(position=2))
    assert kept(cache, 1, 2, 3) == [2, 3]
    found = cache.find("acme", None, 3)
    assert found is not None
    assert found.head.position == 2


def test_a_page_too_small_or_too_large_is_not_kept_and_ends_the_one_before() -> None:
    cache = PageCache(LIMITS)
    for records in (b"x", b"x" * 21):
        cache.keep("acme", None, 1, page())
        cache.keep("acme", None, 1, page(records))
        assert kept(cache, 1) == []


def test_a_page_is_found_for_its_tenant_and_limit_alone() -> None:
    cache = PageCache(LIMITS)
    cache.keep("acme", None, 1, page())
    assert cache.find("other", None, 1) is None
    assert cache.find("acme", None, 2) is None
