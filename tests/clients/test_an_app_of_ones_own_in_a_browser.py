"""The page on an app that is not ours, in a real browser: what its forms are given is sent, all of it and once."""

from __future__ import annotations

import pytest

from tests.clients.node import HERE, told_by
from tests.fleet.opened import opened_page

pytestmark = pytest.mark.browser


async def test_the_forms_of_an_app_of_ones_own_keep_what_is_filled_in(aeroplane: None, chromium: str) -> None:
    async with opened_page(app=HERE / "garden.py") as opened:
        told = await told_by("fills.mjs", link=opened.link, executable=chromium)
    assert told["said"] == "Litres takes a number; “three” is not."
    assert told["kept"] == ["Bed 2", "three"]
    assert "Bed 2" in told["row"]
    assert told["twice"] == 0
    assert told["complaints"] == []
