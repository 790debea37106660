"""`homeport notify emulate` as it is typed."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from homeport_notify.errors import BadEmulation
from homeport_server.cli import main

VERB = [sys.executable, "-m", "homeport_server", "notify", "emulate", "--port", "0"]


@contextmanager
def emulating(*flags: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The verb in a process of its own, and the URL that it says."""
    process = subprocess.Popen([*VERB, *flags], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[6], process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(20)
        process.stdout.close()


def test_it_writes_files_for_clients_keeps_their_keys_and_sums_up(tmp_path: Path) -> None:
    account, apns_key = tmp_path / "account.json", tmp_path / "apns.p8"
    flags = ["--write-account", str(account), "--write-apns-key", str(apns_key), "--set", "latency_ms=5"]
    keys = []
    for _ in range(2):
        with emulating(*flags) as (url, process):
            assert process.stdout is not None
            greeting = [process.stdout.readline() for _ in range(4)]
            with urlopen(f"{url}/emulator/behaviour", timeout=10) as answer:  # noqa: S310  # our own
                assert json.load(answer)["latency_ms"] == 5
            process.send_signal(signal.SIGTERM)
            assert process.stdout.readline().startswith("FCM: 0 accepted, 0 refused; APNs: 0 accepted")
            assert process.wait(20) == 0
        written = json.loads(account.read_text())
        assert written["token_uri"] == f"{url}/token"
        assert "key id" in greeting[3]
        keys.append((written["private_key"], apns_key.read_text()))
    assert keys[0] == keys[1]
    assert account.stat().st_mode & 0o777 == apns_key.stat().st_mode & 0o777 == 0o600


def test_clients_are_sent_to_where_they_reach_it(tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    with emulating("--url", "http://emulator:8090", "--write-account", str(account)) as (url, _):
        assert url == "http://emulator:8090"
        assert json.loads(account.read_text())["token_uri"] == "http://emulator:8090/token"


def test_an_account_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    account.write_text(json.dumps({"client_email": "me@real.iam.gserviceaccount.com", "private_key": "…"}))
    before = account.read_text()
    told = CliRunner().invoke(main, ["notify", "emulate", "--port", "0", "--write-account", str(account)])
    assert (told.exit_code, account.read_text()) == (2, before)
    assert "no emulator wrote it" in told.stderr


@pytest.mark.parametrize(
    ("given", "says"), [("latency", "NAME=VALUE"), ("latency=5", "latency"), ("reset=5", "shares")]
)
def test_a_behaviour_that_is_none_is_refused_in_a_sentence(given: str, says: str) -> None:
    told = CliRunner().invoke(main, ["notify", "emulate", "--port", "0", "--set", given])
    assert told.exit_code == 2
    assert says in told.stderr
    assert BadEmulation.code == "BAD_EMULATION"


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with emulating() as (url, _):
        told = CliRunner().invoke(main, ["notify", "emulate", "--port", url.rpartition(":")[2]])
    assert told.exit_code == 2
    assert "choose another --port" in told.stderr
