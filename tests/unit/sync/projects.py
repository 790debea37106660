"""An app with unique fields and references, and the phones that write to it."""

from __future__ import annotations

from uuid import UUID

from homeport_sync import App, Call, field
from tests.unit.sync.ledger import Ledger
from tests.unit.sync.tasks import Phone, bob

app = App("projects")


@app.kind(root=True)
class Team:
    name: str = ""


@app.kind(within=Team)
class Project:
    code: str | None = field(default=None, unique=True)
    weight: float | None = field(default=None, unique=True)
    parent: UUID | None = field(default=None, refers_to="Project", on_delete="cascade")


@app.kind(within=Team)
class Issue:
    title: str = ""
    project: UUID | None = field(default=None, refers_to=Project, on_delete="cascade")
    blocks: UUID | None = field(default=None, refers_to="Issue", on_delete="restrict")
    seen_in: UUID | None = field(default=None, refers_to=Project)


@app.command(scope=Team, reads=[Project])
def swap_codes(call: Call) -> None:
    first, second = call.records(Project)[:2]
    call.update(first.id, code=second["code"])
    call.update(second.id, code=first["code"])


@app.command(scope=Team)
def replace_project(call: Call, old: UUID, code: str) -> None:
    call.create(Project, code=code)
    call.delete(old)


@app.command(scope=Team)
def open_issue(call: Call, project: UUID, blocks: UUID | None = None) -> None:
    call.create(Issue, project=project, blocks=blocks)


@app.command(scope=Team)
def open_another(call: Call, like: UUID) -> None:
    if there := call.get(like):
        call.create(Issue, project=there["project"])


@app.command(scope=Team, reads=[Project])
def drop_all(call: Call) -> None:
    for project in call.records(Project):
        call.delete(project.id)


class Projects(Ledger):
    """The ledger of that app."""

    catalog = app.catalog


def team(ledger: Ledger, phone: Phone) -> str:
    """A team of the phone's, with bob in it."""
    made = phone.change("create", "Team", id := phone.new_id(), id)
    ledger.push(phone.push(made, phone.invite(id, bob().user)))
    return id
