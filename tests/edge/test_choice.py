"""A device's choice over HTTP: beside the document that older apps send, in a pull and in the pull of a push."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from homeport_sync.choice import CHOICE_SCOPES_MAX
from homeport_sync.wire import PULL, PULL_CHOSEN, PUSH
from tests.edge.world import DEVICE, World, ask

BO, OTHER = "0192f0c1-0000-7000-8000-0000000000b0", "0192f0c1-0000-7000-8000-0000000000b1"


async def two_lists(world: World) -> tuple[str, str]:
    """Two lists that ana shares with bo."""
    first, second = world.new_list(DEVICE, "one"), world.new_list(DEVICE, "two")
    invitations = [world.invitation(DEVICE, each["scope"], "bo") for each in (first, second)]
    await world.push(first, second, *invitations)
    return str(first["scope"]), str(second["scope"])


async def pulled(client: httpx2.AsyncClient, document: str = PULL_CHOSEN, **variables: object) -> Any:  # noqa: ANN401
    answer = await ask(client, document, device=BO, **variables)
    return answer.json()["data"]["pull"]


def scopes(page: Any) -> set[str]:  # noqa: ANN401
    return {record["scope"] for record in page["records"]}


async def test_a_scope_is_left_out_and_comes_whole_when_it_is_taken_in_again(world: World) -> None:
    one, two = await two_lists(world)
    async with world.client("bo") as client:
        page = await pulled(client, choice={"leaveOut": [two]})
        assert scopes(page) == {one}
        page = await pulled(client, cursor=page["cursor"], choice={"leaveOut": [two]})
        assert page["records"] == []
        page = await pulled(client, cursor=page["cursor"])
        assert (scopes(page), page["more"], page["reset"]) == ({two}, False, False)
        assert len(page["records"]) == 2
        page = await pulled(client, cursor=page["cursor"], choice={"scopes": [one, two]})
        assert page["records"] == []
        page = await pulled(client, cursor=page["cursor"], choice={"scopes": []})
        page = await pulled(client, PULL, cursor=page["cursor"])
        assert scopes(page) == {one, two}, "who says nothing takes everything"


async def test_a_page_beside_a_push_is_of_the_choice(world: World) -> None:
    _, two = await two_lists(world)
    async with world.client("bo") as client:
        answer = await ask(client, PUSH, device=BO, changes=[], pull={"choice": {"scopes": [two]}})
        assert scopes(answer.json()["data"]["push"]["pull"]) == {two}


async def test_two_devices_with_different_choices_and_equal_cursors_are_not_given_each_others_page(
    world: World,
) -> None:
    one, two = await two_lists(world)
    async with world.client("bo") as client:
        assert scopes(await pulled(client, choice={"scopes": [one]})) == {one}
        assert scopes(await pulled(client, choice={"scopes": [two]})) == {two}
        assert scopes(await pulled(client)) == {one, two}


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"scopes": ["x"]}, "MALFORMED"),
        ({"leaveOut": [f"{at:08x}-0000-7000-8000-000000000000" for at in range(CHOICE_SCOPES_MAX + 1)]}, "TOO_LARGE"),
    ],
)
async def test_a_choice_that_is_none_is_refused_and_a_push_beside_it_is_not(
    world: World, choice: dict[str, object], code: str
) -> None:
    async with world.client("bo") as client:
        (error,) = (await ask(client, PULL_CHOSEN, device=BO, choice=choice)).json()["errors"]
        assert error["extensions"]["code"] == code
        change = world.new_list(OTHER)
        answer = await ask(client, PUSH, device=OTHER, changes=[change], pull={"choice": choice})
        pushed = answer.json()["data"]["push"]
        assert [each["outcome"] for each in pushed["outcomes"]] == ["applied"]
        assert [each["extensions"]["code"] for each in pushed["errors"]] == [code]
