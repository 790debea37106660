"""What a fleet has come to: the records that live in the end, by what the story calls them.

Ids, stamps and positions differ from world to world, and so do ranks, which hold digits by chance. Where nothing
depends on who was first, the rest does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from homeport_client.fleet.check.evidence import Held
from homeport_client.fleet.played import Played
from homeport_sync.catalog import Kind
from homeport_sync.change import Fields
from homeport_sync.rules import RANK
from homeport_sync.scope import MEMBER


def final_records(played: Played) -> Mapping[str, Fields]:
    """The fields of every live record that a fresh device of anybody gets, by its label and that of its scope; a
    membership is called by its user. Empty if it has not come to rest."""
    labels = {id: label for label, id in played.labels.items()}
    evidence, found = played.evidence, dict[str, Fields]()
    for holding in evidence.holdings if evidence else ():
        if holding.fresh:
            for id, held in holding.records.items():
                label = str(held.fields["user"]) if held.kind == MEMBER else labels.get(id, id)
                scope = labels.get(held.scope, held.scope)
                found[f"{label} in {scope}"] = _without_ranks(held, evidence.kinds if evidence else {})
    return dict(sorted(found.items()))


def _without_ranks(held: Held, kinds: Mapping[str, Kind]) -> Fields:
    declared = kinds[held.kind].fields if held.kind in kinds else {}
    return {name: value for name, value in held.fields.items() if name not in declared or declared[name].rule != RANK}
