"""The syncer's table is total, and leads where its theory says."""

from __future__ import annotations

from itertools import product

import pytest

from homeport_client.state import INTERRUPTS, TABLE, Event, State

WORKING = [each for each in State if each not in (State.CLOSED, State.OFFLINE, State.REFUSED)]


def others(event: Event) -> list[Event]:
    """All events but this one and the interrupts."""
    return [each for each in Event if each not in (INTERRUPTS | {event})]


def test_the_table_names_every_pair_of_state_and_event_and_no_other() -> None:
    assert set(TABLE) == set(product(State, Event))


@pytest.mark.parametrize("state", State)
def test_close_ends_every_state(state: State) -> None:
    assert TABLE[state, Event.CLOSE] is State.CLOSED


@pytest.mark.parametrize("event", Event)
def test_nothing_leads_out_of_closed(event: Event) -> None:
    assert TABLE[State.CLOSED, event] is State.CLOSED


@pytest.mark.parametrize("state", WORKING)
def test_airplane_mode_reaches_every_state_that_works(state: State) -> None:
    assert TABLE[state, Event.OFFLINE] is State.OFFLINE


@pytest.mark.parametrize("event", others(Event.ONLINE))
def test_only_the_app_leads_out_of_offline(event: Event) -> None:
    assert TABLE[State.OFFLINE, event] is State.OFFLINE


@pytest.mark.parametrize("event", others(Event.RENEWED))
def test_only_a_new_token_or_the_app_leads_out_of_refused(event: Event) -> None:
    assert TABLE[State.REFUSED, event] is State.REFUSED


@pytest.mark.parametrize("event", [Event.WROTE, Event.POKED])
def test_neither_a_write_nor_a_poke_shortens_a_pause(event: Event) -> None:
    assert TABLE[State.BACKING_OFF, event] is State.BACKING_OFF


@pytest.mark.parametrize("state", [State.PUSHING, State.PULLING])
def test_only_what_is_caught_up_becomes_live(state: State) -> None:
    assert [event for event in Event if TABLE[state, event] is State.LIVE] == [Event.CAUGHT_UP]


@pytest.mark.parametrize("state", WORKING)
def test_from_every_working_state_the_way_to_live_is_open(state: State) -> None:
    reached = {state}
    for _ in State:
        reached |= {TABLE[pair] for pair in product(reached, Event)}
    assert State.LIVE in reached


def test_live_and_backing_off_end_by_the_timer_alone() -> None:
    assert TABLE[State.LIVE, Event.DUE] is State.PULLING
    assert TABLE[State.BACKING_OFF, Event.DUE] is State.PUSHING
