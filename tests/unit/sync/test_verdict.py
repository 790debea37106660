"""The verdict by itself: a change meets a record, and nothing else is there."""

from __future__ import annotations

import pytest

from homeport_sync.catalog import Field, Kind
from homeport_sync.change import MET_FIELDS_MAX, Change, Record
from homeport_sync.ports import StoredRecord
from homeport_sync.rejections import Stale
from homeport_sync.values import PLAIN
from homeport_sync.verdict import judge
from tests.unit.sync.tasks import STRANGER, Phone, ann, bob

NAMES = [f"n{place}" for place in range(MET_FIELDS_MAX + 2)]
FIELDS = {name: Field(name=name, type=PLAIN[int], default=0) for name in NAMES}
WIDE = Kind(name="Sheet", fields=FIELDS)
GUARDED = Kind(name="Sheet", fields=FIELDS, guarded=True)


def sheet(phone: Phone, position: int) -> StoredRecord:
    """A sheet that the phone wrote last, at the position, and nobody else before it."""
    made = phone.change("create", "Sheet", STRANGER, STRANGER)
    fields = dict.fromkeys(NAMES, 1)
    record = Record(id=made.id, kind="Sheet", scope=STRANGER, stamp=made.stamp, position=position, fields=dict(fields))
    return StoredRecord(record=record, author=phone.device, foreign_position=0)


def update(phone: Phone, base: int, *names: str) -> Change:
    return phone.change("update", "Sheet", STRANGER, STRANGER, base=base, fields=dict.fromkeys(names, 2))


def test_an_explanation_ends_after_so_many_fields_and_everything_else_takes_effect() -> None:
    there, other = sheet(ann(), 7), bob()
    judged = judge(there, update(other, 6, *NAMES), WIDE, other.device)
    assert list(judged.met) == NAMES[:MET_FIELDS_MAX]
    assert judged.effect == tuple(NAMES)


def test_what_another_has_written_since_is_not_written_over_where_the_kind_guards_it() -> None:
    there, other = sheet(ann(), 7), bob()
    with pytest.raises(Stale) as refused:
        judge(there, update(other, 6, "n0"), GUARDED, other.device)
    assert refused.value.values == {"position": 7}
    assert judge(there, update(other, 7, "n0"), GUARDED, other.device).verdict == "applied"


def test_what_a_device_has_written_since_itself_holds_up_none_of_its_own() -> None:
    phone = ann()
    there = sheet(phone, 7)
    assert judge(there, update(phone, 0, "n0"), GUARDED, phone.device).verdict == "applied"
