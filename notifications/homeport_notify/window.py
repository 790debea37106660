"""A window: those of a chunk that are on their way at once, and what their providers have said so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeport_notify.address import Address, ChannelName
from homeport_notify.answer import Answer
from homeport_notify.channel import Answered, Recipient
from homeport_notify.chunk import Chunk, Reachable
from homeport_notify.delivery import ID_BYTES, delivery_ids
from homeport_notify.notification import Notification


class Window:
    """`places` of the chunk, each with its recipient. An answer is taken once."""

    def __init__(
        self,
        notification: Notification,
        chunk: Chunk,
        ids: Sequence[str],
        places: Sequence[int],
        reachable: Mapping[str, Reachable],
    ) -> None:
        self._notification = notification
        self._chunk = chunk
        self._ids = ids
        self._reachable = reachable
        self._by_channel: dict[ChannelName, list[int]] = {}
        self._answers: dict[ChannelName, list[tuple[int, Answer]]] = {}
        for place in places:
            self._by_channel.setdefault(reachable[ids[place]].address.channel, []).append(place)

    @property
    def channels(self) -> Sequence[ChannelName]:
        """Those it goes through."""
        return tuple(self._by_channel)

    @property
    def places(self) -> Sequence[int]:
        """All places of the chunk that it holds."""
        return [place for places in self._by_channel.values() for place in places]

    def of(self, channel: ChannelName) -> Sequence[int]:
        """Its places that go through the channel."""
        return self._by_channel.get(channel, ())

    def address(self, place: int) -> Address:
        """The address at a place, as it was when it was read for this window."""
        return self._reachable[self._ids[place]].address

    def keep(self, channel: ChannelName, room: int) -> None:
        """Leave out what is more than `room` for the channel."""
        if room:
            del self._by_channel[channel][room:]
        else:
            self._by_channel.pop(channel)

    def recipients(self, channel: ChannelName) -> Sequence[Recipient]:
        """Those of the channel, in the order of its places."""
        places = self._by_channel[channel]
        packed = b"".join(self._chunk.addresses[place * ID_BYTES : (place + 1) * ID_BYTES] for place in places)
        collapse, own = self._notification.message.collapse_key, self._notification.at_least_once
        recipients = []
        for place, delivery in zip(places, delivery_ids(self._notification.id, packed), strict=True):
            address = self.address(place)
            recipients.append(
                Recipient(
                    target=address.target,
                    target_kind=address.target_kind,
                    platform=address.platform,
                    delivery=delivery,
                    collapse_id=collapse or (delivery if own else ""),
                )
            )
        return recipients

    def answered(self, channel: ChannelName) -> Answered:
        """Notes the answers of the channel."""
        places, noted = self._by_channel[channel], self._answers.setdefault(channel, [])

        def note(at: int, answer: Answer) -> None:
            noted.append((places[at], answer))

        return note

    def take(self, channel: ChannelName) -> Sequence[tuple[int, Answer]]:
        """The answers of the channel that nobody has taken yet, by the places in the chunk."""
        noted = self._answers.get(channel, [])
        taken = tuple(noted)
        noted.clear()  # in place: who notes holds it
        return taken
