"""Every preset on every film: a verified ladder, or a fault that says what is wrong with the file.

The short way, in `make test`, has one small ladder for all films. `make ladders` has the shipped presets and the small
ladder as a group, and writes a table. `UPDATE_GOLDEN=1` writes the golden outcomes anew: look at the difference before
it is committed.
"""

import os
import time
from pathlib import Path

import pytest

from jobs.faults import Bucket
from tests.ladders import cells
from tests.ladders.cast import FILMS, PRESETS, REFUSED, SHORT, refusal_of
from tests.ladders.sources import MADE

pytestmark = pytest.mark.django_db(transaction=True)

GOLDEN = Path(__file__).parent / "golden"
EVERYTHING = [*FILMS, *REFUSED]


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_small_ladder_of_every_film_is_a_true_one(name, acme, film, tools, table, tmp_path):
    expect(name, "short", SHORT, acme, film(name), tools, table, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", EVERYTHING)
def test_every_preset_on_every_film_is_a_true_one(name, preset, acme, film, tools, table, tmp_path):
    expect(name, preset, PRESETS[preset], acme, film(name), tools, table, tmp_path)


def expect(name, preset, ladder, account, source, tools, table, folder) -> None:
    began = time.monotonic()
    made = cells.make(account, ladder, source, folder)
    outcome = "not as it should be"
    try:
        refusal = refusal_of(name, ladder)
        if refusal is None:
            cells.check(made, FILMS[name], source, tools)
            outcome = "verified"
        else:
            found = (made.job.fault_code, made.job.fault_message)
            assert found == refusal, (made.job.state, made.fault, made.job.fault_detail)
            assert made.job.state == "failed"
            outcome = made.job.fault_code
            assert made.job.fault_bucket in (Bucket.FAILED_INPUT, Bucket.CONFIGURATION)
        # Of the made films one ladder is enough to be read by a person. A group leaves what separate encodes leave.
        read = "short" if preset == "group" else preset
        if read == "short" or name not in MADE:
            expect_golden(f"{read}/{name}", cells.told(made, tools))
    finally:
        if table is not None:
            table.note(preset, name, outcome, time.monotonic() - began)


def expect_golden(name: str, text: str) -> None:
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text
