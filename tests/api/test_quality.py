"""Quality by the API: what may be asked for, the summary of a rendition, its curve, a job's warnings."""

import pytest

from jobs.models import Detection, Job
from jobs.planner.specs import Ladder, QualityWish, Rung
from jobs.states import StepKind
from tests.factories import drive, make_job, upload

LADDER = {
    "packaging": "hls",
    "rungs": [{"name": "180p", "height": 180, "min_quality": 20}],
    "quality": {"metric": "vmaf", "minimum": 90, "compare_at": "source"},
    "detections": ["black", "silence"],
}


def post(client, **changes):
    wish = {"source": {"url": client.source()}, "ladder": {**LADDER, **changes}}
    return client.post("jobs", wish)


def test_a_ladder_with_a_gate_is_accepted_and_kept(acme):
    job = Job.objects.get(id=post(acme).json()["id"])
    ladder = Ladder.from_json(job.ladder)
    assert ladder.quality == QualityWish("vmaf", 90, "source")
    assert ladder.rungs[0].min_quality == 20
    assert ladder.detections == ("black", "silence")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"quality": {"metric": "psnr"}}, "/ladder/quality/metric"),
        ({"quality": {"minimum": 101}}, "/ladder/quality/minimum"),
        ({"quality": {"least": 90}}, "/ladder/quality/least"),
        ({"quality": None}, "/ladder/rungs/0/min_quality"),
        ({"detections": ["noise"]}, "/ladder/detections/0"),
        ({"detections": ["black"] * 4}, "/ladder/detections"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_its_place(acme, changes, pointer):
    response = post(acme, **changes)
    assert response.status_code == 400
    assert pointer in [error["pointer"] for error in response.json()["errors"]]


@pytest.fixture
def waiting(s3, valkey, clip, transactional_db):
    """A job whose rendition waits at its gate, and its owner."""
    from tests.api.conftest import _client

    client = _client("acme")
    rungs = (Rung("180p", height=180, crf=35, speed="ultrafast"),)
    ladder = Ladder("hls", rungs, None, quality=QualityWish(minimum=10))
    return client, drive(
        make_job(client.account, upload(client.account, clip), ladder), until=StepKind.QUALITY
    )


def test_a_rendition_shows_its_scores_and_the_curve_has_its_own_place(waiting):
    acme, job = waiting
    rendition = acme.get(f"jobs/{job.id}").json()["renditions"][0]
    assert (rendition["state"], rendition["quality"], rendition["output"]) == ("running", None, None)
    assert acme.get(f"jobs/{job.id}/outputs").json()["results"] == [], "it may yet be made anew"
    assert acme.get(f"jobs/{job.id}/renditions/180p/quality").json() == {
        "rendition": "180p",
        "measurements": [],
    }

    drive(job)
    [rendition] = acme.get(f"jobs/{job.id}/renditions").json()["results"]
    found = rendition["quality"]
    assert found["curve_url"] == f"/api/v1/jobs/{job.id}/renditions/180p/quality"
    assert (found["metric"], found["threshold"], found["passed"], found["frames"]) == (
        "vmaf",
        10.0,
        True,
        132,
    )
    assert "curve" not in found
    assert rendition["output"]["size_bytes"] > 0
    [measured] = acme.get(found["curve_url"].removeprefix("/api/v1/")).json()["measurements"]
    assert len(measured["curve"]) == 132
    assert {name: measured[name] for name in found if name != "curve_url"} == {
        name: value for name, value in found.items() if name != "curve_url"
    }
    attempts = acme.get(f"jobs/{job.id}/attempts").json()["results"]
    assert [(one["step"], one["rendition"]) for one in attempts][2:] == [
        ("rendition", "180p"), ("quality", "180p"), ("manifest", None),
    ]  # fmt: skip

    Detection.objects.create(job=job, kind="freeze", start_seconds=1.5, end_seconds=4)
    assert acme.get(f"jobs/{job.id}").json()["warnings"] == [
        {"kind": "freeze", "start_seconds": 1.5, "end_seconds": 4.0}
    ]


def test_the_curve_of_another_accounts_rendition_is_not_there(waiting, transactional_db):
    from tests.api.conftest import _client

    _, job = waiting
    assert _client("rival").get(f"jobs/{job.id}/renditions/180p/quality").status_code == 404
