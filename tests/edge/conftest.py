"""The worlds of the edge's tests: one to ask over HTTP, one served on a real socket."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.edge.world import World, make_world, served


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Running: its followers read the log."""
    made = await make_world()
    async with made.built.routes.router.lifespan_context(made.built.routes):
        yield made


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with world.client() as client:
        yield client


@pytest.fixture
async def served_world() -> World:
    """Not running yet: `url` serves it."""
    return await make_world()


@pytest.fixture
async def url(served_world: World) -> AsyncIterator[str]:
    async with served(served_world) as url:
        yield url
