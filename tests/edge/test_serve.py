"""`homeport serve` as an operator runs it: one process, one line to find it by, an end that is quiet."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx2
import pytest

from homeport_server.app import GRAPHQL_PATH
from homeport_server.secret import open_secret
from homeport_sync.wire import PULL
from tests.contract.databases import Databases
from tests.edge.world import DEVICE

APP = 'from homeport_sync import App\n\napp = App("lists")\n\n\n@app.kind(root=True)\nclass List:\n    title: str\n'
BREAKS = """
from homeport_server.observe.process import Pulse


def read(pulse: Pulse) -> None:
    raise RuntimeError("a bug in the pulse")


Pulse.read = read
"""
HOMEPORT = [sys.executable, "-c", "from homeport_server.cli import main; main(prog_name='homeport')"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "app.py").write_text(APP)
    return {**os.environ, "HOMEPORT_DATA": str(tmp_path / "data"), "HOMEPORT_PORT": "0"}


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [*HOMEPORT, "serve", str(tmp_path / "app.py")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        yield running
        running.kill()


def _run(environment: dict[str, str], *arguments: str) -> str:
    ran = subprocess.run([*HOMEPORT, *arguments], env=environment, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def _address(out: IO[bytes]) -> str:
    for line in out:
        told = json.loads(line)
        if told["event"] == "listening":
            return str(told["url"])
    raise AssertionError("the server never said where it listens")


def test_a_server_serves_a_tenant_made_beside_it_and_stops_when_told(
    server: subprocess.Popen[bytes], environment: dict[str, str]
) -> None:
    assert server.stdout
    assert server.stderr
    url = _address(server.stdout)
    _run(environment, "tenant", "create", "demo")
    token = _run(environment, "token", "--user", "ana", "--tenant", "demo")
    request = {"query": PULL, "variables": {"device": DEVICE}}
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx2.post(url + GRAPHQL_PATH, json=request, headers=headers)
    assert answer.json()["data"]["pull"]["records"] == []
    assert httpx2.get(url + "/readyz").status_code == 200
    server.send_signal(signal.SIGTERM)
    rest, complaints = server.communicate(timeout=10)
    assert (server.returncode, complaints) == (0, b"")
    assert [json.loads(line)["event"] for line in rest.splitlines()] == ["pull", "draining", "drained"]
    assert token.encode() not in rest


def test_a_process_whose_work_beside_the_requests_breaks_says_so_and_ends_with_an_error(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(APP + BREAKS)
    command = [*HOMEPORT, "serve", str(tmp_path / "app.py")]
    ran = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    (stopped,) = [line for line in lines if line["event"] == "work stopped"]
    assert "a bug in the pulse" in stopped["exception"]
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_a_second_signal_ends_the_process_at_once(environment: dict[str, str], tmp_path: Path) -> None:
    command = [*HOMEPORT, "serve", str(tmp_path / "app.py"), "--drain-notice-s", "3600"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdout
        _address(server.stdout)
        server.send_signal(signal.SIGTERM)
        assert json.loads(server.stdout.readline())["event"] == "draining"
        server.send_signal(signal.SIGTERM)
        _, complaints = server.communicate(timeout=10)
    assert (server.returncode, complaints) == (-signal.SIGTERM, b"")


def test_several_processes_on_sqlite_are_refused_with_what_to_do(environment: dict[str, str], tmp_path: Path) -> None:
    command = [*HOMEPORT, "serve", str(tmp_path / "app.py"), "--workers", "2"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "--workers is 2" in ran.stderr
    assert "SQLite, which one process owns" in ran.stderr
    assert "--database-url" in ran.stderr


def test_several_processes_serve_one_port_on_postgresql_and_end_together(
    postgres18: Databases, environment: dict[str, str], tmp_path: Path
) -> None:
    database_url = postgres18.url(asyncio.run(postgres18.fresh()))
    theirs = {**environment, "HOMEPORT_DATABASE_URL": database_url}
    command = [*HOMEPORT, "serve", str(tmp_path / "app.py"), "--workers", "2"]
    with subprocess.Popen(command, env=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdout
        url = _address(server.stdout)
        assert httpx2.get(url + "/readyz").status_code == 200
        assert "homeport_draining_processes 0.0" in httpx2.get(url + "/metrics").text
        server.send_signal(signal.SIGTERM)
        rest, complaints = server.communicate(timeout=30)
    assert (server.returncode, complaints) == (0, b"")
    told = [json.loads(line)["event"] for line in rest.splitlines()]
    assert (told.count("draining"), told.count("drained"), told.count("listening")) == (2, 2, 0)


@pytest.mark.parametrize("verb", [("serve",), ("serve", "--workers", "2"), ("work",)])
def test_a_second_machine_with_a_secret_of_its_own_is_refused_with_what_to_do(
    postgres18: Databases, environment: dict[str, str], tmp_path: Path, verb: tuple[str, ...]
) -> None:
    database_url = postgres18.url(asyncio.run(postgres18.fresh()))
    ours = {**environment, "HOMEPORT_DATABASE_URL": database_url}
    _run(ours, "secret")
    theirs = {**ours, "HOMEPORT_DATA": str(tmp_path / "another machine's")}
    open_secret(tmp_path / "another machine's")
    command = [*HOMEPORT, verb[0], str(tmp_path / "app.py"), *verb[1:]]
    ran = subprocess.run(command, env=theirs, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 2
    assert "copy the file `secret` from a machine that serves already" in ran.stderr
    assert "Traceback" not in ran.stderr + ran.stdout


def test_a_hangup_leaves_a_single_process_serving_and_is_told(server: subprocess.Popen[bytes]) -> None:
    assert server.stdout
    url = _address(server.stdout)
    server.send_signal(signal.SIGHUP)
    told = json.loads(server.stdout.readline())
    assert (told["event"], told["reason"]) == ("SIGHUP ignored", "SIGHUP rolls only with --workers 2 or more")
    assert httpx2.get(url + "/readyz").status_code == 200
    server.send_signal(signal.SIGTERM)
    rest, _ = server.communicate(timeout=10)
    lines = [json.loads(line) for line in rest.splitlines()]
    assert [(line["event"], line["pid"]) for line in lines] == [("draining", server.pid), ("drained", server.pid)]
    assert lines[0]["why"] == "planned"
