# ruff: noqa: E501 (the table reads best with one row a line)
"""Faults: what can go wrong, whose business it is, and whether to try again.

A code names a cause, its bucket decides the policy, and nothing else does. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Bucket(StrEnum):
    """Who can do something about it."""

    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    RESOURCES = "resources"
    OPERATIONAL = "operational"
    FAILED_INPUT = "failed_input"
    NOT_FOUND = "not_found"
    CONFIGURATION = "configuration"
    INVALID_OUTPUT = "invalid_output"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """A row of the table: `message` is for the customer, `operator` adds what only an operator can use."""

    bucket: Bucket
    message: str
    operator: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A classified cause. `detail` is evidence (a line of stderr, an error's text), never shown to customers."""

    code: str
    bucket: Bucket
    message: str
    detail: str


_B = Bucket
_OURS = "Something went wrong on our side."
_INTERRUPTED = "The work was interrupted on our side."
SPECS: dict[str, FaultSpec] = {
    # The source
    "source_missing": FaultSpec(_B.NOT_FOUND, "The source does not exist.", "No object at the source's URL."),
    "source_empty": FaultSpec(_B.FAILED_INPUT, "The source is an empty file.", "0 bytes fetched."),
    "source_not_media": FaultSpec(_B.FAILED_INPUT, "The source is not a media file.", "HTML, text or unknown bytes."),
    "source_unreadable": FaultSpec(_B.FAILED_INPUT, "The source is damaged, cut off, or not a media file.", "FFmpeg could not read the container."),
    "source_truncated": FaultSpec(_B.FAILED_INPUT, "The source ends before its announced duration: it was cut off.", "Short output with decode errors."),
    "source_damaged": FaultSpec(_B.FAILED_INPUT, "The source is damaged: too many frames cannot be decoded.", "Decode errors all over stderr."),
    "source_changed": FaultSpec(_B.FAILED_INPUT, "The source has changed since the job was submitted.", "The hash differs from the ingest's."),
    "no_usable_stream": FaultSpec(_B.FAILED_INPUT, "The source has no video or audio that can be encoded.", "The planner found no stream."),
    "stream_missing": FaultSpec(_B.FAILED_INPUT, "The source lacks a stream that the ladder needs.", "-map matched nothing: is the plan of this source?"),
    "codec_unsupported": FaultSpec(_B.FAILED_INPUT, "The source uses a codec that cannot be decoded.", "This FFmpeg build has no decoder for it."),
    "format_refused": FaultSpec(_B.FAILED_INPUT, "The source's file format is not accepted.", "Not on the format or codec allow-list."),
    "picture_size_refused": FaultSpec(_B.FAILED_INPUT, "The source's picture size is invalid or too large.", "Above -max_pixels."),
    "source_mismatch": FaultSpec(_B.FAILED_INPUT, "The source is not of the kind that the extras are made of.", "A film where an image was meant, or the other way round."),
    "source_too_complex": FaultSpec(_B.FAILED_INPUT, "The source takes too long to open or to draw.", "Over the CPU seconds of one picture: a page of millions of shapes, or an attack."),
    "document_encrypted": FaultSpec(_B.FAILED_INPUT, "The document is encrypted: it cannot be opened without its password.", "pdfium asks for a password."),
    "pages_missing": FaultSpec(_B.FAILED_INPUT, "The document has none of the pages that were asked for.", "All of them lie behind its end."),
    # The request
    "option_invalid": FaultSpec(_B.CONFIGURATION, "An encoder setting is invalid.", "FFmpeg refused an option's value."),
    "filter_invalid": FaultSpec(_B.CONFIGURATION, "A filter setting is invalid.", "FFmpeg refused the filter graph."),
    "size_invalid": FaultSpec(_B.CONFIGURATION, "The picture size is impossible for this encoder.", "Odd or empty dimensions."),
    "container_refused": FaultSpec(_B.CONFIGURATION, "The packaging cannot hold this codec.", "The muxer refused the stream."),
    "command_refused": FaultSpec(_B.CONFIGURATION, "The command is not allowed any more.", "The allow-list has changed since the job was accepted."),
    "output_too_large": FaultSpec(_B.CONFIGURATION, "The rendition grew beyond the allowed size.", "Over the size limit of an output."),
    # Storage
    "object_not_found": FaultSpec(_B.NOT_FOUND, "The file does not exist at this URL.", "404 or no such key."),
    "object_forbidden": FaultSpec(_B.NOT_FOUND, "Access to the file was denied.", "401 or 403: check the policy or the signature."),
    "object_too_large": FaultSpec(_B.FAILED_INPUT, "The file is larger than allowed.", "Over the byte limit of a fetch."),
    "host_unknown": FaultSpec(_B.NOT_FOUND, "The URL's host does not exist.", "The name does not resolve."),
    "url_refused": FaultSpec(_B.CONFIGURATION, "The URL is not allowed here.", "Unknown scheme, outside the roots, or a private address."),
    "operation_not_supported": FaultSpec(_B.CONFIGURATION, "This storage cannot do that.", "The scheme's adapter lacks the operation."),
    "storage_throttled": FaultSpec(_B.RATE_LIMITED, "The storage asks to slow down.", "429 or SlowDown."),
    "storage_unavailable": FaultSpec(_B.TRANSIENT, "The storage does not answer.", "5xx, refused or timed out."),
    "fetch_interrupted": FaultSpec(_B.TRANSIENT, "The transfer broke off.", "Body shorter than its Content-Length, or slower than 10 kB/s for 30 s."),
    "fetch_aborted": FaultSpec(_B.TRANSIENT, _INTERRUPTED, "Stopped by the worker: lease lost, cancelled or stopping."),
    "network_error": FaultSpec(_B.TRANSIENT, "The network failed.", "Timed out, refused or reset."),
    # The machine
    "disk_full": FaultSpec(_B.RESOURCES, _OURS, "No space in the work folder or the cache."),
    "out_of_memory": FaultSpec(_B.RESOURCES, _OURS, "Over the memory limit, killed by the kernel, or an allocation failed: the detail says which."),
    "process_limit": FaultSpec(_B.RESOURCES, _OURS, "Out of processes, threads or file descriptors."),
    "encoder_failed": FaultSpec(_B.RESOURCES, _OURS, "The encoder gave no reason: most often memory, which x264 does not name."),
    "io_error": FaultSpec(_B.TRANSIENT, _INTERRUPTED, "The disk or its network failed to read or write."),
    "workspace_unusable": FaultSpec(_B.OPERATIONAL, _OURS, "A staged file or the job's folder vanished or is not accessible."),
    # The installation
    "binary_missing": FaultSpec(_B.OPERATIONAL, _OURS, "FFmpeg cannot be started: see FFMPEG_BINARY."),
    "sandbox_unavailable": FaultSpec(_B.OPERATIONAL, _OURS, "This worker cannot keep FFmpeg in its box: see `manage.py doctor`."),
    "encoder_missing": FaultSpec(_B.OPERATIONAL, _OURS, "This FFmpeg build lacks the encoder."),
    "filter_missing": FaultSpec(_B.OPERATIONAL, _OURS, "This FFmpeg build lacks a filter."),
    "metric_missing": FaultSpec(_B.OPERATIONAL, _OURS, "This FFmpeg build cannot measure VMAF: it lacks libvmaf."),
    "scores_unreadable": FaultSpec(_B.OPERATIONAL, _OURS, "The comparison with the source ended with 0, but left no scores: no frames in common, or a log that cannot be read."),
    "option_missing": FaultSpec(_B.OPERATIONAL, _OURS, "This FFmpeg build lacks an option."),
    "font_missing": FaultSpec(_B.OPERATIONAL, _OURS, "No font on this machine."),
    "encoder_revision_mismatch": FaultSpec(_B.OPERATIONAL, _OURS, "This worker runs another encoder than was asked for."),
    "gpu_missing": FaultSpec(_B.OPERATIONAL, _OURS, "No driver, no device, or one that cannot do what was asked for: see `manage.py doctor`."),
    "gpu_session_limit": FaultSpec(_B.OPERATIONAL, _OURS, "Too many encodes at once for this GPU, or for its memory: see GPU_SESSIONS."),
    "encoder_not_proven": FaultSpec(_B.OPERATIONAL, _OURS, "No live worker has shown that its GPU can run this encoder: see the list of workers."),
    "ffmpeg_crashed": FaultSpec(_B.OPERATIONAL, _OURS, "FFmpeg died of a signal of its own: a bug, or an attack by the source."),
    "ffmpeg_failed": FaultSpec(_B.OPERATIONAL, _OURS, "FFmpeg failed without a reason we know: read the stderr."),
    "ffmpeg_killed": FaultSpec(_B.TRANSIENT, _INTERRUPTED, "FFmpeg was killed from outside, by an operator or a machine going down; the kernel counts no OOM kill."),
    "imaging_unavailable": FaultSpec(_B.OPERATIONAL, _OURS, "This worker cannot open such a file: Pillow, pypdfium2 or pi-heif is missing; see `manage.py doctor`."),
    "imaging_crashed": FaultSpec(_B.OPERATIONAL, _OURS, "The process that opens images died of a signal of its own: a bug, or an attack by the source."),
    "imaging_failed": FaultSpec(_B.OPERATIONAL, _OURS, "The process that opens images failed without a reason we know: read the stderr."),
    "imaging_killed": FaultSpec(_B.TRANSIENT, _INTERRUPTED, "The process that opens images was killed from outside; the kernel counts no OOM kill."),
    "worker_lost": FaultSpec(_B.TRANSIENT, _INTERRUPTED, "The worker's lease expired."),
    "lease_lost": FaultSpec(_B.TRANSIENT, _INTERRUPTED, "The worker could not renew its lease in time."),
    "worker_stopping": FaultSpec(_B.TRANSIENT, _INTERRUPTED, "The worker was told to stop."),
    "worker_killed_repeatedly": FaultSpec(_B.OPERATIONAL, _OURS, "The step has killed its worker too often: look at the source."),
    "internal_error": FaultSpec(_B.OPERATIONAL, _OURS, "An unexpected exception: a bug."),
    # The result
    "invalid_output": FaultSpec(_B.INVALID_OUTPUT, "The rendition came out wrong.", "Ended with 0, but the file is empty or unreadable."),
    "output_refused": FaultSpec(_B.INVALID_OUTPUT, "The command wrote something that is not a plain file, or nothing.", "A link, a device, too many files, or none."),
    "output_streams_wrong": FaultSpec(_B.INVALID_OUTPUT, "The rendition came out wrong.", "A planned stream or codec is not there."),
    "output_size_wrong": FaultSpec(_B.INVALID_OUTPUT, "The rendition came out wrong.", "Another picture size than planned."),
    "output_rate_wrong": FaultSpec(_B.INVALID_OUTPUT, "The rendition came out wrong.", "Another frame rate than planned."),
    "output_frames_wrong": FaultSpec(_B.INVALID_OUTPUT, "The rendition came out wrong.", "Far fewer or more frames than its duration holds."),
    "output_grid_wrong": FaultSpec(_B.INVALID_OUTPUT, "The rendition came out wrong.", "Key frames are not where the segments need them."),
    "output_duration_wrong": FaultSpec(_B.INVALID_OUTPUT, "The rendition came out too short or too long.", "More than 1 s and 2 % from the source."),
    "quality_below_threshold": FaultSpec(_B.INVALID_OUTPUT, "The quality of the rendition stays below the minimum that was asked for.", "A better setting was tried, or there was none: see the curve of each measurement."),
    "required_rendition_failed": FaultSpec(_B.OPERATIONAL, "A required rendition could not be made.", "See the fault of the rendition."),
    # The clock and the customer
    "cancelled": FaultSpec(_B.CANCELLED, "The job was cancelled.", "By the customer or an operator."),
    "timed_out": FaultSpec(_B.TIMED_OUT, "The work took longer than allowed.", "Over the wall-clock limit."),
    "stalled": FaultSpec(_B.STALLED, "The work made no progress.", "Neither progress nor output for too long."),
}  # fmt: skip


def fault(code: str, detail: str = "") -> Fault:
    """The fault of a known code. Raises KeyError for a code without a row in SPECS."""
    spec = SPECS[code]
    return Fault(code, spec.bucket, spec.message, detail)


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again, not before `delay_seconds` from now."""

    delay_seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt. `dead_letter`: attempts ran out and a person should look; else it is useless to retry."""

    dead_letter: bool


Decision = Retry | GiveUp


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a bucket is attempted, and how long to wait: full jitter below base * 2^n, at most the cap.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    max_attempts: int
    base_seconds: float
    cap_seconds: float


POLICIES: dict[Bucket, Policy] = {
    # Eight tries outlast a storage that is away for two minutes on average, four at most.
    Bucket.TRANSIENT: Policy(max_attempts=8, base_seconds=2, cap_seconds=300),
    Bucket.RATE_LIMITED: Policy(max_attempts=8, base_seconds=5, cap_seconds=900),
    Bucket.RESOURCES: Policy(max_attempts=3, base_seconds=10, cap_seconds=300),
    Bucket.OPERATIONAL: Policy(max_attempts=2, base_seconds=2, cap_seconds=60),
    Bucket.INVALID_OUTPUT: Policy(max_attempts=2, base_seconds=2, cap_seconds=60),
    Bucket.TIMED_OUT: Policy(max_attempts=2, base_seconds=10, cap_seconds=60),
    Bucket.STALLED: Policy(max_attempts=2, base_seconds=10, cap_seconds=60),
    Bucket.FAILED_INPUT: Policy(max_attempts=1, base_seconds=0, cap_seconds=0),
    Bucket.NOT_FOUND: Policy(max_attempts=1, base_seconds=0, cap_seconds=0),
    Bucket.CONFIGURATION: Policy(max_attempts=1, base_seconds=0, cap_seconds=0),
    Bucket.CANCELLED: Policy(max_attempts=1, base_seconds=0, cap_seconds=0),
}
_LONGEST_RETRY_AFTER_SECONDS = 3600.0


def decide(
    bucket: Bucket,
    attempts: int,
    *,
    retry_after_seconds: float | None = None,
    random: Callable[[], float],
) -> Decision:
    """What to do after the `attempts`-th attempt (1 or more) has failed.

    `retry_after_seconds` is the server's Retry-After (RFC 9110 §10.2.3): a lower bound, believed up to an hour.
    `random` gives a number in [0, 1).
    """
    policy = POLICIES[bucket]
    if attempts >= policy.max_attempts:
        return GiveUp(dead_letter=policy.max_attempts > 1)
    jitter = random() * min(policy.cap_seconds, policy.base_seconds * 2 ** (attempts - 1))
    asked = min(max(retry_after_seconds or 0.0, 0.0), _LONGEST_RETRY_AFTER_SECONDS)
    return Retry(asked + jitter)
