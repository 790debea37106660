"""Typed mutations: each one write, once for a key, whose refusal is data and no error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homeport_server.edge.typed.global_id import global_id, read_id
from homeport_sync import LIMITS, wire
from homeport_sync.scope import member_id
from homeport_sync.writer_ids import writer_device
from tests.edge.gallery import answer, data, refused
from tests.edge.gallery import app as gallery
from tests.edge.world import DEVICE, START_MS, World, ask, listening, make_world, poke, receive, served
from tests.unit.sync.desk import app

OUTCOME = "outcome { verdict lost deleted again } errors { code message field position }"
FRUIT = "nodeId fruit { id recordId scopeId position name sold tags stock label buyer }"


async def stalls() -> tuple[World, str]:
    """A world with a stall of ana's, and its global id."""
    world = await make_world(declared=app)
    made = await mutate(world, "createStall", "nodeId stall { id name }", name="ana's")
    assert made["stall"] == {"id": made["nodeId"], "name": "ana's"}
    return world, made["nodeId"]


async def mutate(  # the payload is JSON
    world: World, mutation: str, shows: str = FRUIT, /, *, by: str = "ana", **given: object
) -> Any:  # noqa: ANN401
    """The payload of a mutation."""
    return (await data(world, query_of(mutation, shows), by, input=given))[mutation]


def query_of(mutation: str, shows: str = FRUIT) -> str:
    type_name = f"{mutation[0].upper()}{mutation[1:]}Input"
    return f"mutation ($input: {type_name}!) {{ {mutation}(input: $input) {{ {shows} {OUTCOME} }} }}"


def why(payload: Any) -> list[tuple[str, str | None]]:  # noqa: ANN401
    """The codes of its errors, each with the field that it is about."""
    return [(each["code"], each["field"]) for each in payload["errors"]]


async def test_a_record_is_made_changed_and_deleted_and_shown_as_it_is_then() -> None:
    world, scope = await stalls()
    made = await mutate(world, "createFruit", scope=scope, name="fig", tags=["ripe", "big"])
    applied = {"verdict": "APPLIED", "lost": [], "deleted": False, "again": False}
    assert (made["outcome"], made["errors"]) == (applied, [])
    kind, id = read_id(made["nodeId"])
    assert (kind, made["fruit"]["recordId"], made["fruit"]["tags"]) == ("Fruit", id, ["big", "ripe"])
    edits: dict[str, Any] = {
        "name": "date",
        "sold": {"increment": 2},
        "tags": {"add": ["new"], "remove": ["ripe"]},
        "buyer": None,
    }
    changed = (await mutate(world, "updateFruit", id=made["nodeId"], **edits))["fruit"]
    assert (changed["name"], changed["sold"], changed["tags"]) == ("date", 2, ["big", "new"])
    whole = (await mutate(world, "updateFruit", id=id, tags={"set": []}, label="sweet"))["fruit"]
    assert (whole["tags"], whole["label"], whole["name"]) == ([], "sweet", "date")
    gone = await mutate(world, "deleteFruit", id=id)
    assert (gone["fruit"], gone["nodeId"], gone["outcome"]) == (None, made["nodeId"], applied)
    late = await mutate(world, "updateFruit", id=id, name="olive")
    assert late["outcome"] == {"verdict": "SUPERSEDED", "lost": ["name"], "deleted": True, "again": False}


async def test_a_deleted_record_is_restored_and_what_is_left_out_has_its_default() -> None:
    world, scope = await stalls()
    made = await mutate(world, "createFruit", scope=scope, name="fig")
    await mutate(world, "deleteFruit", id=made["nodeId"])
    part = await mutate(world, "restoreFruit", id=made["nodeId"], name="fig")
    assert part["fruit"] == made["fruit"] | {"position": part["fruit"]["position"]}
    await mutate(world, "deleteFruit", id=made["nodeId"])
    all_of_it: dict[str, Any] = {"name": "fig", "sold": 1, "tags": [], "stock": 2, "label": "x", "buyer": None}
    back = await mutate(world, "restoreFruit", id=made["nodeId"], **all_of_it)
    assert back["fruit"] == made["fruit"] | all_of_it | {"position": back["fruit"]["position"]}


async def test_a_record_is_moved_into_another_scope() -> None:
    world, scope = await stalls()
    made = await mutate(world, "createFruit", scope=scope, name="fig")
    other = (await mutate(world, "createStall", "nodeId", name="another"))["nodeId"]
    moved = await mutate(world, "moveFruit", id=made["nodeId"], into=other)
    assert moved["fruit"]["scopeId"] == read_id(other)[1]


async def test_what_is_left_out_stays_and_what_is_null_is_written_as_null() -> None:
    world, scope = await stalls()
    made = await mutate(world, "createFruit", scope=scope, name="fig", buyer=None)
    kept = await mutate(world, "updateFruit", id=made["nodeId"], label="sweet")
    assert kept["fruit"]["name"] == "fig"
    null = await mutate(world, "updateFruit", id=made["nodeId"], name=None)
    assert (why(null), null["fruit"]["name"]) == ([("WRONG_TYPE", "name")], "fig")
    assert why(await mutate(world, "updateFruit", id=made["nodeId"], sold=None)) == [("WRONG_TYPE", "sold")]
    assert why(await mutate(world, "updateFruit", id=made["nodeId"], tags=None)) == [("WRONG_TYPE", "tags")]


@pytest.mark.promise("I2")
async def test_the_same_mutation_under_one_key_is_one_write_though_it_comes_at_once_and_again() -> None:
    world, scope = await stalls()
    asked: dict[str, Any] = {"scope": scope, "name": "fig", "idempotencyKey": "k"}
    told = await asyncio.gather(*(mutate(world, "createFruit", **asked) for _ in range(5)))
    world.clock.now_ms += 60_000
    told.append(await mutate(world, "createFruit", **asked))
    assert len({each["nodeId"] for each in told}) == 1
    assert sum(not each["outcome"].pop("again") for each in told) == 1
    assert all(each == told[0] for each in told)
    assert len(await world.store.read(world.tenant, 0, 10)) == 2
    code, _ = await refused(world, query_of("createFruit"), input={**asked, "name": "date"})
    assert code == "IDEMPOTENCY_KEY_REUSED"
    assert (await mutate(world, "createStall", "nodeId", by="bob", idempotencyKey="k"))["outcome"]["again"] is False


async def test_a_mutation_for_another_position_is_stale_and_told_where_the_record_is() -> None:
    world, scope = await stalls()
    made = (await mutate(world, "createFruit", scope=scope, name="fig"))["fruit"]
    seen = made["position"]
    first = await mutate(world, "updateFruit", id=made["id"], stock=3, expectedPosition=seen)
    assert (first["errors"], first["fruit"]["stock"]) == ([], 3)
    stale = await mutate(world, "updateFruit", id=made["id"], name="date", expectedPosition=seen)
    assert [(each["code"], each["position"]) for each in stale["errors"]] == [("STALE", seen + 1)]
    assert stale["fruit"]["position"] == seen + 1  # with which the app can decide again
    unseen = await mutate(world, "updateFruit", id=made["id"], stock=4)
    assert why(unseen) == [("STALE", None)]
    assert "say by expectedPosition" in unseen["errors"][0]["message"]


async def test_a_counter_says_what_it_takes_in_the_words_of_the_api() -> None:
    world, scope = await stalls()
    made = await mutate(world, "createFruit", scope=scope, name="fig")
    (error,) = (await mutate(world, "updateFruit", id=made["nodeId"], sold={"increment": 2**53}))["errors"]
    assert error["message"] == (
        "Fruit.sold takes an increment by a whole number between -(2^53 - 1) and 2^53 - 1, not 9007199254740992: "
        "write a value that fits."
    )


async def test_what_the_caller_may_not_write_or_see_is_refused_as_data() -> None:
    world, scope = await stalls()
    made = await mutate(world, "createFruit", scope=scope, name="fig")
    tried: dict[str, dict[str, Any]] = {"updateFruit": {"name": "x"}, "deleteFruit": {}, "moveFruit": {"into": scope}}
    for name, given in tried.items():
        told = await mutate(world, name, by="bob", id=made["nodeId"], **given)
        assert (told["fruit"], why(told)) == (None, [("RECORD_GONE", None)])
    assert why(await mutate(world, "createFruit", by="bob", scope=scope, name="fig")) == [("SCOPE_FORBIDDEN", None)]
    taken = await mutate(world, "createFruit", scope=scope, id=made["nodeId"], name="fig")
    assert (taken["fruit"]["id"], why(taken)) == (made["nodeId"], [("RECORD_EXISTS", None)])


async def test_a_member_is_invited_promoted_and_put_out_without_knowing_an_id() -> None:
    world, scope = await stalls()
    shows = "nodeId member { user role }"
    invited = await mutate(world, "createMember", shows, scope=scope, user="bob", role="viewer")
    root = read_id(scope)[1]
    assert (invited["nodeId"], invited["member"]) == (
        global_id("Member", member_id(root, "bob")),
        {"user": "bob", "role": "viewer"},
    )
    assert why(await mutate(world, "createFruit", by="bob", scope=scope, name="x")) == [("ROLE_FORBIDDEN", None)]
    promoted = await mutate(world, "updateMember", shows, id=invited["nodeId"], role="editor")
    assert promoted["member"]["role"] == "editor"
    assert (await mutate(world, "createFruit", by="bob", scope=scope, name="x"))["errors"] == []
    out = await mutate(world, "updateMember", shows, scope=scope, user="bob", role=None)
    assert (out["nodeId"], out["member"]["role"]) == (invited["nodeId"], None)
    nobody = await mutate(world, "updateMember", shows, role="viewer")
    assert why(nobody) == [("MALFORMED", None)]
    assert "name its id, or its scope and user" in nobody["errors"][0]["message"]


async def test_a_command_is_a_mutation_with_its_arguments_that_shows_the_root() -> None:
    world, scope = await stalls()
    made = await mutate(world, "createFruit", scope=scope, name="fig")
    shows = "stall { fruits { nodes { buyer } } }"
    told = await mutate(world, "sellAll", shows, scope=scope, to="eve", idempotencyKey="k")
    assert (told["stall"]["fruits"]["nodes"], told["errors"]) == ([{"buyer": "eve"}], [])
    again = await mutate(world, "sellAll", shows, scope=scope, to="eve", idempotencyKey="k")
    assert again["outcome"]["again"]
    forbidden = await mutate(world, "sellAll", shows, by="bob", scope=scope, to="eve")
    assert (forbidden["stall"], why(forbidden)) == (None, [("SCOPE_FORBIDDEN", None)])
    code, message = await refused(world, query_of("sellAll", shows), input={"scope": made["nodeId"], "to": "x"})
    assert (code, "is the id of a Fruit" in message) == ("MALFORMED", True)


CONTRARY: dict[str, object] = {"add": ["x"], "remove": ["x"]}
WRONG: dict[str, tuple[str, dict[str, object], str]] = {
    "an id of another kind": ("updateFruit", {"id": global_id("Stall", DEVICE)}, "MALFORMED"),
    "no id": ("deleteFruit", {"id": "x"}, "MALFORMED"),
    "a set that is set and edited": ("updateFruit", {"id": DEVICE, "tags": {"set": [], "add": ["x"]}}, "MALFORMED"),
    "a set that adds what it removes": ("updateFruit", {"id": DEVICE, "tags": CONTRARY}, "MALFORMED"),
    "a key that is empty": ("createStall", {"idempotencyKey": ""}, "MALFORMED"),
    "a required field that is left out": ("createFruit", {"scope": DEVICE}, "GRAPHQL_INVALID"),
    "a required field that is null": ("createFruit", {"scope": DEVICE, "name": None}, "GRAPHQL_INVALID"),
    "a plain value for a counter": ("updateFruit", {"id": DEVICE, "sold": 3}, "GRAPHQL_INVALID"),
    "a field that is not there": ("updateFruit", {"id": DEVICE, "size": 3}, "GRAPHQL_INVALID"),
    "a number for a text": ("updateFruit", {"id": DEVICE, "name": 3}, "GRAPHQL_INVALID"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_no_request_is_an_error_with_a_code(name: str) -> None:
    world, _ = await stalls()
    mutation, given, code = WRONG[name]
    shows = "nodeId stall { name }" if mutation == "createStall" else FRUIT
    assert (await refused(world, query_of(mutation, shows), input=given))[0] == code


async def test_a_phone_is_poked_for_what_its_user_wrote_elsewhere_and_pulls_it() -> None:
    world, scope = await stalls()
    async with served(world) as url, listening(url, world.token(), wire.POKE, device=DEVICE) as phone:
        made = await mutate(world, "createFruit", scope=scope, name="fig")
        assert await receive(phone) == poke("1")
    async with world.client() as client:
        page = (await ask(client, wire.PULL, device=DEVICE)).json()["data"]["pull"]
    assert read_id(made["nodeId"])[1] in {each["id"] for each in page["records"]}


async def test_a_mutation_is_never_superseded_by_a_phone_whose_clock_is_ahead() -> None:
    world, scope = await stalls()
    made = await mutate(world, "createFruit", scope=scope, name="fig")
    world.clock.now_ms += LIMITS.skew_max_ms
    ahead = world.change(
        DEVICE,
        op="update",
        kind="Fruit",
        id=read_id(made["nodeId"])[1],
        scope=read_id(scope)[1],
        fields={"name": "phone"},
    )
    world.clock.now_ms = START_MS
    await world.push(ahead)
    assert (await mutate(world, "updateFruit", id=made["nodeId"], name="web"))["fruit"]["name"] == "web"


async def test_a_write_leaves_one_line_and_counts_as_a_push_and_no_phone_is_seen() -> None:
    world, scope = await stalls()
    await mutate(world, "createFruit", scope=scope, name="fig", idempotencyKey="k")
    await mutate(world, "createFruit", by="bob", scope=scope, name="fig")
    await refused(world, query_of("createFruit"), input={"scope": scope, "name": "", "idempotencyKey": ""})
    lines = [each for each in await world.lines() if each["event"] == "write"][1:]
    assert [(each["op"], each["kind"], each["user"]) for each in lines] == [
        ("create", "Fruit", "ana"),
        ("create", "Fruit", "bob"),
        ("create", "Fruit", "ana"),
    ]
    assert [each.get("applied") for each in lines] == [1, None, None]
    assert (lines[1]["codes"], lines[2]["error"]) == ({"rejected": {"SCOPE_FORBIDDEN": 1}}, "MALFORMED")
    device = writer_device("ana", "k")
    assert lines[0]["device"] == device
    facts = await world.store.device(world.tenant, device)
    assert facts is not None
    assert facts.sighting is None
    async with world.client() as client:
        metrics = (await client.get("/metrics")).text
        assert 'homeport_changes_total{code="SCOPE_FORBIDDEN",outcome="rejected"} 1.0' in metrics
    code, _ = await refused(world, wire.PUSH, device=device, changes=[])
    assert code == "MALFORMED"


async def test_an_app_without_commands_has_its_mutations_and_enums_come_in_by_name() -> None:
    world = await make_world(declared=gallery)
    room = (await mutate(world, "createRoom", "nodeId", title="Hall"))["nodeId"]
    given: dict[str, Any] = {
        "scope": room,
        "title": "Sea",
        "size": "big",
        "state": "on_show",
        "price": 3,
        "widthMm": 2**40,
    }
    shows = "picture { size state price widthMm place }"
    made = await mutate(world, "createPicture", shows, **given)
    assert made["picture"]["place"] > "a0"
    assert made["picture"] | {"place": ""} == {
        "size": "big", "state": "on_show", "price": 3.0, "widthMm": 2**40, "place": "",
    }  # fmt: skip
    told = await answer(world, query_of("updatePicture", shows), input={"id": room, "title": "x"})
    assert told["errors"][0]["extensions"]["code"] == "MALFORMED"
