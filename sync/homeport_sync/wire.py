"""The messages between a device and the server, and the GraphQL documents that carry them.

Everything a device sends or gets is one of these structs as JSON. What is unknown in a message is ignored, so that
newer and older sides understand each other; what is missing or mistyped is `Malformed`. PROTOCOL.md has them with
examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from homeport_sync.change import Change, Number, Outcome, Record, Uuid, decode_change, digest, digest_text
from homeport_sync.choice import Choice
from homeport_sync.clock import is_uuid
from homeport_sync.errors import HomeportError, Malformed, TooLarge
from homeport_sync.limits import Limits
from homeport_sync.receipts import Ending, Receipt
from homeport_sync.rejections import DocumentTooLarge
from homeport_sync.writer_ids import WRITERS, is_writer

PUSH = (
    "mutation Push($device: ID!, $changes: JSON!, $confirmed: Long, $clockMs: Long, $pull: PullInput)"
    " { push(device: $device, changes: $changes, confirmed: $confirmed, clockMs: $clockMs, pull: $pull) }"
)
# The same with receipts: sent only when there are some to give, for a server from before there were any refuses it.
PUSH_RECEIPTS = (
    "mutation Push($device: ID!, $changes: JSON!, $confirmed: Long, $clockMs: Long, $pull: PullInput, $receipts: JSON)"
    " { push(device: $device, changes: $changes, confirmed: $confirmed, clockMs: $clockMs, pull: $pull,"
    " receipts: $receipts) }"
)
PULL = (
    "query Pull($device: ID!, $cursor: String, $limit: Int) { pull(device: $device, cursor: $cursor, limit: $limit) }"
)
PULL_CHOSEN = (  # of a device that has chosen among its scopes; until then it sends the other
    "query Pull($device: ID!, $cursor: String, $limit: Int, $choice: ChoiceInput)"
    " { pull(device: $device, cursor: $cursor, limit: $limit, choice: $choice) }"
)
POKE = "subscription Poke($device: ID) { poke(device: $device) }"
POKE_OF_ALL = "subscription Poke { poke }"  # what apps sent before a device said which one it is, and still may


class PullInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From where to pull (nowhere: the start), how many records at most (nothing: `Limits.page_size`), and of which
    scopes (nothing: all)."""

    cursor: str | None = None
    limit: int | None = None
    choice: Choice | None = None


class PullMessage(PullInput, frozen=True, kw_only=True, omit_defaults=True):
    """The variables of `PULL`, and with a choice those of `PULL_CHOSEN`."""

    device: str


class PushMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The variables of `PUSH`, and of `PUSH_RECEIPTS` if there are `receipts`.

    `changes` are in the order of their numbers. `confirmed` is the highest number whose outcome the device has
    stored. `clock_ms` is the device's own clock as it sends. With `pull` the answer brings a page, read after the
    changes are committed. `receipts` are told until the answer names their endings.
    """

    device: str
    changes: list[msgspec.Raw]
    confirmed: int | None = None
    clock_ms: int | None = None
    pull: PullInput | None = None
    receipts: list[Receipt] = []


class PokeMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The variables of `POKE`. Changes of `device` alone do not poke it; nothing: every change does."""

    device: Uuid | None = None


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """An error as every answer carries it: GraphQL's shape. `extensions` has `code` and `retryable` at least."""

    message: str
    extensions: dict[str, object] = {}

    @property
    def code(self) -> str:
        """The stable code, such as NUMBER_GAP; INTERNAL if the sender named none."""
        return str(self.extensions.get("code", "INTERNAL"))


class Page(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a pull brings: all that changed after the cursor, as one snapshot, or the first part of it (`more`).

    `lost` names scopes whose grant has ended: drop what is in them. `endings` says where those grants ended; a page
    from the start says it of all that ended. A receipt answers them. With `reset` push all that is held again,
    then pull from the start, and drop what was pulled before. `contained` is the device's highest number that the state
    up to this page contains; it is set only on the last page (`more` false).
    """

    cursor: str
    more: bool
    reset: bool = False
    contained: int = 0
    server_time_ms: int
    lost: list[str] = []
    endings: list[Ending] = []
    records: list[Record] = []


class PushAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a push.

    `outcomes` are final, one a change that was decided. `errors` tell what was not decided and why (NUMBER_GAP,
    DEVICE_FORKED, MALFORMED without a number), each with `index`, its place in the push. `clock` is set when the
    device's clock is wrong beyond the limit. `receipts` names the endings whose receipts need not be told again.
    """

    server_time_ms: int
    outcomes: list[Outcome] = []
    errors: list[WireError] = []
    clock: WireError | None = None
    pull: Page | None = None
    receipts: list[Ending] = []


class _Numbered(msgspec.Struct):
    number: Number  # one that no change can have is none: a database would choke on it


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One change as it came in a push: readable, or with the reason why it is not.

    `number` is 0 when not even that could be read.
    """

    number: int
    digest: bytes
    change: Change | None
    error: HomeportError | None = None


# What reading JSON raises, whatever is wrong with it.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_json = msgspec.json.Encoder().encode
decode_page = msgspec.json.Decoder(Page).decode
decode_push_answer = msgspec.json.Decoder(PushAnswer).decode
_decode_number = msgspec.json.Decoder(_Numbered).decode


def why_unreadable(error: Exception) -> str:
    """What an error of `UNREADABLE` says, for whoever sent the text."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def check_device(device: str) -> None:
    """Raises `Malformed` unless it is a device's id."""
    if not is_uuid(device):
        raise Malformed(f"The device id is {device[:80]!r}; expected a UUID in lowercase with hyphens.")
    if is_writer(device):
        raise Malformed(f"Device ids that begin with {WRITERS} are kept for writes without a device: take another.")


def check_push(raw: Sequence[msgspec.Raw], limits: Limits) -> None:
    """Raises `TooLarge` when the push as a whole is over its limits."""
    if len(raw) > limits.push_changes_max:
        raise TooLarge(
            f"The push has {len(raw)} changes; at most {limits.push_changes_max} go at once: send them in parts.",
            limit=limits.push_changes_max,
        )
    size = sum(len(memoryview(text)) for text in raw)
    if size > limits.push_bytes_max:
        raise TooLarge(
            f"The push has {size:,} bytes; at most {limits.push_bytes_max:,} go at once: send it in parts.",
            limit=limits.push_bytes_max,
        )


def check_receipts(receipts: Sequence[Receipt], limits: Limits) -> None:
    """Raises `TooLarge` when a push brings more of them than go at once."""
    if len(receipts) > limits.push_receipts_max:
        raise TooLarge(
            f"The push has {len(receipts)} receipts; at most {limits.push_receipts_max} go at once: send some.",
            limit=limits.push_receipts_max,
        )


def read_changes(raw: Iterable[msgspec.Raw], limits: Limits) -> list[Sent]:
    """Changes of a push, each read on its own: a bad one says why, the others are whole."""
    return [_read_change(text, limits) for text in raw]


def number_of(text: msgspec.Raw) -> int | None:
    """The number of a change, whatever else is wrong with it; None if not even that can be read."""
    try:
        return _decode_number(text).number
    except UNREADABLE:
        return None


def _read_change(text: msgspec.Raw, limits: Limits) -> Sent:
    size = len(memoryview(text))
    error: HomeportError
    if size <= limits.change_bytes_max:
        try:
            change = decode_change(text)
            return Sent(number=change.number, digest=digest(change), change=change)
        except UNREADABLE as wrong:
            why = why_unreadable(wrong)
            error = Malformed(f"The change does not have its shape: {why}. See Change in PROTOCOL.md.")
    else:
        error = DocumentTooLarge(
            f"The change has {size:,} bytes; at most {limits.change_bytes_max:,} are allowed: make it smaller.",
            limit=limits.change_bytes_max,
        )
    return Sent(number=number_of(text) or 0, digest=digest_text(text), change=None, error=error)


def page_text(
    *,
    cursor: str,
    more: bool,
    reset: bool,
    contained: int,
    server_time_ms: int,
    lost: Sequence[str],
    records: bytes,
    endings: Sequence[Ending] = (),
) -> bytes:
    """A `Page` as JSON, made from ready text: `records` is the records' JSON, joined by commas.

    `cursor` and `lost` need no escaping: one is base64, the others are UUIDs.
    """
    gone = ",".join(f'"{scope}"' for scope in lost)
    head = (
        f'{{"cursor":"{cursor}","more":{str(more).lower()},"reset":{str(reset).lower()},'
        f'"contained":{contained},"serverTimeMs":{server_time_ms},"lost":[{gone}],'
    )
    told = b"".join((b'"endings":', _json(endings), b",")) if endings else b""
    return b"".join((head.encode(), told, b'"records":[', records, b"]}"))


def push_answer_text(
    *,
    server_time_ms: int,
    outcomes: Sequence[str],
    errors: str,
    clock: str | None,
    pull: bytes | None,
    receipts: Sequence[Ending] = (),
) -> bytes:
    """A `PushAnswer` as JSON, made from ready text: `errors` is a JSON array, `clock` and `pull` are objects."""
    text = f'{{"serverTimeMs":{server_time_ms},"outcomes":[{",".join(outcomes)}],"errors":{errors}'
    if clock is not None:
        text += f',"clock":{clock}'
    if receipts:
        text += f',"receipts":{_json(receipts).decode()}'
    if pull is None:
        return (text + "}").encode()
    return b"".join((text.encode(), b',"pull":', pull, b"}"))
