"""The README's five minutes, typed as they stand there, in a folder of their own beside a real server."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"<!-- tour: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
STEPS = BLOCK.findall(README)
NEEDED = ("Makefile", "pyproject.toml", "requirements.lock", "examples")


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder that looks like a fresh clone that is set up, and an environment with a port of its own."""
    for name in NEEDED:
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    # What is installed is what is tested: make must not install it again.
    return tmp_path, {**os.environ, "HOMEPORT_PORT": port, "MAKEFLAGS": "--old-file=.venv/.ready-to-run"}


@pytest.fixture
def server(desk: tuple[Path, dict[str, str]]) -> Iterator[None]:
    """The first terminal: `make run`, until it listens; Ctrl-C at the end."""
    folder, environment = desk
    (command,) = (text for where, text in STEPS if where == "server")
    with subprocess.Popen(
        ["bash", "-c", command],  # noqa: S607  # as a reader types it
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"listening"' in line:
                break
        yield
        os.killpg(process.pid, signal.SIGINT)


def test_the_tour_works_as_it_is_written(desk: tuple[Path, dict[str, str]], server: None) -> None:
    folder, environment = desk
    typed = []
    for where, text in STEPS:
        if where == "terminal":
            typed.append(text)
        elif where != "server":
            (folder / where).write_text(text)
    shown = subprocess.run(
        ["bash", "-euc", "\n".join(f"{block}\necho" for block in typed)],  # noqa: S607  # as a reader types it
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    ready, pushed, pulled, *tunnel, asked = [line for line in shown.stdout.splitlines() if line]
    assert json.loads(ready)["ready"] is True
    assert _without_time(pushed) == _without_time(_promised("json"))
    assert [record["fields"]["title"] for record in json.loads(pulled)["data"]["pull"]["records"]] == [
        "Groceries",
        "Milk",
    ]
    assert tunnel == README.split("tunnel.py $URL $TOKEN\n```\n\n```\n")[1].split("```")[0].splitlines()
    assert json.loads(asked) == json.loads(_promised("json", 1))


def _promised(language: str, number: int = 0) -> str:
    """The answer that the README shows, the first one or that of a number."""
    return README.split(f"```{language}\n")[number + 1].split("```")[0]


def _without_time(answer: str) -> object:
    push = json.loads(answer)["data"]["push"]
    return {name: value for name, value in push.items() if name != "serverTimeMs"}
