"""The presets of extras alone on real files: the whole plan, compared with one that somebody has read.

`UPDATE_GOLDEN=1 pytest tests/imaging/test_golden.py` writes them anew: look at the difference before it is committed.
"""

import json
import os
from pathlib import Path

import pytest

from adapters.imaging import imager
from jobs.planner.plan import PlanFailed
from jobs.planner.presets import SHIPPED
from jobs.planner.specs import NO_PACKAGING
from jobs.planner.stills import resolve_still

GOLDEN = Path(__file__).parent / "golden"
PRESETS = [preset for preset in SHIPPED if preset.ladder.packaging == NO_PACKAGING]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_plans_real_files_as_it_did(preset, shared_media):
    told = {}
    for name, kind in (("london.jpg", "jpeg"), ("four_pages.pdf", "pdf")):
        seen = imager.look(shared_media / name, kind)
        try:
            told[name] = {**seen.to_json(), "plan": resolve_still(preset.ladder, seen).to_json()}
        except PlanFailed as error:
            told[name] = {**seen.to_json(), "failed": [error.code, error.message]}
    text = json.dumps(told, indent=1) + "\n"
    file = GOLDEN / f"{preset.name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text


def test_no_golden_plan_is_left_over():
    assert {file.stem for file in GOLDEN.iterdir()} == {preset.name for preset in PRESETS}
