"""APNs over a real socket, with the h2 package as the client and tokens by PyJWT."""

import asyncio
import json
import time

import jwt

from homeport_notify.emulator import Emulator
from tests.edge.emulator.h2_client import Answer, H2Client

TOPIC = "com.example.tea"
ALERT = json.dumps({"aps": {"alert": {"title": "Tea", "body": "is ready"}}, "cup": "1"}).encode()


def bearer(emulator: Emulator, *, age_s: int = 0, team: str = "EMULATED00", key_id: str = "") -> tuple[str, str]:
    keys = emulator.settings.keys
    claims = {"iss": team, "iat": int(time.time()) - age_s}
    token = jwt.encode(claims, keys.apple_pem, "ES256", headers={"kid": key_id or keys.apple_key_id})
    return ("authorization", f"bearer {token}")


async def send(emulator: Emulator, target: str, *headers: tuple[str, str], body: bytes = ALERT) -> Answer:
    async with H2Client(emulator.url) as client:
        return await client.ask(f"/3/device/{target}", [("apns-topic", TOPIC), *headers], body)


async def test_a_notification_is_accepted_and_reaches_the_phone(emulator: Emulator) -> None:
    phone = emulator.phones.register("apns", "ios", topic=TOPIC)
    apns_id = "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"
    answer = await send(
        emulator,
        phone.target,
        bearer(emulator),
        ("apns-id", apns_id),
        ("apns-collapse-id", "tea"),
        ("apns-priority", "5"),
    )
    assert (answer.status, answer.headers["apns-id"], answer.body) == (200, apns_id, b"")
    async with phone.open() as inbox:
        push = await anext(inbox)
    assert (push.title, push.body, push.collapse_key, push.priority) == ("Tea", "is ready", "tea", "normal")
    assert push.data == {"cup": "1"}


async def test_a_phone_that_is_gone_says_since_when(emulator: Emulator) -> None:
    phone = emulator.phones.register("apns", "ios")
    before_ms = time.time_ns() // 1_000_000
    emulator.phones.lose([phone.target])
    answer = await send(emulator, phone.target, bearer(emulator))
    told = json.loads(answer.body)
    assert (answer.status, told["reason"]) == (410, "Unregistered")
    assert told["timestamp"] >= before_ms


async def test_tokens_of_nobody_and_of_others_are_refused(emulator: Emulator) -> None:
    phone = emulator.phones.register("apns", "ios")
    reasons = []
    for headers in (
        [],
        [("authorization", "bearer nonsense")],
        [bearer(emulator, team="OTHERTEAM0")],
        [bearer(emulator, key_id="OTHERKEY00")],
        [bearer(emulator, age_s=3_700)],
    ):
        answer = await send(emulator, phone.target, *headers)
        reasons.append((answer.status, json.loads(answer.body)["reason"]))
    assert reasons == [
        (403, "MissingProviderToken"),
        (403, "InvalidProviderToken"),
        (403, "InvalidProviderToken"),
        (403, "InvalidProviderToken"),
        (403, "ExpiredProviderToken"),
    ]


async def test_a_team_that_signs_a_token_for_each_message_is_stopped(emulator: Emulator) -> None:
    phone = emulator.phones.register("apns", "ios")
    first, second = bearer(emulator), bearer(emulator, age_s=1)
    statuses = [(await send(emulator, phone.target, each)).status for each in (first, second, first)]
    assert statuses == [200, 429, 200]
    assert emulator.tally.apns.refused == {"TooManyProviderTokenUpdates": 1}


async def test_apns_is_not_spoken_over_http_1(emulator: Emulator) -> None:
    host, port = emulator.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /3/device/ab HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
    assert (await reader.read()).startswith(b"HTTP/1.1 505 ")
    writer.close()
