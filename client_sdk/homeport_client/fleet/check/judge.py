"""The verdict: all checkers over one fleet.

None of them asks merge, a replica's view or the store how things should be: what must be comes from the oracle,
what is comes from raw rows. A checker answers with sentences, one a violation; no sentence, no violation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from homeport_client.fleet.check import (
    healing,
    in_groups,
    in_log,
    ledger,
    notices,
    on_devices,
    oracle,
    outcomes,
    receipts,
)
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.glimpse import unaccountable
from homeport_client.fleet.check.noticed import Noticed
from homeport_client.fleet.check.owed import owed

CHECKS: Mapping[str, str] = {
    "lost": "acknowledged writes lost",
    "twice": "changes applied twice",
    "halved": "groups of which only a part took effect",
    "differing": "devices that differ",
    "flickering": "screens that went back or flickered",
    "outside": "records on phones that may not see them",
    "unreceipted": "ended grants that a phone has not answered",
    "resurrected": "deleted records that came back",
    "mistold": "log entries and outcomes that say something else than was done",
    "gaps": "gaps in the log",
    "skipped": "positions that a follower skipped",
    "unexplained": "outcomes that changed, or came without a reason",
    "unjust": "changes rejected for a reason that was never there",
    "disordered": "changes of one device that count in another order",
    "mistimed": "phones that go by a wrong time",
    "broken": "invariants of the app that did not hold",
    "raised": "errors that a device may not raise",
    "fallen": "processes that ended by themselves",
    "unhealed": "devices that did not heal in time",
    "untold": "notifications that were owed and did not come",
    "overtold": "notifications to those who were owed none, or more than once",
    "overwoken": "phones that were woken more often than their system allows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Every violation as a sentence, by what was violated (`CHECKS` says it in words). All empty: the fleet kept its
    promises. `unmade` are the checks that had nothing to look at: no follower, no invariant, no process of ours."""

    lost: tuple[str, ...]
    twice: tuple[str, ...]
    halved: tuple[str, ...]
    differing: tuple[str, ...]
    flickering: tuple[str, ...]
    outside: tuple[str, ...]
    unreceipted: tuple[str, ...]
    resurrected: tuple[str, ...]
    mistold: tuple[str, ...]
    gaps: tuple[str, ...]
    skipped: tuple[str, ...]
    unexplained: tuple[str, ...]
    unjust: tuple[str, ...]
    disordered: tuple[str, ...]
    mistimed: tuple[str, ...]
    broken: tuple[str, ...]
    raised: tuple[str, ...]
    fallen: tuple[str, ...]
    unhealed: tuple[str, ...]
    untold: tuple[str, ...]
    overtold: tuple[str, ...]
    overwoken: tuple[str, ...]
    unmade: frozenset[str]

    @property
    def found(self) -> dict[str, tuple[str, ...]]:
        """The checkers that complain, and what of."""
        named = {name: getattr(self, name) for name in CHECKS}
        return {name: sentences for name, sentences in named.items() if sentences}

    @property
    def violations(self) -> tuple[str, ...]:
        """All sentences, in the order of `CHECKS`."""
        return tuple(sentence for sentences in self.found.values() for sentence in sentences)

    def __str__(self) -> str:
        return "\n".join(self.violations) or "nothing lost, nothing twice, nobody differs"


def judge(evidence: Evidence) -> Verdict:
    """All checkers over one fleet."""
    accepted = oracle.accepted(evidence.told, evidence.log)
    truths = oracle.records(accepted, evidence.log, evidence.kinds)
    rights = on_devices.Rights(truths, oracle.grants(evidence.log, accepted))
    looked_at = {
        "skipped": evidence.followed,
        "unreceipted": evidence.revoked,
        "broken": evidence.broken,
        "fallen": evidence.fallen,
        **dict.fromkeys(("untold", "overtold", "overwoken"), evidence.noticed),
    }
    noticed = evidence.noticed or Noticed()
    debts = owed(evidence.log, evidence.rules, evidence.kinds, evidence.tenant) if evidence.noticed else {}
    return Verdict(
        lost=(*in_log.lost_from_log(evidence, accepted), *in_log.lost_on_phones(evidence)),
        twice=(*in_log.twice(evidence.log, accepted), *in_log.twice_sent(evidence, accepted)),
        halved=(*in_groups.halved(evidence), *in_groups.torn(evidence)),
        differing=(
            *on_devices.differing(evidence.holdings, truths, rights),
            *on_devices.unlike_fresh(evidence.holdings),
        ),
        flickering=(
            *evidence.flickers,
            *unaccountable(evidence.glimpses, evidence.written, evidence.told, evidence.log),
        ),
        outside=(
            *on_devices.outside(evidence.holdings, truths, rights),
            *on_devices.intruding(evidence.log, accepted, evidence.roles),
        ),
        unreceipted=tuple(receipts.unreceipted(evidence, accepted)),
        resurrected=tuple(on_devices.resurrected(evidence.holdings, truths)),
        mistold=tuple(ledger.mistold(evidence, accepted)),
        gaps=tuple(in_log.gaps(evidence.log)),
        skipped=tuple(in_log.skipped(evidence.followed or ())),
        unexplained=(
            *outcomes.unexplained(evidence),
            *outcomes.untold(evidence),
            *in_log.unmade(evidence.log),
        ),
        unjust=tuple(outcomes.unjust(evidence)),
        disordered=tuple(outcomes.disordered(accepted)),
        mistimed=tuple(healing.mistimed(evidence)),
        broken=tuple(evidence.broken or ()),
        raised=tuple(evidence.raised),
        fallen=tuple(evidence.fallen or ()),
        unhealed=(*healing.unhealed(evidence), *healing.unfollowed(evidence)),
        untold=(*notices.untold(debts, noticed), *notices.unshown(noticed)),
        overtold=tuple(notices.overtold(debts, noticed)),
        overwoken=tuple(notices.overwoken(noticed)),
        unmade=frozenset(name for name, given in looked_at.items() if given is None),
    )
