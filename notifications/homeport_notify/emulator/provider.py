"""The emulated providers as one function from a request to what becomes of it: no sockets, no tasks, no own clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from homeport_notify.emulator import google, limits, oauth
from homeport_notify.emulator.admin import Admin
from homeport_notify.emulator.apns import DEVICE, Apns
from homeport_notify.emulator.behaviour import TAKEN, Behaviour, Trouble
from homeport_notify.emulator.exchange import Ending, Outcome, Reply, Request, Served
from homeport_notify.emulator.fcm import Fcm
from homeport_notify.emulator.grounds import Grounds
from homeport_notify.emulator.oauth import Bearers
from homeport_notify.emulator.phones import Phones
from homeport_notify.emulator.provider_token import ProviderTokens
from homeport_notify.emulator.settings import EmulatorSettings
from homeport_notify.emulator.tally import Provider as ProviderName
from homeport_notify.emulator.tally import Tally
from homeport_notify.emulator.weather import Weather

_ENDINGS: Final[Mapping[Trouble, Ending]] = {
    "reset": Ending.RESET,
    "reset_untaken": Ending.RESET,
    "silent": Ending.SILENT,
    "silent_untaken": Ending.SILENT,
}
_BEFORE, _AFTER = "/v1/projects/", "/messages:send"


class Provider:
    """FCM with its OAuth, APNs, and the routes that steer them. `clock` gives milliseconds since 1970; `url` is where
    it is reached, known once it listens."""

    def __init__(self, settings: EmulatorSettings, clock: Callable[[], int]) -> None:
        self.settings = settings
        self.url = ""
        self.clock = clock
        self.tally = Tally()
        self.weather = Weather(settings.behaviour, settings.seed)
        self.phones = Phones(settings.project, settings.seed, clock, self.tally.phones)
        self.bearers = Bearers(settings.keys, settings.project, ttl_s=settings.bearer_ttl_s)
        tokens = ProviderTokens(settings.keys, settings.team, update_s=settings.provider_token_update_s)
        checked = settings.credentials_checked
        grounds = Grounds(self.phones, self.weather, self.tally, clock)
        self._fcm = Fcm(settings.project, self.bearers if checked else None, grounds)
        self._apns = Apns(tokens if checked else None, settings.topics, grounds)
        self._admin = Admin(settings, grounds, self.bearers, lambda: self.url)

    @property
    def behaviour(self) -> Behaviour:
        """What it does at present."""
        return self.weather.behaviour

    def counts(self) -> Mapping[str, object]:
        """All counts."""
        return self._admin.counts()

    def serve(self, request: Request) -> Served:
        """What becomes of a request."""
        path = request.path
        if path.startswith(_BEFORE) and path.endswith(_AFTER):
            return self._send_fcm(request, path[len(_BEFORE) : -len(_AFTER)])
        if path.startswith(DEVICE):
            return self._send_apns(request)
        if path == "/token":
            return self._exchange(request)
        served = self._admin.serve(request)
        return served if served is not None else Outcome(google.NO_SUCH_PATH)

    def _send_fcm(self, request: Request, project: str) -> Outcome:
        if request.method != "POST":
            return Outcome(google.NO_SUCH_PATH)
        trouble = self.weather.trouble()
        if trouble is not None and trouble not in TAKEN:
            return self._troubled("fcm", trouble, self._fcm.troubled(trouble))
        return self._ended("fcm", self._fcm.send(request, project), trouble)

    def _send_apns(self, request: Request) -> Outcome:
        if not request.http2:
            return Outcome(Reply(505, b"APNs speaks HTTP/2 only.\n", "text/plain; charset=utf-8"))
        trouble = self.weather.trouble()
        if trouble is not None and trouble not in TAKEN:
            return self._troubled("apns", trouble, self._apns.troubled(trouble))
        return self._ended("apns", self._apns.send(request), trouble)

    def _troubled(self, provider: ProviderName, trouble: Trouble, reply: Reply) -> Outcome:
        """Nothing was taken."""
        self.tally.refuse(provider, reply.code)
        return Outcome(reply, self.weather.delay_s(), _ENDINGS.get(trouble, Ending.ANSWERED))

    def _ended(self, provider: ProviderName, reply: Reply, trouble: Trouble | None) -> Outcome:
        """It was decided on; a trouble that is left keeps the answer from its sender."""
        if trouble is None:
            return Outcome(reply, self.weather.delay_s())
        if reply.code == "OK":
            self.tally.of(provider).unanswered += 1
        return Outcome(reply, self.weather.delay_s(), _ENDINGS[trouble])

    def _exchange(self, request: Request) -> Outcome:
        behaviour = self.behaviour
        if behaviour.tokens_given != "yes":
            self.tally.tokens.refused += 1
            silent = behaviour.tokens_given == "silent"
            return Outcome(google.unavailable(), ending=Ending.SILENT if silent else Ending.ANSWERED)
        if request.method != "POST" or len(request.body) > limits.OAUTH_BODY_BYTES_MAX:
            return Outcome(google.NO_SUCH_PATH)
        if behaviour.key == "revoked":
            reply = oauth.revoked()
        else:
            reply = self.bearers.exchange(request, f"{self.url}/token", self.clock())
        if reply.code == "OK":
            self.tally.tokens.issued += 1
        else:
            self.tally.tokens.refused += 1
        return Outcome(reply)
