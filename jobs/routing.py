"""Which queue serves which step."""

from adapters.ffmpeg.command import Encode

CONTROL = "control"
FILES = "files"
TRANSCODE_CPU = "transcode-cpu"
TRANSCODE_GPU = "transcode-gpu"
DELIVERY = "delivery"
WEBHOOKS = "webhooks"
MAIL = "mail"
INBOUND = "inbound"

# The queues that carry steps, in the order in which the conductor serves them: what frees others comes first.
STEP_QUEUES = (CONTROL, FILES, DELIVERY, TRANSCODE_CPU, TRANSCODE_GPU)

_GPU_SUFFIXES = ("_nvenc", "_qsv", "_vaapi")


def queue_of(encode: Encode) -> str:
    """The pool that can run this encode: its encoder's hardware decides."""
    on_gpu = encode.video is not None and encode.video.encoder.endswith(_GPU_SUFFIXES)
    return TRANSCODE_GPU if on_gpu else TRANSCODE_CPU
