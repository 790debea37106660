"""pyfcm's own way: `notify` in threads, each with a session of its own, against the same provider."""

from __future__ import annotations

import json
import os
import resource
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier, Lock

from pyfcm import FCMNotification

THREADS = 32
MESSAGES = int(os.environ.get("HOMEPORT_BENCH_RIVAL_MESSAGES", "3000"))


def cpu_s() -> float:
    """What this process has used, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(account: str, url: str) -> float:
    """CPU µs a message."""

    class Emulated(FCMNotification):  # type: ignore[misc]  # it has no types
        FCM_END_POINT_BASE = f"{url}/v1/projects"

    with open(account) as file:  # noqa: PTH123  # as pyfcm opens it
        project = json.load(file)["project_id"]
    pyfcm = Emulated(service_account_file=account, project_id=project)

    def tell(number: int) -> None:
        answer = pyfcm.notify(
            fcm_token=f"token-{number}", notification_title="News", notification_body="There is some, and more to read"
        )
        assert "name" in answer

    alone, all_there = Lock(), Barrier(THREADS + 1)

    def begin() -> None:
        with alone:  # each thread gets a token of its own, and two that ask at once break each other's
            tell(0)
        all_there.wait()

    with ThreadPoolExecutor(THREADS, initializer=begin) as threads:
        started = [threads.submit(int) for _ in range(THREADS)]
        all_there.wait()
        wait(started)
        before = cpu_s()
        list(threads.map(tell, range(MESSAGES)))
        return (cpu_s() - before) / MESSAGES * 1e6


if __name__ == "__main__":
    print(json.dumps({"rival_us": measure(sys.argv[1], sys.argv[2])}))
