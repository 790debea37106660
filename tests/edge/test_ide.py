"""The IDE: all of it comes from here, it runs no other script, and nobody is given a token by asking."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest

from homeport_server.edge.ide.page import VENDORED, ide_link
from homeport_server.settings import Settings
from tests.edge.world import SETTINGS, make_world

LOADED = re.compile(r'(?:src|href)="([^"]+)"')


@asynccontextmanager
async def stranger(settings: Settings = SETTINGS) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody without a token, at a server with these settings."""
    built = (await make_world(settings)).built
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=built.asgi), base_url="http://test") as client:
        yield client


async def test_the_page_loads_what_this_server_has_and_nothing_else() -> None:
    async with stranger() as client:
        page = await client.get("/graphql")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        loaded = [each for each in LOADED.findall(page.text) if each != "data:,"]
        answers = {path: await client.get(path) for path in loaded}
    assert len(loaded) == 6
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(loaded, 200)
    types = {path.rpartition(".")[2]: answer.headers["content-type"] for path, answer in answers.items()}
    assert types == {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}


async def test_the_page_may_run_no_script_that_stands_in_it_and_reach_nobody_else() -> None:
    async with stranger() as client:
        page = await client.get("/graphql")
    policy = dict(each.split(" ", 1) for each in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "<script>" not in page.text
    assert "http:" not in page.text
    assert "https:" not in page.text


async def test_what_has_its_version_in_its_name_is_kept_and_the_page_is_not() -> None:
    async with stranger() as client:
        kept = [await client.get(f"/graphql/{each.name}") for each in VENDORED.iterdir() if each.suffix == ".js"]
        assert {"immutable" in each.headers["cache-control"] for each in kept} == {True}
        assert (await client.get("/graphql/start.js")).headers["cache-control"] == "no-cache"
        assert (await client.get("/graphql")).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name", ["page.py", "page.html", "LICENSES.txt", "%2e%2e%2fschema.py", "..%2f..%2fsettings.py"]
)
async def test_no_other_file_is_had_by_its_name(name: str) -> None:
    async with stranger() as client:
        assert (await client.get(f"/graphql/{name}")).status_code == 404


async def test_in_production_there_is_none_unless_it_is_asked_for_and_then_no_link_fills_a_token_in() -> None:
    async with stranger(replace(SETTINGS, production=True)) as client:
        assert (await client.get("/graphql")).status_code == 404
        assert (await client.get("/graphql/start.js")).status_code == 404
    async with stranger(replace(SETTINGS, production=True, graphql_ide=True)) as client:
        assert 'data-takes-token="no"' in (await client.get("/graphql")).text
    async with stranger() as client:
        assert 'data-takes-token="yes"' in (await client.get("/graphql")).text


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104  # what a user may have set
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("dev.local", "http://dev.local:8000"),
    ],
)
def test_a_link_leads_to_where_the_server_listens_and_has_the_token_where_it_is_not_sent(
    host: str, origin: str
) -> None:
    assert ide_link(host, 8000, "a.b.c") == f"{origin}/graphql#token=a.b.c"


def test_each_vendored_file_is_there_with_its_licence() -> None:
    licences = (VENDORED / "LICENSES.txt").read_text()
    for each in VENDORED.iterdir():
        if each.suffix in {".js", ".css"}:
            name, version = each.name.removesuffix(".css").removesuffix(".js").removesuffix(".min").rsplit("-", 1)
            assert f"\n{name} {version} (MIT)\n" in licences
