"""What is read of a cluster: rows while PostgreSQL runs, nothing while it does not, and never nothing by mistake."""

from pathlib import Path

import pytest

from homeport_client.fleet.live.cluster import Cluster
from homeport_client.fleet.live.process import ProcessFailed

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"


async def test_a_question_that_fails_is_told_unless_postgresql_is_down(directory: Path) -> None:
    async with Cluster(APP, directory / "site", servers=0, workers=1) as cluster:
        await cluster.make_tenant("demo")
        assert [(each.head, each.place, each.counted) for each in await cluster.followed("demo")] == [(0, 0, 0)]
        await cluster.postgres.query("ALTER TABLE usage RENAME TO gone")
        with pytest.raises(ProcessFailed, match='relation "usage" does not exist'):
            await cluster.followed("demo")
        await cluster.postgres.kill()
        assert await cluster.followed("demo") == []
        assert await cluster.head("demo") == 0
