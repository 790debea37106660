"""What of the caller was refused, and why: for apps whose client shows them nothing that stands beside an answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.edge.gallery import answer, data, id_of, make_gallery
from tests.edge.test_rxdb_push import conflicts, doc, row
from tests.edge.world import World

ASK = """query Refused($first: Int, $after: String) {
    rejections(first: $first, after: $after) { recordId kind code message rejectedAt cursor } }"""


async def refusals(world: World, user: str = "ana", **variables: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await data(world, ASK, user, **variables))["rejections"]
    return found


@pytest.mark.promise("I8")
async def test_they_are_told_page_by_page_to_whom_they_are_of_and_to_nobody_else() -> None:
    world = await make_gallery()
    for number in (2, 3, 4):
        await conflicts(world, row(doc(number, widthMm="wide")))
        world.clock.now_ms += 1
    first = await refusals(world, first=2)
    assert [(each["recordId"], each["kind"], each["code"]) for each in first] == [
        (id_of(2), "Picture", "WRONG_TYPE"),
        (id_of(3), "Picture", "WRONG_TYPE"),
    ]
    assert [each["recordId"] for each in await refusals(world, first=2, after=first[-1]["cursor"])] == [id_of(4)]
    assert await refusals(world, "eve", first=2) == []


@pytest.mark.parametrize(
    "after", ["²/{id}/1", "1/{id}/²", "1", "1/x/1", "1/{id}/1/", "{nines}/{id}/1", "1/{id}/{nines}", "-1/{id}/1"]
)
async def test_a_cursor_that_is_none_is_told_so(after: str) -> None:
    world = await make_gallery()
    given = after.format(id=id_of(1), nines="9" * 20)
    told = await answer(world, ASK, first=2, after=given)
    assert [each["extensions"]["code"] for each in told["errors"]] == ["CURSOR_INVALID"]


@pytest.mark.parametrize("first", [0, 101, None])
async def test_a_page_has_a_limit(first: int | None) -> None:
    world = await make_gallery()
    told = await answer(world, ASK, first=first)
    assert told["errors"]
