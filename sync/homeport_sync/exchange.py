"""One round trip of a device: its push, its pull, or both; the same for a socket and for a simulated network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

import msgspec

from homeport_sync.calling import Runner
from homeport_sync.catalog import Catalog, Kind
from homeport_sync.choice import checked
from homeport_sync.cursor import CursorSeal, Seal
from homeport_sync.documents import DocumentCursor, DocumentPage, Documents, Seen
from homeport_sync.draft import Draft
from homeport_sync.errors import ClockSkewed, DeviceForeign, HomeportError, Unavailable
from homeport_sync.intake import Intake
from homeport_sync.limits import Limits
from homeport_sync.lookups import LooksUpRecords
from homeport_sync.meter import Meter
from homeport_sync.ports import LogStore, Signals
from homeport_sync.push import Decided, Push
from homeport_sync.query import Queries
from homeport_sync.reader import Reader
from homeport_sync.reading import Reading
from homeport_sync.receipts import Ending, TakesReceipts
from homeport_sync.wire import PullInput, PullMessage, PushMessage, check_device, check_receipts, push_answer_text
from homeport_sync.writer import Told, Writer

_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The answer to a push as JSON `text` (UTF-8) of a `PushAnswer`, and how often each verdict is newly in it.

    `verdicts` also counts `error` (what could not be decided) and `again` (outcomes given before). `codes` splits
    `rejected` and `error` by their codes.
    """

    text: bytes
    verdicts: Mapping[str, int]
    codes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class ExchangeStore(LogStore, LooksUpRecords, TakesReceipts, Protocol):
    """What an exchange works on."""


class Exchange:
    """What a server offers to devices, whatever carries the messages. The caller has verified tenant and user.

    With `queries` it takes writes of those who have no device, too.
    """

    def __init__(
        self,
        *,
        store: ExchangeStore,
        catalog: Catalog,
        signals: Signals,
        seal: CursorSeal,
        limits: Limits,
        wall_ms: Callable[[], int],
        meter: Meter | None = None,
        runner: Runner | None = None,
        queries: Queries | None = None,
        new_key: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._intake = Intake(store, catalog, signals, limits=limits, wall_ms=wall_ms, meter=meter, runner=runner)
        self._writer: Writer | None = None
        if queries is not None:
            self._writer = Writer(self._intake, catalog, queries, limits=limits, wall_ms=wall_ms, new_key=new_key)
        self._reading = Reading(limits)
        self._store = store
        self._reader = Reader(store, seal, limits, meter)
        self._documents = Documents(store, Seal(seal.key_for("documents"), DocumentCursor), limits)
        self._limits = limits
        self._wall_ms = wall_ms

    async def push(self, tenant: str, user: str, message: PushMessage, *, request_id: str) -> Pushed:
        """Take the changes in, keep the receipts, then read the page that was asked for.

        Raises `Malformed` or `TooLarge` when the push as a whole is wrong, `Overloaded` or `Unavailable` when it
        should come again. A pull that fails does not take the outcomes with it: it is one of the answer's errors, and
        so is why receipts could not be kept.
        """
        check_device(message.device)
        check_receipts(message.receipts, self._limits)
        if len(message.changes) > self._limits.read_at_once_max:
            self._intake.check_room(tenant, len(message.changes))  # before anything is spent on reading them
        push = Push(
            device=message.device,
            user=user,
            request_id=request_id,
            confirmed=message.confirmed or 0,
            sent=await self._reading.changes(tenant, message.changes),
        )
        told_only = message.receipts and not message.changes  # no batch is opened for it
        decided = Decided() if told_only else await self._intake.push(tenant, push)
        errors: list[HomeportError] = list(decided.errors)
        receipts = await self._receipts_beside(tenant, user, message, errors)
        page = await self._page_beside(tenant, user, message.device, message.pull, errors)
        now_ms = self._wall_ms()
        text = push_answer_text(
            server_time_ms=now_ms,
            outcomes=decided.outcomes,
            errors=_errors_text(errors),
            clock=self._clock_text(message.clock_ms, now_ms),
            pull=page,
            receipts=receipts,
        )
        return Pushed(text=text, verdicts=_count(decided, errors), codes=_codes(decided, errors))

    async def take(self, tenant: str, push: Push) -> Decided:
        """Take in what is no device's message, and was read already: what an operator replays. Raises `Overloaded` or
        `Unavailable`, as `Intake.push` does."""
        try:
            return await self._intake.push(tenant, push)
        except Unavailable as error:
            raise self._with_wait(error) from error

    async def write(
        self,
        tenant: str,
        user: str,
        drafts: Sequence[Draft],
        *,
        key: str | None = None,
        request_id: str,
        as_one: bool = False,
        keeps_refused: bool = False,
    ) -> Sequence[Told]:
        """Take in what somebody wants who has no device: see `Writer.write`."""
        if self._writer is None:
            raise Unavailable("Nothing can be written here without a device.")
        try:
            return await self._writer.write(
                tenant,
                user,
                drafts,
                key=key,
                request_id=request_id,
                as_one=as_one,
                keeps_refused=keeps_refused,
            )
        except Unavailable as error:
            raise self._with_wait(error) from error

    async def pull(self, tenant: str, user: str, message: PullMessage) -> bytes:
        """The page after the message's cursor, as JSON text (UTF-8) of a `Page`. Raises what `Reader.page` and
        `choice.checked` raise."""
        check_device(message.device)
        return await self._page(tenant, user, message.device, message)

    async def seen(self, tenant: str, user: str, kind: Kind, ids: Sequence[str]) -> Seen:
        """See `Documents.seen`."""
        return await self._documents.seen(tenant, user, kind, ids)

    async def documents(self, tenant: str, user: str, kind: Kind, cursor: str | None, limit: int) -> DocumentPage:
        """What a client that keeps documents has not been told yet of a kind. Raises what `Documents.page` raises."""
        return await self._documents.page(tenant, user, kind, cursor, limit)

    async def _page_beside(
        self, tenant: str, user: str, device: str, pull: PullInput | None, errors: list[HomeportError]
    ) -> bytes | None:
        if pull is None:
            return None
        try:
            return await self._page(tenant, user, device, pull)
        except HomeportError as error:
            errors.append(self._with_wait(error))
            return None

    async def _receipts_beside(
        self, tenant: str, user: str, message: PushMessage, errors: list[HomeportError]
    ) -> Sequence[Ending]:
        """The endings whose receipts need not be told again. Whoever is told that its device is another's goes on under
        a new id, and tells them under that one."""
        if not message.receipts or any(isinstance(error, DeviceForeign) for error in errors):
            return ()
        try:
            await self._store.keep_receipts(tenant, user, message.device, message.receipts, self._wall_ms())
        except HomeportError as error:
            errors.append(self._with_wait(error))
            return ()
        return [receipt.ending for receipt in message.receipts]

    async def _page(self, tenant: str, user: str, device: str, pull: PullInput) -> bytes:
        choice = checked(pull.choice)
        now_ms = self._wall_ms()
        return await self._reader.page(tenant, user, device, pull.cursor, pull.limit, now_ms=now_ms, choice=choice)

    def _with_wait(self, error: HomeportError) -> HomeportError:
        if isinstance(error, Unavailable) and "retryAfterMs" not in error.values:
            return Unavailable(error.message, retryAfterMs=self._limits.unavailable_retry_ms, **error.values)
        return error

    def _clock_text(self, clock_ms: int | None, now_ms: int) -> str | None:
        if clock_ms is None or abs(ahead_ms := clock_ms - now_ms) <= self._limits.skew_max_ms:
            return None
        side = "ahead of" if ahead_ms > 0 else "behind"
        told = ClockSkewed(
            f"This device's clock is {abs(ahead_ms) // 1_000:,} s {side} the server's: its work is kept, and its "
            "times are corrected by serverTimeMs from now on.",
            aheadMs=ahead_ms,
        )
        return _json(told.as_error()).decode()


def _count(decided: Decided, errors: Sequence[HomeportError]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for verdict in decided.verdicts:
        counted[verdict] = counted.get(verdict, 0) + 1
    if again := len(decided.outcomes) - len(decided.verdicts):
        counted["again"] = again
    if errors:
        counted["error"] = len(errors)
    return counted


def _codes(decided: Decided, errors: Sequence[HomeportError]) -> dict[str, Counter[str]]:
    by_verdict = {}
    if decided.rejections:
        by_verdict["rejected"] = Counter(decided.rejections)
    if errors:
        by_verdict["error"] = Counter(error.code for error in errors)
    return by_verdict


def _errors_text(errors: Sequence[HomeportError]) -> str:
    return _json([error.as_error() for error in errors]).decode() if errors else "[]"
