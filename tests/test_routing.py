"""Which queue a step goes to, first and after a fault."""

from dataclasses import replace

import pytest

from adapters.ffmpeg.encode import Encode, VideoEncode
from jobs.faults import Bucket
from jobs.planner.plan import RenditionPlan
from jobs.routing import TRANSCODE_CPU, TRANSCODE_GPU, TRANSCODE_HIGHMEM, queue_after

ALL = {TRANSCODE_CPU, TRANSCODE_GPU, TRANSCODE_HIGHMEM}


@pytest.mark.parametrize(
    ("queue", "bucket", "live", "expected"),
    [
        (TRANSCODE_CPU, Bucket.TRANSIENT, ALL, TRANSCODE_CPU),
        (TRANSCODE_CPU, Bucket.STALLED, ALL, TRANSCODE_CPU),
        (TRANSCODE_CPU, Bucket.RESOURCES, ALL, TRANSCODE_HIGHMEM),
        (TRANSCODE_HIGHMEM, Bucket.RESOURCES, ALL, TRANSCODE_HIGHMEM),
        (TRANSCODE_CPU, Bucket.RESOURCES, {TRANSCODE_CPU}, TRANSCODE_CPU),
        (TRANSCODE_GPU, Bucket.OPERATIONAL, ALL, TRANSCODE_CPU),
        (TRANSCODE_CPU, Bucket.OPERATIONAL, ALL, TRANSCODE_HIGHMEM),
        (TRANSCODE_GPU, Bucket.OPERATIONAL, {TRANSCODE_GPU}, TRANSCODE_GPU),
    ],
)
def test_a_retry_goes_where_its_bucket_sends_it_and_somebody_lives(queue, bucket, live, expected):
    assert queue_after(queue, bucket, live) == expected


def on_gpu(fallback: str | None) -> RenditionPlan:
    video = VideoEncode(
        0, "h264_nvenc", 640, 360, None, 50, 26, None, None, None, None, None, None, None, None
    )
    planned = RenditionPlan("a", "video", True, Encode(video, None, "cmaf", None, None), "a.mp4")
    other = Encode(replace(video, encoder=fallback), None, "cmaf", None, None) if fallback else None
    return replace(planned, fallback=other)


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("live", [ALL, {TRANSCODE_CPU}, set()])
def test_what_needs_a_gpu_and_has_no_fallback_never_leaves_it(bucket, live):
    assert queue_after(TRANSCODE_GPU, bucket, live, on_gpu(None)) == TRANSCODE_GPU


@pytest.mark.parametrize(
    ("queue", "bucket", "live", "expected"),
    [
        (TRANSCODE_GPU, Bucket.OPERATIONAL, ALL, TRANSCODE_CPU),
        (TRANSCODE_GPU, Bucket.OPERATIONAL, set(), TRANSCODE_CPU),
        (TRANSCODE_GPU, Bucket.OPERATIONAL, {TRANSCODE_HIGHMEM, TRANSCODE_GPU}, TRANSCODE_HIGHMEM),
        (TRANSCODE_GPU, Bucket.INVALID_OUTPUT, ALL, TRANSCODE_CPU),
        (TRANSCODE_GPU, Bucket.STALLED, ALL, TRANSCODE_CPU),
        (TRANSCODE_GPU, Bucket.TRANSIENT, ALL, TRANSCODE_GPU),
        (TRANSCODE_GPU, Bucket.RESOURCES, ALL, TRANSCODE_HIGHMEM),
        (TRANSCODE_GPU, Bucket.RESOURCES, {TRANSCODE_CPU}, TRANSCODE_CPU),
        (TRANSCODE_CPU, Bucket.RESOURCES, {TRANSCODE_GPU}, TRANSCODE_CPU),
        (TRANSCODE_CPU, Bucket.OPERATIONAL, {TRANSCODE_CPU, TRANSCODE_GPU}, TRANSCODE_CPU),
        (TRANSCODE_CPU, Bucket.OPERATIONAL, ALL, TRANSCODE_HIGHMEM),
    ],
)
def test_a_fallback_leaves_the_gpu_at_its_first_fault_and_for_good(queue, bucket, live, expected):
    assert queue_after(queue, bucket, live, on_gpu("libx264")) == expected
