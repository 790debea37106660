"""What is clicked and typed on the page happens on the phone, and what does not fit is told there in words."""

import pytest

from homeport_server.phones.asked import DEEDS
from tests.edge.phones.standing import HERE, Sitting

DAY_MS = 86_400_000


async def test_a_row_is_written_ticked_counted_and_tagged(at: Sitting) -> None:
    row = (await at.row()).id
    await at.does("set", record=row, field="title", text="Dig deep")
    await at.does("toggle", record=row, field="done")
    await at.does("count", record=row, field="cheers", by="1")
    await at.does("tag", record=row, field="tags", tag="mud")
    await at.does("tag", record=row, field="tags", tag="rain")
    await at.does("untag", record=row, field="tags", tag="mud")
    shown = await at.row()
    fields = {each.name: each for each in shown.fields}
    assert (shown.title, shown.done, fields["cheers"].value, fields["tags"].items) == ("Dig deep", True, "1", ("rain",))


async def test_rows_are_moved_deleted_and_brought_back(at: Sitting) -> None:
    dig, plant = (await at.row(0)).id, (await at.row(1)).id
    await at.does("shift", record=dig, down="yes")
    assert (await at.row(0)).id == plant
    await at.does("place", record=dig, beside=plant, behind="")
    assert (await at.row(0)).id == dig
    gone = await at.does("delete", record=dig)
    assert [each.title for each in gone.sections[0].rows] == ["Plant"]
    assert "Undo" in await at.shows()
    back = await at.does("undo")
    assert [each.title for each in back.sections[0].rows] == ["Dig", "Plant"]


async def test_lists_are_made_opened_shared_and_commanded(at: Sitting) -> None:
    garden = (await at.table.look_at("a")).lists[0].id
    kitchen = await at.does("make-list", **{"kind": "TaskList", "f-title": "Kitchen"})
    assert kitchen.open
    assert kitchen.open.title == "Kitchen"
    shown = await at.does("open-list", record=garden)
    assert shown.open
    assert shown.open.title == "Garden"
    assert "ben" in (await at.does("invite", user="ben")).members
    await at.does("toggle", record=(await at.row()).id, field="done")
    assert [each.title for each in (await at.does("call", command="clear_done")).sections[0].rows] == ["Plant"]


async def test_the_air_the_network_the_clock_and_the_app_are_switched(at: Sitting) -> None:
    assert not (await at.does("airplane")).airplane  # a box that is not ticked sends nothing
    assert (await at.does("airplane", on="yes")).airplane
    assert (await at.does("network", name="subway")).network == "subway"
    assert (await at.does("clock", skew_ms=str(-DAY_MS))).clock_words == "1 day behind"
    assert [(await at.does(each)).life for each in ("sleep", "wake", "kill", "start")] == ["asleep", "on", "off", "on"]


@pytest.mark.parametrize(
    ("deed", "form", "says"),
    [
        ("set", {"field": "due", "text": "soon"}, "Due takes a day"),
        ("set", {"field": "budget", "text": "much"}, "Budget takes a whole number"),
        ("set", {"field": "colour", "text": "red"}, "has no colour"),
        ("toggle", {"field": "title"}, "cannot be ticked"),
        ("count", {"field": "cheers", "by": "1e3"}, "A whole number was expected here, and “1e3” came."),
        ("tag", {"field": "tags", "tag": " "}, "Tags takes"),
        ("clock", {"skew_ms": "late"}, "A whole number was expected"),
        ("replay", {"place": "1"}, "decided already"),
        ("undo", {}, "nothing to bring back"),
        ("add", {"kind": "Horse", "f-name": "x"}, "no kind called Horse"),
    ],
)
async def test_what_does_not_fit_is_told_on_the_phone(at: Sitting, deed: str, form: dict[str, str], says: str) -> None:
    assert says in await at.refuses(deed, record=(await at.row()).id, **form)
    shown = await at.shows()
    assert 'role="alert" data-part="said">' in shown


async def test_an_app_that_does_not_run_says_so_and_does_nothing(at: Sitting) -> None:
    row = (await at.row()).id
    await at.does("kill")
    assert "not running" in await at.refuses("toggle", record=row, field="done")
    await at.does("start")
    assert not (await at.row()).done


async def test_a_row_is_unfolded_and_folded_where_somebody_looks(at: Sitting) -> None:
    row = (await at.row()).id
    assert 'data-part="details"' not in await at.shows()
    await at.post("/phones/a/fold", record=row)
    assert (await at.shows()).count('data-part="details"') == 1
    assert 'data-part="details"' not in await at.shows("/phones/b/screen")
    await at.post("/phones/a/fold", record=row)
    assert 'data-part="details"' not in await at.shows()


@pytest.mark.parametrize(
    "path",
    ["/phones/c/toggle", "/phones/a/explode", "/server/polish", "/crowd/sing", "/stories/none", "/phones/c/fold"],
)
async def test_what_is_not_on_the_table_is_not_found(at: Sitting, path: str) -> None:
    assert (await at.post(path)).status_code == 404


async def test_a_crowd_has_one_of_the_sizes_that_are_offered(at: Sitting) -> None:
    answer = await at.post("/crowd/loose", devices="100000")
    assert answer.headers["hx-trigger"] == "refused"
    assert at.table.crowd.state == "home"
    assert (await at.post("/crowd/home")).status_code == 204


async def test_killing_a_server_that_does_not_run_is_harmless(at: Sitting) -> None:
    assert (await at.post("/server/kill")).status_code == 204
    assert at.table.server.state == "killed"


async def test_every_deed_needs_a_key_and_a_page_of_ours(at: Sitting) -> None:
    row = (await at.row()).id
    foreign = await at.browser.post(
        "/phones/a/toggle", data={"record": row, "field": "done"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403
    at.browser.cookies.clear()
    for deed in (*DEEDS, "fold"):
        assert (await at.browser.post(f"/phones/a/{deed}", headers=HERE)).status_code == 401
    for path in ("/", "/live", "/phones/a/screen"):
        assert (await at.browser.get(path)).status_code == 401
    assert not (await at.row()).done
