"""A look at a phone costs what is shown, and not what everything that is shown could refer to."""

from __future__ import annotations

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
