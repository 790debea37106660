"""The console in a real browser, with the network cut off: an operator goes through all of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.clients.conftest import are_pictures
from tests.clients.lives import lived
from tests.clients.node import told_by

pytestmark = pytest.mark.browser

KEPT = [
    f"console-{page}-{size}-{theme}.png"
    for page in ("pulse", "record")
    for size in ("wide", "narrow")
    for theme in ("light", "dark")
]


HEADS = {
    "pulse": "Pulse of demo",
    "log": "Log",
    "record": "Milk, two litres",
    "devices": "Devices",
    "device": "cleo’s device",
    "quarantine": "Quarantine",
    "case": "Update Task waits",
    "replayed": "Update Task replayed",
    "notifications": "Notifications",
    "notification": "Paint the fence is yours now",
}
TITLE = "title by the rule register base Milk it wrote {} it met {} result Milk, two litres"
LOST = TITLE.format("Soy milk lost", "Milk, two litres")
WON = TITLE.format("Milk, two litres", "Oat milk")
CHEERS = "cheers by the rule counter base 0 it wrote +2 it met 1 result 3"


@pytest.fixture
def samples() -> int:
    """So many moments are to be seen on the charts: more on a picture."""
    return 40 if os.environ.get("HOMEPORT_TEST_PICTURE") else 2


async def test_an_operator_goes_through_the_whole_console(
    aeroplane: None, chromium: str, pictures: Path, samples: int, tmp_path: Path
) -> None:
    async with lived(tmp_path) as lives:
        told = await told_by(
            "console.mjs",
            link=await asyncio.to_thread(lives.link),
            otherLink=await asyncio.to_thread(lives.link),
            executable=chromium,
            pictures=str(pictures),
            milk=lives.milk,
            samples=samples,
        )
        origin = lives.server.url
    assert told["heads"] == HEADS
    assert told["charts"] == [True] * 4
    history = " ".join(told["history"].split())
    assert [each for each in (LOST, WON, CHEERS) if each not in history] == []
    assert (told["asked"], told["led"]) == ("A key is needed", {"same": True, "head": HEADS["record"]})
    assert told["found"] == []
    assert [each for each in told["requests"] if not each.startswith((origin + "/", "data:"))] == []
    assert told["complaints"] == []
    assert await asyncio.to_thread(are_pictures, [pictures / each for each in KEPT])
