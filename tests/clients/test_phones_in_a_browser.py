"""Two phones in a real browser, with the network cut off: the whole story that the page tells, played by hand."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import ROOT, are_pictures
from tests.clients.node import told_by
from tests.fleet.opened import opened_page

pytestmark = pytest.mark.browser

LOOKS = [f"phones-{size}-{theme}.png" for size in ("wide", "narrow") for theme in ("light", "dark")]
BREAD, RYE, WHITE = "Buy bread and cheese", "Buy rye bread", "Buy white bread"


async def test_the_whole_story_of_two_phones_is_played_and_seen(aeroplane: None, chromium: str, pictures: Path) -> None:
    async with opened_page() as opened:
        told = await told_by("phones.mjs", link=opened.link, executable=chromium, pictures=str(pictures))
    _apart_and_together(told)
    _kept_woken_and_late(told)
    _touched_and_refused(told)
    assert [each for each in _named_to_newcomers() if each not in told["named"]] == []
    assert told["found"] == []
    assert [each for each in told["requests"] if not each.startswith((opened.origin + "/", "data:"))] == []
    assert told["complaints"] == []
    assert await asyncio.to_thread(are_pictures, [pictures / each for each in LOOKS])


def _named_to_newcomers() -> list[str]:
    """What docs/ten-minutes.md says is called so on the page."""
    text = (ROOT / "docs/ten-minutes.md").read_text(encoding="utf-8")
    return [" ".join(each.split()) for each in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL) if each != "bold"]


def _apart_and_together(told: Any) -> None:  # noqa: ANN401
    """Both offline, the server killed in between, and in the end the same; every merge explained."""
    assert [each[0] for each in told["apart"]] == [RYE, WHITE]
    assert told["writes"] == 3, "what is saved by Enter is not sent again when the field is left"
    assert (told["dead"], told["kept"], told["restarted"]) == ("none", "2", True)
    assert told["cheers"] == ["3", "3"]
    [merge] = told["title"]["merges"]
    shown = [merge[each] for each in ("rule", "Base", "Mine", "Theirs", "Result")]
    assert (told["title"]["verdict"], shown) == ("superseded", ["register", BREAD, f"{WHITE} lost", RYE, RYE])
    assert merge["why"].startswith("The one that was written later stays")
    assert told["fields"] == {"verdict": "merged", "merges": []}


def _kept_woken_and_late(told: Any) -> None:  # noqa: ANN401
    """An app killed, a phone asleep, a clock that is wrong."""
    assert told["killed"] == "1"
    assert "is yours now" in told["notice"]
    assert "ana gave it to you." in told["notice"]
    assert (told["asleep"], told["focused"]) == (True, "b-list")
    assert told["behind"]["verdict"] == "applied"


def _touched_and_refused(told: Any) -> None:  # noqa: ANN401
    """Moved by keyboard, deleted and brought back, answered in words, rejected and made again."""
    assert (told["moved"], told["holds"]) == ("Plan the walk to the lake is now 3 of 5.", True)
    assert told["said"] == "Budget takes a whole number; “a lot” is not."
    assert "It was made for 0, and there is 500" in told["rejected"]
    assert "STALE" in told["rejected"]
    assert told["quarantined"] == 0
    assert told["pulse"].startswith("Pulse of ")
