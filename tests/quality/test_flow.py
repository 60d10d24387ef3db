"""Renditions are measured after they were made, by real FFmpeg; the gate, and every end that it has."""

import pytest

from jobs.models import Attempt, Job, Output, QualityMeasurement, Rendition, Step
from jobs.planner.specs import AudioRung, Ladder, QualityWish, Rung
from jobs.states import JobState, RenditionState, StepKind
from tests.factories import drive, make_job, upload

pytestmark = pytest.mark.django_db(transaction=True)


def ladder(crf: float = 40, minimum: float | None = None, **changes) -> Ladder:
    rungs = (Rung("180p", height=180, crf=crf, speed="ultrafast"),)
    changes = {"quality": QualityWish(minimum=minimum), **changes}
    return Ladder("hls", rungs, None, **changes)


def test_x(acme, clip):
    import time

    for crf in (45, 42, 39, 36):
        t = time.time()
        job = drive(make_job(acme, upload(acme, clip), ladder(crf)))
        print(crf, job.state, time.time() - t, job.fault_message)
        for m in QualityMeasurement.objects.filter(rendition__job=job):
            print(
                m,
                m.model,
                m.frames,
                m.mean,
                m.harmonic_mean,
                m.percentile_5,
                m.lowest,
                m.lowest_at_seconds,
                m.curve[:5],
                len(m.curve),
            )
        for a in Attempt.objects.filter(job=job):
            print(
                a.step, a.state, a.fault_code, a.fault_detail, a.wall_seconds, a.cpu_seconds, a.peak_rss_bytes
            )
