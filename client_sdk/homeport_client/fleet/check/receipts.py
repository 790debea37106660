"""Every ended grant is answered: a device that has written in a scope held it, and must say that it does not any more.

Whoever only read leaves no trace of what was read, so nothing is asked of them but to owe nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from homeport_client.fleet.check.effects import Name
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.witness import Told


def unreceipted(evidence: Evidence, accepted: Mapping[Name, Told]) -> Iterator[str]:
    """I8: the server has a receipt of each device that held what its user lost, and no device still owes one."""
    if evidence.revoked is None:
        return
    wrote = {
        (told.user, told.device, scope) for told in accepted.values() for scope in (told.change.scope, told.change.into)
    }
    own = [holding for holding in evidence.holdings if holding.device]
    for holding in own:
        if holding.owed:
            yield f"{holding.name} still owes {holding.owed} receipts."
    for revoked in evidence.revoked:
        for holding in own:
            held = (holding.user, holding.device, revoked.scope) in wrote and holding.user == revoked.user
            if held and holding.device not in revoked.answered:
                yield (
                    f"{holding.name} gave no receipt for scope {revoked.scope}, from which {revoked.user} was removed "
                    f"at position {revoked.position}."
                )
