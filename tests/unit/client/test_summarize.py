"""What a report says of a fleet that was played: no more than is so, in text that can be written."""

from dataclasses import replace

import pytest

from homeport_client.fleet import Fleet, Script
from homeport_client.fleet.played import Played
from homeport_client.fleet.report.clean import clean
from homeport_client.fleet.report.summary import from_json, to_json
from homeport_client.fleet.report.words import verdict_words
from homeport_client.fleet.summarize import summarize
from homeport_sync import App, load_app
from tests.house.tree import ROOT
from tests.unit.client.finished import broken


@pytest.fixture(scope="module")
def app() -> App:
    return load_app(ROOT / "examples/tasks/app.py")


@pytest.fixture(scope="module")
def played(app: App) -> Played:
    return Fleet(app, 1, script=Script(devices=2, duration_s=30)).run()


def test_only_a_fleet_that_came_to_rest_is_said_to_have(app: App, played: Played) -> None:
    assert played.verdict
    rested = summarize(played, app.catalog, network="mixed", again="")
    assert rested.healed_s is not None
    moving = replace(played, verdict=replace(played.verdict, unhealed=("phone-1 still pushes.",)))
    restless = summarize(moving, app.catalog, network="mixed", again="")
    assert restless.healed_s is None
    assert "came to rest" not in verdict_words(restless)


def test_only_of_a_run_that_was_stopped_it_is_said_how_long_it_was_to_last(app: App, played: Played) -> None:
    assert summarize(played, app.catalog, network="", again="", planned_s=60).planned_s is None
    stopped = replace(played, verdict=None, evidence=None)
    assert summarize(stopped, app.catalog, network="", again="", planned_s=60).planned_s == 60


def test_what_has_no_bytes_is_spelt_out() -> None:
    told = clean(broken("phone-1 shows '\ud83d'.", again="homeport fleet a\udcff.py"))
    assert from_json(to_json(told)) == told
    assert told.violations == ("phone-1 shows '\\ud83d'.",)
    assert told.again == "homeport fleet a\\udcff.py"
