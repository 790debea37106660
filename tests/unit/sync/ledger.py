"""A log kept by hand for tests of decisions: it gives a batch exactly what it wanted and takes what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeport_sync.calling import UNLIMITED, Allowance
from homeport_sync.change import Outcome, Record, decode_outcome
from homeport_sync.decision import Batch
from homeport_sync.errors import HomeportError
from homeport_sync.keys import Key, Link, reach, reached
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.ports import Head, KnownDevice, Loaded, LogEntry, StoredOutcome, StoredRecord, Wanted, Writes
from homeport_sync.push import Decided, Push, wanted
from homeport_sync.quarantine import Quarantined
from homeport_sync.scope import Grant
from tests.unit.sync.tasks import CATALOG, NOW


class Ledger:
    """One tenant, in plain dictionaries. `written` is what the last batch wrote, `rounds` how often more had to be
    loaded for it."""

    catalog = CATALOG

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.head = 0
        self.log: list[LogEntry] = []
        self.records: dict[str, StoredRecord] = {}
        self.outcomes: dict[tuple[str, int], StoredOutcome] = {}
        self.quarantine: list[Quarantined] = []
        self.devices: dict[str, KnownDevice] = {}
        self.grants: dict[tuple[str, str], Grant] = {}
        self.keys: dict[Key, str] = {}
        self.links: set[Link] = set()
        self.rounds = 0
        self.written = Writes(head=0, now_ms=NOW)

    def decide(self, *pushes: Push, now_ms: int = NOW) -> list[Decided]:
        """One commit batch of these pushes, decided and written."""
        asked, rounds = wanted(pushes, self.catalog.commands, self.catalog.keyed), 0
        while True:
            batch = Batch(self.loaded(asked), self.catalog, self.limits, now_ms, self.allowance())
            decided = [batch.decide(push) for push in pushes]
            if batch.missed is None:
                break
            asked, rounds = batch.missed, rounds + 1
        self.rounds = rounds
        self._write(batch.writes())
        return decided

    def allowance(self) -> Allowance:
        """The time that the commands of the next batch may take."""
        return UNLIMITED

    def push(self, push: Push, now_ms: int = NOW) -> list[Outcome]:
        """A batch of one push that must be decided whole; its outcomes."""
        (decided,) = self.decide(push, now_ms=now_ms)
        assert not decided.errors, decided.errors
        return outcomes(decided)

    def record(self, id: str) -> Record:
        return self.records[id].record

    def loaded(self, asked: Wanted) -> Loaded:
        """What it knows of what is asked."""
        of_kind = {each: self._of_kind(*each) for each in asked.kinds}
        linked = {each: self._linked(each, asked.links_max) for each in asked.targets}
        links = {target: here for each in linked.values() if each is not None for target, here in each.items()}
        records = asked.records.union(*of_kind.values(), links)
        rejected = {(each.device, each.record) for each in self.quarantine if each.created}
        return Loaded(
            head=Head(position=self.head, epoch="first"),
            devices={key: each for key, each in self.devices.items() if key in asked.devices},
            outcomes={
                key: each
                for key, each in self.outcomes.items()
                if (each.stamp, *key) in asked.outcomes or each.stamp in asked.stamps
            },
            grants={key: each for key, each in self.grants.items() if key in asked.grants},
            records={key: each for key, each in self.records.items() if key in records},
            of_kind=of_kind,
            rejected_creates=frozenset(each for each in asked.creates & rejected if each[1] not in self.records),
            keys={key: self.keys[key] for key in asked.keys if key in self.keys},
            links=links,
            overfull=frozenset(each for each, here in linked.items() if here is None),
            wanted=asked,
        )

    def _of_kind(self, scope: str, kind: str) -> list[str]:
        records = (each.record for each in self.records.values())
        return sorted(each.id for each in records if (each.scope, each.kind) == (scope, kind) and not each.deleted)

    def _linked(self, target: str, links_max: int) -> Mapping[str, Sequence[Link]] | None:
        return reached(target, reach([target], self._referring), links_max)

    def _referring(self, target: str) -> list[Link]:
        return [link for link in self.links if link.target == target]

    def _write(self, writes: Writes) -> None:
        self.written = writes
        self.head = writes.head
        self.log.extend(writes.log)
        self.records.update({each.row: each for each in writes.records})
        self.outcomes.update({(each.device, each.number): each for each in writes.outcomes})
        self.quarantine.extend(writes.quarantined)
        self.devices.update({each.id: each for each in writes.devices})
        self.grants.update({(each.user, each.scope): each for each in writes.grants})
        for key, holder in writes.keys:
            if holder is None:
                self.keys.pop(key, None)
            else:
                self.keys[key] = holder
        for link, there in writes.links:
            (self.links.add if there else self.links.discard)(link)


def outcomes(decided: Decided) -> list[Outcome]:
    """What a push was answered, as nouns."""
    return [decode_outcome(text) for text in decided.outcomes]


def verdicts(found: list[Outcome]) -> list[str]:
    return [each.outcome for each in found]


def codes(found: list[Outcome]) -> list[str]:
    """The code of each outcome's error; an empty text for one that was not rejected."""
    return [_code(each) for each in found]


def _code(outcome: Outcome) -> str:
    extensions = (outcome.error or {}).get("extensions")
    return str(extensions["code"]) if isinstance(extensions, dict) else ""


def error_codes(errors: list[HomeportError]) -> list[str]:
    return [error.code for error in errors]
