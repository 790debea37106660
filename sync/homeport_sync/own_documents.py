"""Every GraphQL document that a Homeport SDK sends, or ever sent: a server that trusts no other text trusts these.

An app that was installed two years ago still sends what its SDK had then. So none is ever taken out or changed: what is
sent differently from now on is a document more.
"""

from __future__ import annotations

from typing import Final

from homeport_sync import announcing, telling, wire

OWN_DOCUMENTS: Final = frozenset(
    {
        wire.PUSH,
        wire.PUSH_RECEIPTS,
        wire.PULL,
        wire.PULL_CHOSEN,
        wire.POKE,
        wire.POKE_OF_ALL,
        telling.REGISTER,
        telling.RETIRE,
        telling.PREFER,
        telling.SUBSCRIBE,
        telling.UNSUBSCRIBE,
        telling.REPORT,
        announcing.NOTIFY,
        announcing.PROGRESS,
        announcing.STEER,
    }
)
