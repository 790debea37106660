"""What a live fleet says where there is no terminal: its start once, then how it stands, and who died of what."""

import io
from dataclasses import replace

from rich.console import Console

from homeport_client.fleet.live.display import Display
from homeport_client.fleet.live.fleet import Snapshot

START = Snapshot(
    phase="starting", up=[], down=["server", "worker"], fallen=[], phones=0, online=0, written=0, waiting=0, logged=0
)
WRITING = replace(START, phase="writing", up=["server", "worker"], down=[], phones=3)


def said(*snapshots: Snapshot) -> list[str]:
    """The lines, without the seconds before them."""
    out = io.StringIO()
    with Display(Console(file=out), seconds=9) as display:
        for each in snapshots:
            display.show(each)
    return [line.rpartition(" s  ")[2] for line in out.getvalue().splitlines()]


def test_the_start_is_said_once_however_long_it_takes() -> None:
    assert said(START, START, replace(START, up=["server"], down=["worker"])) == ["Starting: server, worker."]


def test_who_was_killed_and_who_ended_by_itself_are_told_apart() -> None:
    down = replace(WRITING, up=["server"], down=["worker"], waiting=4)
    stands = "0/3 phones online, 0 written, 4 waiting, 0 in the log, 0/s"
    assert said(WRITING, down)[1:] == [
        "Killed with SIGKILL: worker. 4 changes wait on the phones.",
        f"writing: worker DOWN, {stands}",
    ]
    assert said(WRITING, replace(down, fallen=["worker"]))[1] == (
        "Ended by itself: worker. 4 changes wait on the phones."
    )
