"""What happened is counted under its name; processes add up; no label can grow without bound."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from homeport_server.observe.exposition import SHARED_DIRECTORY, exposition, process_ended, shared_directory
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.process import Pulse
from homeport_sync.meter import Meter

LABELS = {"lane", "channel", "fate", "outcome", "code", "source", "follower", "version", "result"}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"homeport_{name}", labels)


@pytest.mark.parametrize(
    ("verb", "name", "labels"),
    [
        (lambda m: m.commit_failed("UNAVAILABLE"), "commit_failures_total", {"code": "UNAVAILABLE"}),
        (lambda m: m.page(found=True), "pages_total", {"source": "cache"}),
        (lambda m: m.page(found=False), "pages_total", {"source": "store"}),
        (lambda m: m.push_failed("OVERLOADED", 0.1), "push_errors_total", {"code": "OVERLOADED"}),
        (lambda m: m.push_failed("OVERLOADED", 0.1), "push_seconds_count", {}),
        (lambda m: m.pulled(7, 0.1), "pull_seconds_count", {}),
        (lambda m: m.pull_failed("CURSOR_INVALID", 0.1), "pull_errors_total", {"code": "CURSOR_INVALID"}),
        (lambda m: m.refused("TOKEN_EXPIRED"), "requests_refused_total", {"code": "TOKEN_EXPIRED"}),
        (lambda m: m.told_to_wait("OVERLOADED"), "told_to_wait_total", {"code": "OVERLOADED"}),
        (lambda m: m.socket_opened(), "sockets_open", {}),
        (lambda m: m.socket_refused("TOO_MANY_SOCKETS"), "sockets_refused_total", {"code": "TOO_MANY_SOCKETS"}),
        (lambda m: m.socket_closed(4403), "sockets_closed_total", {"code": "4403"}),
        (lambda m: m.listener_came(), "listeners", {}),
        (lambda m: m.poked(1, 0.01), "pokes_total", {}),
        (lambda m: m.poked(1, 0.01), "poke_delay_seconds_count", {}),
        (lambda m: m.poke_failed("UNAVAILABLE"), "poke_failures_total", {"code": "UNAVAILABLE"}),
        (lambda m: m.signal_received(), "signals_received_total", {}),
        (lambda m: m.signals_missed(1), "signals_missed_positions_total", {}),
        (lambda m: m.signals_connected(False), "signals_disconnected_processes", {}),
        (lambda m: m.follower_failed("usage", "X"), "follower_errors_total", {"follower": "usage", "code": "X"}),
        (lambda m: m.leases_held("usage", 1), "leases_held", {}),
        (lambda m: m.follower_done("app:mail", 1), "follower_done_total", {"follower": "app:mail", "result": "done"}),
        (lambda m: m.follower_done("app:mail", 1), "follower_success_time_seconds", {"follower": "app:mail"}),
        (
            lambda m: m.follower_gave_up("app:mail"),
            "follower_done_total",
            {"follower": "app:mail", "result": "given_up"},
        ),
        (lambda m: m.lease_lost(), "leases_lost_total", {}),
        (lambda m: m.head(1), "log_head_position", {}),
        (lambda m: m.floor(1), "log_floor_position", {}),
        (lambda m: m.draining(), "draining_processes", {}),
        (lambda m: m.started(1.0), "process_start_time_seconds", {}),
        (lambda m: m.loop_late(0.01), "loop_delay_seconds_count", {}),
    ],
)
def test_each_verb_counts_one_under_its_name(
    verb: Callable[[Metrics], None], name: str, labels: Mapping[str, str]
) -> None:
    metrics = Metrics()
    before = value(metrics, name, **labels) or 0
    verb(metrics)
    assert value(metrics, name, **labels) == before + 1


def test_a_commit_batch_is_measured_by_what_it_held_and_by_each_of_its_steps() -> None:
    metrics = Metrics()
    meter: Meter = metrics
    meter.committed(pushes=3, changes=8, load_s=0.001, decide_s=0.002, commit_s=0.004)
    sums = ("batch_pushes", "batch_changes", "batch_load_seconds", "batch_decide_seconds", "batch_commit_seconds")
    assert [value(metrics, f"{name}_sum") for name in sums] == [3, 8, 0.001, 0.002, 0.004]
    assert value(metrics, "signals_sent_total") == 1


def test_changes_are_counted_by_outcome_and_those_that_say_why_by_code_too() -> None:
    metrics = Metrics()
    verdicts = {"applied": 5, "rejected": 3, "error": 1}
    codes = {"rejected": {"RECORD_GONE": 2, "WRONG_TYPE": 1}, "error": {"NUMBER_GAP": 1}}
    metrics.pushed(verdicts, codes, 0.02)
    assert value(metrics, "changes_total", outcome="applied", code="") == 5
    assert value(metrics, "changes_total", outcome="rejected", code="RECORD_GONE") == 2
    assert value(metrics, "changes_total", outcome="rejected", code="WRONG_TYPE") == 1
    assert value(metrics, "changes_total", outcome="error", code="NUMBER_GAP") == 1
    assert value(metrics, "changes_total", outcome="rejected", code="") is None
    assert value(metrics, "push_seconds_sum") == 0.02


def test_usual_outcomes_stand_there_before_they_happen_so_that_their_first_is_an_increase() -> None:
    metrics = Metrics()
    for outcome in ("applied", "merged", "superseded", "again"):
        assert value(metrics, "changes_total", outcome=outcome, code="") == 0


def test_close_codes_that_only_a_client_can_have_chosen_share_one_label() -> None:
    metrics = Metrics()
    for code in range(3_000, 3_100):
        metrics.socket_closed(code)
    assert value(metrics, "sockets_closed_total", code="other") == 100
    assert value(metrics, "sockets_closed_total", code="3000") is None


def test_what_is_said_at_every_push_is_shown_when_it_is_settled_and_once() -> None:
    metrics = Metrics()
    metrics.waiting(40)
    metrics.admitted()
    assert (value(metrics, "intake_waiting_changes"), value(metrics, "admitted_total")) == (0, 0)
    for _ in range(2):
        metrics.settle()
        assert (value(metrics, "intake_waiting_changes"), value(metrics, "admitted_total")) == (40, 1)


def test_the_head_is_the_highest_that_was_seen() -> None:
    metrics = Metrics()
    for position in (5, 9, 7):
        metrics.head(position)
    assert value(metrics, "log_head_position") == 9


def test_what_nobody_was_poked_about_has_no_delay() -> None:
    metrics = Metrics()
    metrics.poked(0, 3.0)
    assert value(metrics, "poke_delay_seconds_count") == 0


def test_a_clock_that_is_behind_makes_no_delay_below_zero() -> None:
    metrics = Metrics()
    metrics.poked(1, -3.0)
    assert value(metrics, "poke_delay_seconds_sum") == 0


def test_no_metric_has_a_label_that_grows_with_tenants_users_or_devices() -> None:
    metrics = Metrics()
    metrics.followed("usage", lag_positions=3, age_s=1.5)
    found = {label for family in vars(metrics._families).values() for label in getattr(family, "_labelnames", ())}
    assert found == LABELS


def test_a_follower_shows_how_far_it_is_behind_and_since_when() -> None:
    metrics = Metrics()
    metrics.followed("usage", lag_positions=3, age_s=1.5)
    assert value(metrics, "follower_lag_positions", follower="usage") == 3
    assert value(metrics, "follower_age_seconds", follower="usage") == 1.5


def test_a_process_reads_its_own_pulse() -> None:
    metrics = Metrics()
    pulse = Pulse(metrics, lambda: False)
    metrics.waiting(2)
    pulse.read()
    first = value(metrics, "process_cpu_seconds_total")
    pulse.read()
    second = value(metrics, "process_cpu_seconds_total")
    assert first is not None
    assert second is not None
    assert second >= first > 0
    assert value(metrics, "intake_waiting_changes") == 2
    assert value(metrics, "signals_disconnected_processes") == 1
    assert value(metrics, "process_open_fds") == len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_the_text_is_prometheus_or_openmetrics_as_the_scraper_asks() -> None:
    metrics = Metrics()
    text, media_type = exposition(metrics.registry, "")
    assert media_type.startswith("text/plain")
    assert b"# TYPE homeport_push_seconds histogram" in text
    assert b"_created" not in text
    assert exposition(metrics.registry, "application/openmetrics-text; version=1.0.0")[0].endswith(b"# EOF\n")


COUNTS = """
from homeport_server.observe.metrics import Metrics
metrics = Metrics()
metrics.pushed({"applied": 2}, {}, 0.01)
metrics.socket_opened()
metrics.head(HEAD)
print("ready", flush=True)
input()
"""
SHOWS = """
from homeport_server.observe.exposition import exposition
from prometheus_client import CollectorRegistry
print(exposition(CollectorRegistry(), "")[0].decode())
"""


def _shown(variables: Mapping[str, str]) -> dict[str, str]:
    """The metrics as a process that has counted nothing itself shows them."""
    environment = {**os.environ, **variables}
    text = subprocess.run([sys.executable, "-c", SHOWS], env=environment, check=True, capture_output=True, text=True)
    lines = (line.rpartition(" ") for line in text.stdout.splitlines() if line and not line.startswith("#"))
    return {name: count for name, _, count in lines}


def test_processes_add_up_and_one_that_ends_takes_its_gauges_along_and_leaves_its_counts() -> None:
    with shared_directory() as variables:
        environment = {**os.environ, **variables}
        running = [
            subprocess.Popen(
                [sys.executable, "-c", COUNTS.replace("HEAD", head)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for head in ("7", "3")
        ]
        for process in running:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
        both = _shown(variables)
        for process in running:
            process.communicate(b"\n", timeout=10)
        process_ended(running[0].pid, variables[SHARED_DIRECTORY])
        one = _shown(variables)
        process_ended(running[1].pid, variables[SHARED_DIRECTORY])
        none = _shown(variables)
        left = {path.name for path in Path(variables[SHARED_DIRECTORY]).glob("*.db")}
    applied = 'homeport_changes_total{code="",outcome="applied"}'
    assert (both[applied], both["homeport_sockets_open"], both["homeport_log_head_position"]) == ("4.0", "2.0", "7.0")
    assert (one[applied], one["homeport_sockets_open"], one["homeport_log_head_position"]) == ("4.0", "1.0", "3.0")
    assert one["homeport_push_seconds_count"] == none["homeport_push_seconds_count"] == "2.0"
    assert none[applied] == "4.0"
    assert left == {"counter_gone.db", "histogram_gone.db"}  # however many there were


def test_a_process_killed_while_it_made_its_files_spoils_no_sum(tmp_path: Path) -> None:
    (tmp_path / "counter_7.db").touch()
    process_ended(7, str(tmp_path))
    assert _shown({SHARED_DIRECTORY: str(tmp_path)}) == {}


def test_the_next_supervisor_removes_what_a_killed_one_left_and_nothing_that_somebody_holds() -> None:
    holds = "from homeport_server.observe.exposition import shared_directory\n"
    holds += "with shared_directory() as made:\n    print(*made.values(), flush=True)\n    input()"
    with (
        shared_directory() as mine,
        subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
    ):
        assert other.stdout
        theirs = Path(other.stdout.readline().decode().strip())
        assert theirs.is_dir()
        other.kill()
        other.wait()
        with shared_directory():
            assert not theirs.exists()
            assert Path(mine[SHARED_DIRECTORY]).is_dir()


def test_a_directory_that_is_none_is_refused_by_its_name() -> None:
    environment = {**os.environ, SHARED_DIRECTORY: "nowhere"}
    command = [sys.executable, "-c", COUNTS.replace("HEAD", "1")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, input="\n", check=False)
    assert f"BadSetting: {SHARED_DIRECTORY} names 'nowhere'" in ran.stderr


def test_a_process_that_would_show_only_itself_where_all_are_asked_for_does_not_start() -> None:
    late = f"import os, prometheus_client; os.environ[{SHARED_DIRECTORY!r}] = '.'\n{COUNTS.replace('HEAD', '1')}"
    ran = subprocess.run([sys.executable, "-c", late], capture_output=True, text=True, input="\n", check=False)
    assert ran.returncode == 1
    assert f"{SHARED_DIRECTORY} was set after" in ran.stderr
