"""Writes of those who have no device and no numbers, such as stock clients: through the same intake, exactly once.

A write is pushed by a device of its own, whose id follows from the user and an idempotency key and whose numbers begin
with 1 (`writer_ids.py`). So a write that comes again, in whatever process and however often at once, is known by its
number (I2), and told what it was told before, for `Limits.outcome_keep_ms`. Two who send the same stamp it differently:
the log says under which stamp the first of them began, and then the second sends it under that. Without a key each call
is a write of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from homeport_sync.catalog import Catalog
from homeport_sync.change import Outcome, Record, decode_outcome
from homeport_sync.clock import is_uuid, stamp_ms
from homeport_sync.draft import Draft, Drafted, Place, check_drafts, unplaced
from homeport_sync.errors import DeviceForked, IdempotencyKeyReused, Unavailable
from homeport_sync.intake import Intake
from homeport_sync.limits import Limits
from homeport_sync.push import Decided, Push
from homeport_sync.query import Order, Queries, Query, value_of
from homeport_sync.rank import between, is_rank
from homeport_sync.writer_ids import began, writer_device

TRIES_MAX: Final = 3  # the second knows how the first began; the third is for one that was forgotten in between


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a draft: the `id` it went under, its outcome, and the record as its writer sees it after that
    (None: they see none, since it is deleted or never was). `again`: the outcome was given before."""

    id: str
    outcome: Outcome
    record: Record | None
    again: bool

    @property
    def code(self) -> str:
        """Why it was rejected; "" if it was not."""
        return str(self.values.get("code", ""))

    @property
    def values(self) -> Mapping[str, object]:
        """What the reason names: `code`, and such as `field` and `position`."""
        extensions = (self.outcome.error or {}).get("extensions")
        return extensions if isinstance(extensions, dict) else {}


class Writer:
    """Takes drafts in. `wall_ms` is the server's clock, `new_key` makes a key that nobody has used."""

    def __init__(
        self,
        intake: Intake,
        catalog: Catalog,
        queries: Queries,
        *,
        limits: Limits,
        wall_ms: Callable[[], int],
        new_key: Callable[[], str],
    ) -> None:
        self._intake = intake
        self._catalog = catalog
        self._queries = queries
        self._limits = limits
        self._wall_ms = wall_ms
        self._new_key = new_key

    async def write(
        self,
        tenant: str,
        user: str,
        drafts: Sequence[Draft],
        *,
        key: str | None,
        request_id: str,
        as_one: bool = False,
        keeps_refused: bool = False,
    ) -> Sequence[Told]:
        """What became of each of these drafts, at most `DRAFTS_MAX`, once that is durable; `as_one`: all of them take
        effect or none. What is refused lies in quarantine only if it `keeps_refused`: whoever asks is told at once.

        Raises `Malformed`, `TooLarge`, `IdempotencyKeyReused` if the user's key came with other drafts, and
        `Overloaded` or `Unavailable` when the same should come again, under the same key: it may have been written.
        """
        check_drafts(drafts, key)
        device = writer_device(user, self._new_key() if key is None else key)
        place = await self._place(tenant, user, drafts, device)
        drafted = Drafted(drafts, place, self._catalog, self._limits, device, as_one=as_one)
        first = began(self._wall_ms(), device)
        for _ in range(TRIES_MAX):
            sent = drafted.sent(stamp_ms(first))
            push = Push(
                device=device,
                user=user,
                request_id=request_id,
                confirmed=len(drafts),  # whoever keeps no outbox has no use for outcomes but to ask for them again
                sent=[each for _, each in sent],
                began=first,
                keeps_refused=keeps_refused,
            )
            decided = await self._intake.push(tenant, push)
            if not decided.since:
                return await self._told(tenant, user, [id for id, _ in sent], decided)
            first = decided.since
        raise Unavailable("What was written under this key is being forgotten at this moment: send it again.")

    async def _told(self, tenant: str, user: str, ids: Sequence[str], decided: Decided) -> Sequence[Told]:
        if decided.errors:
            error = decided.errors[0]
            raise IdempotencyKeyReused if isinstance(error, DeviceForked) else error
        records = await self._queries.seen(tenant, user, {each for each in ids if is_uuid(each)})
        known = len(decided.outcomes) - len(decided.verdicts)
        outcomes = map(decode_outcome, decided.outcomes)
        return [
            Told(id=id, outcome=outcome, record=records.get(id), again=at < known)
            for at, (id, outcome) in enumerate(zip(ids, outcomes, strict=True))
        ]

    async def _place(self, tenant: str, user: str, drafts: Sequence[Draft], device: str) -> Place:
        """Looked up before the head is locked. Nothing relies on it: records may move, and ranks may be taken."""
        placed = [each for each in drafts if not each.scope and each.op not in ("create", "command")]
        named = {each.id for each in placed if is_uuid(each.id)}
        seen = await self._queries.seen(tenant, user, named) if named else {}
        chance, ends, ranks = Random(device), dict[tuple[str, str, str], str | None](), dict[tuple[int, str], str]()
        for number, draft in enumerate(drafts, 1):
            for name in unplaced(draft, self._catalog):
                order = draft.scope, draft.kind, name
                if order not in ends:
                    ends[order] = await self._last_rank(tenant, user, draft, name)
                ends[order] = ranks[number, name] = between(ends[order], None, chance)
        return Place(scopes={id: record.scope for id, record in seen.items()}, ranks=ranks)

    async def _last_rank(self, tenant: str, user: str, draft: Draft, name: str) -> str | None:
        """The last in the scope, of a field that is indexed; None where nobody can tell, or the last record is from
        before it had a rank."""
        kind = self._catalog.kind(draft.kind)
        if not kind.fields[name].indexed or not is_uuid(draft.scope):
            return None
        asked = Query(kind=kind.name, order=Order(field=name, descending=True), limit=1)
        found = await self._queries.query_within(tenant, user, kind, asked, [draft.scope])
        last = [value_of(each, kind, name) for part in found.values() for each in part.records]
        return next((each for each in last if isinstance(each, str) and is_rank(each)), None)
