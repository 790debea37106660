"""Pages are for those who have a key, and what they send has to come from a page of ours."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from homeport_server.pages import forms
from homeport_server.pages.files import PageFiles
from homeport_server.pages.gate import ENTER_PATH, KEY_TTL_S, ONCE_S, Gate, make_key, make_link
from homeport_server.pages.policy import CONTENT_SECURITY_POLICY
from homeport_server.pages.shell import Shell

SECRET = b"s" * 32
HOST = "http://127.0.0.1:8123"
HERE = {"sec-fetch-site": "same-origin"}


class Clock:
    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


async def page(request: Request) -> Response:
    return PlainTextResponse(f"seen by {request.method}")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate(SECRET, "console", clock, Shell(PageFiles()), "homeport console")


@pytest.fixture
async def browser(gate: Gate) -> AsyncIterator[httpx2.AsyncClient]:
    guarded = gate.guarded(page)
    app = Starlette(
        routes=[Route("/console/log", guarded, methods=["GET", "POST"]), gate.route(), PageFiles().route()],
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HOST) as client:
        yield client


def key(clock: Clock, *, secret: bytes = SECRET, purpose: str = "console") -> str:
    return make_key(secret, purpose, clock())


async def entered(browser: httpx2.AsyncClient, given: str, back: str = "/console/log") -> httpx2.Response:
    return await browser.post(ENTER_PATH, data={"key": given, "back": back}, headers=HERE)


async def test_who_has_no_key_is_told_how_to_get_one_and_sees_nothing_else(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/console/log")
    assert answer.status_code == 401
    assert "homeport console" in answer.text
    assert "seen by" not in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


async def test_a_key_opens_the_page_that_was_asked_for_by_a_cookie_that_no_script_reads(
    browser: httpx2.AsyncClient, clock: Clock
) -> None:
    answer = await entered(browser, key(clock))
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/log")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("homeport_console_8123=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert (await browser.get("/console/log")).text == "seen by GET"


async def test_a_link_leads_to_a_page_that_hands_its_key_over_and_goes_on(browser: httpx2.AsyncClient) -> None:
    address, _, given = make_link(HOST, "/console/log", key(Clock())).partition("#key=")
    assert address == f"{HOST}/pages/enter?to=/console/log"
    assert (await browser.get(address)).status_code == 200
    assert (await entered(browser, given)).status_code == 303


async def test_a_link_that_others_may_see_opens_once_and_soon_or_not_at_all(
    browser: httpx2.AsyncClient, gate: Gate, clock: Clock
) -> None:
    (address, _, first), (_, _, second) = (gate.link_once(HOST, "/console/log").partition("#key=") for _ in range(2))
    assert address == f"{HOST}/pages/enter?to=/console/log"
    assert (await browser.get("/console/log", headers={"cookie": f"homeport_console_8123={first}"})).status_code == 401
    assert (await browser.post(ENTER_PATH, data={"key": first}, headers={"origin": "null"})).status_code == 401
    answer = await entered(browser, first)
    assert answer.status_code == 303
    assert first not in answer.headers["set-cookie"]
    assert (await browser.get("/console/log")).text == "seen by GET"
    assert (await entered(browser, first)).status_code == 401
    clock.now_s += ONCE_S + 1
    assert (await entered(browser, second)).status_code == 401


async def test_a_key_lasts_for_a_working_day(browser: httpx2.AsyncClient, clock: Clock) -> None:
    await entered(browser, key(clock))
    clock.now_s += KEY_TTL_S + 1
    assert (await browser.get("/console/log")).status_code == 401


@pytest.mark.parametrize(
    "given",
    [
        "",
        "no key",
        key(Clock(), secret=b"t" * 32),
        key(Clock(), purpose="phones"),
        "eyJhbGciOiJub25lIn0.eyJhdWQiOiJjb25zb2xlIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
    ],
)
async def test_what_is_no_key_of_this_purpose_opens_nothing(browser: httpx2.AsyncClient, given: str) -> None:
    answer = await entered(browser, given)
    assert answer.status_code == 401
    assert "no key of this server" in answer.text
    assert (await browser.get("/console/log")).status_code == 401


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"])
async def test_nobody_is_led_to_another_site(browser: httpx2.AsyncClient, clock: Clock, back: str) -> None:
    assert (await entered(browser, key(clock), back)).headers["location"] == "/"


async def test_an_address_in_letters_of_any_language_is_gone_back_to(browser: httpx2.AsyncClient, clock: Clock) -> None:
    answer = await entered(browser, key(clock), "/console/дом/log?user=ана&all=yes%20")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/console/%D0%B4%D0%BE%D0%BC/log?user=%D0%B0%D0%BD%D0%B0&all=yes%20",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": HOST},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": "http://["},
    ],
)
async def test_a_page_of_another_site_writes_nothing(
    browser: httpx2.AsyncClient, clock: Clock, headers: dict[str, str]
) -> None:
    await entered(browser, key(clock))
    assert (await browser.post("/console/log", headers=headers)).status_code == 403
    assert (await browser.post(ENTER_PATH, data={"key": key(clock)}, headers=headers)).status_code == 401
    assert (await browser.post("/console/log", headers=HERE)).text == "seen by POST"
    assert (await browser.post("/console/log", headers={"origin": HOST})).text == "seen by POST"


async def test_a_form_is_no_longer_than_what_a_person_writes(browser: httpx2.AsyncClient) -> None:
    assert (await browser.post(ENTER_PATH, content=b"key=" + b"a" * 70_000, headers=HERE)).status_code == 413
    assert (await browser.post(ENTER_PATH, content=b"&".join([b"a=1"] * 101), headers=HERE)).status_code == 400
    assert (await browser.post(ENTER_PATH, content=b"key=\xff", headers=HERE)).status_code == 400


async def test_a_form_that_does_not_arrive_is_not_waited_for(
    browser: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"key="
        await asyncio.Event().wait()

    monkeypatch.setattr(forms, "WITHIN_S", 0.01)
    async with asyncio.timeout(5):
        assert (await browser.post(ENTER_PATH, content=slowly(), headers=HERE)).status_code == 408


async def test_files_are_kept_for_as_long_as_their_content_is_the_same(browser: httpx2.AsyncClient) -> None:
    url = PageFiles().url("look.css")
    answer = await browser.get(url)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert (await browser.get(url.partition("?")[0])).headers["cache-control"] == "no-cache"
    assert (await browser.get("/pages/..%2Fgate.py")).status_code == 404
