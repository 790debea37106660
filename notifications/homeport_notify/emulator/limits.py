"""The limits of the emulators, together, each with its unit. Those of Google and Apple are theirs, as they publish
them."""

from __future__ import annotations

from typing import Final

# Google's.
PAYLOAD_BYTES_MAX: Final = 4_096
TOPIC_PAYLOAD_BYTES_MAX: Final = 2_048
CONDITION_TOPICS_MAX: Final = 5
TTL_S_MAX: Final = 28 * 86_400
TARGET_LENGTH_MAX: Final = 4_096
ASSERTION_S_MAX: Final = 3_600  # what an OAuth assertion may live
CLOCK_SKEW_S: Final = 300  # … and be wrong by
COLLAPSE_KEYS_MAX: Final = 4  # waiting for one phone
WAITING_MAX: Final = 100  # messages without a key that wait for one phone; beyond, all of them are thrown away

# Apple's.
APNS_PAYLOAD_BYTES_MAX: Final = 4_096
APNS_VOIP_PAYLOAD_BYTES_MAX: Final = 5_120
COLLAPSE_ID_BYTES_MAX: Final = 64
DEVICE_TOKEN_LENGTH_MIN: Final = 64  # hex digits
DEVICE_TOKEN_LENGTH_MAX: Final = 200
PROVIDER_TOKEN_S_MAX: Final = 3_600  # how old a provider's token may be
PROVIDER_TOKEN_UPDATE_S: Final = 20 * 60  # how soon it may be replaced
APNS_WAITING_MAX: Final = 1  # for one phone: of several that wait, Apple keeps the newest

# Our own.
BODY_BYTES_MAX: Final = 16 * 2**20  # of a request; lists of tokens that are gone are long
OAUTH_BODY_BYTES_MAX: Final = 16_384  # of a request for a token
STREAMS_MAX: Final = 100  # requests at once on one HTTP/2 connection, as at Google
HEADER_LIST_BYTES_MAX: Final = 65_536  # of the headers of a request, unpacked
HEADS_MAX: Final = 1_000  # header blocks of a connection that are remembered
WINDOW_BYTES: Final = 2**20  # of flow control that we give to each stream
CONNECTION_WINDOW_BYTES: Final = 16 * 2**20  # … and to a connection
PHONES_MAX: Final = 1_000_000
GONE_MAX: Final = 1_000_000  # targets that were told to be gone
RECENT_MAX: Final = 200  # accepted messages that are shown
POLL_S_MAX: Final = 60  # of waiting for messages in one request
UNREAD_BYTES_MAX: Final = 2**20  # written to a phone that does not read, before it is hung up on
DEVICE_TALLIES_MAX: Final = 200_000  # phones whose messages of this minute are counted
PROVIDER_TOKENS_MAX: Final = 100  # of Apple's kind that are remembered
BEARERS_MAX: Final = 10_000  # living access tokens
