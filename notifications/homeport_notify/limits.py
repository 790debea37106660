"""The limits of notifications, together, each with its unit."""

from __future__ import annotations

from typing import Final

# What is told. The size is FCM's and APNs's own: 4,096 bytes of payload, of which we need some for the delivery's name.
PAYLOAD_BYTES_MAX: Final = 3_800
TITLE_LENGTH_MAX: Final = 200
URL_LENGTH_MAX: Final = 2_000
DATA_ENTRIES_MAX: Final = 50
COLLAPSE_KEY_BYTES_MAX: Final = 64  # APNs's
TTL_S_MAX: Final = 28 * 86_400  # FCM's
KEY_LENGTH_MAX: Final = 200
USERS_MAX: Final = 1_000  # named one by one in one notification
SCHEDULE_AHEAD_S_MAX: Final = 366 * 86_400

# Fan-out.
CHUNK_ADDRESSES_MAX: Final = 1_000
EXPANDED_AT_ONCE_MAX: Final = 5_000  # addresses put into chunks in one transaction
WINDOW_MAX: Final = 500  # deliveries of a chunk that are on their way at once: the ambiguous set after a crash, at most
CHUNK_LEASE_MS: Final = 15_000
SAME_ERRORS_MAX: Final = 20  # of a message that is refused as such, in one chunk, before the notification stops

# Trying again.
RETRY_FIRST_MS: Final = 10_000
RETRY_LONGEST_MS: Final = 10 * 60_000
RETRY_WITHIN_MS: Final = 60 * 60_000  # after that, or when the time to live is over, it is a dead letter
THROTTLED_MS: Final = 60_000  # how long a provider is left alone that says "too many" without saying how long
RAMP_MS: Final = 60_000  # how long it then takes to come back to full speed
RAMP_FROM: Final = 0.1  # of it
MISCONFIGURED_MS: Final = 5 * 60_000  # how long a channel with a wrong key or project rests before it is tried again
OUTAGE_SHARE: Final = 0.5  # of a window, failed: then the provider is left alone for a while, not just its deliveries
STRIKES_MAX: Final = 2  # an address whose target is said to be malformed so often is retired

# Addresses.
ADDRESSES_A_USER_MAX: Final = 50
TARGET_LENGTH_MAX: Final = 4_096
LOCALE_LENGTH_MAX: Final = 100  # and of a time zone's name
UNSEEN_MS_MAX: Final = 270 * 86_400_000  # FCM's own limit for Android
TOPICS_A_USER_MAX: Final = 200
TOPIC_LENGTH_MAX: Final = 100

# Wakes: Apple asks for two or three an hour, Android batches what is not urgent.
WAKES_AN_HOUR_IOS_MAX: Final = 3
WAKES_AN_HOUR_ANDROID_MAX: Final = 20
WAKE_SETTLE_MS: Final = 3_000  # a device that is connected has pulled by then
WAKE_PULLS_MS: Final = 30_000  # so long after a wake a device may pull because of it
WAKE_TTL_S: Final = 3_600
