"""Two phones on one table, with a real server process between them: what the page of the demo stands on."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from httpx2 import AsyncClient

from homeport_client.fleet.live import process
from homeport_server.phones.table import TENANT
from tests.fleet.table import Watched, agree, rows, titles, watched

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOUR_MS = 3_600_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def laid(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """One table for all tests: each leaves both phones on, online and in step."""
    async with watched(tmp_path_factory.mktemp("table")) as table:
        yield table
        last = table.table.server.pid
    assert last
    assert not process.alive(last)


async def ready(laid: Watched) -> None:
    """Whatever a test before this one has left."""
    await laid.table.start_server()
    for phone in (laid.a, laid.b):
        await phone.start()
        await phone.wake()
        await phone.airplane(False)
        phone.network("perfect")
        phone.clock(0)
    await laid.until(agree)


async def test_a_table_that_is_laid_shows_the_same_list_on_both_phones(laid: Watched) -> None:
    now = await laid.until(agree)
    a, b = now.phones
    assert [each.title for each in a.lists] == ["Weekend"] == [each.title for each in b.lists]
    assert len(rows(a)) == 4
    assert a.open
    assert a.open.title == "Weekend"
    assert a.members == b.members
    assert "ben" in a.members
    assert (now.server.state, now.crowd.state, now.app) == ("running", "home", "tasks")
    assert now.server.pid
    assert process.alive(now.server.pid)


async def test_the_console_of_the_server_opens_with_the_link_that_is_shown(laid: Watched) -> None:
    await ready(laid)
    server = laid.table.server
    enter, _, key = server.pulse.partition("#key=")
    assert enter.startswith(f"{server.url}/")
    async with AsyncClient(follow_redirects=True) as browser:
        assert (await browser.get(f"{server.url}/console")).status_code == 401
        opened = await browser.post(enter, data={"key": key, "back": "/console"})
    assert (opened.status_code, opened.url.path) == (200, f"/console/{TENANT}")
    assert TENANT in opened.text


async def test_edits_on_both_phones_offline_are_merged_and_explained(laid: Watched) -> None:
    await ready(laid)
    first = rows((await laid.table.look()).phones[0])[0]
    for phone in (laid.a, laid.b):
        await phone.airplane(True)
    assert await laid.on_a.set_field(first.id, "title", "Buy rye bread")
    assert await laid.on_a.count(first.id, "cheers", 2)
    assert await laid.on_b.count(first.id, "cheers", 1)
    laid.b.clock(HOUR_MS)
    assert await laid.on_b.set_field(first.id, "title", "Buy cake")
    away = (await laid.table.look_at("a"), await laid.table.look_at("b"))
    assert [each.pending for each in away] == [2, 2]
    assert [titles(each)[0] for each in away] == ["Buy rye bread", "Buy cake"]
    marked = rows(away[1])[0]
    assert (marked.title_pending, marked.pending) == (True, True)
    assert {each.name for each in marked.fields if each.pending} == {"cheers"}
    assert [each.words for each in away[1].outbox] == ["“Buy cake”: cheers +1", "“Buy cake”: title is now Buy cake"]
    assert away[1].clock_words == "1 hour ahead"
    assert away[1].outbox[1].at != away[1].outbox[0].at, "what is written then is stamped an hour later"
    await laid.a.airplane(False)
    await laid.until(lambda now: not now.phones[0].pending)
    await laid.b.airplane(False)
    now = await laid.until(agree)
    renamed, cheered = now.phones[1].told[:2]
    (title,), (cheers,) = renamed.merges, cheered.merges
    assert (cheered.verdict, cheers.rule) == ("merged", "counter")
    assert (cheers.base, cheers.mine, cheers.theirs, cheers.result) == ("0", "+1", "2", "3")
    assert (title.rule, title.base, title.mine, title.theirs) == (
        "register",
        "Buy bread and cheese",
        "Buy cake",
        "Buy rye bread",
    )
    assert title.result == titles(now.phones[0])[0] == ("Buy rye bread" if title.lost else "Buy cake")


async def test_an_app_that_is_killed_keeps_what_waits_in_its_outbox(laid: Watched) -> None:
    await ready(laid)
    await laid.a.airplane(True)
    task = rows(await laid.table.look_at("a"))[1]
    assert await laid.on_a.tag(task.id, "tags", "kept")
    await laid.a.kill()
    off = await laid.table.look_at("a")
    assert (off.life, off.state, off.pending, off.sections) == ("off", "off", 1, ())
    await laid.a.kill()
    await laid.a.start()
    shown = await laid.table.look_at("a")
    assert [each.words for each in shown.outbox] == [f"“{task.title}”: tags + kept"]
    assert (shown.airplane, shown.state) == (True, "offline")
    await laid.a.airplane(False)
    now = await laid.until(agree)
    assert "kept" in next(each for each in rows(now.phones[1]) if each.id == task.id).fields[3].items


async def test_phones_go_on_without_a_server_and_agree_when_it_is_back(laid: Watched) -> None:
    await ready(laid)
    before = laid.table.server
    await laid.table.kill_server()
    assert before.pid
    assert not process.alive(before.pid)
    dead = laid.table.server
    assert (dead.state, dead.pid) == ("killed", None)
    assert await laid.on_a.add_row("Task", {"title": "Written without a server"})
    await laid.until(lambda now: now.phones[0].state == "backing_off")
    assert (await laid.table.look_at("a")).trouble == "No answer came from the server."
    assert await laid.table.start_server()
    await laid.until(lambda now: agree(now) and "Written without a server" in titles(now.phones[1]))
    words = "Made the task “Written without a server”"
    now = await laid.until(lambda now: any(each.words == words for each in now.server.tail))
    newest = next(each for each in now.server.tail if each.words == words)
    assert (newest.who, newest.device, newest.outcome) == ("Ana", "Ana’s phone", "applied")
    assert now.server.head >= newest.position


async def test_a_server_that_falls_by_itself_is_told_of_and_can_be_started(laid: Watched) -> None:
    await ready(laid)
    pid = laid.table.server.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    now = await laid.until(lambda now: now.server.state == "fallen")
    assert "ended by itself with exit code -9" in now.server.words
    assert now.server.pid is None, "its number may be another's soon"
    assert await laid.table.start_server()
    assert laid.table.server.state == "running"
    await laid.until(agree)


async def test_a_phone_that_sleeps_is_woken_by_a_notification_and_opened_by_its_user(laid: Watched) -> None:
    await ready(laid)
    await laid.b.sleep()
    asleep = await laid.table.look_at("b")
    assert (asleep.life, asleep.state) == ("asleep", "asleep")
    task = rows(asleep)[2]
    laid.travels.clear()
    assert await laid.on_a.set_field(task.id, "assignee", "ben")
    now = await laid.until(lambda now: now.phones[1].notice is not None)
    notice = now.phones[1].notice
    assert notice
    assert (notice.title, notice.asleep) == (f"{task.title} is yours now", True)
    assert {("b", "notification", "left"), ("b", "notification", "arrived")} <= {
        (each.phone, each.leg, each.fate) for each in laid.travels
    }
    assert now.phones[1].life == "asleep", "it syncs in the background, and sleeps on"
    now = await laid.until(lambda now: any(each.text == "ben" for each in rows(now.phones[1])[2].fields))
    laid.b.glass.open_list = ""
    await laid.b.open_notice()
    opened = await laid.table.look_at("b")
    assert (opened.life, opened.notice, opened.open and opened.open.title) == ("on", None, "Weekend")


async def test_what_travels_is_told(laid: Watched) -> None:
    await ready(laid)
    laid.travels.clear()
    task = rows(await laid.table.look_at("a"))[0]
    assert await laid.on_a.toggle(task.id, "done")
    await laid.until(lambda now: agree(now) and rows(now.phones[1])[0].done != task.done)
    told = [(each.phone, each.leg, each.fate, each.count) for each in laid.travels]
    for each in (("a", "push", "left", 1), ("a", "answer", "arrived", 1), ("b", "page", "arrived", 1)):
        assert each in told


async def test_on_a_network_where_everything_goes_wrong_both_agree_in_the_end(laid: Watched) -> None:
    await ready(laid)
    laid.a.network("rough")
    assert (await laid.table.look_at("a")).network == "rough"
    task = rows(await laid.table.look_at("a"))[0]
    before = next(each.text for each in task.fields if each.name == "cheers")
    for _ in range(5):
        assert await laid.on_a.count(task.id, "cheers", 1)
        await laid.until(lambda now: now.phones[0].state != "live")
    laid.a.network("perfect")
    now = await laid.until(agree)
    cheers = [next(each.text for each in rows(phone)[0].fields if each.name == "cheers") for phone in now.phones]
    assert cheers[0] == cheers[1] == str(int(before) + 5)
    laid.a.network("moon")
    assert (await laid.table.look_at("a")).said.startswith("There is no network called moon: choose one of perfect")


async def test_what_the_app_rejects_is_told_and_can_be_dismissed_or_made_again(laid: Watched) -> None:
    await ready(laid)
    task = rows(await laid.table.look_at("a"))[3]
    for phone in (laid.a, laid.b):
        await phone.airplane(True)
    assert await laid.on_a.set_field(task.id, "budget", "500")
    assert await laid.on_b.set_field(task.id, "budget", "700")
    await laid.a.airplane(False)
    await laid.until(lambda now: not now.phones[0].pending)
    await laid.b.airplane(False)
    now = await laid.until(lambda now: now.phones[1].quarantined == 1)
    told = now.phones[1].told[0]
    assert (told.verdict, told.code, told.waits) == ("rejected", "STALE", True)
    assert [(each.name, each.value) for each in told.edits] == [("budget", "700")]
    assert await laid.on_b.replay(told.place, {"budget": "900"})
    now = await laid.until(lambda now: agree(now) and not now.phones[1].quarantined)
    assert now.phones[1].told[0].verdict == "applied"
    assert await laid.on_a.delete(task.id), "a task with a budget stays"
    now = await laid.until(lambda now: now.phones[0].quarantined == 1)
    assert await laid.on_a.dismiss(now.phones[0].told[0].place)
    now = await laid.until(agree)
    assert (now.phones[0].quarantined, task.id in {each.id for each in rows(now.phones[0])}) == (0, True)


async def test_a_crowd_comes_writes_and_goes_and_leaves_no_process(laid: Watched) -> None:
    await ready(laid)
    await laid.table.let_loose(5)
    now = await laid.until(lambda now: now.crowd.state == "loose" and now.crowd.devices == 5 and now.crowd.written > 0)
    assert now.crowd.online + now.crowd.offline == 5
    await laid.until(lambda now: any(each.who == "The crowd" for each in now.server.tail))
    pid = laid.table.crowd_pid
    assert pid
    assert process.alive(pid)
    await laid.table.call_home()
    assert not process.alive(pid)
    assert (laid.table.crowd.state, laid.table.crowd_pid) == ("home", None)
    assert now.phones[0].members == ("ben",) or "crowd-1" not in now.phones[0].members
