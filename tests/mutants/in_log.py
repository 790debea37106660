"""Bugs in what the log and the outcomes say: followers, webhooks and apps read nothing else."""

from tests.mutants.mutant import SYNC, Mutant

IN_LOG = (
    Mutant(
        name="the log says who, and not what",
        known="Audit trails and events that carry an id alone: who reads them later finds the row as it is now.",
        file=f"{SYNC}/overlay.py",
        before="                fields={name: change.fields[name] for name in judged.effect},",
        after="                fields={name: change.fields[name] for name in judged.effect if change.kind == MEMBER},",
    ),
    Mutant(
        name="the log has what was lost, and not what was there",
        known="Change data capture of a table without REPLICA IDENTITY FULL in PostgreSQL: old values are empty.",
        file=f"{SYNC}/overlay.py",
        before="""
                fields={name: change.fields[name] for name in judged.effect},
                before={name: old[name] for name in judged.effect if name in old},
""",
        after="""
                fields=dict(change.fields),
                before={name: old[name] for name in judged.effect if name in old and change.kind == MEMBER},
""",
    ),
    Mutant(
        name="a move says only where something is, and not that it left",
        known="Caches with a list for each folder: the new one is told of a file, and the old one goes on showing it.",
        file=f"{SYNC}/writing.py",
        before="        above.leave(push, each, to, now_ms)",
        after="",
    ),
    Mutant(
        name="an outcome is always applied, and nothing is lost",
        known="Last-write-wins stores that answer 200 to the write that lost: nobody is told that it is gone.",
        file=f"{SYNC}/verdict.py",
        before="""
        outcome=judged.verdict,
        lost=judged.lost,
""",
        after="""
        outcome="applied",
""",
    ),
)
