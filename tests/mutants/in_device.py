"""Bugs in a device: its outbox, its replica, what it shows."""

from tests.mutants.mutant import CLIENT, SYNC, Mutant

IN_OUTBOX = (
    Mutant(
        name="a change leaves when it is acknowledged",
        known="Optimistic interfaces that drop what is pending at the answer: until the next read the old value is "
        "back.",
        file=f"{CLIENT}/outbox.py",
        before="""
                "UPDATE outbox SET answered = 1, lowered = ? WHERE device = ? AND number = ? AND answered = 0"
                " RETURNING place, record, scope, pulled_scope, change, base",
                (outcome.stamp, device, outcome.number),
""",
        after="""
                "DELETE FROM outbox WHERE device = ? AND number = ? AND answered = 0"
                " RETURNING place, record, scope, pulled_scope, change, base",
                (device, outcome.number),
""",
    ),
    Mutant(
        name="what is pulled hides what is pending",
        known="Caches that are refreshed from the server while a save is under way: what was typed jumps back.",
        file=f"{CLIENT}/view.py",
        before='            if record is not None or change.op == "create":',
        after='            if change.op == "create" if record is None else change.base >= record.position:',
    ),
    Mutant(
        name="a rejected change stays on the screen",
        known="Optimistic interfaces that take the error and forget to roll back.",
        file=f"{CLIENT}/replica.py",
        before="                    touched |= was.records",
        after='                    touched |= set() if outcome.outcome == "rejected" else was.records',
    ),
    Mutant(
        name="a prediction stays after the refusal",
        known="Optimistic updates in web apps: the request fails, and nobody takes back what it had shown.",
        file=f"{CLIENT}/outbox.py",
        before="""
            also = self.predicted.drop(row[0] for row in rows)
        else:
""",
        after="""
            also = set[str]()
        else:
""",
    ),
    Mutant(
        name="a group is pushed in halves",
        known="Queues that send a transaction request by request: booking and payment, of which one gets through.",
        file=f"{CLIENT}/scribe.py",
        before="size = replica.outbox.join(device, first, first + count - 1) if count else 0",
        after="size = replica.outbox.join(device, first, first + count // 2 - 1) if count > 1 else 0",
    ),
    Mutant(
        name="a rejection is kept from the app",
        known="Offline queues that drop what the server refuses: the user's work is gone, and nobody was told.",
        file=f"{CLIENT}/replica.py",
        before="                    self.outcomes.add(device, outcome, was)",
        after="""
                    if outcome.outcome != "rejected":
                        self.outcomes.add(device, outcome, was)
""",
    ),
    Mutant(
        name="a forked device keeps its id",
        known="Android restores an app's files on another phone, its installation id among them.",
        file=f"{CLIENT}/replica.py",
        before="            self._meta.write(self._renamed())",
        after="""
            meta = self.meta
            self._meta.write(replace(meta, next_number=len(self.outbox.rename(meta.device)) + 1))
""",
    ),
    Mutant(
        name="after a fork the outbox is numbered backwards",
        known="Queues that are written back newest first, so that the update comes before its create.",
        file=f"{CLIENT}/outbox.py",
        before='"SELECT place, change, device, number FROM outbox WHERE answered = 0 ORDER BY place"',
        after='"SELECT place, change, device, number FROM outbox WHERE answered = 0 ORDER BY place DESC"',
    ),
    Mutant(
        name="half of a write stays when the disk is full",
        known="Apps that keep their queue in one file and their data in another, and write both or one.",
        file=f"{CLIENT}/scribe.py",
        before="""
            place = self._add(change, "" if base is None else encode(base))
            replica.views.add(change)
""",
        after="""
            place = self._add(change, "" if base is None else encode(base))
        with replica.step():
            replica.views.add(change)
""",
    ),
)

IN_REPLICA = (
    Mutant(
        name="an ended grant of an earlier page is forgotten",
        known="Loaders that gather the rows of all pages and take everything else from the last one.",
        file=f"{CLIENT}/pulled.py",
        before="for scope in self._staged_lost().union(page.lost) if staged else page.lost:",
        after="for scope in page.lost:",
    ),
    Mutant(
        name="a staged page stays behind",
        known="Staging tables that are emptied before the next load, if nothing has failed in between.",
        file=f"{CLIENT}/pulled.py",
        before='        return self._delete("DELETE FROM staged RETURNING id")',
        after='        return self._delete("SELECT id FROM staged")',
    ),
    Mutant(
        name="each page shows as it comes",
        known="Apps that fill a list while it loads: a total is right before the call and after it, and not between.",
        file=f"{CLIENT}/catch_up.py",
        before="""
            self._pulled.stage(page)
            self._receipts.tell(endings)
            return meta.staged(page.cursor)
""",
        after="""
            self._views.derive(self._pulled.finish(page, staged=False, replacing=meta.replacing))
            return meta.caught_up(page.cursor)
""",
    ),
    Mutant(
        name="the cursor is kept before the rows are",
        known="Kafka's automatic commit of offsets: what was handed over and not yet worked on is skipped.",
        file=f"{CLIENT}/replica.py",
        before="""
        if self._is_news(page):
            with self.step():
                self.keep(self._catch_up.take(page, self.meta, max(self.clock.now_ms(), 0)))
""",
        after="""
        if self._is_news(page):
            with self.step():
                meta = self.meta
                self.keep(meta.staged(page.cursor) if page.more else replace(meta, cursor=page.cursor))
            with self.step():
                self.keep(self._catch_up.take(page, self.meta, max(self.clock.now_ms(), 0)))
""",
    ),
    Mutant(
        name="a lost list leaves the table and not the screen",
        known="Indexes and caches beside the data, from which nobody takes out what was deleted there.",
        file=f"{CLIENT}/pulled.py",
        before="            changed |= self.drop(scope)",
        after="            self.drop(scope)",
    ),
)

IN_CLOCK = (
    Mutant(
        name="the clock is never learnt",
        known="Cassandra's clients stamp by their own clocks: a slow one writes and reads back what was there before.",
        file=f"{SYNC}/clock.py",
        before="        self.offset_ms = server_ms - (sent_ms + received_ms) // 2",
        after="        self._learnt_ms = server_ms - (sent_ms + received_ms) // 2",
    ),
    Mutant(
        name="stamps follow the wall clock alone",
        known="Every last-writer-wins by wall time: a clock that is set back makes the newest write the oldest.",
        file=f"{SYNC}/clock.py",
        before="        self.last = next_stamp(self.last, max(self.now_ms(), 0), device)",
        after="        self.last = next_stamp(NEVER, max(self.now_ms(), 0), device)",
    ),
    Mutant(
        name="the last stamp is lost at a restart",
        known="Generators of ordered ids that keep their last one in memory: restarted on a clock set back, they go "
        "back.",
        file=f"{CLIENT}/replica.py",
        before="HybridClock(wall_ms, offset_ms=meta.offset_ms, last=meta.stamp)",
        after="HybridClock(wall_ms, offset_ms=meta.offset_ms)",
    ),
    Mutant(
        name="a write is not stamped after what it overwrites",
        known="Logical clocks that count only what is sent: an answer is stamped before its question.",
        file=f"{SYNC}/clock.py",
        before="        self.last = max(self.last, stamp)",
        after="        self.last = max(self.last, NEVER)",
    ),
)
