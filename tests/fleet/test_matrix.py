"""The matrix that a rival's own testers publish, played in the simulated world.

5 and 10 devices write to the same records, 10 to 50 transactions a second in all, while one fault strikes again and
again: a partition, an orderly disconnect, a kill, a pause. They report 30 to 40%, under 1%, 0.5% and 0% of runs failed
(stuck uploads, replicas that differ). A run fails here if any checker complains of anything, healing in time included.
"""

from collections.abc import Mapping

import pytest

from homeport_client.fleet import Actor, Fleet, Network, Persona, Script, steady
from homeport_client.fleet.acts import edit, erase, make
from homeport_client.fleet.mishaps import be_suspended, lose_power, tunnel
from homeport_client.fleet.persona import Act
from homeport_sync import App

DEVICES = (5, 10)
TRANSACTIONS_PER_S = (10, 20, 30, 40, 50)
SECONDS = 20.0
FAULT_EVERY_S = 5.0
NET = Network(name="lab", delay_s=(0.0, 0.02))
SOAK_RUNS = 400


async def disconnect(me: Actor) -> None:
    """In order: the app is told to be offline, or online again."""
    await me.do("airplane_mode", on=me.phone.device.online)


FAULTS: Mapping[str, Act] = {
    "partition": tunnel(1, 10),
    "disconnect": disconnect,
    "kill": lose_power,
    "pause": be_suspended,
}


def script(fault: str, devices: int, rate: int) -> Script:
    """Everybody edits the same tasks; the fault strikes somewhere every few seconds."""
    writes = {edit("Task"): 8.0, make("Task"): 1.0, erase("Task"): 0.5}
    strikes = sum(writes.values()) / (rate * FAULT_EVERY_S)
    person = Persona(name="writer", does={**writes, FAULTS[fault]: strikes}, every_s=devices / rate, network=NET)
    return Script(
        devices=devices,
        duration_s=SECONDS,
        personas=[person],
        phases=(steady(1),),
        phones_per_user=1,
        circle=devices,
        crashes=0,
        storms=0,
        clones=0,
        watched=1,
    )


def must_hold(app: App, fault: str, run: int) -> None:
    devices, rate = DEVICES[run % 2], TRANSACTIONS_PER_S[run // 2 % 5]
    played = Fleet(app, run, script=script(fault, devices, rate)).run()
    assert played.kept, f"{fault}, {devices} devices, {rate} a second, seed {run}:\n{played.verdict}"


@pytest.mark.parametrize("run", [0, 9])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_of_the_matrix_fails_nowhere(app: App, fault: str, run: int) -> None:
    must_hold(app, fault, run)


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("block", range(SOAK_RUNS // 10))
def test_four_hundred_runs_of_each_fault_fail_nowhere(app: App, fault: str, block: int) -> None:
    for run in range(1_000 + 10 * block, 1_010 + 10 * block):
        must_hold(app, fault, run)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100))
def test_two_hundred_phones_with_all_faults_on_keep_every_promise(app: App, seed: int) -> None:
    played = Fleet(app, seed, script=Script(devices=200, duration_s=900, crashes=6, storms=2, clones=4)).run()
    assert played.kept, f"seed {seed}:\n{played.verdict}"
