"""A catch-up, page by page: kept aside until it is finished, and then it shows and counts as a whole (I6)."""

from __future__ import annotations

from collections.abc import Callable

from homeport_client.chosen import ChosenTable
from homeport_client.meta import Meta
from homeport_client.outbox import Outbox
from homeport_client.pulled import Pulled
from homeport_client.receipts import LEFT_OUT, UNNAMED, Receipts, endings_of
from homeport_client.view import Views
from homeport_sync.receipts import Ending
from homeport_sync.wire import Page


class CatchUp:
    """What a page goes to."""

    def __init__(self, pulled: Pulled, outbox: Outbox, views: Views, receipts: Receipts, chosen: ChosenTable) -> None:
        self._pulled = pulled
        self._outbox = outbox
        self._views = views
        self._receipts = receipts
        self._chosen = chosen

    def brings_news(self, page: Page, meta: Meta) -> bool:
        """Whether a page changes anything here."""
        chosen = self._chosen.read()
        return (
            bool(page.records or page.lost or page.more)
            or meta.caught_up(page.cursor) != meta
            or self._outbox.has_contained(meta.device, page.contained)
            or not (chosen is None or chosen.reached)
        )

    def take(self, page: Page, meta: Meta, now_ms: int) -> Meta:
        """Take the next page, in the transaction that is open; how far the replica has come then."""
        endings = endings_of(page) if meta.pull_cursor or meta.replacing else []  # whoever had nothing owes nothing
        if page.more:
            self._pulled.stage(page)
            self._receipts.tell(endings)
            return meta.staged(page.cursor)
        changed = self._pulled.finish(page, staged=meta.staged_cursor is not None, replacing=meta.replacing)
        changed |= self._outbox.drop_contained(meta.device, page.contained, self._arrive())
        self._views.derive(changed)
        started_over = [Ending(scope="", position=UNNAMED)] if meta.replacing else []
        self._receipts.drop([*endings, *started_over], now_ms)
        return meta.caught_up(page.cursor)

    def leave_out(self, now_ms: int) -> None:
        """Drop what is not chosen any more, in the transaction that is open, and what was staged."""
        scopes = self._pulled.scopes_but(self._chosen.takes)
        self._pulled.forget_staged()
        self._receipts.forget_told()
        gone = set[str]().union(*(self._pulled.drop(scope) for scope in scopes))
        self._receipts.drop([Ending(scope=scope, position=LEFT_OUT) for scope in scopes], now_ms)
        self._views.derive(gone | self._outbox.records())

    def _arrive(self) -> Callable[[str], bool] | None:
        """What was asked for is here; which scopes a later catch-up brings (None: there is none)."""
        chosen = self._chosen.read()
        if chosen is None:
            return None
        self._chosen.write(chosen.arrived())
        return None if chosen.next == chosen.wanted else chosen.awaits
