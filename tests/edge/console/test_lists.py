"""Lists come in pages that follow each other, each at an address of its own; what is no place in them is said to be."""

import re

from homeport_server.edge.console import devices, log
from homeport_server.notify.overview import OVERVIEW_MAX
from tests.edge.console.operated import ANA, HOME, MILK, Operator, new_id

NEXT = re.compile(r'rel="next" href="/console/demo([^"]+)"')
WAITS_PAGE = 50


async def walked(operator: Operator, path: str, shows: str) -> list[list[str]]:
    """What matches on each page of a list, from its first to its last."""
    pages: list[list[str]] = []
    while path:
        page = await operator.page(path)
        pages.append(re.findall(shows, page))
        following = NEXT.search(page)
        path = following[1].replace("&amp;", "&") if following else ""
        assert ("First page" in page) == (len(pages) > 1)
        assert ("hx-trigger" in page) == (len(pages) == 1)  # what lies further back does not change
    return pages


async def test_the_log_is_read_back_to_its_beginning(operator: Operator) -> None:
    await operator.write(operator.new_list(), *(operator.new_task(id=new_id()) for _ in range(log.PAGE * 2)))
    pages = await walked(operator, "/log", r'id="position-(\d+)"')
    assert [len(each) for each in pages] == [log.PAGE, log.PAGE, 1]
    assert [int(each) for page in pages for each in page] == list(range(log.PAGE * 2 + 1, 0, -1))


async def test_devices_are_paged_the_one_heard_of_last_first(operator: Operator) -> None:
    heard = []
    for _ in range(devices.PAGE + 1):
        operator.world.clock.now_ms += 1_000
        heard.append(new_id())
        await operator.sighted(heard[-1])
    pages = await walked(operator, "/devices", r'<tr id="device-([^"]+)"')
    assert [len(each) for each in pages] == [devices.PAGE, 1]
    assert [each for page in pages for each in page] == heard[::-1]


async def test_the_quarantine_is_paged_and_narrowed(operator: Operator) -> None:
    await operator.write(operator.new_list(), *(operator.new_task(id=new_id(), title="bad") for _ in range(60)))
    pages = await walked(operator, "/quarantine", rf'id="case-{ANA}-(\d+)"')
    assert [len(each) for each in pages] == [WAITS_PAGE, 10]
    assert [int(each) for page in pages for each in page] == list(range(2, 62))
    narrowed = await walked(operator, f"/quarantine?device={ANA}&user=ana", rf'id="case-{ANA}-(\d+)"')
    assert narrowed == pages
    assert "Nothing that was asked for waits." in await operator.reads("/quarantine?user=ben")


async def test_notifications_are_paged(operator: Operator) -> None:
    made = []
    for number in range(OVERVIEW_MAX + 1):
        operator.world.clock.now_ms += 1
        made.append(await operator.notify(str(number)))
    pages = await walked(operator, "/notifications", r'<tr id="notification-([^"]+)"')
    assert [each for page in pages for each in page] == made[::-1]


NO_PLACES = (
    "/log?before=x",
    "/log?before=-1",
    "/log?before=99999999999999999999",
    "/log?before=%C2%B2",
    "/devices?after=1",
    f"/devices?after=x.{MILK}",
    "/quarantine?after=1.2.3",
    f"/quarantine?after=1.{MILK}",
    "/notifications?before=newest",
    f"/records/{MILK}?before=x",
    "/samples?after=x",
)


async def test_what_is_no_place_in_a_list_is_said_to_be_none(operator: Operator) -> None:
    await operator.write(operator.new_list())
    for path in NO_PLACES:
        shown = await operator.reads(path, 400)
        assert "There is no such page of the list" in shown, path
        assert "Begin again at its first page" in shown


NOT_THERE = (
    ("/devices/none", "That is no device"),
    (f"/devices/{MILK}", "was never seen in the tenant demo"),
    ("/records/none", "There is no such record"),
    (f"/records/{MILK}", "There is no such record"),
    (f"/quarantine/{ANA}/7", "There is no such case"),
    (f"/quarantine/{ANA}/none", "There is no such case"),
    (f"/quarantine/none/{'9' * 400}", "There is no such case"),
    ("/notifications/none", "There is no such notification"),
    (f"/notifications/{MILK}", "There is no such notification"),
    ("/nowhere", "There is no such page"),
    ("/log/1/2", "There is no such page"),
)


async def test_what_is_not_there_is_said_in_words(operator: Operator) -> None:
    for path, says in NOT_THERE:
        assert says in await operator.reads(path, 404), path


async def test_an_id_is_found_wherever_it_lies(operator: Operator) -> None:
    await operator.write(operator.new_list(), operator.new_task(title="bad"))
    await operator.sighted(ANA)
    notification = await operator.notify()
    found = {
        HOME.upper(): f"/records/{HOME}",
        f"  {ANA} ": f"/devices/{ANA}",
        notification: f"/notifications/{notification}",
        f"{ANA}/2": f"/quarantine/{ANA}/2",
        "1,234": "/log?before=1235",
    }
    for sought, place in found.items():
        answer = await operator.browser.get(f"{operator.at}/search", params={"id": sought})
        assert answer.headers["location"] == operator.at + place
    for sought in (MILK, f"{ANA}/3", "Home", "9" * 50):
        assert f"is called {sought}." in await operator.reads(f"/search?id={sought}")


async def test_whatever_an_address_says_is_answered_in_words(operator: Operator) -> None:
    await operator.write(operator.new_list())
    odd = ("%00", "%ff", "%ed%a0%80", "..%2f..", "%22%3E%3Cscript%3E", "x" * 3_000, "%0d%0aset-cookie:a=b", "\u202e")
    places = ("devices/{}", "records/{}", "quarantine/{}/{}", "notifications/{}", "{}", "log?before={}", "search?id={}")
    narrowed = ("quarantine?user={}", "quarantine?device={}&record={}&after={}")
    for each in odd:
        for place in (*places, *narrowed):
            answer = await operator.browser.get(f"{operator.at}/{place.replace('{}', each)}")
            assert answer.status_code in {200, 303, 400, 404}, (place, each)
            assert "set-cookie" not in answer.headers
            assert "<script>" not in answer.text
        assert (await operator.browser.get(f"/console/{each}")).status_code == 404


async def test_the_log_says_which_record_and_what_became_of_which_value(operator: Operator) -> None:
    await operator.write(operator.new_list(), operator.new_task(title="Milk"))
    await operator.write(operator.update(done=True))
    await operator.write(operator.update(title="Oat <milk>"))
    text = await operator.reads("/log")
    assert re.search(r"changed Task \S+ Oat <milk> title Milk → Oat <milk>", text)
    assert re.search(r"changed Task \S+ Oat <milk> done yes", text)
    assert re.search(r"created Task \S+ Milk", text)
