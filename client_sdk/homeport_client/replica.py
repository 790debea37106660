"""The replica: everything a device holds, in one SQLite file, and the steps by which it changes.

Each step is one transaction, so that a crash anywhere leaves the state before it or after it. What the app sees is at
every moment what was pulled with the outbox replayed on top (I5), and never half of a catch-up (I6). What the app
writes is put down by the scribe (`scribe.py`); here are the steps for what the server says, and the choice of scopes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random
from sqlite3 import Connection

from msgspec.structs import replace

from homeport_client.addresses import Addresses
from homeport_client.catch_up import CatchUp
from homeport_client.chosen import Chosen, ChosenTable
from homeport_client.clearing import clear, forget
from homeport_client.deliveries import Deliveries
from homeport_client.errors import ReplicaForeign
from homeport_client.fork import renamed
from homeport_client.keys import Keys
from homeport_client.limits import DEVICE_LIMITS, DeviceLimits
from homeport_client.messages import bytes_of, pull_of, push_of
from homeport_client.meta import Meta, MetaTable
from homeport_client.outbox import Outbox
from homeport_client.outcomes import Outcomes
from homeport_client.pulled import Pulled
from homeport_client.receipts import Receipts
from homeport_client.schema import VIEW, fingerprint, key_indexes
from homeport_client.storage import MEMORY, open_storage, transaction
from homeport_client.view import Views
from homeport_sync.catalog import Catalog
from homeport_sync.change import Fields, decode_change, decode_fields
from homeport_sync.choice import CHOICE_SCOPES_MAX, EVERYTHING, NOTHING, Choice
from homeport_sync.clock import NEVER, HybridClock, uuid7
from homeport_sync.limits import LIMITS
from homeport_sync.wire import Page, PullInput, PullMessage, PushAnswer, PushMessage


class Replica:
    """One device's data. `changed` is called after every step that may show.

    Opening raises `ReplicaInUse`, or `ReplicaForeign` for the replica of another app.
    """

    def __init__(
        self,
        path: str,
        catalog: Catalog,
        *,
        wall_ms: Callable[[], int],
        random: Random,
        limits: DeviceLimits = DEVICE_LIMITS,
        changed: Callable[[], None] = lambda: None,
        storage: Callable[[str], Connection] = open_storage,
    ) -> None:
        self.catalog = catalog
        self._connection = storage(path)
        self._wall_ms = wall_ms
        self.random = random
        self.limits = limits
        self._changed = changed
        self.changes_bytes_max = LIMITS.push_bytes_max - limits.envelope_bytes
        self._meta = MetaTable(self._connection)
        self.outbox = Outbox(self._connection)
        self.pulled = Pulled(self._connection)
        self.outcomes = Outcomes(self._connection, limits.outcomes_max, catalog)
        self.receipts = Receipts(self._connection)
        self.addresses = Addresses(self._connection)
        self.deliveries = Deliveries(self._connection, rows_max=limits.deliveries_max, keep_ms=limits.delivery_keep_ms)
        self._chosen = ChosenTable(self._connection, is_new=path == MEMORY)
        self.views = Views(self._connection, catalog, self.pulled, self.outbox, self._chosen.takes)
        self._catch_up = CatchUp(self.pulled, self.outbox, self.views, self.receipts, self._chosen)
        self.keys = Keys(self._connection, catalog, self.views, self.outbox.predicted)
        try:
            meta = self._begin(path)
        except BaseException:
            self._connection.close()
            raise
        self.clock = HybridClock(wall_ms, offset_ms=meta.offset_ms, last=meta.stamp)
        if meta.fingerprint:
            self._clear()
        else:
            self.receipts.begin()

    @property
    def meta(self) -> Meta:
        """Who this replica is, and how far it has come."""
        return self._meta.read()

    @property
    def chosen(self) -> Chosen | None:
        """What the device has chosen among its scopes; None if it never did."""
        return self._chosen.read()

    @property
    def asked(self) -> Choice | None:
        """Of which scopes the next page is asked for; None for all, by a device that never chose."""
        return self.chosen.next if self.chosen else None

    def new_id(self) -> str:
        """A fresh UUIDv7."""
        return uuid7(max(self.clock.now_ms(), 0), self.random)

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    @contextmanager
    def step(self, *, shows: bool = True) -> Iterator[None]:
        """Whatever is written inside is one step: all of it, or nothing if an error leaves it. If it `shows`, those who
        watch are told."""
        if self._connection.in_transaction:  # a part of a larger step, which tells of all of it
            yield
            return
        try:
            with transaction(self._connection):
                yield
        except BaseException:
            self._meta.forget()
            self.receipts.forget()
            self._chosen.forget()
            self.addresses.forget()
            self.deliveries.forget()
            raise
        if shows:
            self._changed()

    def keep(self, meta: Meta) -> None:
        """Writes what is new of the replica itself, and the clock's state with it."""
        self._meta.write(replace(meta, stamp=self.clock.last, offset_ms=self.clock.offset_ms))

    def deleted(self, record_id: str) -> Fields | None:
        """The fields that a record showed when this device deleted it; None if it did not, or that is forgotten, or the
        record was restored since."""
        record = self.views.record(record_id)
        deleted = self.outbox.deleted(record_id) or self.outcomes.deleted(record_id)
        # The stamp of a record that was restored is that of its restore.
        return decode_fields(deleted.base) if deleted and record and deleted.stamp >= record.stamp else None

    def push_message(
        self,
        changes_max: int = LIMITS.push_changes_max,
        page_size: int | None = LIMITS.page_size,
        *,
        receipts: bool = True,
    ) -> PushMessage | None:
        """The next push; None if every change is answered and there is no receipt to tell (or not now: `receipts`).

        It asks for a page of `page_size` records (None: for none) if nothing is left to push after it.
        """
        meta = self.meta
        asked = self.asked
        bytes_max = self.changes_bytes_max - len(meta.pull_cursor or "") - bytes_of(asked)
        unsent = self.outbox.to_push(changes_max, bytes_max)
        given = self.receipts.given(LIMITS.push_receipts_max) if receipts else []
        return push_of(meta, unsent, given, clock_ms=self._wall_ms(), page_size=page_size, choice=asked)

    def pull_message(self, page_size: int = LIMITS.page_size) -> PullMessage:
        """The next pull, of at most `page_size` records."""
        return pull_of(self.meta, page_size, self.asked)

    def take_answer(self, answer: PushAnswer) -> int:
        """Stores the outcomes of a push; how many changes they settled.

        A rejected change leaves, and what it did is undone; any other stays until a catch-up contains it.
        """
        with self.step():
            device, touched, unmade, lowered, settled = self.meta.device, set[str](), set[str](), NEVER, 0
            for outcome in answer.outcomes:
                was = self.outbox.settle(device, outcome)
                if was is not None:
                    settled += 1
                    touched |= was.records
                    if outcome.outcome == "rejected" and decode_change(was.change).op == "create":
                        unmade |= was.records
                    lowered = max(lowered, outcome.stamp)
                    self.outcomes.add(device, outcome, was)
            self.outcomes.trim()
            self.receipts.settle(answer.receipts)
            self.views.derive(touched)
            if lowered:
                # The clock was far ahead: count on from what the server made of it, or it would stay ahead for ever.
                self.clock.last = max(lowered, self.outbox.newest_stamp())
            self._name_no_more(each for each in unmade if not self.pulled.position(each))
            self.keep(self.meta)
        if answer.receipts:
            forget(self._connection)
        self._clear()
        return settled

    def choose(self, wanted: Choice, first: tuple[str, ...]) -> None:
        """Takes these scopes from now on; what is here of others is dropped at once, and a catch-up under way begins
        anew. The same as before changes nothing."""
        held = self.chosen or Chosen(wanted=EVERYTHING, here=EVERYTHING if self.meta.shows_pulled else NOTHING)
        if (held.wanted, held.first) == (wanted, first):
            return
        with self.step():
            self._turn_to(held.instead(wanted, first))
        self._clear()

    def choose_made(self, scope: str) -> None:
        """Who makes a scope wants it. When no more can be named, those whose root the server knows to be deleted are
        named no more: any sooner, and an undo would find nothing."""
        chosen = self.chosen
        if chosen is not None and chosen.is_full:
            self._name_no_more(each for each in chosen.wanted.scopes or () if self.pulled.is_deleted(each))
        if self.chosen is not None:
            self._chosen.write(self.chosen.with_made(scope))

    def take_page(self, page: Page, asked: PullInput | None) -> bool:
        """Takes the next page of a catch-up; with the last one, all of it shows at once. Whether the device is caught
        up then.

        An idle device asks and gets nothing new: then nothing is written and nobody is told. A page that was `asked`
        for from another place, or of other scopes, than the next one is (the device has chosen otherwise meanwhile)
        is passed over: it continues what is not there any more. So is one that tells to start over: what is held is
        sent again first, so that the catch-up that replaces everything contains it, and it is not counted twice.
        """
        if asked is None or (asked.cursor, asked.choice) != (self.meta.pull_cursor, self.asked):
            return False
        if page.reset and asked.cursor is not None:
            self.start_over()
            return False
        for record in page.records:
            self.clock.see(record.newest)
        if self._is_news(page):
            with self.step():
                self.keep(self._catch_up.take(page, self.meta, max(self.clock.now_ms(), 0)))
        self._clear()
        return not page.more and (self.chosen is None or self.chosen.reached)

    def start_over(self) -> None:
        """The log begins anew or our cursor is void: send again what is still held, then pull everything again.

        What was pulled keeps showing until the new catch-up is finished.
        """
        with self.step():
            meta = self.meta
            self.pulled.forget_staged()
            self.receipts.forget_told()
            self.outbox.resend_all()
            former = self.outbox.has_former(meta.device)
            self._meta.write((self._renamed() if former else meta).started_over())

    def fork(self) -> None:
        """Goes on under a new device id: unanswered changes are numbered anew, answered ones wait to be contained."""
        with self.step():
            self._meta.write(self._renamed())

    def resend_from(self, number: int) -> bool:
        """Sends again from a number on; False if it is not held any more."""
        with self.step():
            return self.outbox.resend_from(self.meta.device, number)

    def _turn_to(self, chosen: Chosen) -> None:
        meta = replace(self.meta, staged_cursor=None)
        if chosen.next.size > CHOICE_SCOPES_MAX:
            meta = meta.started_over()
        if meta.cursor is None:  # the server is told nothing of what was here, so it has nothing to be told
            chosen = replace(chosen, dropped=False)
        self._chosen.write(chosen)
        self._catch_up.leave_out(max(self.clock.now_ms(), 0))
        self.keep(meta)

    def _name_no_more(self, scopes: Iterable[str]) -> None:
        """These scopes are not there: a choice that names them does so no more."""
        chosen = self.chosen
        if chosen is not None and (wanted := chosen.wanted_but(scopes)) != chosen.wanted:
            self._turn_to(chosen.instead(wanted, chosen.first))

    def _clear(self) -> None:
        clear(self._connection, self.receipts, self.pulled, self.outbox, self.outcomes)

    def _renamed(self) -> Meta:
        return renamed(self.meta, self.outbox, self.outcomes, self.new_id)

    def _is_news(self, page: Page) -> bool:
        """How our clock is off moves a little with every answer: alone, that is not worth a commit."""
        drifted = abs(self.clock.offset_ms - self.meta.offset_ms) > self.limits.offset_drift_ms
        return drifted or self._catch_up.brings_news(page, self.meta)

    def _begin(self, path: str) -> Meta:
        with transaction(self._connection):
            meta = self._meta.begin(app=self.catalog.app, device=uuid7(max(self._wall_ms(), 0), self.random))
            if meta.app != self.catalog.app:
                raise ReplicaForeign(
                    f"{path} is the replica of the app {meta.app!r}, not of {self.catalog.app!r}: open another file."
                )
        wanted = fingerprint(self.catalog)
        if meta.fingerprint != wanted:
            with transaction(self._connection, VIEW + key_indexes(self.catalog)):
                if meta.fingerprint:  # a new replica has nothing to derive
                    self.views.derive(self.pulled.ids() | self.outbox.records())
                self._meta.write(replace(meta, fingerprint=wanted))
        return meta
