"""Every region of the page is drawn in every state that it can have, and nothing that people write becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from homeport_client.state import State
from homeport_server.phones import showing
from homeport_server.phones.nets import networks
from homeport_server.phones.showing import drawn, page_regions, shell_and_files
from homeport_server.phones.sights import (
    CrowdSight,
    EntrySight,
    FieldSight,
    MergeSight,
    NoticeSight,
    PendingSight,
    PhoneSight,
    ServerSight,
    TableSight,
    ToldSight,
    UndoSight,
)
from homeport_server.phones.stories import STORIES
from tests.edge.phones.standing import Sitting

EVIL: Final = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
ROOM: Final = Path(showing.__file__).parent
REGIONS: Final = page_regions(["a", "b"])
MERGE: Final = MergeSight(
    field="title",
    label="Title",
    rule="register",
    why="The later one stays.",
    base=EVIL,
    mine=EVIL,
    theirs=EVIL,
    result=EVIL,
    lost=True,
    long=False,
)


def phone(key: str, **changed: object) -> PhoneSight:
    bare = PhoneSight(
        key=key,
        name="Ana",
        user="ana",
        device="",
        life="on",
        state="live",
        state_words="In step with the server.",
        airplane=False,
        network="perfect",
        skew_ms=0,
        clock="29 Nov 2026, 11:22",
        clock_words="",
    )
    return replace(bare, **changed)  # type: ignore[arg-type]  # by name, as each test says


def told(verdict: str, **changed: object) -> ToldSight:
    bare = ToldSight(place=7, number=7, verdict="applied", words=EVIL)
    return replace(bare, verdict=verdict, **changed)  # type: ignore[arg-type]


def table(*phones: PhoneSight, **changed: object) -> TableSight:
    bare = TableSight(
        app="tasks",
        phones=phones or (phone("a"), phone("b")),
        server=ServerSight(state="running", words="It runs.", url="http://127.0.0.1:1", pid=4, head=0),
        crowd=CrowdSight(state="home", words="Nobody."),
        networks=networks(),
    )
    return replace(bare, **changed)  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Collects every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def regions_of(sight: TableSight, *, unfolded: tuple[str, ...] = ()) -> dict[str, str]:
    shell, _ = shell_and_files()
    return {name: drawn(shell, name, sight, None, unfolded) for name in REGIONS}


LIVES: Final = [*((life, life) for life in ("asleep", "off")), *(("on", each.value) for each in State)]


@pytest.mark.parametrize(("life", "state"), LIVES)
def test_a_phone_is_drawn_in_each_state_of_its_life(life: str, state: str) -> None:
    drawn_now = regions_of(table(phone("a", life=life, state=state, clock_words="3 hours ahead"), phone("b")))
    words = state.replace("_", " ")
    assert words in drawn_now["a-screen"]
    assert "3 hours ahead" in drawn_now["a-screen"]
    assert f"The syncer is {words}" in drawn_now["a-machine"]
    assert drawn_now["a-machine"].count('class="node lit"') == (life == "on")
    assert ("Start it again" in drawn_now["a-controls"]) == (life == "off")
    assert ("Put to sleep" in drawn_now["a-controls"]) == (life == "on")


@pytest.mark.parametrize("state", ["starting", "running", "killed", "fallen"])
def test_the_server_is_drawn_in_each_state(state: str) -> None:
    entry = EntrySight(position=9, op="update", who="Ana", device="", words=EVIL, outcome="merged", at="11:22:00")
    server = ServerSight(state=state, words=EVIL, url="", pid=None, head=9, tail=(entry,))  # type: ignore[arg-type]
    drawn_now = regions_of(table(server=server))
    assert ("Start the server" in drawn_now["server"]) == (state in ("killed", "fallen"))
    assert 'data-position="9"' in drawn_now["log"]
    assert "merged" in drawn_now["log"]


@pytest.mark.parametrize("state", ["home", "leaving", "loose", "fallen"])
def test_the_crowd_is_drawn_in_each_state(state: str) -> None:
    crowd = CrowdSight(state=state, words=EVIL, devices=0 if state == "home" else 50)  # type: ignore[arg-type]
    html = regions_of(table(crowd=crowd))["crowd"]
    disabled = [attrs["id"] for tag, attrs in Tags(html).found if tag == "button" and "disabled" in attrs]
    assert disabled == {"home": ["crowd-home"], "fallen": ["crowd-home"]}.get(state, ["crowd-50", "crowd-200"])


@pytest.mark.parametrize("verdict", ["applied", "merged", "superseded", "rejected"])
def test_each_outcome_is_told_with_its_merge_and_what_can_be_done(verdict: str) -> None:
    waits = verdict == "rejected"
    edits = (FieldSight(name="title", label="Title", widget="text", value=EVIL),) if waits else ()
    one = told(verdict, merges=(MERGE,), waits=waits, message=EVIL if waits else "", code="NOT_ALLOWED", edits=edits)
    html = regions_of(table(phone("a", told=(one,), quarantined=int(waits)), phone("b")))["a-told"]
    assert f'data-verdict="{verdict}"' in html
    assert all(word in html for word in ("Base", "Mine", "Theirs", "Result", "register", "The later one stays."))
    assert all((word in html) == waits for word in ("Edit and send again", "Let it go", "1 to decide"))


def test_a_merge_in_which_no_field_met_another_says_so() -> None:
    shown = [regions_of(table(phone("a", told=(told(each),)), phone("b")))["a-told"] for each in ("merged", "applied")]
    assert ["All that was written here took effect." in html for html in shown] == [True, False]


def test_a_rejection_with_nothing_to_edit_can_be_sent_again_as_it_was() -> None:
    html = regions_of(table(phone("a", told=(told("rejected", waits=True, dependents=2),)), phone("b")))["a-told"]
    assert "Send again" in html
    assert "Edit and send again" not in html
    assert "2 more waited for it" in html


def test_what_waits_a_notification_and_an_undo_are_shown() -> None:
    notice = NoticeSight(title=EVIL, body=EVIL, at="29 Nov 2026, 11:22", asleep=True)
    waits = (PendingSight(number=3, op="update", words=EVIL, record="r"),)
    one = phone(
        "a", outbox=waits, pending=30, notice=notice, undo=UndoSight(record="r", words=EVIL), said=EVIL, trouble=EVIL
    )
    html = regions_of(table(one, phone("b")))
    assert "And 29 more." in html["a-outbox"]
    assert 'data-part="notice"' in html["a-screen"]
    assert 'id="a-undo"' in html["a-screen"]


def test_nothing_that_people_write_becomes_markup() -> None:
    one = phone("a", said=EVIL, trouble=EVIL, told=(told("merged", merges=(MERGE,)),), members=(EVIL,), device=EVIL)
    server = ServerSight(state="fallen", words=EVIL, url="", pid=None, head=0)
    for name, html in regions_of(table(one, phone("b"), server=server)).items():
        assert not complaints_of(html), name


async def test_a_record_full_of_markup_is_shown_as_it_was_written(at: Sitting) -> None:
    await at.does("add", **{"kind": "Task", "f-title": EVIL, "f-tags": "<b>x</b>", "f-notes": EVIL, "f-assignee": EVIL})
    await at.post("/phones/a/fold", record=(await at.row(2)).id)
    html = await at.shows()
    assert not complaints_of(html)
    titles = [attrs["data-title"] for tag, attrs in Tags(html).found if "data-title" in attrs]
    assert titles == ["Dig", "Plant", EVIL]


async def test_the_page_has_every_region_and_no_id_twice(at: Sitting) -> None:
    for row in (await at.row(0), await at.row(1)):
        await at.post("/phones/a/fold", record=row.id)
    html = await at.shows("/")
    assert not complaints_of(html)
    tags = Tags(html).found
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["sse-swap"] for _, attrs in tags if "sse-swap" in attrs} == {*REGIONS, "travel"}
    labelled = {attrs["for"] for tag, attrs in tags if tag == "label" and "for" in attrs}
    assert labelled <= set(ids)
    assert all(f'id="story-{each.name}"' in html for each in STORIES)


def complaints_of(html: str) -> list[str]:
    """What a strict policy forbids: scripts and styles that stand in a page, and attributes that are either."""
    wrong = [
        f"<{tag} {name}>"
        for tag, attrs in Tags(html).found
        for name in (*attrs, "")
        if name.startswith(("on", "hx-on")) or name == "style"
    ]
    return wrong + [
        f"<{tag}>" for tag, attrs in Tags(html).found if tag == "style" or (tag == "script" and "src" not in attrs)
    ]


def template_complaints(text: str) -> Iterator[str]:
    """The same, of a template as it is written; and whatever htmx would have to evaluate."""
    for found in re.finditer(
        r"""\s(on\w+|style|hx-on[\w:-]*)=|<style|<script(?![^>]*\ssrc=)|["']js:|\[[^\]]*\]\s*from:""", text
    ):
        yield found.group(0).strip()


@pytest.mark.parametrize("path", sorted((ROOM / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_no_template_has_a_script_a_style_or_a_handler_in_it(path: Path) -> None:
    assert not list(template_complaints(path.read_text()))


@pytest.mark.parametrize(
    "bad",
    ['<p style="x">', '<a onclick="x">', "<style>", "<script>x</script>", '<p hx-on:click="x">', "hx-vals='js:{}'"],
)
def test_a_template_that_breaks_the_policy_is_found(bad: str) -> None:
    assert list(template_complaints(bad))
