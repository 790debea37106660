"""Seats: a user has so many, whoever leaves makes room, and nothing is kept of those who left."""

import pytest

from homeport_server.edge.seats import Seats
from homeport_server.errors import TooManySockets
from homeport_server.tokens import Caller


def _caller(user: str, tenant: str = "t1") -> Caller:
    return Caller(tenant=tenant, user=user, expires_at_ms=1)


def test_a_user_with_all_seats_taken_is_refused_and_others_are_not() -> None:
    seats = Seats(per_user_max=2)
    for _ in range(2):
        seats.enter(_caller("ana"))
    with pytest.raises(TooManySockets, match="2 sockets"):
        seats.enter(_caller("ana"))
    seats.enter(_caller("bo"))
    seats.enter(_caller("ana", tenant="t2"))


def test_a_seat_that_is_left_can_be_taken_again() -> None:
    seats = Seats(per_user_max=1)
    for _ in range(3):
        seats.enter(_caller("ana"))
        seats.leave(_caller("ana"))
    assert not seats._open
