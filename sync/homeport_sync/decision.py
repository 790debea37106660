"""What becomes of a commit batch: intake's seven steps, as a pure decision over what was loaded.

Pushes are decided in their order, and each change sees what those before it did (the overlay), although nothing is
written yet. The steps are those of PROTOCOL.md, and their numbers stand in the code that takes them:

    1 known already?  2 granted?  3 valid?  4 stamp within bounds?  5 merge  6 write the record  7 append to the log

A change that is refused is refused alone: it uses up its number, so that it never blocks those behind it.
"""

from __future__ import annotations

from msgspec.structs import replace

from homeport_sync.catalog import Catalog, Kind
from homeport_sync.change import Change, Outcome, Record, decode_outcome, digest, encode
from homeport_sync.clock import NEVER, is_by, next_stamp, stamp_ms
from homeport_sync.errors import (
    DependsOnRejected,
    DeviceForeign,
    DeviceForked,
    HomeportError,
    Malformed,
    NumberGap,
    RecordExists,
    RecordGone,
    Rejection,
    ScopeForbidden,
    ScopeGone,
    WrongId,
)
from homeport_sync.limits import Limits
from homeport_sync.ports import KnownDevice, Loaded, LogEntry, Quarantined, StoredOutcome, StoredRecord, Writes
from homeport_sync.push import Decided, Push
from homeport_sync.scope import MEMBER, Grant, check_role, grant_after
from homeport_sync.verdict import Judged, judge
from homeport_sync.wire import Sent


class Batch:
    """One commit batch being decided: what was loaded, with what was decided so far laid over it."""

    def __init__(self, loaded: Loaded, catalog: Catalog, limits: Limits, now_ms: int) -> None:
        self._catalog = catalog
        self._limits = limits
        self._now_ms = now_ms
        self._position = loaded.head.position
        self._devices = dict(loaded.devices)
        self._known = dict(loaded.outcomes)
        self._stamped = {kept.stamp: kept for kept in loaded.outcomes.values()}
        self._grants = dict(loaded.grants)
        self._records = dict(loaded.records)
        self._rejected = set(loaded.rejected_creates)
        self._log: list[LogEntry] = []
        self._outcomes: list[StoredOutcome] = []
        self._quarantined: list[Quarantined] = []
        self._changed_devices: set[str] = set()
        self._changed_grants: set[tuple[str, str]] = set()
        self._changed_records: set[str] = set()

    def decide(self, push: Push, decided: Decided | None = None) -> Decided:
        """Decide a push, change by change. What cannot be numbered ends it, with an error; the rest stays decided.

        A part of a push goes on where its `decided` ends, and changes nothing behind an error.
        """
        decided = decided or Decided()
        if decided.errors:
            return decided
        device = self._devices.get(push.device) or KnownDevice(id=push.device, user=push.user)
        if device.user != push.user:
            decided.errors.append(DeviceForeign(index=push.first))
            return decided
        for index, sent in enumerate(push.sent, push.first):
            try:
                known = self._known_outcome(device, sent, index)  # step 1
            except HomeportError as error:
                decided.errors.append(error)
                break
            if known is None:
                outcome, device = self._decide_new(push, device, sent, decided.rejections)
                known = self._keep(device, sent, outcome)
                decided.verdicts.append(outcome.outcome)
            decided.outcomes.append(known.text)
        self._keep_device(device, push.confirmed)
        return decided

    def writes(self) -> Writes:
        """Everything that was decided, to be written at once."""
        return Writes(
            head=self._position,
            now_ms=self._now_ms,
            log=self._log,
            records=[self._records[each] for each in self._changed_records],
            outcomes=self._outcomes,
            quarantined=self._quarantined,
            devices=[self._devices[each] for each in self._changed_devices],
            grants=[self._grants[each] for each in self._changed_grants],
        )

    def _known_outcome(self, device: KnownDevice, sent: Sent, index: int) -> StoredOutcome | None:
        """Step 1: the outcome given before, or None for the device's next number. Raises what is neither."""
        if sent.number == 0:
            error = sent.error or Malformed()
            error.values["index"] = index
            raise error
        expected = device.last_number + 1
        if sent.number > expected:
            raise NumberGap(
                f"Change {sent.number} came, but {expected} is the next of this device: send again from {expected}.",
                expected=expected,
                number=sent.number,
                index=index,
            )
        if sent.number == expected:
            return None
        known = self._known.get((device.id, sent.number))
        if known is None or known.digest != sent.digest:
            raise DeviceForked(number=sent.number, index=index)
        return known

    def _former_outcome(self, device: KnownDevice, change: Change | None) -> Outcome | None:
        """Step 1 again: the outcome of the same change under a former id of the device, which kept its stamp. One that
        was rejected there has done nothing, and is decided anew."""
        if change is None or is_by(change.stamp, device.id):
            return None
        known = self._stamped.get(change.stamp)
        if known is None or known.digest != digest(replace(change, number=known.number)):
            return None
        outcome = decode_outcome(known.text)
        return None if outcome.outcome == "rejected" else outcome

    def _decide_new(
        self, push: Push, device: KnownDevice, sent: Sent, rejections: list[str]
    ) -> tuple[Outcome, KnownDevice]:
        device = replace(device, last_number=sent.number)
        if (former := self._former_outcome(device, sent.change)) is not None:
            return replace(former, number=sent.number), device
        try:
            if sent.change is None:
                raise sent.error or Rejection()
            change, judged, lowered = self._steps(push, device, sent.change)
        except HomeportError as error:
            if sent.change is not None and sent.change.op == "create":
                self._rejected.add((device.id, sent.change.id))
            rejections.append(error.code)
            return Outcome(number=sent.number, outcome="rejected", error=error.as_error()), device
        self._append(push, change, judged)  # steps 6 and 7
        device = replace(device, last_stamp=max(device.last_stamp, change.stamp))
        stamp = change.stamp if lowered else NEVER
        return Outcome(number=sent.number, outcome=judged.verdict, lost=judged.lost, stamp=stamp), device

    def _steps(self, push: Push, device: KnownDevice, change: Change) -> tuple[Change, Judged, bool]:
        """Steps 2 to 5. Raises the `Rejection` of the first that fails."""
        kind = self._catalog.kinds.get(change.kind)
        grant = self._granted(push, change, kind)  # step 2
        kind = self._catalog.check(change)  # step 3
        self._check_place(push, change, kind, grant)
        change, lowered = self._bounded(change, device)  # step 4
        return change, judge(self._records.get(change.id), change, kind, device.id), lowered  # step 5

    def _granted(self, push: Push, change: Change, kind: Kind | None) -> Grant | None:
        grant = self._grants.get((push.user, change.scope))
        if grant is not None and grant.holds:
            return grant
        if kind is None:
            self._catalog.kind(change.kind)  # raises: a kind that is not there is no question of grants
        elif kind.is_root and change.op == "create":
            return None
        if self._depends(push, change.scope):
            raise DependsOnRejected
        raise ScopeForbidden(
            f"You have no grant in scope {change.scope}: ask one of its owners for one.", scope=change.scope
        )

    def _depends(self, push: Push, record: str) -> bool:
        """Whether the record is missing because this device's create of it was refused, here or in an older batch."""
        return (push.device, record) in self._rejected and record not in self._records

    def _check_place(self, push: Push, change: Change, kind: Kind, grant: Grant | None) -> None:
        """The rest of step 3: role, scope and record fit the change."""
        if grant is None:  # a root is being made, and nothing may be there that is not the caller's
            if change.id in self._records:
                raise RecordExists
            return
        subject = self._grants.get((str(change.fields.get("user")), change.scope)) if kind.name == MEMBER else None
        check_role(grant, change, is_root=kind.is_root, subject=subject)
        root = self._records.get(change.scope)
        if root is None or (root.record.deleted and not kind.is_root):
            raise ScopeGone
        if kind.within not in (None, "*", root.record.kind):
            raise WrongId(f"A {kind.name} lives within a {kind.within}, and this scope is a {root.record.kind}.")
        stored = self._records.get(change.id)
        if stored is not None and stored.record.scope == change.scope and stored.record.kind == change.kind:
            return
        if change.op != "create":
            if self._depends(push, change.id):
                raise DependsOnRejected
            raise RecordGone

    def _bounded(self, change: Change, device: KnownDevice) -> tuple[Change, bool]:
        """Step 4: a stamp too far ahead is lowered to the limit, after the device's own earlier ones."""
        limit_ms = self._now_ms + self._limits.skew_max_ms
        if stamp_ms(change.stamp) <= limit_ms:
            return change, False
        return replace(change, stamp=next_stamp(device.last_stamp, limit_ms, device.id)), True

    def _append(self, push: Push, change: Change, judged: Judged) -> None:
        """Steps 6 and 7: the record's new state, and the log's next entry; a grant follows from some records."""
        self._position += 1
        before = judged.before
        old = before.record.fields if before else {}
        if judged.after is not None:
            self._write_record(push, judged.after, before)
        self._log.append(
            LogEntry(
                position=self._position,
                op=change.op,
                kind=change.kind,
                record=change.id,
                scope=change.scope,
                fields={name: change.fields[name] for name in judged.effect},
                before={name: old[name] for name in judged.effect if name in old},
                stamp=change.stamp,
                device=push.device,
                number=change.number,
                user=push.user,
                outcome=judged.verdict,
                request_id=push.request_id,
                accepted_at_ms=self._now_ms,
            )
        )

    def _write_record(self, push: Push, after: Record, before: StoredRecord | None) -> None:
        foreign = 0
        if before is not None:
            own = before.author == push.device
            foreign = before.foreign_position if own else before.record.position
        record = replace(after, position=self._position)
        self._records[record.id] = StoredRecord(record=record, author=push.device, foreign_position=foreign)
        self._changed_records.add(record.id)
        if record.kind == MEMBER:
            key = (str(record.fields["user"]), record.scope)
            self._grants[key] = grant_after(record, self._grants.get(key), self._position)
            self._changed_grants.add(key)
        elif before is None and record.id == record.scope:
            key = (push.user, record.scope)
            self._grants[key] = Grant(
                user=push.user, scope=record.scope, role="owner", since=self._position, maker=True
            )
            self._changed_grants.add(key)

    def _keep(self, device: KnownDevice, sent: Sent, outcome: Outcome) -> StoredOutcome:
        change = sent.change
        kept = StoredOutcome(
            device=device.id,
            number=sent.number,
            stamp=change.stamp if change else NEVER,
            digest=sent.digest,
            text=encode(outcome),
            decided_at_ms=self._now_ms,
        )
        self._known[device.id, sent.number] = self._stamped[kept.stamp] = kept
        self._outcomes.append(kept)
        if outcome.outcome == "rejected":
            self._quarantined.append(
                Quarantined(
                    device=device.id,
                    number=sent.number,
                    record=change.id if change else "",
                    created=change is not None and change.op == "create",
                    change=encode(change) if change else "",
                    text=kept.text,
                    rejected_at_ms=self._now_ms,
                )
            )
        return kept

    def _keep_device(self, device: KnownDevice, confirmed: int) -> None:
        confirmed = min(max(confirmed, device.confirmed), device.last_number)
        self._devices[device.id] = replace(device, confirmed=confirmed)
        self._changed_devices.add(device.id)
