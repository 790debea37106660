"""What docs/clients.md shows works as it stands: clients run against a real server, and so does what is generated."""

import asyncio
import contextlib
import subprocess
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from homeport_client.fleet.live.real import RealServer
from tests.clients.conftest import APP, Address
from tests.clients.node import HERE, NODE, told_by
from tests.clients.page import ROOT, blocks, pointed_at

pytestmark = [pytest.mark.clients, pytest.mark.asyncio(loop_scope="module")]

USE = """import { AddListDocument, type OpenTasksQuery } from "./generated/graphql.js";
import type { ResultOf } from "@graphql-typed-document-node/core";
export const titles = (page: OpenTasksQuery): string[] => page.tasks.nodes.map((each) => each.title);
export const added = (answer: ResultOf<typeof AddListDocument>) => answer.createTaskList.taskList?.title;
"""
FOLDER = HERE / "build"  # below tests/clients, where node finds the packages


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Address]:
    """One server for all of them: each writes a list of its own, and no tasks."""
    async with RealServer(APP, tmp_path_factory.mktemp("page")) as server:
        await server.start()
        yield Address(server, await server.token("ana", await server.make_tenant("demo")))


@pytest.mark.parametrize("kind", ["urql", "apollo", "relay"])
async def test_a_stock_client_queries_writes_and_listens(address: Address, kind: str) -> None:
    _is_right(await _played(address, kind))


async def test_typescript_is_generated_of_the_examples_schema_compiled_and_run(address: Address) -> None:
    desk = FOLDER / "codegen"
    desk.mkdir(parents=True, exist_ok=True)
    (desk / "schema.graphqls").write_bytes((ROOT / "examples/tasks/schema.graphql").read_bytes())
    (desk / "package.json").write_text('{"type": "module"}')
    (desk / "use.ts").write_text(USE)
    for name in ("codegen.json", "operations.graphql"):
        (desk / name).write_text(blocks()[name])
    _run(desk, "@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.json")
    strict = (
        "--rootDir",
        ".",
        "--strict",
        "--skipLibCheck",
        "--module",
        "nodenext",
        "--target",
        "es2022",
        "--outDir",
        "out",
    )
    _run(desk, "typescript/bin/tsc", *strict, "use.ts")
    _is_right(await _played(address, "urql", generated=str(desk / "out/generated/graphql.js")))


async def test_gql_for_python_queries_writes_and_listens(address: Address) -> None:
    made: dict[str, Any] = {"token": address.token}
    exec(pointed_at(address, blocks()["client.py"]), made)  # noqa: S102  # as a reader runs it
    operations = made["gql"](blocks()["operations.graphql"])
    events = []
    async with made["client"] as client, made["listener"] as listener:
        add = {"operation_name": "AddList", "variable_values": {"title": "Groceries", "key": str(uuid.uuid4())}}
        listening = listener.subscribe(_asked(operations, operation_name="ListChanges"))
        async with asyncio.timeout(30), contextlib.aclosing(listening):
            async for event in listening:
                events.append(event["taskListChanged"])
                if len(events) == 2:
                    break
                written = (await client.execute(_asked(operations, **add)))["createTaskList"]
        page = await client.execute(_asked(operations, operation_name="OpenTasks"))
    assert [event["operation"] for event in events] == ["REFETCH", "CREATED"]
    assert written["taskList"] == events[1]["record"]
    assert page["tasks"]["nodes"] == []


async def _played(address: Address, kind: str, **given: object) -> Any:  # noqa: ANN401
    """What the script tells that plays on the page's client of that kind."""
    return await told_by(
        "stock.mjs",
        kind=kind,
        folder=str(FOLDER),
        made=pointed_at(address, blocks()[f"{kind}.mjs"]),
        operations=blocks()["operations.graphql"],
        token=address.token,
        key=str(uuid.uuid4()),
        **given,
    )


def _is_right(told: Any) -> None:  # noqa: ANN401
    assert [event["operation"] for event in told["events"]] == ["REFETCH", "CREATED"]
    written = told["written"]["createTaskList"]
    assert (written["taskList"]["title"], written["errors"]) == ("Groceries", [])
    assert told["events"][1]["record"]["id"] == written["taskList"]["id"]
    assert told["again"]["createTaskList"]["taskList"]["id"] == written["taskList"]["id"]
    assert told["page"]["tasks"]["nodes"] == []


def _asked(operations: Any, **given: object) -> Any:  # noqa: ANN401  # gql's own
    return type(operations)(operations.document, **given)


def _run(desk: Path, script: str, *words: str) -> None:
    ended = subprocess.run(
        [NODE, HERE / "node_modules" / script, *words],
        cwd=desk,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
