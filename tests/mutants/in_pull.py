"""Bugs in what a device is given: pages, cursors, grants."""

from tests.mutants.mutant import SYNC, Mutant

IN_PULL = (
    Mutant(
        name="the head is asked for after the page was read",
        known="Outbox pollers that remember the highest id they could see: what commits late below it is never sent.",
        file=f"{SYNC}/reader.py",
        before="""
        made = plan(read.standing, place, choice)
        page = Found(
""",
        after="""
        made = plan(await self._store.standing(tenant, user, device), place, choice)
        page = Found(
""",
    ),
    Mutant(
        name="a tombstone is left out of the page",
        known="APIs that list what lives: a client that was away when a record was deleted keeps it for ever.",
        file=f"{SYNC}/memory.py",
        before="for position, record in found if position == record.position]",
        after="for position, record in found if position == record.position and not record.deleted]",
    ),
    Mutant(
        name="a full page is taken for the last",
        known="Clients of paged APIs that stop at a page of exactly the size they asked for, or one short of it.",
        file=f"{SYNC}/pull.py",
        before="Room(rows=room + 1, bytes=bytes_left)",
        after="Room(rows=room, bytes=bytes_left)",
    ),
    Mutant(
        name="a row is skipped at a page's end",
        known="Paging by offset, or by a key with the wrong comparison: one row falls between two pages.",
        file=f"{SYNC}/pull.py",
        before="position = tail.upto if open_range > 0 else rows[0][-1][0]",
        after="position = tail.upto if open_range > 0 else rows[0][-1][0] + 1",
    ),
    Mutant(
        name="a backfill is forgotten at a page's end",
        known="Initial loads that are resumed where the changes are, and not where the load had stopped.",
        file=f"{SYNC}/pull.py",
        before="        if index >= open_range:",
        after="        if index > open_range:",
    ),
    Mutant(
        name="who is invited again gets only what is new",
        known="Chats that show a member who left and came back an empty history: the first date of joining is kept.",
        file=f"{SYNC}/scope.py",
        before="since = before.since if before and held else position",
        after="since = before.since if before else position",
    ),
    Mutant(
        name="a first pull looks at no grants",
        known="Exports and first loads that go by a query of their own, to which nobody added the new permission.",
        file=f"{SYNC}/pull.py",
        before="[grant.scope for grant in standing.grants if grant.holds]",
        after="[grant.scope for grant in standing.grants]",
    ),
    Mutant(
        name="nobody is told that a grant has ended",
        known="Sync by query: what does not match any more is not sent any more, and stays where it is.",
        file=f"{SYNC}/pull.py",
        before="                lost.append(grant.scope)",
        after="                pass",
    ),
    Mutant(
        name="an ended grant is told with a last page only",
        known="Feeds that put what was removed at their end, after the cursor was moved past it.",
        file=f"{SYNC}/reader.py",
        before="            lost=page.made.lost,",
        after="            lost=() if page.step.more else page.made.lost,",
    ),
    Mutant(
        name="a cached page is served whoever asks",
        known="Steam, on Christmas 2015: a cache gave people the pages of other people's accounts.",
        file=f"{SYNC}/reader.py",
        before="same = standing.head == found.head and plan(standing, place, choice) == found.made",
        after="same = standing.head == found.head",
    ),
)
