"""Which queue serves which step."""

from collections.abc import Collection

from adapters.ffmpeg.command import Encode
from adapters.ffmpeg.encoders import GPU_ENCODERS
from adapters.ffmpeg.extras import ExtraEncode
from adapters.imaging.encode import ImageEncode
from jobs.faults import Bucket
from jobs.planner.plan import RenditionPlan

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

# What may be the GPU's or its driver's doing, whatever it is called: worth a try without it. An encoder that fails
# without a reason we know is counted as one that lacks memory.
_BLAMED_ON_GPU = frozenset({Bucket.OPERATIONAL, Bucket.RESOURCES, Bucket.INVALID_OUTPUT, Bucket.STALLED})


def queue_of(encode: Encode, pool: str | None = None) -> str:
    """The queue of the pool that was asked for; without a wish the encoder's hardware decides."""
    if pool is not None:
        return QUEUE_OF_POOL[pool]
    return TRANSCODE_GPU if needs_gpu(encode) else TRANSCODE_CPU


def needs_gpu(encode: Encode) -> bool:
    return encode.video is not None and encode.video.encoder in GPU_ENCODERS


def encode_in(queue: str, planned: RenditionPlan) -> Encode:
    """What an attempt from this queue makes: the fallback, wherever there are no GPUs and the plan has one."""
    return planned.encode if planned.fallback is None or queue == TRANSCODE_GPU else planned.fallback


def queue_of_measurement(pool: str | None) -> str:
    """Where a rendition is measured: on the CPU, and with much memory where that was asked for the encode."""
    return TRANSCODE_HIGHMEM if pool == "highmem" else TRANSCODE_CPU


def queue_of_extra(encode: ExtraEncode | ImageEncode | None) -> str:
    """Pictures of films are cut out by FFmpeg; those of images and documents, and words, keep no encoder busy."""
    return TRANSCODE_CPU if isinstance(encode, ExtraEncode) else FILES


def queue_after(
    queue: str, bucket: Bucket, live: Collection[str], planned: RenditionPlan | None = None
) -> str:
    """Where a rendition is tried again after a fault of this bucket, among the queues that have live workers.

    Memory and disk: the pool with more of both. A missing encoder or driver: the next pool that is not this one.
    Without such a pool, the same queue again: another of its workers may do better.

    What needs a GPU stays there, unless its plan has a fallback. With one it leaves for good, at the first fault that
    may be the GPU's; a pool of CPUs takes it, whether a worker lives there now or only later.
    """
    if planned is not None and needs_gpu(planned.encode):
        return queue if planned.fallback is None else _queue_with_fallback(queue, bucket, live)
    wanted: tuple[str, ...] = ()
    if bucket == Bucket.RESOURCES:
        wanted = (TRANSCODE_HIGHMEM,)
    elif bucket == Bucket.OPERATIONAL:
        wanted = (TRANSCODE_CPU, TRANSCODE_HIGHMEM, TRANSCODE_GPU)
    return next((other for other in wanted if other != queue and other in live), queue)


def _queue_with_fallback(queue: str, bucket: Bucket, live: Collection[str]) -> str:
    if bucket == Bucket.RESOURCES and TRANSCODE_HIGHMEM in live:
        return TRANSCODE_HIGHMEM
    if queue == TRANSCODE_GPU and bucket in _BLAMED_ON_GPU:
        return TRANSCODE_HIGHMEM if TRANSCODE_HIGHMEM in live and TRANSCODE_CPU not in live else TRANSCODE_CPU
    if bucket == Bucket.OPERATIONAL and TRANSCODE_HIGHMEM in live:
        return TRANSCODE_HIGHMEM
    return queue
