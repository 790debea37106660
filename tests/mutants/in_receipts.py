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
        name="an ending of an earlier page gets no receipt",
        known="Reports that are made of the last page of what was read.",
        file=f"{CLIENT}/receipts.py",
        before="""
"UPDATE receipts SET state = 1, dropped_ms = ? WHERE state = 0", (now_ms,)
""",
        after="""
"DELETE FROM receipts WHERE state = 0"
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
