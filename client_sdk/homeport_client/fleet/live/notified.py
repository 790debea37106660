"""What the database itself says of notifications, read by SQL alone: what was told, to whom, what became of each
delivery, and which devices have given a receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from homeport_notify.delivery import ID_BYTES, DeliveryState

_POSTGRES_BYTES = "\\x"


class _About(msgspec.Struct):
    position: int


class _Message(msgspec.Struct):
    title: str = ""
    body: str = ""


class _Said(msgspec.Struct):
    message: _Message
    about: _About | None = None


_decode = msgspec.json.Decoder(_Said).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """One delivery: `position` is that of the change it tells of, None of none; `device` whose it is ("": nobody knows
    any more)."""

    notification: str
    lane: str
    visible: bool
    position: int | None
    device: str
    state: DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All of a tenant's `deliveries`, and who has given a receipt: (notification, device)."""

    deliveries: Sequence[Notified] = ()
    receipts: frozenset[tuple[str, str]] = frozenset()

    @property
    def about(self) -> Mapping[str, int]:
        """The positions that notifications tell of."""
        return {each.notification: each.position for each in self.deliveries if each.position is not None}

    @property
    def visible(self) -> Mapping[DeliveryState, int]:
        """How many deliveries that somebody is to see are in each state."""
        return Counter(each.state for each in self.deliveries if each.visible)


def account(
    told: Sequence[Sequence[object]], addresses: Sequence[Sequence[object]], receipts: Sequence[Sequence[object]]
) -> Account:
    """All rows of `told_of`, `addresses_of` and `receipts_of`, on either database."""
    devices = {str(id): str(device) for id, device in addresses}
    return Account(
        deliveries=[each for row in told for each in _deliveries(row, devices)],
        receipts=frozenset((str(notification), str(device)) for notification, device in receipts),
    )


def _deliveries(row: Sequence[object], devices: Mapping[str, str]) -> Iterator[Notified]:
    notification, lane, said, states, packed = row
    read = _decode(str(said))
    addresses = _bytes(packed)
    for at, state in enumerate(_bytes(states)):
        address = str(UUID(bytes=addresses[at * ID_BYTES : (at + 1) * ID_BYTES]))
        if state != DeliveryState.DEFERRED:  # it is counted where it waits
            yield Notified(
                notification=str(notification),
                lane=str(lane),
                visible=bool(read.message.title or read.message.body),
                position=read.about.position if read.about else None,
                device=devices.get(address, ""),
                state=DeliveryState(state),
            )


def _bytes(value: object) -> bytes:
    """As SQLite gives them, or as psql writes them."""
    if isinstance(value, bytes):
        return value
    return bytes.fromhex(str(value or "").removeprefix(_POSTGRES_BYTES))
