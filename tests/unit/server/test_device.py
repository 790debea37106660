"""`homeport device`: it prints the diagnosis of a device that it finds, or what may be wrong with one it does not."""

import asyncio
from pathlib import Path

from click.testing import CliRunner, Result

from homeport_server.cli import main
from homeport_server.data import database_of
from homeport_sync.sightings import Sighting
from homeport_sync.sql.sqlite.store import SqliteStore

DEVICE = "00000000-0000-4000-8000-00000000000a"


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"HOMEPORT_DATA": str(data)})


async def sight(data: Path, tenant: str) -> None:
    store = await SqliteStore.open(database_of(data))
    try:
        sighting = Sighting(device=DEVICE, user="ana", refused_at_ms=1_000, refused_code="OVERLOADED")
        await store.keep_sightings(tenant, [sighting], now_ms=1_000)
    finally:
        await store.close()


def test_a_device_that_was_never_seen_is_told_with_what_to_look_at(tmp_path: Path) -> None:
    run(tmp_path, "tenant", "create", "demo")
    told = run(tmp_path, "device", DEVICE, "--tenant", "demo")
    assert told.exit_code == 1
    assert told.stdout.startswith(f"Device {DEVICE} was never seen in the tenant demo.\n")
    assert told.stdout.splitlines()[-1].startswith("Next: ")


def test_a_device_that_was_seen_is_told_whoever_names_its_tenant_by_id(tmp_path: Path) -> None:
    tenant = run(tmp_path, "tenant", "create", "demo").stdout.strip()
    asyncio.run(sight(tmp_path, tenant))
    told = run(tmp_path, "device", DEVICE, "--tenant", tenant)
    assert told.exit_code == 0
    assert f"Device {DEVICE} of ana in the tenant demo; 0 scopes" in told.stdout
    assert told.stdout.splitlines()[-1].startswith("Next: homeport doctor")


def test_a_tenant_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    run(tmp_path, "tenant", "create", "demo")
    refused = run(tmp_path, "device", DEVICE, "--tenant", "nope")
    assert refused.exit_code == 2
    assert "`homeport tenant create nope" in refused.stderr


def test_what_is_no_device_is_one_sentence_and_capitals_are_the_same_device(tmp_path: Path) -> None:
    run(tmp_path, "tenant", "create", "demo")
    refused = run(tmp_path, "device", "banana", "--tenant", "demo")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "'banana'; expected a UUID" in refused.stderr
    assert f"Device {DEVICE} " in run(tmp_path, "device", DEVICE.upper(), "--tenant", "demo").stdout
