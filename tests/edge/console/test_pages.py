"""Every page, with nothing to show and with something: it says what to do next, and shows what people wrote as text."""

import re
from itertools import pairwise

from homeport_server.edge.console.pulse import NEEDY_SHOWN_MAX
from tests.edge.console.operated import ANA, BEN, HOME, MILK, Operator, new_id
from tests.edge.world import START_MS

EMPTY = {
    "": (
        "Nothing was written yet.",
        "No device was heard of yet.",
        "homeport token --user ana --tenant demo",
        "None is.",
    ),
    "/devices": ("No device was heard of yet.", "homeport token --user ana --tenant demo"),
    "/log": ("Nothing was written yet.",),
    "/quarantine": ("Nothing waits in quarantine.",),
    "/notifications": ("Nobody was told anything yet.", "homeport notify send demo"),
    "/search": ("What are you looking for?",),
    "/minutes": ("Nothing was measured yet",),
}
EVIL = "<script>alert(1)</script>"
LANDMARKS = ('<main id="main"', '<nav class="bar-nav" aria-label="Pages">', 'role="search"', '<a class="skip"')


async def test_a_page_with_nothing_on_it_says_what_to_do_next(operator: Operator) -> None:
    for path, says in EMPTY.items():
        shown = await operator.reads(path)
        for words in says:
            assert words in shown, path


async def filled(operator: Operator) -> str:
    """The id of a notification, beside two devices, a task of each outcome, and a rejected one."""
    world = operator.world
    await operator.write(operator.new_list(), operator.new_task(title=EVIL), world.invitation(ANA, HOME, "ben"))
    base = 2
    await operator.write(operator.update(base=base, title="Oat milk", votes={"edit": "increment", "by": 1}))
    world.clock.now_ms += 1
    late = operator.update(BEN, base=base, votes={"edit": "increment", "by": 2}, done=True)
    bad = operator.update(BEN, base=base, title="bad")
    await operator.write(late, bad, user="ben", device=BEN)
    await operator.sighted(BEN, "ben", pulled_at_ms=world.clock(), pulled_position=3, outbox=2, sdk="0.1.0")
    return await operator.notify(title=f"Hello {EVIL}")


async def test_every_page_shows_what_there_is_and_no_markup_that_people_wrote(operator: Operator) -> None:
    notification = await filled(operator)
    shown = {
        "": ("5 changes", "waits", "merged", "1 under way"),
        "/devices": ("ben", "2 changes", "SDK 0.1.0"),
        f"/devices/{BEN}": ("ben’s device", "Next", "replay what was refused", "NOT_ALLOWED"),
        "/log": ("changed Task", "ben", "merged", "votes "),
        "/quarantine": ("update Task", "NOT_ALLOWED", "Nothing is called bad."),
        f"/quarantine/{BEN}/2": ("What it wrote", "title bad", "Replay as ben", "whoever holds its secret"),
        f"/records/{MILK}": ("Oat milk", "votes 3", "How it came to be", EVIL, "What was rejected"),
        "/notifications": (f"Hello {EVIL}", "ben"),
        f"/notifications/{notification}": (f"Hello {EVIL}", "Cancel", "Pause"),
        f"/search?id={EVIL}": (f"is called {EVIL}",),
    }
    for path, words in shown.items():
        page = await operator.page(path)
        assert "<script>alert" not in page
        for each in words:
            assert each in await operator.reads(path), (path, each)


async def test_a_page_is_whole_for_who_listens_to_it(operator: Operator) -> None:
    notification = await filled(operator)
    paths = ["", "/log", "/quarantine", f"/quarantine/{BEN}/2", f"/records/{MILK}", f"/notifications/{notification}"]
    for path in (*paths, "/devices", f"/devices/{BEN}", "/notifications", "/search"):
        page = await operator.page(path)
        for landmark in LANDMARKS:
            assert landmark in page
        levels = [int(each) for each in re.findall(r"<h([1-6])", page)]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
        assert page.count("<table") == page.count("<caption")
        assert "<th>" not in page
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page)
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', page)) <= set(ids)


async def test_who_asks_for_a_page_again_gets_the_region_that_changes(operator: Operator) -> None:
    await filled(operator)
    region = await operator.page("/log", again=True)
    assert "changed" in region
    assert "<html" not in region
    assert "<h1" not in region
    whole = await operator.page("/log")
    assert 'hx-get="/console/demo/log"' in whole
    assert 'hx-trigger="every 3s"' in whole


async def test_the_pulse_names_devices_that_need_somebody(operator: Operator) -> None:
    await operator.write(operator.new_list())
    for _ in range(NEEDY_SHOWN_MAX + 1):
        device = new_id()
        await operator.write(operator.new_list(device, id=new_id(), title="ok"), device=device)
        refused = operator.world.change(
            device, op="update", kind="Task", id=new_id(), scope=HOME, base=1, fields={"title": "lost"}
        )
        await operator.write(refused, device=device)
        await operator.sighted(device)
    shown = await operator.reads()
    assert shown.count("1 change in quarantine waits for somebody.") == NEEDY_SHOWN_MAX
    assert "1 more" in shown
    assert "7 wait" in shown


async def test_the_charts_are_given_what_came_since_as_columns_and_a_table_says_the_same(operator: Operator) -> None:
    world, samples = operator.world, operator.world.built.samples
    assert samples is not None
    await operator.page()
    for _ in range(3):
        await operator.write(operator.new_list(id=new_id()))
        world.clock.now_ms += 2_000
        samples.take()
    told = (await operator.browser.get(f"{operator.at}/samples")).json()
    assert told["at_ms"] == [START_MS + 2_000, START_MS + 4_000, START_MS + 6_000]
    assert told["changes_s"] == [0.5, 0.5, 0.5]
    assert {len(column) for column in told.values()} == {3}
    news = (await operator.browser.get(f"{operator.at}/samples?after={START_MS + 4_000}")).json()
    assert news["at_ms"] == [START_MS + 6_000]
    assert "22:13 UTC 0.5 0" in await operator.reads("/minutes")
    assert "Push p95, ms" in await operator.reads()
