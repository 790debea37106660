"""Fleets on an app with a field of every rule: the oracle, which shares no code with merge, agrees with every phone."""

import pytest

from homeport_client.fleet import Fleet, Script
from tests.fleet.board import app

RULES = {"register", "counter", "set", "rank", "guarded", "first", "resolver"}


def test_the_app_has_a_field_of_every_rule() -> None:
    assert {field.rule for kind in app.catalog.kinds.values() for field in kind.fields.values()} == RULES
    assert any(kind.guarded for kind in app.catalog.kinds.values())


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fleet_merges_by_every_rule_and_keeps_its_promises(seed: int) -> None:
    played = Fleet(app, seed, script=Script(devices=10, duration_s=900)).run()
    assert played.kept, str(played.verdict)
    met = {(each.change.kind, name) for each in played.told for name in each.change.fields}
    met_in = {each.outcome.outcome for each in played.told}
    assert {name for _, name in met} >= {"visits", "labels", "place", "votes", "tags", "stock", "claimed_by", "summary"}
    assert met_in == {"applied", "merged", "superseded", "rejected"}
    assert "STALE" in {each.code for each in played.told}
