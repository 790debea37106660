"""Steering: the whole table of states and orders."""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec.structs import replace

from homeport_notify.audience import ToEveryone
from homeport_notify.errors import NotificationOver
from homeport_notify.limits import RETRY_WITHIN_MS
from homeport_notify.message import Message
from homeport_notify.notification import ENDS, Notification, State
from homeport_notify.steering import Steering, replayed, steered

STATES: tuple[State, ...] = get_args(State)
ORDERS: tuple[Steering, ...] = get_args(Steering)
OVER = "over"
TABLE: dict[Steering, dict[State, str]] = {
    "pause": {"waiting": "paused", "running": "paused", "paused": "paused"},
    "resume": {"waiting": "waiting", "running": "running", "paused": "running"},
    "cancel": {"waiting": "cancelled", "running": "cancelled", "paused": "cancelled", "cancelled": "cancelled"},
    "stop": {"waiting": "stopped", "running": "stopped", "paused": "stopped", "stopped": "stopped"},
}


def in_state(state: State) -> Notification:
    return Notification(
        id="n",
        tenant="t",
        key="k",
        audience=ToEveryone(),
        message=Message(title="Hello"),
        lane="bulk",
        due_at_ms=1,
        expires_at_ms=2,
        created_at_ms=0,
        state=state,
        reason="before",
    )


@pytest.mark.parametrize("how", ORDERS)
@pytest.mark.parametrize("state", STATES)
def test_every_order_in_every_state(how: Steering, state: State) -> None:
    before, expected = in_state(state), TABLE[how].get(state, OVER)
    if expected == OVER:
        with pytest.raises(NotificationOver):
            steered(before, how, "after", begun=True)
        assert state in ENDS
        return
    after = steered(before, how, "after", begun=True)
    if expected == state:
        assert after is before
    else:
        assert after == replace(before, state=expected, reason="" if how == "resume" else "after")


def test_one_that_had_not_begun_waits_when_it_is_resumed() -> None:
    assert steered(in_state("paused"), "resume", "", begun=False).state == "waiting"


@pytest.mark.parametrize("state", STATES)
def test_only_what_somebody_ended_is_not_replayed(state: State) -> None:
    if state in {"cancelled", "stopped"}:
        with pytest.raises(NotificationOver):
            replayed(in_state(state), 10)
        return
    after = replayed(in_state(state), 10)
    assert after.state == ("running" if state == "done" else state)
    assert after.expires_at_ms == 10 + RETRY_WITHIN_MS
    late = replace(in_state(state), expires_at_ms=10**15)
    assert replayed(late, 10).expires_at_ms == 10**15
