"""Documents that are asked for by name: the app's own from a file, Apollo's by hash, a server that trusts no other."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from homeport_server.app import GRAPHQL_PATH
from homeport_server.edge.persisted import NONE_TRUSTED, Persisted, hash_of, trusted_documents
from homeport_server.errors import BadSetting, PersistedQueryNotFound
from homeport_sync.own_documents import OWN_DOCUMENTS
from homeport_sync.wire import POKE, PULL, PUSH
from tests.edge.world import DEVICE, SETTINGS, World, ask, make_world, poke, receive, send, served, socket

TYPENAME = "query A { __typename }"
OTHER = "query B { b: __typename }"
NOTHING = {"data": {"__typename": "Query"}}
RELAY = {"aaaabbbbccccddddeeeeffff00001111": TYPENAME}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": hash_of(TYPENAME), "body": TYPENAME, "name": "A", "type": "query"}],
}
APOLLO_BY_ID = {**APOLLO, "operations": {"a1": {"body": TYPENAME, "name": "A", "type": "query"}}}


def _file(folder: Path, manifest: object) -> str:
    path = folder / "documents.json"
    path.write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    return str(path)


async def _trusting(folder: Path, manifest: object = RELAY, *, only: bool = False) -> World:
    return await make_world(replace(SETTINGS, documents=_file(folder, manifest), documents_only=only))


def _apollo(text: str, version: int = 1) -> dict[str, object]:
    return {"persistedQuery": {"version": version, "sha256Hash": hash_of(text)}}


async def _post(client: httpx2.AsyncClient, **request: object) -> httpx2.Response:
    return await client.post(GRAPHQL_PATH, json=request)


def _code(answer: httpx2.Response) -> str:
    (error,) = answer.json()["errors"]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("manifest", "name"), [(RELAY, next(iter(RELAY))), (APOLLO, hash_of(TYPENAME)), (APOLLO_BY_ID, "a1")]
)
async def test_a_document_of_the_file_is_known_by_its_name_and_by_its_hash(
    tmp_path: Path, manifest: dict[str, Any], name: str
) -> None:
    world = await _trusting(tmp_path, manifest)
    async with world.client() as client:
        for id in (name, f"sha256:{hash_of(TYPENAME)}"):
            assert (await _post(client, documentId=id)).json() == NOTHING
            assert (await _post(client, documentId=id, query=TYPENAME)).json() == NOTHING
            assert (await client.get(GRAPHQL_PATH, params={"documentId": id})).json() == NOTHING
        assert (await _post(client, extensions=_apollo(TYPENAME))).json() == NOTHING


@pytest.mark.parametrize("id", ["", "nope", "x-ours:1", "md5:1", "sha256:", f"sha256:{hash_of(OTHER)}"])
async def test_a_name_that_is_none_is_told_so(client: httpx2.AsyncClient, id: str) -> None:
    for answer in (await _post(client, documentId=id), await client.get(GRAPHQL_PATH, params={"documentId": id})):
        assert (answer.status_code, _code(answer)) == (200, "DOCUMENT_UNKNOWN")
    client.headers["accept"] = "application/graphql-response+json"
    assert (await _post(client, documentId=id)).status_code == 400


async def test_a_name_with_another_text_is_refused(tmp_path: Path) -> None:
    world = await _trusting(tmp_path)
    (name,) = RELAY
    async with world.client() as client:
        for request in (
            {"documentId": name, "query": OTHER},
            {"documentId": f"sha256:{hash_of(TYPENAME)}", "query": OTHER},
            {"documentId": f"sha256:{hash_of(OTHER)}", "query": TYPENAME},
            {"query": OTHER, "extensions": _apollo(TYPENAME)},
            {"query": TYPENAME, "extensions": _apollo(OTHER)},
        ):
            assert _code(await _post(client, **request)) == "DOCUMENT_HASH_WRONG"
        assert _code(await _post(client, extensions=_apollo(OTHER))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_apollos_clients_are_asked_for_the_text_once_and_name_it_from_then_on(
    client: httpx2.AsyncClient, accept: str
) -> None:
    client.headers["accept"] = accept
    unknown = await _post(client, extensions=_apollo(OTHER))
    assert (unknown.status_code, _code(unknown)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    told = {"data": {"b": "Query"}}
    assert (await _post(client, query=OTHER, extensions=_apollo(OTHER))).json() == told
    assert (await _post(client, extensions=_apollo(OTHER))).json() == told
    given = {"extensions": json.dumps(_apollo(OTHER))}
    assert (await client.get(GRAPHQL_PATH, params=given)).json() == told
    assert (await _post(client, documentId=f"sha256:{hash_of(OTHER)}")).json() == told


@pytest.mark.parametrize(
    "asked", [5, {}, {"version": 1}, {"version": 2, "sha256Hash": "x"}, {"version": 1, "sha256Hash": 5}]
)
async def test_a_persisted_query_of_another_shape_is_no_request(client: httpx2.AsyncClient, asked: object) -> None:
    answer = await _post(client, query=TYPENAME, extensions={"persistedQuery": asked})
    assert (answer.status_code, _code(answer)) == (400, "GRAPHQL_INVALID")


def test_what_one_tenant_has_kept_pushes_out_its_own_and_memory_has_a_bound() -> None:
    persisted = Persisted(NONE_TRUSTED, 64_000)
    text = "x" * 60_000
    persisted.text_of(TYPENAME, None, _apollo(TYPENAME), "t1")
    for number in range(50):
        persisted.text_of(text + str(number), None, _apollo(text + str(number)), "eve's")
    assert persisted.text_of(None, None, _apollo(TYPENAME), "t1") == TYPENAME
    assert persisted.text_of(None, None, _apollo(text + "49"), "t1")
    with pytest.raises(PersistedQueryNotFound):
        persisted.text_of(None, None, _apollo(text + "0"), "eve's")


async def test_a_server_that_trusts_documents_alone_runs_no_other(tmp_path: Path) -> None:
    world = await _trusting(tmp_path, only=True)
    (name,) = RELAY
    async with world.client() as client:
        for request in (
            {"query": OTHER},
            {"query": TYPENAME + " "},
            {"query": PUSH + " "},
            {"query": "{ __schema { types { name } } }"},
            {"query": OTHER, "extensions": _apollo(OTHER)},
            {"query": OTHER, "documentId": f"sha256:{hash_of(OTHER)}"},
        ):
            assert _code(await _post(client, **request)) == "DOCUMENT_UNTRUSTED"
        assert _code(await client.get(GRAPHQL_PATH, params={"query": OTHER})) == "DOCUMENT_UNTRUSTED"
        assert (await _post(client, documentId=name)).json() == NOTHING
        assert (await _post(client, query=TYPENAME)).json() == NOTHING
        assert (await ask(client, PULL, device=DEVICE)).json()["data"]["pull"]["records"] == []


@pytest.mark.parametrize("text", sorted(OWN_DOCUMENTS))
async def test_it_runs_what_our_own_sdks_send_and_ever_sent(tmp_path: Path, text: str) -> None:
    world = await _trusting(tmp_path, only=True)
    async with world.client() as client:
        answer = await ask(client, text)
        codes = {each["extensions"]["code"] for each in answer.json().get("errors", [])}
    assert codes <= {"GRAPHQL_INVALID"}  # for want of variables, or of a socket


async def test_documents_have_names_on_sockets_too(tmp_path: Path) -> None:
    world = await _trusting(tmp_path, {"on": POKE, "typename": TYPENAME}, only=True)
    async with served(world) as url, socket(url, world.token()) as ana:
        await receive(ana)

        async def told(**payload: object) -> Mapping[str, Any]:
            await send(ana, type="subscribe", id="2", payload=payload)
            message: Mapping[str, Any] = await receive(ana)
            if message["type"] == "next":
                assert await receive(ana) == {"id": "2", "type": "complete"}
            return message

        await send(ana, type="subscribe", id="1", payload={"documentId": "on", "variables": {"device": DEVICE}})
        assert await receive(ana) == poke("1")
        assert (await told(documentId="typename"))["payload"] == NOTHING
        assert (await told(extensions=_apollo(TYPENAME)))["payload"] == NOTHING
        for named in ({"documentId": "typename"}, {"extensions": _apollo(TYPENAME)}):  # as graphql-ws must send it
            assert (await told(query="", **named))["payload"] == NOTHING
        for payload, code in (
            ({"query": OTHER}, "DOCUMENT_UNTRUSTED"),
            ({"documentId": "nope"}, "DOCUMENT_UNKNOWN"),
            ({"extensions": {}}, "GRAPHQL_INVALID"),
        ):
            refused = await told(**payload)
            assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", code)
        await world.push(world.new_list(DEVICE), device="00000000-0000-4000-8000-00000000000b")
        assert await receive(ana) == poke("1")


@pytest.mark.parametrize(
    "manifest", ["nope", "[]", '{"a": 1}', '{"format": "another"}', '{"format": "apollo-persisted-query-manifest"}']
)
def test_a_file_that_holds_no_documents_is_refused_at_start(tmp_path: Path, manifest: str) -> None:
    with pytest.raises(BadSetting, match="neither"):
        trusted_documents(replace(SETTINGS, documents=_file(tmp_path, manifest)))


def test_a_file_that_cannot_be_read_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="--documents"):
        trusted_documents(replace(SETTINGS, documents=str(tmp_path / "none.json")))
