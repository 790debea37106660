"""Bugs in what becomes of a record: merging, deleting, roles."""

from tests.mutants.mutant import SYNC, Mutant

IN_MERGE = (
    Mutant(
        name="the last to arrive wins",
        known="Most sync endpoints that save what a client sends: whoever was offline longest overwrites everybody.",
        file=f"{SYNC}/merge.py",
        before="        return there[0] > here[0]",
        after="        return True",
    ),
    Mutant(
        name="a delete loses to a later edit",
        known="Cassandra compares a delete with a write by their clocks alone, so a fast clock's edit outlives it.",
        file=f"{SYNC}/merge.py",
        before="    if deleted := _gone(record, change):",
        after="    if (deleted := _gone(record, change)) >= max(NEVER, change.stamp, *record.stamps.values()):",
    ),
    Mutant(
        name="an older move wins",
        known="Boards that save a card's column as it comes: a phone from a tunnel puts it where it was yesterday.",
        file=f"{SYNC}/merge.py",
        before="        return bool(record.deleted) or change.stamp <= max(record.moved, record.restored)",
        after="        return bool(record.deleted)",
    ),
    Mutant(
        name="a restore of what lives puts back what its phone remembers",
        known="Editors that undo by putting back the row they remember: what others wrote meanwhile goes with it.",
        file=f"{SYNC}/merge.py",
        before="        return not record.deleted or change.stamp <= record.deleted",
        after="        return change.stamp <= record.deleted",
    ),
    Mutant(
        name="a role is what came last",
        known="Access lists written in the order of arrival: an invitation from a tunnel undoes a later removal.",
        file=f"{SYNC}/verdict.py",
        before="""
    merged = merge(here, change, kind.rules)
""",
        after="""
    merged = merge(here, change, kind.rules)
    if kind.name == MEMBER:
        record = msgspec.structs.replace(here, stamp=change.stamp, fields={**here.fields, **change.fields}, stamps={})
        merged = msgspec.structs.replace(merged, record=record, lost=(), news=tuple(change.fields))
""",
    ),
    Mutant(
        name="an edit of a deleted record brings it back",
        known="Riak, once a tombstone was reaped: a late write of an old replica stood there as a new object.",
        file=f"{SYNC}/verdict.py",
        before="""
        return Judged(verdict="superseded", lost=tuple(change.fields), before=stored)
""",
        after="""
        again = merge(None, change, kind.rules).record
        return Judged(verdict="merged", effect=tuple(change.fields), after=again, before=stored)
""",
    ),
)
