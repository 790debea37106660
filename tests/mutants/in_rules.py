"""Bugs in the rules by which fields merge."""

from tests.mutants.mutant import CLIENT, SYNC, Mutant

IN_RULES = (
    Mutant(
        name="of two increments one counts",
        known="Likes that are read, added to and written back, in every document store: two at once are one.",
        file=f"{SYNC}/rules.py",
        before="value = _whole(here) + written.by",
        after="value = _whole(default) + written.by",
    ),
    Mutant(
        name="an increment counts again when its page has come",
        known="Optimistic counters in the cache of a GraphQL client that add to what has the addition already.",
        file=f"{CLIENT}/outbox.py",
        before='DELETE FROM outbox WHERE answered = 1 AND (device != ? OR number <= ?)"',
        after='DELETE FROM outbox WHERE answered = 1 AND (device != ? OR number < ?)"',
    ),
    Mutant(
        name="who removes wins against who adds",
        known="Arrays in Firestore and MongoDB that are written whole, and two-phase sets.",
        file=f"{SYNC}/rules.py",
        before="return [add for add in adds if add not in seen and add[16:] != stamp[16:]]",
        after="return []",
    ),
    Mutant(
        name="what another has added cannot be removed",
        known="Grow-only sets behind a remove button.",
        file=f"{SYNC}/rules.py",
        before="return [add for add in adds if add not in seen and add[16:] != stamp[16:]]",
        after="return [add for add in adds if add[16:] != stamp[16:]]",
    ),
    Mutant(
        name="a guarded field takes what was made for another value",
        known="Tickets sold twice: the stock is read by one request and written by another.",
        file=f"{SYNC}/rules.py",
        before="if text_of(here) != text_of(written.was):",
        after="if False:",
    ),
    Mutant(
        name="a guarded field refuses what was made for its value",
        known="Optimistic locks that compare a version which the write itself has just raised.",
        file=f"{SYNC}/rules.py",
        before="if text_of(here) != text_of(written.was):",
        after="if text_of(here) == text_of(written.was):",
    ),
)
