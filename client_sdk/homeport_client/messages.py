"""What a replica says to the server, made of what it holds. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from homeport_client.limits import DeviceLimits
from homeport_client.meta import Meta
from homeport_client.outbox import Unsent
from homeport_sync.change import Change, decode_change, encode
from homeport_sync.choice import Choice
from homeport_sync.errors import Malformed
from homeport_sync.limits import LIMITS
from homeport_sync.receipts import Receipt
from homeport_sync.rejections import DocumentTooLarge
from homeport_sync.wire import PullInput, PullMessage, PushMessage

_SCOPE_BYTES = 40  # an id with its quotes and its comma, and what stands around all of them


def push_of(
    meta: Meta,
    unsent: Unsent | None,
    receipts: Sequence[Receipt],
    *,
    clock_ms: int,
    page_size: int | None,
    choice: Choice | None,
) -> PushMessage | None:
    """The push of these changes and receipts; None if there are neither.

    It asks for a page of `page_size` records (None: for none) of the choice if nothing is left to push after it.
    """
    if unsent is None and not receipts:
        return None
    pulls = page_size is not None and (unsent is None or unsent.last)
    return PushMessage(
        device=meta.device,
        changes=unsent.changes if unsent else [],
        confirmed=(unsent.first if unsent else meta.next_number) - 1,
        clock_ms=clock_ms,
        pull=PullInput(cursor=meta.pull_cursor, limit=_limit(page_size), choice=choice) if pulls else None,
        receipts=list(receipts),
    )


def pull_of(meta: Meta, page_size: int, choice: Choice | None) -> PullMessage:
    """The pull of at most `page_size` records of the choice."""
    return PullMessage(device=meta.device, cursor=meta.pull_cursor, limit=_limit(page_size), choice=choice)


def bytes_of(choice: Choice | None) -> int:
    """How much a choice takes of a message, at most."""
    return (choice.size + 1) * _SCOPE_BYTES if choice else 0


def text_of(change: Change, limits: DeviceLimits) -> str:
    """The change as it is sent. Raises `DocumentTooLarge`, or `Malformed` for what could not be read again: neither on
    the server, nor here, where it would stop all syncing."""
    text = encode(change)
    try:
        decode_change(text)
    except msgspec.ValidationError as error:
        raise Malformed(f"The change cannot be written as one ({error}): mend what is given.") from error
    size, bytes_max = len(text.encode()), LIMITS.change_bytes_max - limits.change_growth_bytes
    if size > bytes_max:
        raise DocumentTooLarge(
            f"The change has {size:,} bytes; at most {bytes_max:,} are allowed: make it smaller.", limit=bytes_max
        )
    return text


def _limit(page_size: int | None) -> int | None:
    """A limit to ask for; a line that holds takes as much as the server gives by itself."""
    return page_size if page_size is not None and page_size < LIMITS.page_size else None
