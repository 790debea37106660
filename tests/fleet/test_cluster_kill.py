"""Phones on a cluster agree though any of its processes may be killed at any moment. `make soak-kill` does it longer.

What is killed, and what the phones do, comes from `HOMEPORT_SEED` (1 if it is not set); when it meets what is up to
the machine.
"""

import os
from pathlib import Path
from random import Random

import pytest

from homeport_client.fleet.hurried import hurried
from homeport_client.fleet.live.cluster import Cluster
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.trouble import EndlessTrouble
from homeport_sync import App, load_app

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
SEED = int(os.environ.get("HOMEPORT_SEED", "1"))
SCRIPT = hurried(load_app(APP), devices=8, duration_s=16)


@pytest.mark.promise("I1")
@pytest.mark.promise("I4")
@pytest.mark.promise("I13")
async def test_any_process_of_a_cluster_may_be_killed_and_nothing_is_lost(app: App, directory: Path) -> None:
    trouble = EndlessTrouble(Random(SEED))
    async with Cluster(APP, directory / "site", nats=True) as cluster:
        fleet = LiveFleet(app, cluster, SEED, script=SCRIPT, trouble=trouble)
        played = await fleet.run()
        followed = await cluster.followed(fleet.tenant)
    assert played.kept, f"seed {SEED}, killed {dict(trouble.killed)}:\n{played.verdict}"
    assert len(trouble.killed) > 1
    assert followed
    assert all(each.counted == each.head > 0 for each in followed)
