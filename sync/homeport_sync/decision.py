"""What becomes of a commit batch: intake's seven steps, as a pure decision over what was loaded.

Pushes are decided in their order, and each change sees what those before it did (the overlay), although nothing is
written yet. The steps are those of PROTOCOL.md, and their numbers stand in the code that takes them:

    1 known already?  2 granted?  3 valid?  4 stamp within bounds?  5 merge  6 write the record  7 append to the log

A change that is refused is refused alone, or with its group: it uses up its number and never blocks those behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from homeport_sync.call import Call
from homeport_sync.calling import UNLIMITED, Allowance, Found, append, check_call, run
from homeport_sync.catalog import Catalog
from homeport_sync.change import Change, Outcome, decode_outcome, digest, encode
from homeport_sync.clock import NEVER, Stamp, is_by, next_stamp, stamp_ms
from homeport_sync.errors import DeviceForeign, DeviceForked, HomeportError, Overloaded
from homeport_sync.group import check_unit, unit_at
from homeport_sync.limits import Limits
from homeport_sync.numbering import check_next
from homeport_sync.overlay import LoadedGround, Overlay
from homeport_sync.permission import check_allowed, located, permitted
from homeport_sync.ports import KnownDevice, Loaded, StoredOutcome, Wanted, Writes
from homeport_sync.push import Decided, Push
from homeport_sync.quarantine import Quarantined, Replayed, marks
from homeport_sync.rejections import GroupRejected, Rejection
from homeport_sync.settle import check_seen, settled
from homeport_sync.verdict import judge, outcome_of
from homeport_sync.wire import Sent
from homeport_sync.writing import write


class Batch:
    """One commit batch being decided: what was loaded, with what was decided so far laid over it."""

    def __init__(
        self, loaded: Loaded, catalog: Catalog, limits: Limits, now_ms: int, time: Allowance = UNLIMITED
    ) -> None:
        self._catalog = catalog
        self._limits = limits
        self._now_ms = now_ms
        self._time = time
        self._devices = dict(loaded.devices)
        self._known = dict(loaded.outcomes)
        self._stamped: dict[Stamp, list[StoredOutcome]] = {}
        for kept in loaded.outcomes.values():
            self._stamped.setdefault(kept.stamp, []).append(kept)
        self._ground = LoadedGround(loaded)
        self._there = Overlay(self._ground)
        self._outcomes: list[StoredOutcome] = []
        self._quarantined: list[Quarantined] = []
        self._replayed: list[Replayed] = []
        self._changed_devices: set[str] = set()
        self.movable = True  # whether no outcome names a position that was given here

    def decide(self, push: Push, decided: Decided | None = None) -> Decided:
        """Decide a push, change by change. What cannot be numbered ends it, with an error; the rest stays decided.

        A part of a push goes on where its `decided` ends, and changes nothing behind an error.
        """
        decided = decided or Decided()
        if decided.errors:
            return decided
        device = self._devices.get(push.device)
        device = device or KnownDevice(id=push.device, user=push.user, last_stamp=push.began)
        if device.user != push.user:
            decided.errors.append(DeviceForeign(index=push.first))
            return decided
        if push.began not in (NEVER, device.last_stamp):
            decided.since = device.last_stamp
            return decided
        at = 0
        while at < len(push.sent):
            try:
                known = self._known_outcome(device, push.sent[at], push.first + at)  # step 1
                unit = push.sent[at : at + 1] if known else self._next_unit(push, at)
                if known is None:
                    device = self._decide_new(push, device, unit, decided)
            except HomeportError as error:
                error.values.setdefault("index", push.first + at)
                decided.errors.append(error)
                break
            if known is not None:
                decided.outcomes.append(known.text)
            at += len(unit)
        self._keep_device(replace(device, last_stamp=push.began or device.last_stamp), push.confirmed)
        return decided

    def writes(self) -> Writes:
        """Everything that was decided, to be written at once."""
        there = self._there
        return Writes(
            head=there.position,
            now_ms=self._now_ms,
            log=there.log,
            records=[*there.records.values()],
            outcomes=self._outcomes,
            quarantined=self._quarantined,
            replayed=self._replayed,
            devices=[self._devices[each] for each in self._changed_devices],
            grants=[*there.grants.values()],
            keys=[*there.keys.items()],
            links=[each for links in there.links.values() for each in links.items()],
        )

    @property
    def missed(self) -> Wanted | None:
        """What must be loaded, too, before all of it is decided again; None if it is decided for good."""
        return self._ground.missed

    def _known_outcome(self, device: KnownDevice, sent: Sent, index: int) -> StoredOutcome | None:
        """Step 1: the outcome given before, or None for the device's next number. Raises what is neither."""
        expected = device.last_number + 1
        if sent.number == 0 or sent.number > expected:
            check_next(sent, expected, index)
        if sent.number == expected:
            return None
        known = self._known.get((device.id, sent.number))
        if known is None or known.digest != sent.digest:
            raise DeviceForked(number=sent.number, index=index)
        return known

    def _next_unit(self, push: Push, at: int) -> Sequence[Sent]:
        """What is decided next. Raises what `unit_at` raises, or `Overloaded` for a call for which this batch has no
        time left."""
        unit = unit_at(push.sent, at, push.first + at)
        if self._time.spent and any(sent.change is not None and sent.change.op == "command" for sent in unit):
            raise Overloaded(retryAfterMs=self._limits.overload_retry_ms)
        return unit

    def _former_outcome(self, device: KnownDevice, change: Change) -> Outcome | None:
        """Step 1 again: the outcome of the same change under a former id of the device, which kept its stamp. One that
        was rejected there has done nothing, and is decided anew."""
        if is_by(change.stamp, device.id):
            return None
        for known in self._stamped.get(change.stamp, ()):  # clones give one stamp twice, and a refused one comes again
            if known.digest == digest(replace(change, number=known.number)):
                outcome = decode_outcome(known.text)
                if outcome.outcome != "rejected":
                    return outcome
        return None

    def _decide_new(self, push: Push, device: KnownDevice, unit: Sequence[Sent], decided: Decided) -> KnownDevice:
        """Decide one change, or a whole group over an overlay of its own; the device as it is then.

        Raises `Overloaded`, and leaves nothing, if the time that is left for commands ends within it.
        """
        self._time.begin_unit()
        above = self._there if len(unit) == 1 else Overlay(self._there)
        after, outcomes = device, list[Outcome]()
        try:
            check_unit(unit)
            for sent in unit:
                outcome, after = self._decide_one(push, after, sent, above)
                outcomes.append(outcome)
        except Overloaded:
            raise
        except HomeportError as error:  # one is refused, and with it its group
            after = replace(device, last_number=unit[-1].number)
            outcomes = self._refused(device, unit, len(outcomes), error)
            decided.rejections += [error.code, *[GroupRejected.code] * (len(unit) - 1)]
        else:
            if above is not self._there:
                self._there.keep(above)
            self._replayed += marks(unit, push.user, device.id)
        for sent, outcome in zip(unit, outcomes, strict=True):
            kept = self._keep(device, sent, outcome)
            if outcome.outcome == "rejected" and push.keeps_refused:
                self._quarantine(sent, kept)
            decided.outcomes.append(kept.text)
            decided.verdicts.append(outcome.outcome)
        return after

    def _decide_one(self, push: Push, device: KnownDevice, sent: Sent, there: Overlay) -> tuple[Outcome, KnownDevice]:
        """Steps 2 to 7 over `there`. Raises the `Rejection` of the first that fails."""
        device = replace(device, last_number=sent.number)
        if sent.change is None:
            raise sent.error or Rejection()
        if (former := self._former_outcome(device, sent.change)) is not None:
            return replace(former, number=sent.number), device
        if sent.change.op == "command":
            return self._call(push, device, sent.change, there)
        change = settled(push, sent.change, self._catalog, there) if push.began else located(push, sent.change, there)
        kind = permitted(push, change, self._catalog, there)  # steps 2 and 3
        if push.began:
            check_seen(push, sent.change, kind, there)
            lowered = False  # it was stamped here, after what is there
        else:
            change, lowered = self._bounded(change, device)  # step 4
        judged = judge(there.record(change.id), change, kind, device.id)  # step 5
        check_allowed(push, change, judged, kind, there)  # step 3, what of it needs the merge
        write(push, (change, judged), self._catalog, there, self._now_ms)  # the rest of step 3, 6 and 7
        device = replace(device, last_stamp=max(device.last_stamp, change.stamp))
        return outcome_of(change, judged, lowered=lowered), device

    def _call(self, push: Push, device: KnownDevice, change: Change, there: Overlay) -> tuple[Outcome, KnownDevice]:
        """The same steps for a call of a command, which takes effect as a whole."""
        command, role = check_call(push, change, self._catalog, there)  # steps 2 and 3
        change, lowered = self._bounded(change, device)  # step 4
        above = Overlay(there)
        call = Call(change, user=push.user, role=role, device=device.id, catalog=self._catalog, there=Found(above))
        run(command, call, self._time)  # step 5
        append(push, call, self._catalog, above, self._now_ms)  # steps 6 and 7
        there.keep(above)
        device = replace(device, last_stamp=max(device.last_stamp, change.stamp))
        return Outcome(number=change.number, outcome="applied", stamp=change.stamp if lowered else NEVER), device

    def _refused(self, device: KnownDevice, unit: Sequence[Sent], at: int, error: HomeportError) -> list[Outcome]:
        """What a unit is told of which the change at `at` was refused."""
        named = error.values.get("position")
        self.movable &= not (isinstance(named, int) and named > self._ground.position)
        for sent in unit:
            if sent.change is not None and sent.change.op == "create":
                self._there.refuse(device.id, sent.change.id)
        with_it = GroupRejected(
            f"Change {unit[at].number} of its group was refused ({error.code}), and so is all of the group: "
            "see what that one was told.",
            number=unit[at].number,
        )
        told = [error if place == at else with_it for place in range(len(unit))]
        return [
            Outcome(number=sent.number, outcome="rejected", error=each.as_error())
            for sent, each in zip(unit, told, strict=True)
        ]

    def _bounded(self, change: Change, device: KnownDevice) -> tuple[Change, bool]:
        """Step 4: a stamp too far ahead is lowered to the limit, after the device's own earlier ones."""
        limit_ms = self._now_ms + self._limits.skew_max_ms
        if stamp_ms(change.stamp) <= limit_ms:
            return change, False
        return replace(change, stamp=next_stamp(device.last_stamp, limit_ms, device.id)), True

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
        self._known[device.id, sent.number] = kept
        self._stamped.setdefault(kept.stamp, []).append(kept)
        self._outcomes.append(kept)
        return kept

    def _quarantine(self, sent: Sent, kept: StoredOutcome) -> None:
        change = sent.change
        self._quarantined.append(
            Quarantined(
                device=kept.device,
                number=kept.number,
                record=change.id if change else "",
                created=change is not None and change.op == "create",
                change=encode(change) if change else "",
                text=kept.text,
                rejected_at_ms=self._now_ms,
                replays=change.replays if change else "",
            )
        )

    def _keep_device(self, device: KnownDevice, confirmed: int) -> None:
        confirmed = min(max(confirmed, device.confirmed), device.last_number)
        self._devices[device.id] = replace(device, confirmed=confirmed)
        self._changed_devices.add(device.id)
