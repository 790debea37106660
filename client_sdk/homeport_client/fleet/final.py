"""What a fleet has come to: the records that live in the end, by what the story calls them.

Ids, stamps and positions differ from world to world. Where nothing depends on who was first, these do not.
"""

from __future__ import annotations

from collections.abc import Mapping

from homeport_client.fleet.played import Played
from homeport_sync.change import Fields
from homeport_sync.scope import MEMBER


def final_records(played: Played) -> Mapping[str, Fields]:
    """The fields of every live record that a fresh device of anybody gets, by label; a membership is called by the
    label of its scope and its user. Empty if it has not come to rest."""
    labels = {id: label for label, id in played.labels.items()}
    found: dict[str, Fields] = {}
    for holding in played.evidence.holdings if played.evidence else ():
        if holding.fresh:
            for id, held in holding.records.items():
                label = labels.get(held.scope, held.scope) if held.kind == MEMBER else labels.get(id, id)
                found[f"{label} {held.fields['user']}" if held.kind == MEMBER else label] = held.fields
    return dict(sorted(found.items()))
