"""The plan that PostgreSQL makes for a statement of the servers, step by step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from homeport_sync.sql.postgres.database import Connection


async def planned(connection: Connection, text: str) -> list[dict[str, object]]:
    """The steps of the generic plan, which is the one that servers get."""
    values = ", ".join(["NULL"] * max(int(number) for number in re.findall(r"\$(\d+)", text)))
    await connection.execute(f"DEALLOCATE ALL; PREPARE planned AS {text}")
    (row,) = await connection.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE planned ({values})")
    return list(_steps(json.loads(row[0])[0]["Plan"]))


def _steps(plan: dict[str, object]) -> Iterator[dict[str, object]]:
    yield plan
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    for each in below:
        yield from _steps(each)
