"""Which queue serves which step."""

from collections.abc import Collection

from adapters.ffmpeg.command import Encode
from adapters.ffmpeg.extras import ExtraEncode
from adapters.imaging.encode import ImageEncode
from jobs.faults import Bucket

CONTROL = "control"
FILES = "files"
TRANSCODE_CPU = "transcode-cpu"
TRANSCODE_GPU = "transcode-gpu"
TRANSCODE_HIGHMEM = "transcode-highmem"
DELIVERY = "delivery"
WEBHOOKS = "webhooks"
MAIL = "mail"
INBOUND = "inbound"

# The queues that carry steps, in the order in which the conductor serves them: what frees others comes first.
STEP_QUEUES = (CONTROL, FILES, DELIVERY, TRANSCODE_CPU, TRANSCODE_HIGHMEM, TRANSCODE_GPU)

# A pool is a class of capacity; each has its queue.
QUEUE_OF_POOL = {"cpu": TRANSCODE_CPU, "gpu": TRANSCODE_GPU, "highmem": TRANSCODE_HIGHMEM}

_GPU_SUFFIXES = ("_nvenc", "_qsv", "_vaapi")


def queue_of(encode: Encode, pool: str | None = None) -> str:
    """The queue of the pool that was asked for; without a wish the encoder's hardware decides."""
    if pool is not None:
        return QUEUE_OF_POOL[pool]
    on_gpu = encode.video is not None and encode.video.encoder.endswith(_GPU_SUFFIXES)
    return TRANSCODE_GPU if on_gpu else TRANSCODE_CPU


def queue_of_extra(encode: ExtraEncode | ImageEncode | None) -> str:
    """Pictures of films are cut out by FFmpeg; those of images and documents, and words, keep no encoder busy."""
    return TRANSCODE_CPU if isinstance(encode, ExtraEncode) else FILES


def queue_after(queue: str, bucket: Bucket, live: Collection[str]) -> str:
    """Where a rendition is tried again after a fault of this bucket, among the queues that have live workers.

    Memory and disk: the pool with more of both. A missing encoder or driver: the next pool that is not this one.
    Without such a pool, the same queue again: another of its workers may do better.
    """
    wanted: tuple[str, ...] = ()
    if bucket == Bucket.RESOURCES:
        wanted = (TRANSCODE_HIGHMEM,)
    elif bucket == Bucket.OPERATIONAL:
        wanted = (TRANSCODE_CPU, TRANSCODE_HIGHMEM, TRANSCODE_GPU)
    return next((other for other in wanted if other != queue and other in live), queue)
