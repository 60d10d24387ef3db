"""Black, frozen and silent parts of a film are found where they are, and nothing fails for them."""

import subprocess

import pytest

from adapters.ffmpeg.detections import DETECTIONS
from jobs.models import Detection, Step
from jobs.planner.specs import AudioRung, Ladder, Rung
from jobs.states import JobState, StepKind
from tests.factories import drive, make_job, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="session")
def dull(ffmpeg, tmp_path_factory):
    """2 s of black, 3 s that move without a sound, 3 s that stand still, 2 s of black without a sound."""
    file = tmp_path_factory.mktemp("dull") / "dull.mp4"
    pictures = (
        "color=black:s=320x180:r=25:d=2",
        "testsrc2=s=320x180:r=25:d=3",
        "color=red:s=320x180:r=25:d=3",
    )
    inputs = [word for one in (*pictures, pictures[0]) for word in ("-f", "lavfi", "-i", one)]
    subprocess.run(
        [
            ffmpeg, "-v", "error", "-y", *inputs, "-f", "lavfi", "-i", "sine=440:d=10", "-filter_complex",
            "[0][1][2][3]concat=n=4[v];[4]volume=0:enable='between(t,2,5)'[a]",
            "-map", "[v]", "-map", "[a]", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", file,
        ],
        check=True,
    )  # fmt: skip
    return file


def found(job) -> list[tuple[str, float, float]]:
    rows = Detection.objects.filter(job=job)
    return [(row.kind, round(row.start_seconds, 1), round(row.end_seconds, 1)) for row in rows]


@pytest.mark.parametrize("packaging", ["hls", "mp4"])
def test_a_dull_film_is_warned_of_once_for_the_whole_ladder(acme, dull, packaging):
    rungs = tuple(Rung(f"{h}p", height=h, crf=30, speed="ultrafast") for h in (180, 90))
    ladder = Ladder(packaging, rungs, AudioRung(bitrate_kbps=64), detections=DETECTIONS)
    job = drive(make_job(acme, upload(acme, dull), ladder))
    assert job.state == JobState.SUCCEEDED
    black = [("black", 0.0, 2.0), ("black", 8.0, 10.0)]
    assert found(job) == [black[0], ("silence", 2.0, 5.0), ("freeze", 5.0, 8.0), black[1]]
    [attempt] = Step.objects.get(job=job, kind=StepKind.DETECTION).attempt_set.all()
    argv = list(attempt.argv)
    assert argv.count("-i") == (2 if packaging == "hls" else 1), "the smallest picture, and the sound"


def test_only_what_was_asked_for_is_looked_for(acme, dull):
    rungs = (Rung("90p", height=90, crf=30, speed="ultrafast"),)
    job = drive(
        make_job(acme, upload(acme, dull), Ladder("hls", rungs, None, detections=("freeze", "silence")))
    )
    assert [row[0] for row in found(job)] == ["freeze", "freeze"], "black stands still; and there is no sound"
    assert job.state == JobState.SUCCEEDED


def test_a_film_that_cannot_be_looked_through_costs_a_note(acme, clip):
    from jobs.models import Output
    from tests.factories import s3_client

    rungs = (Rung("90p", height=90, crf=30, speed="ultrafast"),)
    ladder = Ladder("mp4", rungs, None, detections=("black",))
    job = drive(make_job(acme, upload(acme, clip), ladder), until=StepKind.DETECTION)
    s3_client().delete_object(
        Bucket="outputs", Key=Output.objects.get(job=job).url.removeprefix("s3://outputs/")
    )
    job = drive(job)
    assert job.state == JobState.SUCCEEDED
    assert job.plan["notes"][-1].startswith("Black, frozen and silent parts were not looked for: ")
