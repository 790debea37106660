"""Devices, scopes, roles, rules, groups, commands, kills, copies, duplicates, reordering and clocks a day wrong, in any
order: whatever happens on a day, the server answers as PROTOCOL.md says, and every phone shows what it must.

A failure prints its steps, and the header of the run the seed that draws them again.
"""

from __future__ import annotations

import pytest

from tests.fleet.many_days import spend_days

DAYS = 250
SOAK_DAYS = 5_000
WORDS = {
    *("create applied", "update applied", "update merged", "command applied"),
    *("ROLE_FORBIDDEN", "SCOPE_FORBIDDEN", "NOT_ALLOWED", "GROUP_REJECTED"),
}


@pytest.mark.promise("I1")
@pytest.mark.promise("I2")
@pytest.mark.promise("I3")
@pytest.mark.promise("I5")
@pytest.mark.promise("I6")
@pytest.mark.promise("I7")
@pytest.mark.promise("I8")
@pytest.mark.promise("I9")
@pytest.mark.parametrize("part", range(4))
def test_whatever_happens_on_a_day_the_server_answers_and_every_phone_shows_as_the_protocol_says(
    pytestconfig: pytest.Config, part: int
) -> None:
    met = spend_days(DAYS, page_size=500, of=pytestconfig.option.homeport_seed + part)
    assert met.keys() >= WORDS, f"these never came up: {WORDS - met.keys()}"


@pytest.mark.soak
@pytest.mark.parametrize("page_size", [2, 500])
@pytest.mark.parametrize("part", range(4, 14))
def test_many_more_days(pytestconfig: pytest.Config, part: int, page_size: int) -> None:
    spend_days(SOAK_DAYS, page_size=page_size, of=pytestconfig.option.homeport_seed + part)
