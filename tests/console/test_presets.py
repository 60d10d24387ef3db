"""Presets: a new version is made, checked as the API checks; an old one never changes."""

import json

import pytest

from jobs.models import Preset
from tests.factories import SMALL_LADDER

pytestmark = pytest.mark.django_db


@pytest.fixture
def preset():
    return Preset.objects.create(name="tiny", version=1, title="Tiny", ladder=SMALL_LADDER.to_json())


def add(operator, ladder, name="tiny"):
    text = ladder if isinstance(ladder, str) else json.dumps(ladder)
    return operator.post("jobs/preset/add/", {"name": name, "title": "Tiny, better", "ladder": text})


def test_saving_a_known_name_makes_its_next_version(operator, preset):
    assert add(operator, {"packaging": "mp4", "rungs": [{"name": "240p", "height": 240}]}).status_code == 302
    first, second = Preset.objects.filter(name="tiny").order_by("version")
    assert (first.title, first.ladder) == ("Tiny", preset.ladder)
    assert (second.version, second.title) == (2, "Tiny, better")
    assert second.ladder["rungs"][0]["encoder"] == "libx264", "defaults are written down"


def test_a_new_name_begins_at_version_one(operator):
    add(operator, SMALL_LADDER.to_json(), name="fresh")
    assert Preset.objects.get(name="fresh").version == 1


@pytest.mark.parametrize(
    ("ladder", "words"),
    [
        ({"packaging": "hls", "rungs": [{"name": "a", "height": 721}]}, "/rungs/0/height: "),
        (
            {"packaging": "hls", "rungs": [{"name": "a", "height": "720"}]},
            "/rungs/0/height: This must be a whole",
        ),
        ({"packaging": "hls", "rungs": [], "colour": "red"}, "/colour: There is no such member"),
        ([], "/: "),
        ("{", "This is not JSON"),
        ("[" * 200_000, "This is not JSON"),
    ],
)
def test_a_ladder_that_cannot_be_planned_is_refused_with_its_place(operator, ladder, words):
    response = add(operator, ladder)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not Preset.objects.filter(title="Tiny, better").exists()


def test_a_name_that_no_url_could_hold_is_refused(operator):
    assert "A name has 1 to 32" in add(operator, SMALL_LADDER.to_json(), name="My Preset").content.decode()


def test_the_form_begins_with_the_version_that_was_looked_at(operator, preset):
    assert f"/admin/jobs/preset/add/?from={preset.pk}" in operator.get(f"jobs/preset/{preset.pk}/change/")
    html = operator.get("jobs/preset/add/", **{"from": str(preset.pk)})
    assert 'value="tiny"' in html
    assert "&quot;ultrafast&quot;" in html
    operator.get("jobs/preset/add/", **{"from": "nonsense"})


def test_a_page_shows_the_rungs(operator, preset, text_of):
    seen = text_of(operator.get(f"jobs/preset/{preset.pk}/change/"))
    assert "180p 180" in seen
    assert "aac" in seen
