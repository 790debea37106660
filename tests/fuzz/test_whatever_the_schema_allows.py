"""schemathesis asks a real server whatever its schema allows: none of it is the server's fault, and nothing takes long.

`make test-fuzz` runs it. HOMEPORT_FUZZ_SEED draws other documents, HOMEPORT_FUZZ_EXAMPLES more of them.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis.graphql
from graphql import is_scalar_type, is_specified_scalar_type
from hypothesis import HealthCheck, Phase, given, seed, settings

from homeport_client.fleet.live.homeport import ask as verb
from homeport_client.fleet.live.real import RealServer
from homeport_server.settings import Settings
from tests.clients.conftest import APP, Address
from tests.fuzz.values import use_scalars

pytestmark = pytest.mark.fuzz

SEED = int(os.environ.get("HOMEPORT_FUZZ_SEED", "1"))
EXAMPLES = int(os.environ.get("HOMEPORT_FUZZ_EXAMPLES", "2000"))
# Each document is a new one, of which a user may send so many; that is not what is looked at here.
LAX = {"HOMEPORT_GRAPHQL_CHECKING_MS_A_S": "0", "HOMEPORT_GRAPHQL_COST_MAX": "100000"}
LIMIT_S = Settings().graphql_s
SEEN = "{ tasks { edges { cursor node { id recordId } } } taskLists { edges { cursor node { id recordId } } } }"


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[Address]:
    async with RealServer(APP, tmp_path, settings=LAX) as server:
        await server.start()
        await server.make_tenant("demo")
        may = ("token", "--user", "ana", "--tenant", "demo", "--may", "notify")
        yield Address(server, (await verb(*may, environ={"HOMEPORT_DATA": str(tmp_path)})).strip())


async def test_no_document_that_the_schema_allows_is_the_servers_fault(address: Address, tmp_path: Path) -> None:
    print(f"HOMEPORT_FUZZ_SEED={SEED} HOMEPORT_FUZZ_EXAMPLES={EXAMPLES}")  # noqa: T201  # pytest shows it on failure
    slowest_s = await asyncio.to_thread(_play, address)
    assert slowest_s < LIMIT_S
    lines = [json.loads(line) for line in (tmp_path / "server.log").read_text().splitlines()]
    assert [line for line in lines if line["level"] == "error" or "exception" in line] == []
    assert len(lines) > EXAMPLES / 10


def _play(address: Address) -> float:
    """Ask; how long the slowest answer took, in seconds."""
    headers = {"authorization": f"Bearer {address.token}"}
    schema = schemathesis.graphql.from_url(address.url, headers=headers)
    scalars = [
        name
        for name, type_ in schema.client_schema.type_map.items()
        if is_scalar_type(type_) and not is_specified_scalar_type(type_)
    ]
    slowest_s = 0.0
    with requests.Session() as session:
        session.headers.update(headers)
        use_scalars(scalars, *_furnished(address, session))

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=schema.as_strategy())
        def ask(case: Any) -> None:  # noqa: ANN401  # schemathesis' own
            nonlocal slowest_s
            answer = case.call(session=session)
            slowest_s = max(slowest_s, answer.elapsed)
            told = answer.json()
            codes = [error["extensions"]["code"] for error in told.get("errors", ())]
            assert answer.status_code < 500, (case.body, told)
            assert "INTERNAL" not in codes, (case.body, told)
            assert "UNAVAILABLE" not in codes, (case.body, told)

        ask()
    return slowest_s


def _furnished(address: Address, session: requests.Session) -> tuple[Sequence[str], Sequence[str]]:
    """The ids of some records that are made, and their cursors."""

    def data(query: str) -> Any:  # noqa: ANN401
        return session.post(address.url, json={"query": query}).json()["data"]

    for title in ("Home", "Work"):
        made = data(f'mutation {{ createTaskList(input: {{ title: "{title}" }}) {{ nodeId }} }}')["createTaskList"][
            "nodeId"
        ]
        for task in ("Milk", "Bread", "Tea"):
            data(f'mutation {{ createTask(input: {{ title: "{task}", scope: "{made}" }}) {{ nodeId }} }}')
    edges = [edge for connection in data(SEEN).values() for edge in connection["edges"]]
    ids = [edge["node"][name] for edge in edges for name in ("id", "recordId")]
    return ids, [edge["cursor"] for edge in edges]
