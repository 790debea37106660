"""The limits of our HTTP/2, together, each with its unit. A peer that goes beyond one is left, never waited for."""

from __future__ import annotations

from typing import Final

FRAME_BYTES_MAX: Final = 16_384  # of a payload, either way: the size that every peer takes, and we ask for no more
HEADER_BLOCK_BYTES_MAX: Final = 65_536  # of a header block, over all its frames
CONTINUATIONS_MAX: Final = 16  # frames a header block may go on in: empty ones would be endless otherwise
SETTINGS_MAX: Final = 64  # entries in one frame

# Of a connection.
REQUEST_BYTES_MAX: Final = 16_384  # a body: within the smallest window that a connection can begin with
REPLY_BYTES_MAX: Final = 32_768  # a body: the rest of a longer one is refused; within the window that a stream has
GIVE_BACK_BYTES: Final = 1_048_576  # the connection's window for answers; half of it is given back at a time
STREAMS_MAX: Final = 500  # requests on their way on one connection, if the peer would take more
REPLY_HEADS_MAX: Final = 256  # header blocks of answers that are remembered
HEADS_MAX: Final = 64  # header blocks of requests that are remembered
HEADER_TABLE_BYTES_MAX: Final = 4_096  # of what the peer remembers of our headers, however much it offers
CONTROLS_WAITING_MAX: Final = 1_000  # pings and settings that are answered to a peer which reads nothing
TICK_S: Final = 1.0  # how often deadlines are looked at
CONNECT_S: Final = 10.0  # until the peer's settings are there
IDLE_S: Final = 60.0  # unused, then closed: a firewall that forgot it would make the next request ambiguous
CLOSE_S: Final = 2.0  # for the last bytes

# Of a sender.
ANSWER_S: Final = 30.0  # a request waits for its answer; providers ask for 10 s at least
CONNECTIONS_MAX: Final = 20
SHARE: Final = 32  # requests of one batch before another has its turn
RECONNECT_FIRST_S: Final = 0.1
RECONNECT_LONGEST_S: Final = 10.0
