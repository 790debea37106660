"""The routes below `/emulator`, which steer the emulated providers and show what they did, and the page at `/`.

They are the tester's, not a provider's: they answer at once, whatever the weather is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote

import msgspec

from homeport_notify.emulator import limits
from homeport_notify.emulator.behaviour import behaviour_of
from homeport_notify.emulator.exchange import Attend, Outcome, Reply, Request, Served, Unreadable, read_json
from homeport_notify.emulator.grounds import Grounds
from homeport_notify.emulator.keys import service_account
from homeport_notify.emulator.oauth import Bearers
from homeport_notify.emulator.phone import Phone, PhoneKind, PhonePlatform
from homeport_notify.emulator.reading import attend_poll, attend_stream
from homeport_notify.emulator.settings import EmulatorSettings
from homeport_notify.errors import BadEmulation

ROOT: Final = "/emulator/"
_PLAIN: Final = "text/plain; charset=utf-8"


class _Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /emulator/devices` is told. `target` "" draws one; `topic` is the app's bundle id at Apple."""

    kind: PhoneKind = "token"
    platform: PhonePlatform = "android"
    target: str = ""
    project: str = ""
    topic: str = ""
    topics: list[str] = []


class _Targets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    targets: list[str]


class Admin:
    """`url` says where the emulator is reached."""

    def __init__(self, settings: EmulatorSettings, grounds: Grounds, bearers: Bearers, url: Callable[[], str]) -> None:
        self._settings = settings
        self._weather = grounds.weather
        self._phones = grounds.phones
        self._tally = grounds.tally
        self._bearers = bearers
        self._url = url
        self._routes: Mapping[tuple[str, str], Callable[[Request], Served]] = {
            ("GET", "behaviour"): lambda request: self._show_behaviour(),
            ("PATCH", "behaviour"): self._change_behaviour,
            ("PUT", "behaviour"): self._replace_behaviour,
            ("DELETE", "behaviour"): lambda request: self._restore_behaviour(),
            ("GET", "counts"): lambda request: _json(200, self.counts()),
            ("DELETE", "counts"): lambda request: self._forget(),
            ("GET", "messages"): self._messages,
            ("GET", "devices"): self._devices,
            ("POST", "devices"): self._register,
            ("POST", "gone"): self._lose,
            ("DELETE", "gone"): lambda request: self._regain(),
            ("POST", "expire"): lambda request: self._expire(),
            ("GET", "account"): lambda request: self._account(),
            ("GET", "apns-key"): lambda request: self._apple(),
        }

    def serve(self, request: Request) -> Served | None:
        """Answer it, if it is one of these routes."""
        if request.path == "/" and request.method == "GET":
            return Outcome(Reply(200, _page(), "text/html; charset=utf-8"))
        if not request.path.startswith(ROOT):
            return None
        name = request.path.removeprefix(ROOT)
        try:
            if name.startswith("devices/"):
                return self._device(request, name.removeprefix("devices/"))
            route = self._routes.get((request.method, name))
            return route(request) if route else _unknown()
        except (BadEmulation, Unreadable, msgspec.ValidationError) as error:
            says = error.message if isinstance(error, BadEmulation) else str(error)
            return _json(400, {"error": {"code": BadEmulation.code, "message": says}})

    def counts(self) -> Mapping[str, object]:
        """All counts, with what waits at the moment."""
        counts = dict(self._tally.counts())
        waiting = sum(phone.waiting for phone in self._phones)
        counts["phones"] = {**msgspec.to_builtins(self._tally.phones), "waiting": waiting}
        return counts

    def _show_behaviour(self) -> Outcome:
        return _json(200, msgspec.to_builtins(self._weather.behaviour))

    def _change_behaviour(self, request: Request) -> Outcome:
        self._weather.behaviour = behaviour_of(read_json(request.body), beside=self._weather.behaviour)
        return self._show_behaviour()

    def _replace_behaviour(self, request: Request) -> Outcome:
        self._weather.behaviour = behaviour_of(read_json(request.body))
        return self._show_behaviour()

    def _restore_behaviour(self) -> Outcome:
        self._weather.behaviour = self._settings.behaviour
        return self._show_behaviour()

    def _forget(self) -> Outcome:
        self._tally.forget()
        return _json(200, self.counts())

    def _messages(self, request: Request) -> Outcome:
        most = _whole(request, "limit", 50, limits.RECENT_MAX)
        return _json(200, {"messages": [msgspec.to_builtins(push) for push in self._tally.recent(most)]})

    def _devices(self, request: Request) -> Outcome:
        most = _whole(request, "limit", 100, 1_000)
        some = [_shown(phone) for phone, _ in zip(self._phones, range(most), strict=False)]
        return _json(200, {"registered": len(self._phones), "devices": some})

    def _register(self, request: Request) -> Outcome:
        told = msgspec.convert(read_json(request.body or b"{}"), _Registration)
        phone = self._phones.register(
            told.kind, told.platform, target=told.target, project=told.project, topic=told.topic, topics=told.topics
        )
        return _json(201, _shown(phone))

    def _device(self, request: Request, rest: str) -> Served:
        name, _, what = rest.partition("/")
        target = unquote(name)
        if request.method == "DELETE" and not what:
            self._phones.lose([target])
            return _json(200, {"gone": target})
        if request.method != "GET" or what != "messages":
            return _unknown()
        phone = self._phones.find(target) or self._phones.register(_kind_of(target), target=target)
        return self._read(request, phone)

    def _read(self, request: Request, phone: Phone) -> Attend:
        if "wait_s" not in parse_qs(request.query):
            return attend_stream(phone)
        wait_s = _whole(request, "wait_s", 0, limits.POLL_S_MAX)
        return attend_poll(phone, wait_s=wait_s, after=_whole(request, "after", 0, 2**53))

    def _lose(self, request: Request) -> Outcome:
        targets = msgspec.convert(read_json(request.body), _Targets).targets
        self._phones.lose(targets)
        return _json(200, {"gone": len(targets)})

    def _regain(self) -> Outcome:
        self._phones.regain()
        return _json(200, {"gone": 0})

    def _expire(self) -> Outcome:
        self._bearers.expire()
        return _json(200, {"expired": True})

    def _account(self) -> Outcome:
        return _json(200, service_account(self._settings.project, self._settings.keys, self._url()))

    def _apple(self) -> Outcome:
        keys = self._settings.keys
        return _json(200, {"key": keys.apple_pem, "key_id": keys.apple_key_id, "team": self._settings.team})


def _json(status: int, body: object) -> Outcome:
    encoded = msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
    return Outcome(Reply(status, encoded, "application/json"))


def _unknown() -> Outcome:
    return Outcome(Reply(404, b"There is no such route; docs/emulators.md names them.\n", _PLAIN))


def _page() -> bytes:
    return resources.files(__package__).joinpath("page.html").read_bytes()


def _shown(phone: Phone) -> dict[str, Any]:
    return {
        "target": phone.target,
        "kind": phone.kind,
        "platform": phone.platform,
        "project": phone.project,
        "waiting": phone.waiting,
    }


def _kind_of(target: str) -> Literal["token", "fid"]:
    return "token" if ":" in target else "fid"


def _whole(request: Request, name: str, default: int, most: int) -> int:
    """A whole number of the query. Raises `BadEmulation`."""
    given = parse_qs(request.query).get(name)
    if given is None:
        return default
    if not (given[0].isascii() and given[0].isdigit() and len(given[0]) <= 16 and int(given[0]) <= most):
        raise BadEmulation(f"{name} is {given[0][:40]!r}; expected 0 to {most:,}.")
    return int(given[0])
