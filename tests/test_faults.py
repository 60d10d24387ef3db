import json
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ffmpeg.stderr import CODES, diagnose
from jobs.faults import POLICIES, SPECS, Bucket, Decision, Fault, GiveUp, Retry, decide, fault

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "facts" / "failures.jsonl"

# Where we differ from the corpus, on purpose; each with the code that comes out.
_RAW = (
    "command lines are ours, so a name that the build does not know is the build's lack (design: operational)"
)
EXCEPTIONS: dict[str, tuple[set[str], str]] = {
    "unknown_encoder": ({"encoder_missing"}, _RAW),
    "invalid_filter_name": ({"filter_missing", "filter_invalid"}, _RAW),
    "missing_font": ({"font_missing", "filter_missing"}, "the design counts fonts as operational"),
    "max_alloc": (
        {"out_of_memory"},
        "FFmpeg words its own cap like real lack of memory: try a bigger machine",
    ),
    "seek_past_end": ({"invalid_output"}, "ends with 0 and without an error line; the probe finds nothing"),
    "tls_default_accepts_selfsigned": ({"invalid_output", "io_error"}, "FFmpeg never opens the network here"),
}


def corpus_rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CORPUS.read_text().splitlines()] if CORPUS.exists() else []


@pytest.mark.skipif(not CORPUS.exists(), reason="no corpus of failures beside the checkout")
def test_real_failures_of_three_builds_land_in_the_right_bucket() -> None:
    wrong = []
    for row in corpus_rows():
        number = signal.Signals[row["signal"]] if row["signal"] else None
        diagnosis = diagnose(
            stop_reason=None, signal=number, exit_code=row["exit_code"], stderr=row["stderr"]
        )
        expected = fault(diagnosis.code).bucket == row["bucket"]
        if row["name"] in EXCEPTIONS:
            expected = diagnosis.code in EXCEPTIONS[row["name"]][0]
        if not expected:
            wrong.append((row["name"], row["build"], row["bucket"], diagnosis))
    assert wrong == []


OWN_ROWS = (
    (Bucket.FAILED_INPUT, 183, "[in#0 @ 0x1] [error] moov atom not found"),
    (Bucket.FAILED_INPUT, 234, "[vist#0:0 @ 0x1] [error] Decoding requested, but no decoder found for: x"),
    (Bucket.FAILED_INPUT, 234, "[in#0 @ 0x1] [error] Format not on whitelist 'mov,mp4'"),
    (Bucket.CONFIGURATION, 187, "[libx264 @ 0x1] [error] width not divisible by 2 (321x181)"),
    (Bucket.CONFIGURATION, 222, "[libx264 @ 0x1] [error] Value -5.0 for parameter 'crf' out of range [-1]"),
    (Bucket.CONFIGURATION, 234, "[webm @ 0x1] [error] Only VP8 or VP9 or AV1 video are supported for WebM."),
    (Bucket.OPERATIONAL, 8, "[vost#0:0 @ 0x1] [fatal] Unknown encoder 'libfdk_aac'"),
    (Bucket.OPERATIONAL, 255, "[h264_nvenc @ 0x1] [error] Cannot load libcuda.so.1"),
    (Bucket.OPERATIONAL, 254, "[in#0 @ 0x1] [error] Error opening input: No such file or directory"),
    (Bucket.RESOURCES, 228, "[out#0/mp4 @ 0x1] [error] Error writing trailer: No space left on device"),
    (Bucket.RESOURCES, 187, "x264 [error]: malloc of size 341312 failed"),
    (Bucket.RESOURCES, 245, "[error] Error while opening decoder: Resource temporarily unavailable"),
    (Bucket.TRANSIENT, 251, "[in#0 @ 0x1] [error] Error opening input: I/O error"),
    (Bucket.CONFIGURATION, 255, "[mp4 @ 0x1] [error] Malformed AAC bitstream detected: use the audio bitstream"),
    (Bucket.OPERATIONAL, 255, "[out#0 @ 0x1] [error] Task finished with error code: -1 (Operation not permitted)"),
    (Bucket.TRANSIENT, 255, ""),
    (Bucket.OPERATIONAL, 1, "something never seen before"),
)  # fmt: skip


@pytest.mark.parametrize(("bucket", "exit_code", "line"), OWN_ROWS)
def test_a_failure_lands_in_its_bucket(bucket: Bucket, exit_code: int, line: str) -> None:
    diagnosis = diagnose(stop_reason=None, signal=None, exit_code=exit_code, stderr=f"{line}\n")
    assert fault(diagnosis.code).bucket is bucket


def test_every_diagnosis_has_a_fault() -> None:
    assert set(SPECS) >= CODES


@pytest.mark.parametrize(
    "code",
    [
        *("source_missing", "source_empty", "source_not_media", "source_truncated", "source_changed"),
        *("no_usable_stream", "worker_lost", "lease_lost", "cancelled", "timed_out", "stalled"),
        *("output_too_large", "invalid_output", "internal_error", "worker_killed_repeatedly"),
        *("required_rendition_failed", "object_not_found", "object_forbidden", "storage_throttled"),
        *("storage_unavailable", "object_too_large", "url_refused", "fetch_interrupted"),
        *("operation_not_supported", "fetch_aborted", "disk_full"),
        *("output_streams_wrong", "output_size_wrong", "output_rate_wrong", "output_duration_wrong"),
        *("output_frames_wrong", "output_grid_wrong", "out_of_memory"),
        "source_damaged",
    ],
)
def test_what_the_other_layers_report_has_a_fault(code: str) -> None:
    assert fault(code).code == code


def test_a_fault_carries_its_bucket_its_sentence_and_its_evidence() -> None:
    assert fault("disk_full", "No space left on device") == Fault(
        "disk_full", Bucket.RESOURCES, "Something went wrong on our side.", "No space left on device"
    )


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError):
        fault("gremlins")


@pytest.mark.parametrize("code", SPECS)
def test_customers_read_sentences_without_our_inner_words(code: str) -> None:
    message = SPECS[code].message
    assert message[0].isupper()
    assert message.endswith(".")
    for word in ("FFmpeg", "worker", "lease", "stderr", "exit code", "disk"):
        assert word not in message


def delays(bucket: Bucket, random: float) -> list[Decision]:
    """What is decided after the first, second ... failed attempt, up to giving up."""
    decisions: list[Decision] = []
    while not decisions or isinstance(decisions[-1], Retry):
        decisions.append(decide(bucket, len(decisions) + 1, random=lambda: random))
    return decisions


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        (Bucket.TRANSIENT, [*(Retry(2**n) for n in range(1, 8)), GiveUp(dead_letter=True)]),
        (Bucket.RESOURCES, [Retry(10), Retry(20), GiveUp(dead_letter=True)]),
        (Bucket.OPERATIONAL, [Retry(2), GiveUp(dead_letter=True)]),
        (Bucket.INVALID_OUTPUT, [Retry(2), GiveUp(dead_letter=True)]),
        (Bucket.TIMED_OUT, [Retry(10), GiveUp(dead_letter=True)]),
        (Bucket.STALLED, [Retry(10), GiveUp(dead_letter=True)]),
        (Bucket.FAILED_INPUT, [GiveUp(dead_letter=False)]),
        (Bucket.NOT_FOUND, [GiveUp(dead_letter=False)]),
        (Bucket.CONFIGURATION, [GiveUp(dead_letter=False)]),
        (Bucket.CANCELLED, [GiveUp(dead_letter=False)]),
    ],
)
def test_the_bucket_decides_how_often_and_how_long(bucket: Bucket, expected: list[Decision]) -> None:
    assert delays(bucket, random=1.0) == expected


def test_a_server_that_asks_to_slow_down_gets_its_time_and_eight_attempts() -> None:
    assert len(delays(Bucket.RATE_LIMITED, random=0.5)) == 8
    decision = decide(Bucket.RATE_LIMITED, 1, retry_after_seconds=30, random=lambda: 0.5)
    assert decision == Retry(32.5)


def test_a_server_cannot_ask_for_eternity() -> None:
    assert decide(Bucket.RATE_LIMITED, 1, retry_after_seconds=1e9, random=lambda: 0.0) == Retry(3600)
    assert decide(Bucket.RATE_LIMITED, 1, retry_after_seconds=-5, random=lambda: 0.0) == Retry(0)


def test_every_bucket_has_a_policy() -> None:
    assert set(POLICIES) == set(Bucket)


@settings(derandomize=True, database=None, deadline=None)
@given(st.sampled_from(Bucket), st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_no_delay_is_negative_or_above_the_cap(bucket: Bucket, attempts: int, random: float) -> None:
    decision = decide(bucket, attempts, random=lambda: random)
    if isinstance(decision, Retry):
        assert 0 <= decision.delay_seconds <= POLICIES[bucket].cap_seconds
