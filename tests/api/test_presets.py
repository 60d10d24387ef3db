"""Presets by the API: everybody's to read, an account's own to write, versions that never change."""

import pytest

from jobs.models import Job, Preset
from jobs.planner.presets import SHIPPED
from jobs.presets import MAX_VERSIONS
from tests.factories import make_key

LADDER = {"packaging": "mp4", "rungs": [{"name": "240p", "height": 240}]}


def make(client, name="ours", **changes):
    return client.post("presets", {"name": name, "title": "Ours", "ladder": LADDER, **changes})


def test_the_shipped_presets_are_everybodys(acme):
    shown = {preset["name"]: preset for preset in reversed(acme.get("presets").json())}
    assert set(shown) == {preset.name for preset in SHIPPED}
    assert all(preset["shared"] for preset in shown.values())
    for preset in SHIPPED:
        assert (
            shown[preset.name]["ladder"]
            == Preset.objects.get(name=preset.name, version=preset.version).ladder
        )
        assert preset.ladder.to_json() == shown[preset.name]["ladder"]


def test_the_versions_without_subtitles_can_still_be_read(acme):
    newest, former = acme.get("presets/hls-720p/versions").json()
    assert (newest["version"], newest["ladder"]["subtitles"]) == (2, "all")
    assert (former["version"], former["ladder"]["subtitles"]) == (1, "none")
    assert {**former["ladder"], "subtitles": "all"} == newest["ladder"]


def test_a_preset_is_made_shown_and_named_by_a_job(acme):
    response = make(acme)
    assert response.status_code == 201
    assert response["Location"].endswith("/api/v1/presets/ours/versions/1")
    document = response.json()
    assert (document["name"], document["version"], document["shared"]) == ("ours", 1, False)
    assert document["ladder"]["rungs"][0]["encoder"] == "libx264", "defaults are written down"
    assert acme.get("presets/ours").json() == acme.get("presets/ours/versions/1").json() == document
    job = acme.post("jobs", acme.request(preset="ours")).json()["id"]
    assert Job.objects.get(id=job).ladder == document["ladder"]


def test_a_change_is_a_new_version_and_the_old_one_stays(acme):
    make(acme)
    first = acme.post("jobs", acme.request(preset="ours")).json()["id"]
    wider = {"packaging": "mp4", "rungs": [{"name": "360p", "height": 360}]}
    response = acme.post("presets/ours/versions", {"title": "Wider", "ladder": wider})
    assert (response.status_code, response.json()["version"]) == (201, 2)
    assert [one["version"] for one in acme.get("presets/ours/versions").json()] == [2, 1]
    assert acme.get("presets/ours").json()["title"] == "Wider"
    assert acme.get("presets/ours/versions/1").json()["title"] == "Ours"
    assert Job.objects.get(id=first).preset.version == 1


def test_a_job_may_name_the_version_that_it_wants(acme):
    make(acme)
    wider = {"packaging": "mp4", "rungs": [{"name": "360p", "height": 360}]}
    acme.post("presets/ours/versions", {"title": "Wider", "ladder": wider})
    jobs = [
        Job.objects.get(id=acme.post("jobs", acme.request(preset="ours", **version)).json()["id"])
        for version in ({}, {"preset_version": 1}, {"preset_version": 2})
    ]
    assert [job.preset.version for job in jobs] == [2, 1, 2]
    assert [job.ladder["rungs"][0]["name"] for job in jobs] == ["360p", "240p", "360p"]


@pytest.mark.parametrize(
    ("wish", "pointer", "told"),
    [
        ({"preset": "hls-720p", "preset_version": 9}, "/preset_version", "There is no version 9 of hls-720p"),
        ({"preset": "hls-720p", "preset_version": 0}, "/preset_version", "greater than or equal to 1"),
        ({"preset": "hls-720p", "preset_version": 2**31}, "/preset_version", "less than or equal to"),
        ({"preset": "nobodys", "preset_version": 1}, "/preset", "Unknown; known are: "),
        ({"ladder": LADDER, "preset_version": 1}, "/preset_version", "belongs to a preset"),
    ],
)
def test_a_version_that_is_not_there_is_refused_with_its_place(acme, wish, pointer, told):
    request = {name: value for name, value in acme.request().items() if name != "preset"}
    response = acme.post("jobs", {**request, **wish})
    [error] = response.json()["errors"]
    assert (response.status_code, error["pointer"]) == (400, pointer)
    assert told in error["detail"]


def test_nobody_else_sees_names_or_changes_it(acme, rival):
    make(acme)
    assert "ours" not in {preset["name"] for preset in rival.get("presets").json()}
    for path in ("presets/ours", "presets/ours/versions/1"):
        assert rival.get(path).status_code == 404
    assert rival.get("presets/ours/versions").json() == []
    assert rival.post("presets/ours/versions", {"ladder": LADDER}).status_code == 404
    refused = rival.post("jobs", rival.request(preset="ours")).json()
    assert refused["errors"][0]["pointer"] == "/preset"
    assert "ours" not in refused["errors"][0]["detail"]


def test_two_accounts_may_use_the_same_name(acme, rival):
    assert make(acme).status_code == make(rival, title="Theirs").status_code == 201
    assert acme.get("presets/ours").json()["title"] == "Ours"
    assert rival.get("presets/ours").json()["title"] == "Theirs"


def test_what_everybody_has_cannot_be_taken_or_changed(acme):
    assert make(acme, name="hls-1080p").json()["code"] == "name_taken"
    assert acme.post("presets/hls-1080p/versions", {"ladder": LADDER}).status_code == 404
    assert Preset.objects.filter(name="hls-1080p").count() == 2


def test_an_own_preset_goes_before_one_that_came_to_everybody_later(acme):
    make(acme)
    Preset.objects.create(name="ours", version=7, title="Shipped later", ladder=LADDER)
    assert acme.get("presets/ours").json()["title"] == "Ours"
    job = acme.post("jobs", acme.request(preset="ours")).json()["id"]
    assert Job.objects.get(id=job).preset.account == acme.account


def test_a_known_name_is_not_made_twice(acme):
    make(acme)
    response = make(acme)
    assert (response.status_code, response.json()["code"]) == (409, "name_taken")


def test_writing_needs_its_own_scope(acme):
    acme.secret = make_key(acme.account, "jobs:read", "jobs:write")
    assert acme.get("presets").status_code == 200
    assert make(acme).json()["code"] == "permission_denied"
    acme.secret = make_key(acme.account, "presets:write")
    assert make(acme).status_code == 201
    assert acme.post("presets/ours/versions", {"ladder": LADDER}).status_code == 201
    assert acme.get("presets").status_code == 403


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "Ours"}, "/name"),
        ({"name": "a" * 33}, "/name"),
        ({"colour": "red"}, "/colour"),
        ({"ladder": {"packaging": "mp4", "rungs": [{"name": "a", "height": 241}]}}, "/ladder/rungs/0/height"),
        ({"ladder": None}, "/ladder"),
        ({"ladder": {**LADDER, "extras": [{"name": "x", "kind": "film"}]}}, "/ladder/extras/0/kind"),
        ({"ladder": {**LADDER, "extras": [{"name": "x", "kind": "poster", "at": 5}]}}, "/ladder/extras/0/at"),
        ({"ladder": {**LADDER, "passthrough": True}}, "/ladder/passthrough"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_its_place(acme, changes, pointer):
    response = make(acme, **changes)
    assert response.status_code == 400
    assert pointer in {error["pointer"] for error in response.json()["errors"]}
    assert not Preset.objects.filter(account=acme.account).exists()


def test_the_same_key_and_body_make_one_preset(acme):
    for _ in range(2):
        body = {"name": "ours", "ladder": LADDER}
        assert acme.post("presets", body, **{"Idempotency-Key": "k1"}).status_code == 201
    assert Preset.objects.filter(account=acme.account).count() == 1


def test_an_account_has_a_bounded_number_of_versions(acme):
    rows = [
        Preset(account=acme.account, name="ours", version=number, title="", ladder=LADDER)
        for number in range(1, MAX_VERSIONS + 1)
    ]
    Preset.objects.bulk_create(rows)
    response = acme.post("presets/ours/versions", {"ladder": LADDER})
    assert (response.status_code, response.json()["code"]) == (409, "too_many_presets")
