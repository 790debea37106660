"""What RxDB pulls: documents of one kind, strictly after its checkpoint, and what it must hold no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.edge.gallery import change, data, hang, id_of, invite, make_gallery, push, refused
from tests.edge.world import World

# As rxdb's own builder writes it (its field names are those of the collection's schema).
PULL = """query PullPicture($checkpoint: PictureInputCheckpoint, $limit: Int!) {
    pullPicture(checkpoint: $checkpoint, limit: $limit) {
      documents {
        id
        scopeId
        title
        state
        size
        widthMm
        price
        sold
        paintedAt
        tags
        place
        deleted
      }
      checkpoint {
        cursor
      }
    }
}"""


async def pull(world: World, checkpoint: object = None, limit: int = 100, user: str = "ana") -> Any:  # noqa: ANN401
    return (await data(world, PULL, user, checkpoint=checkpoint, limit=limit))["pullPicture"]


async def test_documents_are_flat_and_come_in_the_order_of_the_log_from_a_checkpoint_on() -> None:
    world = await make_gallery()
    assert await pull(world) == {"documents": [], "checkpoint": None}
    for number in (2, 3, 4):
        await hang(world, "Picture", number, scope=1, title=f"No. {number}", tags=["a", "b"])
    first = await pull(world, limit=2)
    assert [each["title"] for each in first["documents"]] == ["No. 2", "No. 3"]
    assert first["documents"][0] == {
        "id": id_of(2),
        "scopeId": id_of(1),
        "title": "No. 2",
        "state": None,
        "size": "small",
        "widthMm": 0,
        "price": None,
        "sold": False,
        "paintedAt": None,
        "tags": ["a", "b"],
        "place": "a0",
        "deleted": False,
    }
    second = await pull(world, first["checkpoint"], limit=2)
    assert [each["title"] for each in second["documents"]] == ["No. 4"]
    assert await pull(world, second["checkpoint"]) == {"documents": [], "checkpoint": second["checkpoint"]}


async def test_a_choice_is_its_text_and_both_names_say_whether_it_is_deleted() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Sea", state="on show")
    query = "{ pullPicture(limit: 1) { documents { state deleted _deleted } } }"
    (document,) = (await data(world, query))["pullPicture"]["documents"]
    assert document == {"state": "on show", "deleted": False, "_deleted": False}


@pytest.mark.promise("I8")
async def test_a_deleted_document_is_whole_and_says_nothing_of_what_was_in_it() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Sea", size="big", width_mm=5, tags=["a"], state="lent")
    at = (await pull(world))["checkpoint"]
    await push(world, change(world, "Picture", 2, op="delete", scope=1))
    (document,) = (await pull(world, at))["documents"]
    assert document["deleted"] is True
    assert (document["id"], document["scopeId"]) == (id_of(2), id_of(1))
    assert (document["title"], document["size"], document["widthMm"], document["tags"]) == ("", "small", 0, [])


async def test_a_limit_that_is_too_big_is_an_error() -> None:
    world = await make_gallery()
    code, says = await refused(world, PULL, limit=1_001)
    assert code == "PAGE_TOO_LARGE"
    assert "1,000 is the largest" in says


@pytest.mark.promise("I8")
async def test_what_somebody_may_not_see_any_more_is_deleted_for_them_and_what_they_may_see_now_comes() -> None:
    world = await make_gallery()
    await hang(world, "Room", 9, title="Cellar")
    await hang(world, "Picture", 2, scope=1, title="Sea")
    await hang(world, "Picture", 3, scope=9, title="Wine")
    await invite(world, 1, "bo")
    mine = await pull(world, user="bo")
    assert [each["title"] for each in mine["documents"]] == ["Sea"]
    await push(world, {**world.invitation("00000000-0000-4000-8000-00000000000a", id_of(1), "bo"), **removal()})
    await invite(world, 9, "bo")
    told = (await pull(world, mine["checkpoint"], user="bo"))["documents"]
    assert [(each["id"], each["title"], each["deleted"]) for each in told] == [
        (id_of(2), "", True),
        (id_of(3), "Wine", False),
    ]


def removal() -> dict[str, object]:
    return {"op": "update", "fields": {"user": "bo", "role": None}}


async def test_a_checkpoint_that_means_nothing_starts_over_and_another_users_is_refused() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Sea")
    for checkpoint in ({}, {"cursor": None}, {"cursor": ""}, {"cursor": "nonsense"}):
        assert len((await pull(world, checkpoint))["documents"]) == 1
    code, _ = await refused(world, PULL, "bo", checkpoint=(await pull(world))["checkpoint"], limit=1)
    assert code == "CURSOR_FOREIGN"


async def test_roots_and_members_are_documents_like_others() -> None:
    world = await make_gallery()
    await invite(world, 1, "bo")
    rooms = "{ pullRoom(limit: 9) { documents { id scopeId title deleted } } }"
    assert (await data(world, rooms))["pullRoom"]["documents"] == [
        {"id": id_of(1), "scopeId": id_of(1), "title": "Hall", "deleted": False}
    ]
    members = "{ pullMember(limit: 9) { documents { scopeId user role } } }"
    assert (await data(world, members, "bo"))["pullMember"]["documents"] == [
        {"scopeId": id_of(1), "user": "bo", "role": "editor"}
    ]
