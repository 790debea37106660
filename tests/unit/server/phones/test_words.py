"""Changes, values and labels in words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from homeport_client import Adding, Altering, Incrementing, Placing, Removing
from homeport_client.intents import Meant
from homeport_server.phones.labels import is_long, label, plural
from homeport_server.phones.pictures import kind_sight, widget_of
from homeport_server.phones.words import HINTS, WHY, change_words, meant_words, value_words, why
from homeport_server.titles import shortened, title_field
from homeport_sync.change import Edits, Elements, Increment, Swap
from homeport_sync.rules import COUNTER, FIRST, GUARDED, RANK, REGISTER, RESOLVER, SET
from tests.unit.server.phones.desk import CARD, app

FIELDS = CARD.fields


def test_names_become_labels() -> None:
    assert [label(each) for each in ("TaskList", "due_date", "x2Y", "at")] == ["Task list", "Due date", "X2 y", "At"]
    kinds = app.catalog.kinds
    assert [plural(kinds[each]) for each in ("Card", "Remark")] == ["Cards", "Remarks"]


def test_the_first_text_that_has_to_be_given_is_the_title() -> None:
    titled = {name: title_field(kind) for name, kind in app.catalog.kinds.items()}
    assert {name: each.name for name, each in titled.items() if each} == {
        "Board": "name",
        "Card": "title",
        "Remark": "text",
        "Member": "user",
    }
    assert title_field(None) is None


def test_each_type_and_rule_has_a_widget() -> None:
    assert {name: widget_of(each) for name, each in FIELDS.items() if name != "place"} == {
        "title": "text",
        "notes": "long",
        "done": "flag",
        "size": "number",
        "weight": "decimal",
        "due": "day",
        "at": "moment",
        "mood": "choice",
        "key": "id",
        "tags": "tags",
        "votes": "counter",
        "money": "number",
    }
    assert widget_of(app.catalog.kinds["Remark"].fields["card"]) == "choice"
    assert is_long(FIELDS["notes"])


def test_a_kind_is_made_with_its_title_first_and_without_its_place() -> None:
    sight = kind_sight(CARD)
    assert (sight.label, sight.plural, sight.ordered) == ("Card", "Cards", True)
    assert sight.fields[0].name == "title"
    assert sight.fields[0].required
    assert "place" not in {each.name for each in sight.fields}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        ("", "nothing"),
        (frozenset[str](), "nothing"),
        (True, "yes"),
        (False, "no"),
        (1_200, "1,200"),
        (2.5, "2.5"),
        (date(2026, 12, 1), "1 Dec 2026"),
        (datetime(2026, 12, 1, 8, 5, tzinfo=UTC), "1 Dec 2026, 08:05 UTC"),
        (frozenset({"b", "a"}), "a, b"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_values_are_told_as_people_read_them(value: object, words: str) -> None:
    assert value_words(None, value) == words


@pytest.mark.parametrize(
    ("meant", "words"),
    [
        (Incrementing(2), "+2"),
        (Incrementing(-1), "-1"),
        (Adding(("a",)), "+ a"),
        (Removing(("b",)), "− b"),
        (Altering(("a",), ("b",)), "+ a, − b"),
        (Placing("", behind=True), "moved"),
        ("tea", "tea"),
    ],
)
def test_what_was_to_be_done_is_told_as_it_was_meant(meant: Meant, words: str) -> None:
    assert meant_words(None, meant) == words


@pytest.mark.parametrize(
    ("op", "kind", "fields", "words"),
    [
        ("create", "Card", {"title": "tea"}, "Made the card “tea”"),
        ("delete", "Card", {}, "Deleted the card “tea”"),
        ("restore", "Card", {}, "Brought back the card “tea”"),
        ("move", "Card", {}, "Took the card “tea” into another list"),
        ("leave", "Card", {}, "Took the card “tea” into another list"),
        ("command", "rename_all", {}, "Called “rename all”"),
        ("create", "Member", {"user": "ben", "role": "editor"}, "Invited ben as editor"),
        ("update", "Member", {"user": "ben", "role": None}, "Put ben out"),
        ("update", "Card", {}, "“tea”: came too late to change anything"),
        ("update", "Card", {"done": True, "votes": Increment(by=1)}, "“tea”: done is now yes, votes +1"),
        ("update", "Card", {"tags": Elements(add={"hot": []})}, "“tea”: tags + hot"),
        ("update", "Card", {"place": "a1"}, "“tea”: moved"),
        ("update", "Card", {"money": Swap(to=3, was=2)}, "“tea”: money is now 3"),
        ("update", "Ship", {"deck": 1}, "“tea”: deck is now 1"),
        ("dance", "Card", {}, "Changed the card “tea”"),
    ],
)
def test_changes_are_told_as_sentences(op: str, kind: str, fields: Edits, words: str) -> None:
    assert change_words(app.catalog, op, kind, fields, "tea") == words


def test_a_change_of_many_fields_tells_the_first_and_counts_the_rest() -> None:
    fields: Edits = {f"f{n}": n for n in range(8)}
    told = change_words(app.catalog, "update", "Card", fields, "")
    assert told.startswith("Card: f0 is now 0, ")
    assert told.endswith("f5 is now 5 and 2 more")


def test_every_rule_is_explained() -> None:
    assert WHY.keys() == {REGISTER, COUNTER, SET, RANK, GUARDED, FIRST, RESOLVER}
    assert WHY.keys() > HINTS.keys()
    assert why(FIELDS["votes"]) == WHY[COUNTER]
    assert why(None) == WHY[REGISTER]
    assert shortened("abc", 3) == "abc"
