"""Whatever fingers do on a phone becomes a change of the right field, or a sentence that says why not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.server.phones.desk import Desk, desk


@pytest.fixture
async def at() -> AsyncIterator[Desk]:
    async with desk() as made:
        yield made


async def titles(at: Desk) -> list[str]:
    return [each.title for each in await at.rows()]


async def test_a_list_is_open_once_it_is_made_and_another_can_be_opened(at: Desk) -> None:
    first = (await at.sight()).open
    assert first
    assert (first.title, first.open) == ("Garden", True)
    assert await at.touch.make_list("Board", {"name": "Kitchen", "mood": "busy"})
    shown = await at.sight()
    assert [(each.title, each.open) for each in shown.lists] == [("Garden", False), ("Kitchen", True)]
    assert shown.open
    assert shown.open.fields[0].text == "busy"
    assert await at.touch.open_list(first.id)
    assert (await at.sight()).open == first


async def test_each_field_is_written_from_what_was_typed(at: Desk) -> None:
    card = await at.card("plant", due="2026-12-01", tags="wet, green")
    typed = {"size": "1 200", "weight": "2.5", "at": "2026-11-23 08:15", "mood": "busy", "notes": "deep", "money": "7"}
    for name, text in typed.items():
        assert await at.touch.set_field(card, name, text), at.phone.glass.said
    shown = {name: each.text for name, each in (await at.fields()).items()}
    assert shown == {
        "notes": "deep",
        "size": "1,200",
        "weight": "2.5",
        "due": "1 Dec 2026",
        "at": "23 Nov 2026, 08:15 UTC",
        "mood": "busy",
        "key": "",
        "tags": "green, wet",
        "votes": "0",
        "money": "7",
    }
    assert await at.touch.set_field(card, "due", " ")
    assert (await at.fields())["due"].text == ""


async def test_what_is_edited_reads_back_as_the_same_and_the_same_is_not_written_again(at: Desk) -> None:
    card = await at.card("plant", due="2026-12-01", tags="wet, green", at="2026-11-23 08:15")
    waiting = (await at.sight()).pending
    for name, each in (await at.fields()).items():
        if each.widget != "counter":
            assert await at.touch.set_field(card, name, each.value), at.phone.glass.said
    assert (await at.sight()).pending == waiting


async def test_flags_counters_and_tags_have_verbs_of_their_own(at: Desk) -> None:
    card = await at.card("plant")
    assert await at.touch.toggle(card, "done")
    assert await at.touch.count(card, "votes", 2)
    assert await at.touch.count(card, "votes", -1)
    assert await at.touch.tag(card, "tags", " dry ")
    assert await at.touch.tag(card, "tags", "old")
    assert await at.touch.untag(card, "tags", "old")
    (row,) = await at.rows()
    shown = {each.name: each for each in row.fields}
    assert (row.done, shown["votes"].text, shown["tags"].items) == (True, "1", ("dry",))


async def test_rows_are_put_beside_others_and_moved_by_one(at: Desk) -> None:
    one, two, three = [await at.card(each) for each in ("one", "two", "three")]
    assert await at.touch.place(three, one, behind=False)
    assert await titles(at) == ["three", "one", "two"]
    assert await at.touch.place(three, one, behind=True)
    assert await titles(at) == ["one", "three", "two"]
    assert await at.touch.place(one, "", behind=True)
    assert await titles(at) == ["three", "two", "one"]
    assert await at.touch.shift(one, down=False)
    assert await at.touch.shift(three, down=True)
    assert await at.touch.shift(two, down=False)
    assert await titles(at) == ["one", "two", "three"]
    assert await at.touch.shift(three, down=True), "at the end it stays"
    assert await titles(at) == ["one", "two", "three"]


async def test_what_was_deleted_last_can_be_brought_back_once(at: Desk) -> None:
    card = await at.card("plant")
    assert await at.touch.delete(card)
    undo = (await at.sight()).undo
    assert await titles(at) == []
    assert undo
    assert undo.words == "Deleted plant"
    assert await at.touch.restore()
    assert await titles(at) == ["plant"]
    assert await at.refused(await at.touch.restore()) == "There is nothing to bring back."


async def test_a_command_is_called_and_somebody_is_invited(at: Desk) -> None:
    await at.card("plant")
    assert await at.touch.call("rename_all", {"title": "tree"})
    assert await titles(at) == ["tree"]
    assert await at.touch.invite(" ben ")
    shown = await at.sight()
    assert shown.members == ("ben",)
    assert [each.words for each in shown.outbox][-2:] == ["Called “rename all”", "Invited ben as editor"]
    assert [each.name for each in shown.commands] == ["rename_all"]


BAD = [
    ("due", "soon", "Due takes a day such as 2026-11-23; “soon” is not."),
    ("size", "many", "Size takes a whole number; “many” is not."),
    ("size", "9" * 30, f"Size takes a whole number; “{'9' * 30}” is not."),
    ("weight", "inf", "Weight takes a number; “inf” is not."),
    ("at", "noon", "At takes a moment such as 2026-11-23 08:15; “noon” is not."),
    ("mood", "wild", "Mood takes one of 'calm', 'busy'; “wild” is not."),
    ("done", "perhaps", "Done takes yes or no; “perhaps” is not."),
    ("key", "mine", "Key takes an id; “mine” is not."),
    ("title", "x" * 21, f"Title takes text of at most 20 characters; “{'x' * 21}” is not."),
    ("tags", "a" * 11, f"Tags takes words with commas between them; “{'a' * 11}” is not."),
    ("notes", "x" * 20_001, "Notes was given 20,001 characters: that is too much to type."),
    ("votes", "3", "Votes is counted: add to it, or take from it."),
    ("place", "a1", "Place is a place in an order: drag it, or move it up and down."),
    ("colour", "red", "A card has no colour."),
]


@pytest.mark.parametrize(("field", "text", "said"), BAD)
async def test_what_does_not_fit_is_answered_in_a_sentence(at: Desk, field: str, text: str, said: str) -> None:
    card = await at.card("plant")
    waiting = (await at.sight()).pending
    assert await at.refused(await at.touch.set_field(card, field, text)) == said
    assert (await at.sight()).pending == waiting


async def test_no_verb_raises_for_what_is_not_there_or_is_of_another_type(at: Desk) -> None:
    card, touch = await at.card("plant"), at.touch
    nowhere = "01a22707-c6fa-7de9-b1b6-6c5503892b2b"
    refusals = [
        (touch.toggle(card, "size"), "Size cannot be ticked: it takes a whole number."),
        (touch.count(card, "size", 1), "Size is no counter: it takes a whole number."),
        (touch.count(card, "votes", 0), "Votes goes up or down by 1 to 1,000 at once, not by 0."),
        (touch.tag(card, "title", "x"), "Title takes no tags: it takes text of at most 20 characters."),
        (touch.tag(card, "tags", " "), "Tags takes words with commas between them; “” is none."),
        (touch.untag(card, "title", "x"), "Title holds no tags: it takes text of at most 20 characters."),
        (touch.set_field(nowhere, "title", "x"), "It is not there any more."),
        (touch.delete("no id"), "It is not there any more."),
        (touch.open_list(nowhere), "It is not there any more."),
        (touch.add_row("Board", {"name": "x"}), "A board is a list of its own."),
        (touch.add_row("Card", {}), "Title is needed: give it text of at most 20 characters."),
        (touch.add_row("Card", {"title": "x", "colour": "red"}), "There is no field called colour here."),
        (touch.add_row("Ship", {}), "There is no kind called Ship here."),
        (touch.make_list("Card", {"title": "x"}), "A card is no list."),
        (touch.invite(" "), "Somebody to invite has a name of 1 to 200 characters."),
        (touch.call("rename_all", {}), "Title is needed: give it text of at most 10,000 characters."),
        (touch.replay(7, {}), "That was decided already."),
    ]
    for done, said in refusals:
        assert await at.refused(await done) == said
    for done in (touch.call("sail", {}), touch.dismiss(7), touch.place(card, nowhere, behind=True)):
        assert await at.refused(await done)


async def test_a_phone_that_is_off_or_asleep_writes_nothing_and_says_so(at: Desk) -> None:
    card = await at.card("plant")
    await at.phone.sleep()
    assert await at.refused(await at.touch.toggle(card, "done")) == "The phone sleeps: wake it first."
    await at.phone.kill()
    assert await at.refused(await at.touch.toggle(card, "done")) == "The app is not running: start it first."
    await at.phone.start()
    assert await at.touch.toggle(card, "done")
    assert (await at.rows())[0].done


async def test_without_a_list_there_is_nothing_to_put_rows_into(at: Desk) -> None:
    opened = (await at.sight()).open
    assert opened
    assert await at.touch.delete(opened.id)
    assert (await at.sight()).sections == ()
    refused = await at.refused(await at.touch.add_row("Card", {"title": "x"}))
    assert refused == "No list is open: make one, or open one."
