"""Which queue a step goes to, first and after a fault."""

import pytest

from jobs.faults import Bucket
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
