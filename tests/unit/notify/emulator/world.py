"""The emulated providers without sockets, and a clock that stands until it is moved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import jwt

from homeport_notify.emulator import EmulatorKeys, EmulatorSettings
from homeport_notify.emulator.behaviour import behaviour_of
from homeport_notify.emulator.exchange import Outcome, Reply, Request
from homeport_notify.emulator.keys import email_of
from homeport_notify.emulator.oauth import GRANT
from homeport_notify.emulator.provider import Provider

KEYS = EmulatorKeys()
NOW_MS = 1_795_900_000_000
TOPIC = "com.example.tea"
DEVICE = "ab" * 32
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


class World:
    """One provider at one moment."""

    def __init__(self, *, checked: bool = False, **fields: Any) -> None:  # noqa: ANN401  # fields of the settings
        self.now_ms = NOW_MS
        settings = EmulatorSettings(keys=KEYS, credentials_checked=checked)
        self.provider = Provider(replace(settings, **fields), lambda: self.now_ms)
        self.provider.url = "http://emulator"

    @property
    def phones(self) -> Mapping[str, int]:
        counts: Any = self.provider.counts()
        phones: dict[str, int] = counts["phones"]
        return phones

    def behave(self, **changes: object) -> None:
        self.provider.weather.behaviour = behaviour_of(changes, beside=self.provider.behaviour)

    def pass_s(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1_000)

    def ask(self, request: Request) -> Outcome:
        served = self.provider.serve(request)
        assert isinstance(served, Outcome)
        return served

    def outcome(self, message: object, *, project: str = "emulated", bearer: str = "", **call: object) -> Outcome:
        headers = {"authorization": bearer} if bearer else {}
        body = json.dumps({"message": message, **call}).encode()
        return self.ask(Request("POST", f"/v1/projects/{project}/messages:send", "", headers, body))

    def send(self, message: object, *, project: str = "emulated", bearer: str = "", **call: object) -> Reply:
        return self.outcome(message, project=project, bearer=bearer, **call).reply

    def token(self, claims: Mapping[str, object] = MappingProxyType({}), *, key: str = "", grant: str = GRANT) -> Reply:
        now_s = self.now_ms // 1_000
        whole = {
            "iss": email_of("emulated"),
            "scope": SCOPE,
            "aud": "http://emulator/token",
            "iat": now_s,
            "exp": now_s + 3_600,
            **claims,
        }
        assertion = jwt.encode({name: value for name, value in whole.items() if value}, key or KEYS.google_pem, "RS256")
        body = f"grant_type={grant}&assertion={assertion}".encode()
        return self.ask(Request("POST", "/token", "", {}, body)).reply

    def bearer(self, **claims: object) -> str:
        return f"Bearer {json.loads(self.token(claims).body)['access_token']}"

    def apple(self, *, device: str = DEVICE, method: str = "POST", body: object = None, **headers: str) -> Reply:
        """Headers are named without their `apns-`, with underscores."""
        named = {
            f"apns-{name.replace('_', '-')}": value for name, value in {"topic": TOPIC, **headers}.items() if value
        }
        if authorization := named.pop("apns-authorization", ""):
            named["authorization"] = authorization
        payload = {"aps": {"alert": "Tea"}} if body is None else body
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.ask(Request(method, f"/3/device/{device}", "", named, raw, True)).reply

    def provider_token(self, *, age_s: float = 0, **claims: object) -> str:
        whole = {"iss": "EMULATED00", "iat": int(self.now_ms / 1_000 - age_s), **claims}
        return f"bearer {jwt.encode(whole, KEYS.apple_pem, 'ES256', headers={'kid': KEYS.apple_key_id})}"


def error(reply: Reply) -> dict[str, Any]:
    """Google's error."""
    told: dict[str, Any] = json.loads(reply.body)["error"]
    return told


def reason(reply: Reply) -> tuple[int, str]:
    """Apple's."""
    return reply.status, json.loads(reply.body)["reason"]


def codes(reply: Reply) -> list[str]:
    """The FCM error codes in the details."""
    return [each["errorCode"] for each in error(reply).get("details", []) if each["@type"].endswith("FcmError")]


def fields(reply: Reply) -> list[str]:
    """The fields that are said to be wrong."""
    details = error(reply).get("details", [])
    return [
        wrong.get("field", "")
        for each in details
        if each["@type"].endswith("BadRequest")
        for wrong in each["fieldViolations"]
    ]
