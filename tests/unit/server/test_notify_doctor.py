"""`homeport doctor` on notifications: a channel that cannot be built or is closed, what halted, what was given up."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from homeport_notify.ports import NotifyStore
from homeport_server.cli import main
from homeport_server.doctor.notifications import LOOKED_AT_MAX
from tests.unit.notify.samples import NOW_MS, a_notification
from tests.unit.server.test_doctor import wrongs
from tests.unit.server.test_notify_verbs import Desk, give_up


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "data")


def doctor(desk: Desk, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments], env={"HOMEPORT_DATA": str(desk.data)})


def test_where_nothing_is_set_up_and_nothing_waits_all_is_fine(desk: Desk) -> None:
    told = doctor(desk)
    assert wrongs(told) == []
    assert "ok: channels of notifications: none is set up" in told.stdout
    assert "ok: no notification waits for you (tenants looked at: 1)" in told.stdout


def test_a_channel_that_cannot_be_built_is_told_with_what_to_do(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text("{}")
    (line,) = wrongs(doctor(desk, "--fcm-service-account", str(tmp_path / "account.json")))
    assert "cannot be used as it is set up" in line
    assert "account.json is no service account's key" in line


def test_a_closed_channel_is_told_with_its_reason_and_the_command(desk: Desk) -> None:
    async def close(store: NotifyStore) -> None:
        await store.close_gate("fcm", NOW_MS * 2, "fcm: PERMISSION_DENIED")

    desk.ask(close)
    (line,) = wrongs(doctor(desk))
    assert "the channel fcm is closed until" in line
    assert line.endswith("fcm: PERMISSION_DENIED — mend it, then: homeport notify open fcm")


def test_what_was_paused_is_told_with_who_did_it(desk: Desk) -> None:
    id = desk.send("--everyone", "--title=Hello")
    desk.run("pause", "demo", id)

    async def wake(store: NotifyStore) -> None:  # however many there were since
        for number in range(LOOKED_AT_MAX):
            one = a_notification(lane="wake", state="waiting", key=str(number))
            await store.submit(replace(one, tenant=desk.tenant, id=f"01ff0000-0000-7000-8000-{number:012x}"))

    desk.ask(wake)
    (line,) = wrongs(doctor(desk))
    assert line.endswith(f"is paused: by the command line — mend it, then: homeport notify resume demo {id}")


def test_what_was_given_up_is_told_and_is_no_fault_of_the_installation(desk: Desk) -> None:
    id = desk.send("--to-user=ben", "--title=Hello")
    desk.ask(give_up(desk.tenant))
    told = doctor(desk)
    assert wrongs(told) == []
    assert f"such as INVALID_ARGUMENT: homeport notify dead demo {id}" in told.stdout
    desk.run("dead", "demo", id, "--replay")
    assert "INVALID_ARGUMENT" not in doctor(desk).stdout
