"""The curves on a job's page, drawn from rows; and warnings with their times."""

import xml.etree.ElementTree as ET

import pytest

from jobs.console import quality_section
from jobs.models import Attempt, Detection, Job, QualityMeasurement, Rendition
from jobs.planner.specs import Ladder, QualityWish, Rung
from jobs.states import StepKind
from tests.factories import drive, make_job, upload

pytestmark = pytest.mark.django_db(transaction=True)

LADDER = Ladder(
    "hls",
    tuple(Rung(f"{height}p", height=height, crf=30, speed="ultrafast") for height in (180, 120)),
    None,
    quality=QualityWish(minimum=90),
    detections=("black",),
)


@pytest.fixture
def job(acme, short_clip) -> Job:
    return drive(make_job(acme, upload(acme, short_clip), LADDER), until=StepKind.RENDITION)


def measure(job: Job, key: str, curve: list[list[float]], **changes) -> QualityMeasurement:
    rendition = Rendition.objects.get(job=job, key=key)
    epoch = Attempt.objects.filter(job=job).count()
    attempt = Attempt.objects.create(
        job=job, step=rendition.step, epoch=100 + epoch, worker="w", queue="q", queued_at=job.created_at
    )
    at, lowest = min(curve, key=lambda point: point[1])
    fields = {
        "metric": "vmaf", "model": "vmaf_v0.6.1", "compare_at": "rendition", "width": 320, "height": 180,
        "frames": len(curve), "mean": 88.5, "harmonic_mean": 88.0, "percentile_5": 70.0, "lowest": lowest,
        "lowest_at_seconds": at, "threshold": 90.0, "passed": False,
    }  # fmt: skip
    return QualityMeasurement.objects.create(
        rendition=rendition, attempt=attempt, curve=curve, **fields | changes
    )


def drawings(html: str) -> list[ET.Element]:
    parts = html.split("<svg viewBox")[1:]
    return [ET.fromstring("<svg viewBox" + part.partition("</svg>")[0] + "</svg>") for part in parts]  # noqa: S314 - ours


def test_each_rendition_has_its_curve_with_its_minimum_and_its_worst_moment(job, operator, text_of):
    wave = [[second / 2, 95.0 - (second % 7)] for second in range(200)]
    wave[123] = [61.5, 44.25]
    measure(job, "180p", wave)
    measure(job, "120p", [[0.0, 97.0], [1.0, 96.0]], passed=True)
    html = operator.get(f"jobs/job/{job.id}/change/")
    seen = text_of(html)
    assert "180p below the minimum VMAF (vmaf_v0.6.1) at 320x180: mean 88.50" in seen
    assert "120p passed" in seen
    first, second = drawings(html)
    words = [text.text for text in first.findall("text")]
    assert {"minimum 90", "44.25 at 1:01.5", "100", "time in the film"} <= set(words)
    assert [line.get("class") for line in first.findall("polyline")] == ["rc-curve"]
    assert len(first.find("polyline").get("points").split()) == 200
    worst = first.find("circle")
    assert f"{worst.get('cx')},{worst.get('cy')}" in first.find("polyline").get("points")
    assert len(second.findall("polyline")) == 1


def test_windows_that_lie_apart_are_not_joined_by_a_line(job, operator):
    apart = [[start + number / 25, 90.0] for start in (0, 600, 1200) for number in range(50)]
    measure(job, "180p", apart)
    [drawing] = drawings(operator.get(f"jobs/job/{job.id}/change/"))
    assert len(drawing.findall("polyline")) == 3
    assert "20:00" in [text.text for text in drawing.findall("text")]


def test_an_encode_before_is_a_faint_curve_behind_the_one_that_counts(job, operator):
    measure(job, "180p", [[0.0, 80.0], [1.0, 70.0]])
    measure(job, "180p", [[0.0, 95.0], [1.0, 93.0]], mean=94.0, passed=True)
    [drawing] = drawings(operator.get(f"jobs/job/{job.id}/change/"))
    names = [line.get("class") for line in drawing.findall("polyline")]
    assert names == ["rc-curve rc-curve-before", "rc-curve"]


@pytest.mark.parametrize(
    ("metric", "curve", "threshold"),
    [
        ("vmaf", [[0.0, 100.0]], None),
        ("vmaf", [[0.0, 0.0], [0.04, 0.0]], 99.0),
        ("ssim", [[0.0, 1.0], [7200.0, 1.0]], None),
        ("ssim", [[0.0, -0.2], [0.04, 0.99]], 0.98),
        ("vmaf", [], None),
    ],
)
def test_a_curve_of_any_shape_stays_inside_its_drawing(job, operator, metric, curve, threshold):
    lowest = curve or [[0.0, 50.0]]
    row = measure(job, "180p", lowest, metric=metric, threshold=threshold, passed=None)
    QualityMeasurement.objects.filter(id=row.id).update(curve=curve)
    [drawing] = drawings(operator.get(f"jobs/job/{job.id}/change/"))
    for line in drawing.findall("polyline"):
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 52 <= x <= 1188
            assert 14 <= y <= 150
    lines = [text.text for text in drawing.findall("text")]
    assert len(lines) == len(set(lines)), "no number twice"


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0, "0:00"), (3.5, "0:03.5"), (61.04, "1:01.04"), (3723.0, "1:02:03")]
)
def test_a_moment_of_a_film_is_told_as_players_tell_it(seconds, told):
    assert quality_section.clock(seconds) == told


def test_warnings_are_shown_with_their_times(job, operator, text_of):
    assert "None found. " in text_of(operator.get(f"jobs/job/{job.id}/change/"))
    Detection.objects.create(job=job, kind="black", start_seconds=61.5, end_seconds=64.0)
    assert "black 1:01.5 1:04 2.50 s" in text_of(operator.get(f"jobs/job/{job.id}/change/"))
