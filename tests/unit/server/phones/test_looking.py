"""A look at a phone costs what is shown, and not what everything that is shown could refer to. Its clock can go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from homeport_server.phones.handheld import wall_ms
from homeport_server.phones.sights import OptionSight
from tests.unit.server.phones.desk import desk


async def test_what_many_rows_may_refer_to_is_looked_for_once() -> None:
    async with desk() as at:
        card = await at.card("Dig")
        for text in ("Deep", "Deeper"):
            assert await at.touch.add_row("Remark", {"text": text})
        remarks = (await at.sight()).sections[1].rows
        first, second = (next(each for each in row.fields if each.name == "card").options for row in remarks)
        assert first == (OptionSight(value=card, label="Dig"),)
        assert first is second, "the same ones, and not others that look alike"


async def test_what_is_still_to_be_made_may_refer_to_what_there_is() -> None:
    async with desk() as at:
        card = await at.card("Dig")
        remark = (await at.sight()).sections[1].kind
        asked = next(each for each in remark.fields if each.name == "card")
        assert (asked.widget, asked.options) == ("choice", (OptionSight(value=card, label="Dig"),))

        assert await at.touch.add_row("Remark", {"text": "Deep", "card": card})
        [made] = (await at.sight()).sections[1].rows
        assert next(each for each in made.fields if each.name == "card").text == "Dig", "by what people call it"


@pytest.fixture
def in_kathmandu() -> Iterator[None]:
    """A zone that is hours and three quarters of one ahead of UTC."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "NPT-5:45")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_kathmandu")
async def test_a_page_can_let_a_clock_go_on_by_itself_wherever_it_is() -> None:
    async with desk() as at:
        at.phone.clock(-3_600_000)
        before = wall_ms()
        sight = await at.sight()
        shown = {
            f"{goes_on:%H:%M}"
            for ms in (before, wall_ms())
            for goes_on in [datetime.fromtimestamp(ms / 1_000, UTC) + timedelta(milliseconds=sight.clock_ahead_ms)]
        }
        assert sight.clock.rpartition(" ")[2] in shown
        assert sight.clock_ahead_ms == (4 * 60 + 45) * 60_000, "an hour behind"
