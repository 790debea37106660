"""Scopes that are awaited: for a minute of trying, however the tries come."""

from __future__ import annotations

import pytest

from homeport_server.edge.rxdb.awaited import FORGOTTEN_MS, KNOWN_MAX, Awaited

TRY_MS = 5_000  # RxDB's own
AWAITED_TRIES = 12


def tries(awaited: Awaited, *, from_ms: int, every_ms: int) -> int:
    """How often it is worth waiting."""
    return next(n for n in range(1_000) if not awaited.still("scope", from_ms + n * every_ms))


def test_it_is_worth_a_minute_of_tries() -> None:
    assert tries(Awaited(), from_ms=1, every_ms=TRY_MS) == AWAITED_TRIES


@pytest.mark.parametrize("processes", [2, 10, 100])
def test_tries_that_go_around_many_processes_come_to_an_end_in_each(processes: int) -> None:
    assert tries(Awaited(), from_ms=1, every_ms=TRY_MS * processes) <= AWAITED_TRIES


def test_whoever_was_away_goes_on_waiting_and_whoever_was_away_for_long_begins_again() -> None:
    awaited = Awaited()
    assert awaited.still("scope", 0)
    assert tries(awaited, from_ms=FORGOTTEN_MS, every_ms=TRY_MS) == AWAITED_TRIES - 2
    assert tries(awaited, from_ms=3 * FORGOTTEN_MS, every_ms=TRY_MS) == AWAITED_TRIES


def test_each_scope_is_awaited_by_itself_and_so_many_are_known() -> None:
    awaited = Awaited()
    assert tries(awaited, from_ms=0, every_ms=TRY_MS) == AWAITED_TRIES
    for other in range(KNOWN_MAX):
        assert awaited.still(other, 0)
    assert len(awaited._asked) == KNOWN_MAX
