"""Who can be reached where, as the simulated server was told: it keeps that in its store, and writes it down for the
checkers beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from homeport_client.fleet.check.noticed import FOREVER_MS, Noticed, Registered, Sent
from homeport_client.fleet.inbox import Inbox
from homeport_notify.address import make_address
from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.ports import Receipt
from homeport_notify.preferences import ALL, Preferences, QuietHours, check_preferences
from homeport_sync.telling import (
    PREFER,
    REGISTER,
    REPORT,
    RETIRE,
    SUBSCRIBE,
    UNSUBSCRIBE,
    RegisterAddress,
    ReportNotifications,
    RetireAddresses,
    SetPreferences,
    SubscribeTopic,
)


class _Request(msgspec.Struct, frozen=True):
    query: str
    variables: msgspec.Raw


_decode = msgspec.json.Decoder(_Request).decode


class Registry:
    """Of one tenant. `inboxes` are those of the phones, by their tokens."""

    def __init__(self, tenant: str, store: MemoryNotifyStore, now_ms: Callable[[], int]) -> None:
        self.inboxes: dict[str, Inbox] = {}
        self._tenant = tenant
        self._store = store
        self._now_ms = now_ms
        self._registered: list[Registered] = []
        self._devices: dict[str, set[str]] = defaultdict(set)
        self._pulls: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._muted: list[tuple[str, int, bool]] = []

    async def tell(self, user: str, body: bytes) -> None:
        """What a device of the user says. Raises `Fix`, saying what is wrong with it."""
        request = _decode(body)
        read = msgspec.json.decode
        match request.query:
            case _ if request.query == REGISTER:
                await self._register(user, read(request.variables, type=RegisterAddress))
            case _ if request.query == RETIRE:
                await self._retire(user, read(request.variables, type=RetireAddresses).device)
            case _ if request.query == PREFER:
                await self._prefer(user, read(request.variables, type=SetPreferences))
            case _ if request.query == SUBSCRIBE:
                topic = read(request.variables, type=SubscribeTopic).topic
                await self._store.subscribe(self._tenant, user, topic, self._now_ms())
            case _ if request.query == UNSUBSCRIBE:
                await self._store.unsubscribe(self._tenant, user, read(request.variables, type=SubscribeTopic).topic)
            case _ if request.query == REPORT:
                await self._report(user, read(request.variables, type=ReportNotifications))

    def gave(self, device: str, position: int) -> None:
        """The device was given the log up to there."""
        self._pulls[device].append((self._now_ms(), position))

    def pulled(self, device: str) -> int:
        """How far the device is, as the server knows it."""
        pulls = self._pulls.get(device)
        return pulls[-1][1] if pulls else 0

    def devices_of(self, address: str) -> set[str]:
        """The device whose address it is."""
        return self._devices[address]

    def noticed(
        self,
        sent: Sequence[Sent],
        about: Mapping[str, int],
        unknown: frozenset[tuple[int, str]],
        *,
        under_way: frozenset[str],
    ) -> Noticed:
        """All of it, as values."""
        return Noticed(
            registered=tuple(self._registered),
            sent=tuple(sent),
            shown=tuple(shown for inbox in self.inboxes.values() for shown in inbox.shown),
            about=about,
            pulls=self._pulls,
            unknown=unknown,
            under_way=under_way,
            muted=tuple(self._muted),
        )

    async def _register(self, user: str, told: RegisterAddress) -> None:
        now_ms = self._now_ms()
        address = make_address(
            user=user,
            device=told.device,
            channel=told.channel,  # type: ignore[arg-type]  # it says what is wrong with another
            target=told.target,
            platform=told.platform,  # type: ignore[arg-type]
            timezone=told.timezone,
            seen_at_ms=now_ms,
        )
        await self._store.register(self._tenant, address, now_ms)
        self._devices[address.id].add(told.device)
        phone = self.inboxes[told.target].name
        new = Registered(
            token=told.target,
            platform=told.platform,
            phone=phone,
            device=told.device,
            user=user,
            from_ms=now_ms,
        )
        held = [each for each in self._registered if each.until_ms == FOREVER_MS]
        if any((each.token, each.device, each.user) == (new.token, new.device, new.user) for each in held):
            return
        self._registered = [*(each.ended(new, now_ms) for each in self._registered), new]

    async def _retire(self, user: str, device: str) -> None:
        await self._store.retire(self._tenant, user, device, "signed_out")
        now_ms = self._now_ms()
        self._registered = [
            replace(each, until_ms=min(each.until_ms, now_ms)) if (each.user, each.device) == (user, device) else each
            for each in self._registered
        ]

    async def _prefer(self, user: str, told: SetPreferences) -> None:
        hours = told.quiet_hours
        preferences = Preferences(
            timezone=told.timezone,
            quiet=QuietHours(hours.from_min, hours.until_min) if hours else None,
            muted=frozenset(told.muted),
        )
        check_preferences(preferences)
        await self._store.prefer(self._tenant, user, preferences, self._now_ms())
        self._muted.append((user, self._now_ms(), ALL in preferences.muted))

    async def _report(self, user: str, told: ReportNotifications) -> None:
        receipts = [
            Receipt(
                notification=each.notification,
                received_at_ms=each.received_at_ms,
                opened_at_ms=each.opened_at_ms,
            )
            for each in told.receipts
        ]
        await self._store.keep_receipts(self._tenant, user, told.device, receipts, self._now_ms())
