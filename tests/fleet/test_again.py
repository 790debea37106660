"""The test file that a failing fleet leaves behind fails as the fleet did, whatever it was that failed."""

import runpy
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from homeport_client import Device, View
from homeport_client.fleet import Fleet, Handset, Script, Story
from homeport_client.fleet.again import pytest_file
from homeport_sync import App
from homeport_sync.values import PythonValue

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
WATCHED = Script(devices=2, duration_s=120, watched=2, crashes=0, storms=0, clones=0)


async def flickering(
    device: Device, kind: str, *, where: Mapping[str, PythonValue] | None = None, limit: int
) -> AsyncIterator[list[View]]:
    """All records, and for a moment none of them."""
    async for views in steady(device, kind, where=where, limit=limit):
        yield list(views)
        yield []
        yield list(views)


steady = Device.watch


def test_a_story_that_flickered_flickers_in_its_test_file_too(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Device, "watch", flickering)
    played = Fleet(app, 1, script=WATCHED).run()
    assert played.verdict
    assert list(played.verdict.found) == ["flickering"]
    kept = tmp_path / "test_kept.py"
    kept.write_text(pytest_file(played.story, app=str(APP)))
    with pytest.raises(AssertionError, match="and then not at all"):
        runpy.run_path(str(kept))["test_what_failed_with_seed_1"]()


def test_a_story_that_needs_luck_keeps_it_in_its_test_file(tmp_path: Path) -> None:
    story = Story(seed=1, luck=3, until_ms=1, handsets=(Handset(name="phone-1", user="ann"),), steps=())
    kept = tmp_path / "test_kept.py"
    kept.write_text(pytest_file(story, app=str(APP)))
    assert runpy.run_path(str(kept))["STORY"] == story
