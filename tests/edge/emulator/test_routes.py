"""The routes below /emulator, over HTTP/1.1, as a tester's script uses them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from homeport_notify.emulator import Emulator

SEND = "/v1/projects/emulated/messages:send"


@pytest.fixture
async def http(open_emulator: Emulator) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=open_emulator.url, timeout=10) as client:
        yield client


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # a phone that comes or goes tells nobody
            await asyncio.sleep(0)


def message(token: str, **fields: object) -> dict[str, Any]:
    return {"message": {"token": token, **fields}}


async def test_a_phone_registers_is_sent_to_and_reads(http: httpx2.AsyncClient) -> None:
    phone = (await http.post("/emulator/devices", json={"kind": "token", "platform": "android"})).json()
    await http.post(SEND, json=message(phone["target"], notification={"title": "Tea"}))
    path = f"/emulator/devices/{phone['target']}/messages?wait_s=5"
    [first] = (await http.get(path)).json()["messages"]
    again = (await http.get(path)).json()["messages"]
    acknowledged = (await http.get(f"{path.replace('wait_s=5', 'wait_s=0')}&after={first['number']}")).json()
    assert first["title"] == "Tea"
    assert again == [first]  # an answer may be lost, so it comes again until it is acknowledged
    assert acknowledged == {"messages": []}


async def test_a_question_waits_until_there_is_a_message(http: httpx2.AsyncClient, open_emulator: Emulator) -> None:
    phone = open_emulator.phones.register()
    asked = asyncio.create_task(http.get(f"/emulator/devices/{phone.target}/messages?wait_s=10"))
    await until(lambda: phone.present)
    await http.post(SEND, json=message(phone.target, android={"ttl": "0s"}))
    assert len((await asked).json()["messages"]) == 1
    assert not phone.present


async def test_a_phone_reads_lines_for_as_long_as_it_likes(http: httpx2.AsyncClient, open_emulator: Emulator) -> None:
    phone = open_emulator.phones.register()
    await http.post(SEND, json=message(phone.target, data={"n": "1"}))
    async with http.stream("GET", f"/emulator/devices/{phone.target}/messages") as stream:
        lines = stream.aiter_lines()
        first = json.loads(await anext(lines))
        await http.post(SEND, json=message(phone.target, data={"n": "2"}))
        second = json.loads(await anext(lines))
    assert [first["data"]["n"], second["data"]["n"]] == ["1", "2"]
    await until(lambda: not phone.present)


async def test_behaviour_is_changed_replaced_and_restored(http: httpx2.AsyncClient) -> None:
    await http.patch("/emulator/behaviour", json={"outage": "unavailable", "retry_after_s": 7, "retry_after": "date"})
    struck = await http.post(SEND, json=message("a:b"))
    await http.put("/emulator/behaviour", json={"strangers": "gone"})
    gone = await http.post(SEND, json=message("a:b"))
    restored = (await http.delete("/emulator/behaviour")).json()
    fine = await http.post(SEND, json=message("a:b"))
    assert (struck.status_code, gone.status_code, fine.status_code) == (503, 404, 200)
    assert struck.headers["retry-after"].endswith(" GMT")
    assert restored["strangers"] == "accepted"


@pytest.mark.parametrize(
    ("fields", "names"),
    [({"latency": 5}, "latency"), ({"outage": "rain"}, "rain"), ({"reset": 2}, "shares"), ([], "settings")],
)
async def test_a_behaviour_that_is_none_is_refused_by_name(
    http: httpx2.AsyncClient, fields: object, names: str
) -> None:
    answer = await http.patch("/emulator/behaviour", json=fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_EMULATION")
    assert names in answer.json()["error"]["message"]


async def test_who_is_gone_is_told_and_forgotten(http: httpx2.AsyncClient) -> None:
    phone = (await http.post("/emulator/devices", json={})).json()["target"]
    await http.delete(f"/emulator/devices/{phone}")
    await http.post("/emulator/gone", json={"targets": ["a:b"]})
    statuses = [(await http.post(SEND, json=message(each))).status_code for each in (phone, "a:b")]
    await http.delete("/emulator/gone")
    assert statuses == [404, 404]
    assert (await http.post(SEND, json=message("a:b"))).status_code == 200
    counts = (await http.get("/emulator/counts")).json()
    assert (counts["fcm"]["refused"], counts["fcm"]["accepted"]) == ({"UNREGISTERED": 2}, 1)


async def test_counts_and_messages_are_shown_and_counts_begin_anew(http: httpx2.AsyncClient) -> None:
    for title in ("first", "second"):
        await http.post(SEND, json=message("a:b", notification={"title": title}))
    shown = (await http.get("/emulator/messages?limit=1")).json()["messages"]
    await http.delete("/emulator/counts")
    counts = (await http.get("/emulator/counts")).json()
    assert [each["title"] for each in shown] == ["second"]
    assert counts["fcm"]["accepted"] == 0


async def test_credentials_are_handed_out_to_testers(http: httpx2.AsyncClient, open_emulator: Emulator) -> None:
    account = (await http.get("/emulator/account")).json()
    apple = (await http.get("/emulator/apns-key")).json()
    assert account["token_uri"] == f"{open_emulator.url}/token"
    assert apple["key"].startswith("-----BEGIN PRIVATE KEY-----")


async def test_the_page_stands_alone(http: httpx2.AsyncClient) -> None:
    page = await http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "://" not in page.text.replace("//www.w3.org", "")


async def test_what_is_no_route_says_so(http: httpx2.AsyncClient) -> None:
    statuses = [
        (await http.get(path)).status_code
        for path in ("/emulator/nothing", "/emulator/devices/a:b/nothing", "/nothing", "/v1/projects/x/messages:send")
    ]
    assert statuses == [404] * 4


async def test_a_break_in_mid_answer_and_an_answer_that_never_comes(
    http: httpx2.AsyncClient, open_emulator: Emulator
) -> None:
    open_emulator.behave(outage="reset")
    with pytest.raises(httpx2.TransportError):
        await http.post(SEND, json=message("a:b"))
    open_emulator.behave(outage="silent_untaken")
    with pytest.raises(httpx2.ReadTimeout):
        await http.post(SEND, json=message("a:b"), timeout=0.05)
    counts = open_emulator.counts()["fcm"]
    assert (counts["accepted"], counts["unanswered"], counts["refused"]) == (1, 1, {"SILENT_UNTAKEN": 1})


async def test_requests_that_come_before_the_answer_are_answered_in_turn(open_emulator: Emulator) -> None:
    open_emulator.behave(latency_ms=5)
    host, port = open_emulator.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(message("a:b")).encode()
    head = f"POST {SEND} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
    writer.write((head + "\r\n").encode() + body + (head + "connection: close\r\n\r\n").encode() + body)
    async with asyncio.timeout(10):
        assert (await reader.read()).count(b"HTTP/1.1 200") == 2
    writer.close()


async def test_what_is_no_http_is_told_so(open_emulator: Emulator) -> None:
    host, port = open_emulator.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"PRI * HTTP/1.0 nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
