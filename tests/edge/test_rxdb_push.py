"""What RxDB pushes: rows that take effect where it assumes right, and what is here instead of all others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from homeport_sync import App, Rank, field
from homeport_sync.allow import Write
from homeport_sync.change import Record
from homeport_sync.memory import MemoryStore
from tests.edge.gallery import answer, change, data, hang, id_of, make_gallery, push
from tests.edge.world import DEVICE, World, make_world

KNOWN = "id scopeId title state widthMm sold paintedAt mark tags deleted"
app = App("counts")


@app.kind(root=True)
class Board:
    title: str = field(max_length=5)


@app.kind(within=Board)
class Card:
    title: str = ""
    note: str | None = "as yet nothing"
    likes: int = field(default=0, merge="counter")
    stock: int = field(default=0, merge="guarded")
    tags: set[str]
    place: Rank


@app.allow(Card)
def may(write: Write) -> bool:
    return write.after is None or write.after["title"] != "forbidden"


def mutation(kind: str, known: str) -> str:
    """As rxdb's own builder writes it."""
    rows = f"{kind[0].lower()}{kind[1:]}PushRow"
    return f"mutation Push{kind}(${rows}: [{kind}InputPushRow!]) {{ push{kind}({rows}: ${rows}) {{ {known} }} }}"


async def send(
    world: World, *rows: Mapping[str, object], kind: str = "Picture", known: str = KNOWN, user: str = "ana"
) -> Any:  # noqa: ANN401
    """The whole answer to these rows."""
    name = f"{kind[0].lower()}{kind[1:]}PushRow"
    return await answer(world, mutation(kind, known), user, **{name: list(rows)})


async def conflicts(world: World, *rows: Mapping[str, object], **more: Any) -> list[Any]:  # noqa: ANN401
    told = await send(world, *rows, **more)
    assert "errors" not in told, told
    found: list[Any] = told["data"][f"push{more.get('kind', 'Picture')}"]
    return found


def doc(number: int, title: str = "Sea", **more: object) -> dict[str, Any]:
    return {"id": id_of(number), "scopeId": id_of(1), "title": title, "deleted": False, **more}


def row(new: Mapping[str, object], assumed: Mapping[str, object] | None = None) -> dict[str, object]:
    """Without an assumed state RxDB leaves the key out."""
    given: dict[str, object] = {"newDocumentState": new}
    return given if assumed is None else {**given, "assumedMasterState": assumed}


async def shown(world: World, number: int) -> Any:  # noqa: ANN401
    query = f"{{ pullPicture(limit: 100) {{ documents {{ {KNOWN} }} }} }}"
    documents = (await data(world, query))["pullPicture"]["documents"]
    return next((each for each in documents if each["id"] == id_of(number)), None)


async def test_what_is_as_assumed_takes_effect_and_the_answer_is_an_empty_list() -> None:
    world = await make_gallery()
    made = doc(2)
    assert await conflicts(world, row(made)) == []
    renamed = {**made, "title": "Lake", "sold": True}
    assert await conflicts(world, row(renamed, made)) == []
    assert (await shown(world, 2))["title"] == "Lake"
    assert await conflicts(world, row({**renamed, "deleted": True}, renamed)) == []
    assert (await shown(world, 2))["deleted"] is True
    assert await conflicts(world, row({**renamed, "title": "back"}, {**renamed, "deleted": True})) == []
    back = await shown(world, 2)
    assert (back["title"], back["deleted"]) == ("back", False)
    assert await conflicts(world) == []


async def test_what_is_not_as_assumed_is_answered_with_what_is_here_and_changes_nothing() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Sea", width_mm=7)
    for assumed in (None, doc(2, "Lake"), doc(2, "Sea", widthMm=8), {**doc(2), "deleted": True}):
        (here,) = await conflicts(world, row(doc(2, "mine"), assumed))
        assert (here["title"], here["widthMm"], here["deleted"]) == ("Sea", 7, False)
    await push(world, change(world, "Picture", 2, op="delete", scope=1))
    for assumed in (None, doc(2)):
        (here,) = await conflicts(world, row(doc(2, "mine"), assumed))
        assert (here["id"], here["title"], here["deleted"]) == (id_of(2), "", True)


async def test_a_row_that_comes_twice_is_no_conflict() -> None:
    world = await make_gallery()
    made = doc(2)
    changed = {**made, "title": "Lake"}
    gone = {**changed, "deleted": True}
    for each in (row(made), row(changed, made), row(gone, changed)):
        assert await conflicts(world, each) == []
        head = world.store._log(world.tenant).head
        assert await conflicts(world, each) == []
        assert world.store._log(world.tenant).head == head


async def test_null_is_missing_and_values_are_compared_in_the_form_in_which_they_are_kept() -> None:
    world = await make_gallery()
    mark = "01890A5D-AC96-774B-BCCE-B302099A8057"
    made = doc(2, state=None, tags=["b", "a", "b"], paintedAt="2026-01-01T01:00:00+01:00", mark=mark, widthMm=3.0)
    assert await conflicts(world, row(made)) == []
    assert await conflicts(world, row({**made, "title": "Lake"}, {k: v for k, v in made.items() if k != "state"})) == []
    here = await shown(world, 2)
    assert (here["tags"], here["paintedAt"], here["mark"]) == (["a", "b"], "2026-01-01T00:00:00.000Z", mark.lower())
    assert await conflicts(world, row({**here, "state": "lent"}, here)) == []
    lent = await shown(world, 2)
    assert lent["state"] == "lent"
    assert await conflicts(world, row({k: v for k, v in lent.items() if k != "state"}, lent)) == []
    assert (await shown(world, 2))["state"] is None


async def test_fields_that_a_client_does_not_know_are_nothing_to_it() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Sea", width_mm=7, tags=["a"])
    known = "id scopeId title deleted"
    assert await conflicts(world, row(doc(2, "Lake"), doc(2)), known=known) == []
    here = await shown(world, 2)
    assert (here["title"], here["widthMm"], here["tags"]) == ("Lake", 7, ["a"])
    assert await conflicts(world, row(doc(2, "Pond"), doc(2, "Lake")), known=f"{known} widthMm") != []


async def test_the_default_name_of_the_deleted_field_serves_as_well() -> None:
    world = await make_gallery()
    made = {"id": id_of(2), "scopeId": id_of(1), "title": "Sea", "_deleted": False}
    assert await conflicts(world, row(made), known="id title _deleted") == []
    assert await conflicts(world, row({**made, "_deleted": True}, made), known="id title _deleted") == []
    (here,) = await conflicts(world, row({**made, "title": "x"}, made), known="id _deleted")
    assert here == {"id": id_of(2), "_deleted": True}


async def board(store: MemoryStore | None = None) -> World:
    world = await make_world(declared=app, store=store)
    made = {"id": id_of(1), "title": "todo", "deleted": False}
    assert await conflicts(world, row(made), kind="Board", known="id scopeId title deleted") == []
    return world


CARD = "id scopeId title likes stock tags deleted"


def card(number: int, title: str = "Milk", **more: object) -> dict[str, Any]:
    return doc(number, title, **({"likes": 0, "stock": 0, "tags": []} | more))


async def cards(world: World) -> dict[str, Any]:
    found = (await data(world, f"{{ pullCard(limit: 100) {{ documents {{ {CARD} }} }} }}"))["pullCard"]["documents"]
    return {each["id"]: each for each in found}


async def test_a_root_is_its_own_scope_and_what_is_made_within_it_says_which() -> None:
    world = await board()
    assert await conflicts(world, row(card(2)), kind="Card", known=CARD) == []
    told = await send(world, row({k: v for k, v in card(3).items() if k != "scopeId"}), kind="Card", known=CARD)
    ((here,), (refused,)) = told["data"]["pushCard"], told["extensions"]["refused"]
    assert (here["id"], here["deleted"]) == (id_of(3), True)
    assert (refused["id"], refused["code"]) == (id_of(3), "MALFORMED")


async def test_a_refused_row_is_answered_with_what_is_here_and_blocks_nothing() -> None:
    world = await board()
    good, bad = card(2), card(3, likes="many")
    assert await conflicts(world, row(card(4)), kind="Card", known=CARD) == []
    forbidden = row(card(4, "forbidden"), card(4))
    rows = [row(good), row(bad), forbidden, row(card(5, tags={"a": [1]})), row({**card(6), "id": "six"}), row(card(7))]
    told = await send(world, *rows, kind="Card", known=CARD)
    assert "errors" not in told
    here = told["data"]["pushCard"]
    assert [(each["id"], each["title"], each["deleted"]) for each in here] == [
        (id_of(3), "", True),
        (id_of(4), "Milk", False),
        (id_of(5), "", True),
        ("six", "", True),
    ]
    codes = {each["id"]: each["code"] for each in told["extensions"]["refused"]}
    assert codes == {id_of(3): "WRONG_TYPE", id_of(4): "NOT_ALLOWED", id_of(5): "WRONG_TYPE", "six": "MALFORMED"}
    assert set(await cards(world)) == {id_of(2), id_of(4), id_of(7)}
    assert len(world.store._log(world.tenant).quarantine) == 4


@pytest.mark.promise("I8")
async def test_somebody_elses_record_is_as_if_there_were_none() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Sea", width_mm=7)
    await hang(world, "Room", 9, title="Cellar", user="eve")
    mine = {**doc(2, "mine"), "scopeId": id_of(9)}
    for assumed in (None, doc(2), {**doc(2), "deleted": True}):
        (here,) = await conflicts(world, row(mine, assumed), user="eve")
        assert (here["title"], here["widthMm"], here["deleted"]) == ("", 0, True)
    assert await conflicts(world, row({**doc(2), "deleted": True}, doc(2)), user="eve") == []
    assert (await shown(world, 2))["title"] == "Sea"


async def test_what_is_made_and_deleted_before_it_was_ever_pushed_is_nothing() -> None:
    world = await make_gallery()
    head = world.store._log(world.tenant).head
    assert await conflicts(world, row({**doc(2), "deleted": True})) == []
    assert world.store._log(world.tenant).head == head


async def test_what_a_client_knows_and_does_not_say_is_null_where_it_can_be() -> None:
    world = await board()
    known = "id scopeId title note deleted"
    assert await conflicts(world, row(doc(2)), row(doc(3, note="new")), kind="Card", known=known) == []
    assert await conflicts(world, row(doc(4)), kind="Card", known="id scopeId title deleted") == []
    found = (await data(world, "{ pullCard(limit: 9) { documents { note } } }"))["pullCard"]["documents"]
    assert [each["note"] for each in found] == [None, "new", "as yet nothing"]


async def test_what_has_moved_meanwhile_is_a_conflict() -> None:
    world = await make_gallery()
    await hang(world, "Room", 9, title="Cellar")
    await hang(world, "Picture", 2, scope=1, title="Sea")
    await push(world, change(world, "Picture", 2, op="move", scope=1, into=id_of(9)))
    (here,) = await conflicts(world, row(doc(2, "Lake"), doc(2)), known="id scopeId title deleted")
    assert (here["scopeId"], here["title"]) == (id_of(9), "Sea")


class Interrupted(MemoryStore):
    """A store in which something else happens once, right after records were looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.then: Callable[[], Awaitable[object]] | None = None

    async def records(self, tenant: str, ids: Sequence[str]) -> Mapping[str, Record]:
        found = await super().records(tenant, ids)
        then, self.then = self.then, None
        if then is not None:
            await then()
        return found


async def test_what_others_write_between_the_comparison_and_the_write_is_not_lost() -> None:
    store = Interrupted()
    world = await board(store)
    assert await conflicts(world, row(card(2)), kind="Card", known=CARD) == []
    named = world.change(DEVICE, op="update", kind="Card", id=id_of(2), scope=id_of(1), fields={"title": "Oats"})
    store.then = lambda: world.push(named)
    (here,) = await conflicts(world, row(card(2, "Rye"), card(2)), kind="Card", known=CARD)
    assert here["title"] == "Oats"
    renamed = world.change(DEVICE, op="update", kind="Card", id=id_of(2), scope=id_of(1), fields={"title": "Nuts"})
    store.then = lambda: world.push(renamed)
    (here,) = await conflicts(
        world, row({**card(2, "Oats"), "deleted": True}, card(2, "Oats")), kind="Card", known=CARD
    )
    assert (here["title"], here["deleted"]) == ("Nuts", False)
    store.then = lambda: conflicts(world, row(card(3, "theirs")), kind="Card", known=CARD)
    (here,) = await conflicts(world, row(card(3, "mine")), kind="Card", known=CARD)
    assert here["title"] == "theirs"


async def test_counters_and_sets_are_written_as_what_became_of_them() -> None:
    world = await board()
    made = card(2, likes=1, tags=["a"])
    assert await conflicts(world, row(made), kind="Card", known=CARD) == []
    assert await conflicts(world, row({**made, "likes": 4, "tags": ["b"]}, made), kind="Card", known=CARD) == []
    fields = world.store._log(world.tenant).entries[-1].fields
    assert getattr(fields["likes"], "by", None) == 3
    assert (list(getattr(fields["tags"], "add", ())), list(getattr(fields["tags"], "remove", ()))) == (["b"], ["a"])
    stocked = {**made, "likes": 4, "tags": ["b"]}
    assert await conflicts(world, row({**stocked, "stock": 9}, stocked), kind="Card", known=CARD) == []


async def test_a_native_device_that_counts_meanwhile_is_not_undone() -> None:
    world = await board()
    made = card(2, likes=1)
    assert await conflicts(world, row(made), kind="Card", known=CARD) == []
    more = {"edit": "increment", "by": 5}
    await world.push(
        world.change(DEVICE, op="update", kind="Card", id=id_of(2), scope=id_of(1), fields={"likes": more})
    )
    (here,) = await conflicts(world, row({**made, "likes": 2}, made), kind="Card", known=CARD)
    assert here["likes"] == 6
    assert await conflicts(world, row({**here, "likes": 7}, here), kind="Card", known=CARD) == []
    assert (await cards(world))[id_of(2)]["likes"] == 7


async def test_a_document_that_names_another_scope_is_moved_there() -> None:
    world = await make_gallery()
    await hang(world, "Room", 9, title="Cellar")
    await hang(world, "Picture", 2, scope=1, title="Sea")
    moved = {**doc(2), "scopeId": id_of(9), "title": "Wine"}
    assert await conflicts(world, row(moved, doc(2)), known="id scopeId title deleted") == []
    here = await shown(world, 2)
    assert (here["scopeId"], here["title"], here["deleted"]) == (id_of(9), "Wine", False)


async def test_what_moves_and_changes_does_both_however_many_rows_come_with_it() -> None:
    world = await make_gallery()
    await hang(world, "Room", 9, title="Cellar")
    docs, known = [doc(n) for n in range(10, 61)], "id scopeId title deleted"
    assert await conflicts(world, *map(row, docs), known=known) == []
    moved = [row({**each, "scopeId": id_of(9), "title": "Wine"}, each) for each in docs[1:]]
    assert await conflicts(world, row({**docs[0], "title": "Lake"}, docs[0]), *moved, known=known) == []


async def test_more_rows_than_go_at_once_are_an_error_and_as_many_as_do_are_taken() -> None:
    world = await make_gallery()
    assert await conflicts(world, *(row(doc(n)) for n in range(10, 260)), known="id title") == []
    told = await send(world, *(row(doc(n)) for n in range(501)), known="id title")
    assert told["errors"][0]["extensions"]["code"] == "TOO_LARGE"


async def test_what_comes_before_the_root_of_its_scope_comes_again_until_that_is_there() -> None:
    world = await board()
    early = {**card(5), "scopeId": id_of(9)}
    for _ in range(2):
        told = await send(world, row(card(4)), row(early), row(card(6, likes="many")), kind="Card", known=CARD)
        assert told["errors"][0]["extensions"] | {"requestId": ""} == {
            "code": "SCOPE_AWAITED",
            "retryable": True,
            "requestId": "",
        }
        assert set(await cards(world)) == {id_of(4)}
    assert not world.store._log(world.tenant).quarantine
    made = {"id": id_of(9), "title": "later", "deleted": False}
    assert await conflicts(world, row(made), kind="Board", known="id title deleted") == []
    assert await conflicts(world, row(card(4)), row(early), kind="Card", known=CARD) == []


async def test_what_moves_before_the_root_of_its_new_scope_comes_again_with_all_that_was_written() -> None:
    world = await board()
    known = "id scopeId title deleted"
    assert await conflicts(world, row(doc(5)), kind="Card", known=known) == []
    moved = row({**doc(5, "Oats"), "scopeId": id_of(9)}, doc(5))
    told = await send(world, moved, kind="Card", known=known)
    assert told["errors"][0]["extensions"]["code"] == "SCOPE_AWAITED"
    made = {"id": id_of(9), "title": "later", "deleted": False}
    assert await conflicts(world, row(made), kind="Board", known="id title deleted") == []
    assert await conflicts(world, moved, kind="Card", known=known) == []


async def test_what_never_gets_its_scope_is_refused_in_the_end_whether_there_is_such_a_scope_or_not() -> None:
    world = await board()
    made = {"id": id_of(8), "title": "hers", "deleted": False}
    assert await conflicts(world, row(made), kind="Board", known="id title deleted", user="eve") == []
    rows = [row({**card(5), "scopeId": id_of(9)}), row({**card(6), "scopeId": id_of(8)})]
    codes = []
    for _ in range(8):
        for each in rows:
            told = await send(world, each, kind="Card", known=CARD)
            codes.append(told["errors"][0]["extensions"]["code"] if "errors" in told else "taken")
        world.clock.now_ms += 10_000
    assert codes == ["SCOPE_AWAITED"] * 12 + ["taken"] * 4
    assert await cards(world) == {}
