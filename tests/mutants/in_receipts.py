"""Bugs in how the end of a grant is answered."""

from tests.mutants.mutant import CLIENT, SYNC, Mutant

IN_RECEIPTS = (
    Mutant(
        name="a receipt is never told",
        known="Remote wipes whose report nobody sends: the console shows them as pending for ever.",
        file=f"{CLIENT}/exchange.py",
        before="        message = self._replica.push_message(self._changes_max, page_size, receipts=self._tells)",
        after="        message = self._replica.push_message(self._changes_max, page_size, receipts=False)",
    ),
    Mutant(
        name="a receipt is told once",
        known="Beacons sent when a page closes: nobody hears whether they arrived.",
        file=f"{CLIENT}/replica.py",
        before="        given = self.receipts.given(LIMITS.push_receipts_max) if receipts else []",
        after="""
        given = self.receipts.given(LIMITS.push_receipts_max) if receipts else []
        self.receipts.settle([each.ending for each in given])
""",
    ),
    Mutant(
        name="a receipt is acknowledged and not kept",
        known="Queues that confirm what they hold in memory: after a crash both sides take it for done.",
        file=f"{SYNC}/exchange.py",
        before="""
            await self._store.keep_receipts(tenant, user, message.device, message.receipts, self._wall_ms())
""",
        after="""
            self._owed = (tenant, user, message.device, message.receipts)
""",
    ),
)
