"""The app's rules about single writes: what they are shown, and what becomes of what they refuse."""

from __future__ import annotations

from datetime import date

import pytest

from homeport_sync import App, Write, field
from homeport_sync.catalog import Catalog
from homeport_sync.change import Change
from tests.unit.sync.ledger import Ledger, codes, verdicts
from tests.unit.sync.tasks import Phone, ann, bob

app = App("comments")
asked: list[Write] = []


@app.kind(root=True)
class Page:
    title: str


@app.kind(within=Page)
class Comment:
    author: str
    text: str = ""
    day: date | None = None
    likes: int = field(default=0, merge="counter")


@app.allow(Comment)
def only_the_author_edits(write: Write) -> bool:
    """Only who wrote a comment may change it.

    An owner may delete it, too.
    """
    asked.append(write)
    if write.before is None:
        return write.after is not None and write.after["author"] == write.user
    if write.op == "delete" and write.role == "owner":
        return True
    return write.before["author"] == write.user and "author" not in write.changed


@app.allow(Page, "Member")
def odd(write: Write) -> bool:
    title = write.after["title"] if write.after and "title" in write.after else ""
    if title == "raise":
        raise ZeroDivisionError
    return "yes" if title == "yes" else title != "no"  # type: ignore[return-value]


class Comments(Ledger):
    catalog: Catalog = app.catalog


def started() -> tuple[Comments, Phone, Phone, Change]:
    """Ann's page, with bob as its editor, and a comment by ann."""
    asked.clear()
    ledger, phone, other = Comments(), ann(), bob()
    page = phone.make_root("Page")
    comment = phone.change("create", "Comment", phone.make(page.id).id, page.id, fields={"author": "ann"})
    phone.number = 1
    comment = phone.change("create", "Comment", comment.id, page.id, fields={"author": "ann"})
    ledger.push(phone.push(page, comment, phone.invite(page.id, "bob")))
    other.last = phone.last
    return ledger, phone, other, comment


def test_a_rule_sees_who_writes_what_was_there_and_what_would_be() -> None:
    ledger, phone, _, comment = started()
    (made,) = asked
    assert (made.user, made.role, made.op, made.record, made.scope) == (
        "ann",
        "owner",
        "create",
        comment.id,
        comment.scope,
    )
    assert made.before is None
    assert made.after == {"author": "ann", "text": "", "day": None, "likes": 0}
    ledger.push(phone.push(phone.update(comment, text="hi", day="2026-12-01"), phone.delete(comment)))
    _, edited, deleted = asked
    assert edited.changed == {"text", "day"}
    assert edited.after == {"author": "ann", "text": "hi", "day": date(2026, 12, 1), "likes": 0}
    assert deleted.before == edited.after
    assert deleted.after is None


def test_what_a_rule_refuses_is_rejected_alone_with_the_first_line_of_its_docstring() -> None:
    ledger, _, other, comment = started()
    found = ledger.push(other.push(other.update(comment, text="ha"), other.delete(comment)))
    assert codes(found) == ["NOT_ALLOWED", "NOT_ALLOWED"]
    assert found[0].error is not None
    assert found[0].error["message"] == (
        "Only who wrote a comment may change it. (The app's rule only_the_author_edits.)"
    )
    assert found[0].error["extensions"] == {
        "code": "NOT_ALLOWED",
        "retryable": False,
        "rule": "only_the_author_edits",
    }
    assert ledger.record(comment.id).fields == {"author": "ann"}
    assert [each.number for each in ledger.quarantine] == [1, 2]


def test_a_create_is_asked_about_and_what_depends_on_a_refused_one_is_told_so() -> None:
    ledger, _, other, comment = started()
    fake = other.change("create", "Comment", other.make(comment.scope).id, comment.scope, fields={"author": "ann"})
    other.number = 0
    fake = other.change("create", "Comment", fake.id, comment.scope, fields={"author": "ann"})
    assert codes(ledger.push(other.push(fake, other.update(fake, text="x")))) == ["NOT_ALLOWED", "DEPENDS_ON_REJECTED"]


def test_a_write_that_takes_no_effect_is_not_asked_about() -> None:
    ledger, phone, other, comment = started()
    late = other.delete(comment)
    ledger.push(phone.push(phone.delete(comment)))
    before = len(asked)
    assert verdicts(ledger.push(other.push(late))) == ["superseded"]
    assert len(asked) == before


@pytest.mark.parametrize(
    ("title", "code", "says"),
    [
        ("yes", "RULE_FAILED", "returned 'yes', not True or False"),
        ("raise", "RULE_FAILED", "raised ZeroDivisionError"),
        ("no", "NOT_ALLOWED", "odd does not allow it"),
        ("fine", "", ""),
    ],
)
def test_a_rule_that_does_not_work_refuses_and_says_how(title: str, code: str, says: str) -> None:
    ledger, phone, _, comment = started()
    page = phone.change("update", "Page", comment.scope, comment.scope, fields={"title": title})
    (found,) = ledger.push(phone.push(page))
    assert codes([found]) == [code]
    assert says in str(found.error)


def test_what_a_rule_is_shown_prints_as_the_values_that_it_reads() -> None:
    started()
    (made,) = asked
    assert repr(made.after) == "{'author': 'ann', 'text': '', 'day': None, 'likes': 0}"
