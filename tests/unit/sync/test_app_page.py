"""docs/app.md: what it shows is an app, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from homeport_sync import App, load_app
from homeport_sync.change import Change, Value
from homeport_sync.rank import FIRST_RANK
from tests.unit.sync.ledger import Ledger, codes
from tests.unit.sync.tasks import Phone, ann, bob

PAGE = Path(__file__).parents[3] / "docs/app.md"


@pytest.fixture
def shop(tmp_path: Path) -> App:
    """The app of the page."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    file = tmp_path / "app.py"
    file.write_text("\n".join(blocks), encoding="utf-8")
    return load_app(file)


def test_the_page_declares_an_app_whose_roles_rules_and_commands_hold(shop: App) -> None:
    ledger, phone, other = Ledger(), ann(), bob()
    ledger.catalog = shop.catalog
    id = phone.new_id()
    root = phone.change("create", "Shop", id, id, fields={"name": "tea"})
    item = new(phone, "Item", id, name="tea", stock=3, place=FIRST_RANK)
    ledger.push(phone.push(root, item, phone.invite(id, "bob", "author")))
    review = new(other, "Review", id, author="bob")
    forged = new(other, "Review", id, author="ann")
    found = ledger.push(other.push(review, forged, other.update(item, price=1), other.call("sell", id, item=item.id)))
    assert codes(found) == ["", "NOT_ALLOWED", "ROLE_FORBIDDEN", "ROLE_FORBIDDEN"]
    sold = phone.push(phone.call("sell", id, item=item.id, count=2), phone.call("sell", id, item=item.id, count=2))
    assert codes(ledger.push(sold)) == ["", "COMMAND_REFUSED"]
    assert (ledger.record(item.id).fields["stock"], ledger.record(id).fields["sold"]) == (1, 2)
    assert codes(ledger.push(phone.push(phone.update(review, text="good")))) == ["NOT_ALLOWED"]


def test_what_the_page_makes_public_is_shared_by_an_admin_and_read_by_all(shop: App) -> None:
    ledger, ana, other = Ledger(), Phone(user="ana", index=3), bob()
    ledger.catalog = shop.catalog
    root, fake = (each.make_root("Catalogue") for each in (ana, other))
    assert codes(ledger.push(other.push(fake))) == ["NOT_ALLOWED"]
    offer = new(ana, "Offer", root.id, name="tea", price=3)
    assert codes(ledger.push(ana.push(root, offer, ana.invite(root.id, "*", "viewer")))) == ["", "", ""]
    assert codes(ledger.push(other.push(other.update(offer, price=1)))) == ["ROLE_FORBIDDEN"]


def test_the_page_declares_unique_values_and_references_that_hold(shop: App) -> None:
    ledger, phone = Ledger(), ann()
    ledger.catalog = shop.catalog
    id = phone.new_id()
    root = phone.change("create", "Shop", id, id, fields={"name": "tea"})
    item = new(phone, "Item", id, name="tea", place=FIRST_RANK)
    shelf = new(phone, "Shelf", id, code="A1")
    twin, upper = new(phone, "Shelf", id, code="A1"), new(phone, "Shelf", id, code="A2", above=shelf.id)
    label = new(phone, "Label", id, shelf=shelf.id, item=item.id)
    found = ledger.push(phone.push(root, item, shelf, twin, upper, label, phone.delete(shelf), phone.delete(item)))
    assert codes(found) == ["", "", "", "NOT_UNIQUE", "", "", "STILL_REFERENCED", ""]
    assert ledger.record(label.id).fields["item"] == item.id
    ledger.push(phone.push(phone.delete(upper), phone.delete(shelf)))
    assert ledger.record(label.id).deleted
    assert codes(ledger.push(phone.push(new(phone, "Label", id, shelf=shelf.id)))) == ["REFERENCE_GONE"]


def new(phone: Phone, kind: str, scope: str, **fields: Value) -> Change:
    return phone.change("create", kind, phone.new_id(), scope, fields={**fields})
