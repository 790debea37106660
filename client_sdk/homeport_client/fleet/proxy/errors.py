"""What ends a request before its answer is through.

Trouble
├── TooLarge
├── TooMuch
└── Gone
    ├── PhoneGone
    └── ServerGone
"""

from __future__ import annotations


class Trouble(Exception):
    """The connection ends with it."""


class TooLarge(Trouble):
    """A body is larger than the network's `body_bytes_max`: the client is answered 413 first."""


class TooMuch(Trouble):
    """A message is too large to be held whole."""


class Gone(Trouble):
    """One side has ended its connection, or what it says is no HTTP."""


class PhoneGone(Gone):
    """The client has ended its connection."""


class ServerGone(Gone):
    """The server cannot be reached, has ended its connection, or what it says is no HTTP."""
