"""Nothing that a fleet has started outlives it, however hastily it goes."""

import subprocess
import sys

from homeport_client.fleet.live.process import alive

HASTY = """
import subprocess, sys
from homeport_client.fleet.live.life import Life
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
started = subprocess.Popen(sleeper, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
life = Life("sleeper", started, str)
print(started.pid, flush=True)
raise KeyboardInterrupt
"""


def test_what_was_started_is_gone_when_whoever_started_it_goes_without_a_word() -> None:
    ended = subprocess.run([sys.executable, "-c", HASTY], capture_output=True, text=True, check=False, timeout=30)
    assert "KeyboardInterrupt" in ended.stderr
    assert not alive(int(ended.stdout))
