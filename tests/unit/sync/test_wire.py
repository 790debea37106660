"""The messages: each change of a push is read on its own, unknown fields are ignored, equal bodies digest alike."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.change import Change, Value, decode_change, digest, encode
from homeport_sync.errors import TooLarge
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.wire import (
    PushMessage,
    Sent,
    check_push,
    decode_page,
    decode_push_answer,
    page_text,
    push_answer_text,
    read_changes,
)
from tests.unit.sync.tasks import NOW, ann

SMALL = Limits(push_changes_max=3, push_bytes_max=2_000, change_bytes_max=800)
TASK = ann().make(ann().device, title="milk", done=False)
BODY = encode(TASK)

UNREADABLE = [
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"{}",
    b'{"number":0}',
    b'{"number":-1}',
    b'{"number":1.5}',
    b'{"number":"1"}',
    b'{"number":' + b"9" * 5_000 + b"}",
]
# The number is there, the rest is wrong.
NUMBERED = [
    BODY.replace('"create"', '"upsert"'),
    BODY.replace('"create"', "3"),
    BODY.replace(TASK.id, TASK.id.upper().replace("0", "A")),
    BODY.replace(TASK.scope, "home"),
    BODY.replace(TASK.stamp, TASK.stamp[1:]),
    BODY.replace(TASK.stamp, TASK.stamp.upper().replace("0", "F")),
    BODY.replace('"milk"', "[1]"),
    BODY.replace('"milk"', '{"a":1}'),
    BODY.replace('"milk"', "1e999"),
    BODY.replace('"kind":"Task",', ""),
    '{"number":1}',
    BODY[:-1] + ',"base":-1}',
]


def sent(*texts: str | bytes, limits: Limits = LIMITS) -> list[Sent]:
    raw = [text.encode() if isinstance(text, str) else text for text in texts]
    changes = [msgspec.Raw(each) for each in raw]
    check_push(changes, limits)
    return read_changes(changes, limits)


def codes(read: list[Sent]) -> list[str | None]:
    return [each.error.code if each.error else None for each in read]


@pytest.mark.parametrize("bad", NUMBERED)
def test_a_bad_change_keeps_its_number_and_says_why_while_its_neighbours_are_whole(bad: str) -> None:
    before, wrong, after = sent(BODY, bad, BODY)
    assert before == after
    assert before.change == TASK
    assert (wrong.number, wrong.change) == (1, None)
    assert wrong.error is not None
    assert wrong.error.code == "MALFORMED"
    assert "does not have its shape" in wrong.error.message


@pytest.mark.parametrize("bad", UNREADABLE)
def test_a_change_without_a_readable_number_has_number_zero(bad: bytes) -> None:
    (wrong,) = sent(bad)
    assert (wrong.number, wrong.change) == (0, None)
    assert codes([wrong]) == ["MALFORMED"]


def test_a_change_that_is_nested_too_deeply_says_so_while_its_neighbours_are_whole() -> None:
    deep = BODY[:-1] + ',"x":' + "[" * 5_000 + "]" * 5_000 + "}"
    before, wrong, after = sent(BODY, deep, BODY)
    assert before == after
    assert before.change == TASK
    assert codes([wrong]) == ["MALFORMED"]
    assert "nested too deeply" in str(wrong.error)


@given(noise=st.binary(max_size=60))
def test_no_bytes_make_the_reading_fail(noise: bytes) -> None:
    (read,) = sent(noise)
    assert read.change is None
    assert codes([read]) == ["MALFORMED"]


def test_unknown_fields_of_a_change_are_ignored() -> None:
    (read,) = sent(BODY[:-1] + ',"newer":{"than":["this",1]}}')
    assert read.change == TASK
    assert read.digest == digest(TASK)


def test_unknown_fields_of_a_message_are_ignored() -> None:
    body = f'{{"device":"d","changes":[{BODY}],"newer":[1],"clockMs":5,"pull":{{"limit":3,"newer":1}}}}'
    message = msgspec.json.decode(body, type=PushMessage)
    assert (message.device, message.clock_ms) == ("d", 5)
    assert message.pull is not None
    assert message.pull.limit == 3
    assert [decode_change(each) for each in message.changes] == [TASK]


def test_a_change_over_its_limit_is_refused_alone_and_keeps_its_number() -> None:
    large = BODY.replace("milk", "x" * 800)
    read = sent(BODY, large, limits=SMALL)
    assert codes(read) == [None, "DOCUMENT_TOO_LARGE"]
    assert read[1].number == 1


def test_limits_are_inclusive() -> None:
    fits = BODY.replace("milk", "x" * (SMALL.change_bytes_max - len(BODY) + 4))
    assert codes(sent(fits, limits=SMALL)) == [None]
    assert codes(sent(fits.replace("x", "xx", 1), limits=SMALL)) == ["DOCUMENT_TOO_LARGE"]
    assert len(sent(BODY, BODY, BODY, limits=SMALL)) == 3


def test_a_push_over_its_limits_is_refused_as_a_whole() -> None:
    with pytest.raises(TooLarge, match="4 changes; at most 3"):
        sent(*[BODY] * 4, limits=SMALL)
    with pytest.raises(TooLarge, match="bytes; at most 2,000"):
        sent(*[BODY.replace("milk", "x" * 700)] * 3, limits=SMALL)


VALUES: st.SearchStrategy[Value] = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5)


@given(
    fields=st.dictionaries(st.text(max_size=5), VALUES, max_size=5),
    base=st.integers(0, 3),
    indent=st.none() | st.integers(0, 4),
    data=st.data(),
)
def test_the_digest_does_not_depend_on_order_spacing_or_escapes(
    fields: dict[str, Value], base: int, indent: int | None, data: st.DataObject
) -> None:
    change = msgspec.structs.replace(TASK, fields=fields, base=base)
    body = json.loads(encode(change))
    body["fields"] = dict(data.draw(st.permutations(list(fields.items()))))
    shuffled = dict(data.draw(st.permutations(list(body.items()))))
    (read,) = sent(json.dumps(shuffled, indent=indent, ensure_ascii=data.draw(st.booleans())))
    assert read.digest == digest(change)


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(TASK, number=2),
        msgspec.structs.replace(TASK, op="update"),
        msgspec.structs.replace(TASK, fields={"title": "mill", "done": False}),
        msgspec.structs.replace(TASK, fields={"title": "milk"}),
        msgspec.structs.replace(TASK, base=1),
        msgspec.structs.replace(TASK, kind="Note"),
    ],
)
def test_another_body_has_another_digest(other: Change) -> None:
    assert digest(other) != digest(TASK)


def test_a_page_made_from_ready_text_is_a_page() -> None:
    record = b'{"id":"r","kind":"Task","scope":"s","stamp":"","position":3,"newer":1}'
    text = page_text(
        cursor="abc-_=",
        more=False,
        reset=True,
        contained=7,
        server_time_ms=NOW,
        lost=["x", "y"],
        records=record + b"," + record,
    )
    page = decode_page(text)
    assert (page.cursor, page.more, page.reset, page.contained) == ("abc-_=", False, True, 7)
    assert (page.server_time_ms, page.lost) == (NOW, ["x", "y"])
    assert [each.position for each in page.records] == [3, 3]


def test_an_answer_made_from_ready_text_is_an_answer() -> None:
    bare = decode_push_answer(push_answer_text(server_time_ms=NOW, outcomes=[], errors="[]", clock=None, pull=None))
    assert (bare.server_time_ms, bare.outcomes, bare.errors, bare.clock, bare.pull) == (NOW, [], [], None, None)
    page = page_text(cursor="c", more=True, reset=False, contained=0, server_time_ms=NOW, lost=[], records=b"")
    error = '{"message":"no","extensions":{"code":"NUMBER_GAP"}}'
    full = decode_push_answer(
        push_answer_text(
            server_time_ms=NOW,
            outcomes=['{"number":1,"outcome":"applied"}'],
            errors=f"[{error}]",
            clock=error,
            pull=page,
        )
    )
    assert [each.number for each in full.outcomes] == [1]
    assert [each.code for each in full.errors] == ["NUMBER_GAP"]
    assert full.clock is not None
    assert full.pull is not None
    assert full.pull.more
