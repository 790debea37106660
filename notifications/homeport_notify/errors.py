"""Everything the notifications' room can refuse, split by what the caller does next.

    HomeportError
    ├── Fix                 the input is wrong: mend it, never send it again unchanged
    │   ├── BadNotification     BAD_NOTIFICATION      a notification cannot be sent as it is
    │   ├── BadAddress          BAD_ADDRESS           an address is not one of its channel
    │   ├── BadPreferences      BAD_PREFERENCES       a time zone, an hour or a topic is none
    │   ├── BadEmulation        BAD_EMULATION         an emulated provider cannot behave so
    │   ├── ChannelMissing      CHANNEL_MISSING       a channel is not set up, or not as it has to be
    │   ├── KeyReused           KEY_REUSED            an idempotency key came before, with another notification
    │   ├── NotificationUnknown NOTIFICATION_UNKNOWN  there is none of that id
    │   └── NotificationOver    NOTIFICATION_OVER     it has ended, so it cannot be steered any more
    └── Retry               nothing is wrong with the input: wait, then do the same again
        └── ChunkLost           CHUNK_LOST            another worker holds the chunk

The docstring of each class is its default message.
"""

from __future__ import annotations

from homeport_sync.errors import Fix, Retry


class BadNotification(Fix):
    """The notification cannot be sent as it is."""

    code = "BAD_NOTIFICATION"


class BadAddress(Fix):
    """The address is not one of its channel."""

    code = "BAD_ADDRESS"


class BadPreferences(Fix):
    """What the user prefers cannot be read."""

    code = "BAD_PREFERENCES"


class ChannelMissing(Fix):
    """The channel is not set up."""

    code = "CHANNEL_MISSING"


class KeyReused(Fix):
    """The idempotency key came before, with another notification: use a new key for a new notification."""

    code = "KEY_REUSED"


class NotificationUnknown(Fix):
    """There is no notification of that id."""

    code = "NOTIFICATION_UNKNOWN"


class NotificationOver(Fix):
    """The notification has ended, so it can be neither paused, resumed nor cancelled."""

    code = "NOTIFICATION_OVER"


class ChunkLost(Retry):
    """Another worker holds a newer lease on the chunk: nothing is written; it goes on from there."""

    code = "CHUNK_LOST"


class BadEmulation(Fix):
    """What the emulator of a provider is asked for is not possible."""

    code = "BAD_EMULATION"
