"""Which checked documents are remembered, and what those owe who bring new ones."""

from dataclasses import dataclass

import pytest

from homeport_server.edge.known_documents import BURST_S, DEBTORS_SWEPT_AT, Debts, KnownDocuments
from homeport_server.errors import TooManyNewDocuments

ANA, EVE = ("t1", "ana"), ("t1", "eve")


@dataclass(frozen=True, slots=True)
class Document:
    tokens: int


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def _known(tokens_max: int = 100) -> KnownDocuments[Document]:
    return KnownDocuments(tokens_max)


def test_a_document_is_known_once_it_was_kept() -> None:
    known, document = _known(), Document(10)
    assert known.get("a") is None
    known.keep("a", document, "t1")
    assert known.get("a") is document


def test_a_flood_of_new_documents_pushes_out_its_own_and_nobody_elses() -> None:
    known = _known()
    known.keep("everybody's", Document(10), "t1")
    for number in range(1_000):
        known.keep(f"junk {number}", Document(10), "eve's")
    assert known.get("everybody's")
    assert [number for number in range(1_000) if known.get(f"junk {number}")] == list(range(995, 1_000))


def test_the_least_used_document_of_a_tenant_goes_first() -> None:
    known = _known()
    for name in ("a", "b", "c"):
        known.keep(name, Document(16), "t1")
    assert known.get("a")
    known.keep("d", Document(16), "t1")
    assert [name for name in "abcd" if known.get(name)] == ["a", "c", "d"]


def test_many_tenants_together_have_no_more_room_and_who_has_most_gives_way() -> None:
    known = _known()
    for name in ("a", "b", "c"):
        known.keep(name, Document(16), "big")
    for number in range(4):
        known.keep(str(number), Document(14), f"t{number}")
    assert [name for name in ("a", "b", "c", *"0123") if known.get(name)] == ["b", "c", *"0123"]


def test_a_document_that_is_larger_than_a_tenants_share_is_not_kept_and_pushes_nothing_out() -> None:
    known = _known()
    known.keep("a", Document(10), "t1")
    known.keep("large", Document(51), "t1")
    assert (known.get("large"), known.get("a")) == (None, Document(10))


def test_what_was_kept_by_one_is_not_counted_for_another_who_sends_it_too() -> None:
    known = _known()
    known.keep("a", Document(40), "t1")
    known.keep("a", Document(40), "t2")
    known.keep("b", Document(40), "t2")
    assert known.get("a")
    assert known.get("b")


def test_who_owes_more_than_a_burst_waits_until_enough_is_made_good_and_nobody_else_does() -> None:
    clock = Clock()
    debts = Debts(100, clock)
    debts.add(EVE, 100 * BURST_S)
    debts.check(EVE)
    debts.add(EVE, 50.0)
    with pytest.raises(TooManyNewDocuments) as refused:
        debts.check(EVE)
    assert refused.value.values["retryAfterMs"] in {500, 501}
    debts.check(ANA)
    clock.now_s += 0.6
    debts.check(EVE)


def test_debts_that_were_made_good_are_forgotten() -> None:
    clock = Clock()
    debts = Debts(100, clock)
    for number in range(10 * DEBTORS_SWEPT_AT):
        debts.add(("t1", str(number)), 1.0)
        clock.now_s += 0.1
    assert len(debts._paid_at_s) <= DEBTORS_SWEPT_AT


def test_where_nothing_is_limited_nobody_owes_anything() -> None:
    debts = Debts(0, Clock())
    debts.add(EVE, 1e9)
    debts.check(EVE)
