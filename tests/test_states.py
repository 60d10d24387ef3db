"""The tables of states are closed: no state without moves that is not final, no move to nowhere."""

import re
from pathlib import Path

import pytest

from jobs.states import FINAL_JOB, FINAL_RENDITION, FINAL_STEP, MOVES, JobState, StepState, sources

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("machine", MOVES, ids=lambda machine: machine.__name__)
def test_every_state_has_a_row_and_every_move_ends_in_a_state_of_its_machine(machine):
    assert set(MOVES[machine]) == set(machine)
    assert all(isinstance(to, machine) for targets in MOVES[machine].values() for to in targets)


@pytest.mark.parametrize("machine", MOVES, ids=lambda machine: machine.__name__)
def test_every_state_but_the_first_can_be_reached(machine):
    reached = {to for targets in MOVES[machine].values() for to in targets}
    first = next(iter(machine))
    assert set(machine) - reached <= {first, StepState.BLOCKED}


def test_a_final_state_is_left_only_by_a_requeue():
    assert {to for state in FINAL_JOB for to in MOVES[JobState][state]} == {JobState.QUEUED, JobState.RUNNING}
    assert {to for state in FINAL_STEP for to in MOVES[StepState][state]} == {
        StepState.READY,
        StepState.BLOCKED,
    }
    assert len(FINAL_RENDITION) == 4


def test_sources_are_what_a_conditional_update_may_start_from():
    assert sources(StepState.RUNNING) == ("ready",)
    assert sources(JobState.SUCCEEDED) == ("assembling", "delivering")


def test_only_transitions_writes_a_state():
    writes = re.compile(r"update\([^)]*\bstate=|\.state = |\bset_state\b")
    for file in [
        *(ROOT / "jobs").rglob("*.py"),
        *(ROOT / "webhooks").rglob("*.py"),
        *(ROOT / "audit").rglob("*.py"),
    ]:
        if file.name != "transitions.py" and "migrations" not in file.parts:
            found = [line for line in file.read_text().splitlines() if writes.search(line)]
            found = [line for line in found if "self.state = " not in line]  # an exception that tells a state
            assert not found, f"{file.name}: {found}"
