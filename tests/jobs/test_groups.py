"""One FFmpeg for several rungs: one process, and everything else as for each alone."""

import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import replace

import pytest
from django.conf import settings as configured
from django.db import connection

from jobs import attempts, grouping, leases, requeue, storing, submission
from jobs.encoding import encode
from jobs.models import Attempt, Job, Output, Rendition, Step
from jobs.planner.specs import AudioRung, Ladder, Rung
from jobs.requeue import Wish
from jobs.states import AttemptState, JobState, RenditionState, StepKind, StepState
from tests.factories import claim, claim_together, drive, make_job, next_step, run_step, s3_client, upload

pytestmark = pytest.mark.django_db(transaction=True)

RUNGS = tuple(
    Rung(name=f"{height}p", height=height, crf=30, speed="ultrafast", required=height > 100)
    for height in (240, 160, 90)
)
GROUP = Ladder("hls", RUNGS, AudioRung(bitrate_kbps=64, channels=1), strategy="group", cascade_min_ssim=0.98)
SEPARATE = Ladder("hls", RUNGS, AudioRung(bitrate_kbps=64, channels=1))
SLOW = Ladder(
    "hls",
    (Rung("720p", height=720, crf=10, speed="veryslow"), Rung("480p", height=480, crf=10, speed="veryslow")),
    None,
    strategy="group",
)


@pytest.fixture
def planned(acme, clip):
    """A job with a group, ready for its renditions."""

    def make(ladder: Ladder = GROUP) -> Job:
        return drive(make_job(acme, upload(acme, clip), ladder), until=StepKind.RENDITION)

    return make


def tried(job: Job) -> list[tuple[str, int, str, str]]:
    """Every attempt at a picture: its rendition, epoch, state and fault."""
    rows = Attempt.objects.filter(job=job, rendition__kind="video").order_by("epoch", "rendition__position")
    return list(rows.values_list("rendition__key", "epoch", "state", "fault_code"))


def test_a_group_is_one_process_and_each_rung_its_own_rendition(acme, planned, ffprobe, tmp_path):
    job = planned()
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert tried(job) == [(f"{height}p", 1, "succeeded", "") for height in (240, 160, 90)]
    rows = list(Attempt.objects.filter(job=job, rendition__isnull=False))
    assert {row.rendition.key for row in rows if row.rendition} == {"240p", "160p", "90p", "audio"}
    [argv] = {tuple(row.argv) for row in rows}
    assert argv.count("-i") == 1
    files = [word.rpartition("/")[2] for word in argv if word.startswith("file:")]
    assert files == ["0.bin", "240p.mp4", "160p.mp4", "90p.mp4", "audio.mp4"]
    graph = argv[argv.index("-filter_complex") + 1]
    # The clip does not name its colours.
    hd, named = "flags=bicubic:in_color_matrix=bt709:out_color_matrix=bt709", "setsar=1,setparams="
    named += "color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    assert graph == (
        f"[0:0]scale=426:240:{hd},split=2[p0][s1];[p0]{named}[v0];"
        f"[s1]scale=284:160:{hd},split=2[p1][s2];[p1]{named}[v1];"
        f"[s2]scale=160:90:{hd},{named}[v2]"
    )
    assert len({(row.cpu_seconds, row.stderr_id, row.encoder_identity_id) for row in rows}) == 1

    counts = set()
    for output in Output.objects.filter(job=job, kind="rendition", rendition__kind="video"):
        file = tmp_path / f"{output.id}.mp4"
        s3_client().download_file("outputs", output.url.removeprefix("s3://outputs/"), str(file))
        answer = subprocess.run(
            [ffprobe, "-v", "error", "-count_packets", "-show_streams", "-of", "json", file],
            capture_output=True,
            check=True,
        )
        counts.add(json.loads(answer.stdout)["streams"][0]["nb_read_packets"])
        # On the grid: the verification of each has seen so, and stored the index that it looked at.
        ticks = [duration for _, duration, _ in output.index["fragments"]]
        assert ticks[:-1] == [2 * output.index["timescale"]] * (len(ticks) - 1)
    assert counts == {"132"}
    moves = {
        step.key: (step.state, step.attempts) for step in Step.objects.filter(job=job, key__endswith="p")
    }
    assert moves == {f"{height}p": ("done", 1) for height in (240, 160, 90)}


def test_what_a_group_scales_from_the_source_has_the_bytes_of_a_separate_encode(planned):
    direct = Ladder("hls", RUNGS, None, strategy="group")
    hashes = []
    for ladder in (direct, Ladder("hls", RUNGS, None)):
        job = drive(planned(ladder))
        outputs = Output.objects.filter(job=job, kind="rendition").order_by("rendition__position")
        hashes.append([output.sha256 for output in outputs])
    assert hashes[0] == hashes[1]
    assert len(set(hashes[0])) == 3


def test_a_manifest_grows_with_each_rung_of_a_group_in_segments_too(planned):
    job = planned(Ladder("hls", RUNGS, None, strategy="group", publish="progressive", segments="separate"))
    assert run_step(next_step(job)) == "done done done"
    job.refresh_from_db()
    assert job.manifest is not None
    assert job.manifest.path == "manifest/90p-1.1/master.m3u8"
    grown = Output.objects.filter(job=job, kind="manifest").order_by("created_at")
    assert [one.path.split("/")[1] for one in grown] == ["240p-1.1", "160p-1.1", "90p-1.1"]
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED


def test_partners_that_are_hinted_later_find_their_steps_taken(planned):
    job = planned()
    ids = list(Rendition.objects.filter(job=job).values_list("step_id", flat=True))
    # Whichever hint comes first: the claims stand in the ladder's order.
    claims = leases.claim_together(ids[2], "first")
    assert [one.key for one in claims] == ["240p", "160p", "90p", "audio"]
    assert all(leases.claim_together(step_id, "late") == () for step_id in ids)
    assert Attempt.objects.filter(job=job, rendition__isnull=False).count() == 4


def test_a_separate_ladder_is_claimed_one_by_one(planned):
    job = planned(SEPARATE)
    assert [one.key for one in claim_together(next_step(job, StepKind.RENDITION))] == ["240p"]


def test_a_failed_group_splits_and_each_rung_runs_again_alone(planned, monkeypatch, settings, tmp_path):
    job = planned()
    binary = settings.FFMPEG_BINARY
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nkill -9 $$\n")
    broken.chmod(0o755)
    claims = claim_together(next_step(job, StepKind.RENDITION))
    monkeypatch.setattr(grouping, "build_group", lambda *_, **__: (str(broken), "-i", "x"))
    settings.FFMPEG_BINARY = binary
    assert attempts.perform_together(claims, grouping.begin) == "retried retried retried retried"
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    keys = ("240p", "160p", "90p")
    assert [row[:3] for row in tried(job)] == [
        *((key, 1, "failed") for key in keys),
        *((key, 2, "succeeded") for key in keys),
    ]
    again = Attempt.objects.filter(job=job, rendition__kind="video", epoch=2)
    assert all("-filter_complex" not in row.argv for row in again)


def test_a_rung_that_no_encoder_takes_fails_alone_whatever_it_did_to_its_group(planned):
    job = planned()
    optional = job.renditions.get(key="90p")
    optional.spec["encode"]["video"]["width"] = 161  # 4:2:0 has no odd widths
    optional.save()
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.PARTIAL
    assert [row[2:] for row in tried(job)] == [
        ("failed", "size_invalid"), ("failed", "size_invalid"), ("failed", "size_invalid"),
        ("succeeded", ""), ("succeeded", ""), ("failed", "size_invalid"),
    ]  # fmt: skip


def test_a_film_whose_sound_is_broken_keeps_its_pictures(acme, clip, ffmpeg, tmp_path):
    # The container is whole, and so is all that a look at it shows: the sound is noise behind its first packets.
    broken = tmp_path / "broken.mp4"
    noise = ["-c", "copy", "-bsf:a", "noise=amount=20*gt(n\\,4)"]
    subprocess.run([ffmpeg, "-v", "error", "-i", clip, *noise, broken], check=True)
    rungs, sound = RUNGS[:2], AudioRung(bitrate_kbps=64, channels=1, required=False)
    job = drive(make_job(acme, upload(acme, broken), Ladder("hls", rungs, sound, strategy="group")))
    job.refresh_from_db()
    rows = Attempt.objects.filter(job=job, rendition__isnull=False).order_by("epoch", "rendition__position")
    assert list(rows.values_list("rendition__key", "state", "fault_code")) == [
        ("240p", "failed", "source_unreadable"),
        ("160p", "failed", "source_unreadable"),
        ("audio", "failed", "source_unreadable"),
        ("240p", "succeeded", ""),
        ("160p", "succeeded", ""),
        ("audio", "failed", "source_unreadable"),
    ]
    assert job.state == JobState.PARTIAL


def test_what_is_wrong_with_the_sound_is_not_held_against_the_pictures(planned, monkeypatch):
    job = planned()
    said = "[aist#0:1/aac @ 0x1] [dec:aac @ 0x2] [error] Decoding error: Invalid data found\n" * 30

    def noisy(*arguments, **keywords):
        return replace(encode(*arguments, **keywords), stderr=said)

    monkeypatch.setattr(grouping, "encode", noisy)
    assert run_step(next_step(job, StepKind.RENDITION)) == "done done done failed"
    assert Attempt.objects.get(job=job, rendition__key="audio").fault_code == "source_damaged"


def test_an_attempt_ends_when_nothing_of_it_is_under_way_any_more(planned, monkeypatch):
    job = planned()
    liar = job.renditions.get(key="160p")
    liar.spec["encode"]["duration_seconds"] = 60.0
    liar.save()
    store, seen = storing._store, []

    def slow(output, file) -> None:
        """An attempt that ends here has its objects pruned, and this one appears behind the pruner's back."""
        deadline = time.monotonic() + 1
        while output.rendition_id == liar.id and time.monotonic() < deadline:
            seen.append(Attempt.objects.get(id=output.attempt_id).state)
            time.sleep(0.05)
        connection.close()
        store(output, file)

    monkeypatch.setattr(storing, "_store", slow)
    assert run_step(next_step(job, StepKind.RENDITION)) == "done retried done done"
    assert set(seen) == {"running"}


def test_one_output_that_is_no_plain_file_ends_its_own_attempt_only(planned, monkeypatch):
    job = planned()

    def linking(runnings, *arguments, **keywords):
        encoded = encode(runnings, *arguments, **keywords)
        file = runnings[0].workspace / "out" / "160p.mp4"
        file.unlink()
        file.symlink_to("/etc/passwd")
        return encoded

    monkeypatch.setattr(grouping, "encode", linking)
    assert run_step(next_step(job, StepKind.RENDITION)) == "done retried done done"
    assert not Output.objects.filter(job=job, rendition__key="160p").exists()
    assert Attempt.objects.get(job=job, rendition__key="160p").fault_code == "output_refused"


def test_one_output_that_is_not_as_planned_fails_its_own_attempt_only(planned):
    job = planned()
    liar = job.renditions.get(key="160p")
    liar.spec["encode"]["duration_seconds"] = 60.0
    liar.save()
    assert run_step(next_step(job, StepKind.RENDITION)) == "done retried done done"
    assert tried(job) == [
        ("240p", 1, "succeeded", ""),
        ("160p", 1, "failed", "output_duration_wrong"),
        ("90p", 1, "succeeded", ""),
    ]
    liar.spec["encode"]["duration_seconds"] = 5.28
    liar.save()
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert Attempt.objects.get(rendition=liar, epoch=2).argv.count("-filter_complex") == 0


def test_a_damaged_source_is_not_encoded_again_for_each_rung(planned, monkeypatch):
    job = planned(Ladder("hls", RUNGS, None, strategy="group"))
    monkeypatch.setattr(grouping, "stage", lambda source, file, _: file.write_bytes(b"no film" * 1000))
    assert run_step(next_step(job, StepKind.RENDITION)) == "failed failed failed"
    job.refresh_from_db()
    assert {row[1:] for row in tried(job)} == {(1, "failed", "source_unreadable")}


def test_a_partner_that_lost_its_lease_is_left_out_and_the_others_are_kept(planned):
    job = planned()
    claims = claim_together(next_step(job, StepKind.RENDITION))
    # As the conductor would, had the lease run out.
    Step.objects.filter(id=claims[1].step_id).update(epoch=5, attempts=2)
    assert attempts.perform_together(claims, grouping.begin) == "done lost done done"
    states = dict(Rendition.objects.filter(job=job, kind="video").values_list("key", "state"))
    assert states == {"240p": "succeeded", "160p": "running", "90p": "succeeded"}
    assert not Output.objects.filter(job=job, rendition__key="160p").exists()


def _when_it_encodes(held, act) -> threading.Thread:
    out = configured.WORK_DIR / "attempts" / str(held.step_id) / str(held.epoch) / "out"

    def wait() -> None:
        deadline = time.monotonic() + 20
        while not list(out.glob("*.mp4")) and time.monotonic() < deadline:
            time.sleep(0.02)
        act()
        connection.close()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_the_process_goes_on_for_as_long_as_one_of_the_group_is_held(planned, settings):
    settings.HEARTBEAT_SECONDS = 0.1
    quick = tuple(Rung(f"{h}p", height=h, crf=20, speed="medium") for h in (720, 480))
    job = planned(Ladder("hls", quick, None, strategy="group"))
    claims = claim_together(next_step(job, StepKind.RENDITION))
    first = Step.objects.filter(id=claims[0].step_id)
    thread = _when_it_encodes(claims[0], lambda: first.update(epoch=9))
    assert attempts.perform_together(claims, grouping.begin) == "lost done"
    thread.join()
    assert Attempt.objects.get(id=claims[0].attempt_id).stop_reason == ""


def test_cancelling_the_job_stops_the_process_of_a_group(planned, settings):
    settings.HEARTBEAT_SECONDS = 0.2
    job = planned(SLOW)
    claims = claim_together(next_step(job))
    thread = _when_it_encodes(claims[0], lambda: submission.cancel(job.id, actor="test"))
    began = time.monotonic()
    assert attempts.perform_together(claims, grouping.begin) == "lost lost"
    thread.join()
    assert time.monotonic() - began < 15
    rows = Attempt.objects.filter(job=job, rendition__isnull=False)
    assert {(row.state, row.stop_reason) for row in rows} == {(AttemptState.CANCELLED, "lease_lost")}


def test_a_worker_told_to_stop_hands_the_whole_group_back_and_it_stays_one(planned):
    job = planned(SLOW)
    claims = claim_together(next_step(job))

    def stop(*_: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGUSR2, stop)
    thread = _when_it_encodes(claims[0], lambda: os.kill(os.getpid(), signal.SIGUSR2))
    try:
        with pytest.raises(SystemExit):
            attempts.perform_together(claims, grouping.begin)
    finally:
        thread.join()
        signal.signal(signal.SIGUSR2, before)
    steps = Step.objects.filter(job=job, kind=StepKind.RENDITION)
    assert {(step.state, step.attempts) for step in steps} == {(StepState.READY, 0)}
    assert len(claim_together(steps.first())) == 2


def test_of_a_worker_that_died_every_rung_is_lost_once_and_runs_again_alone(planned):
    job = planned()
    claims = claim_together(next_step(job, StepKind.RENDITION))
    Step.objects.filter(id__in=[one.step_id for one in claims]).update(lease_until="2020-01-01T00:00Z")
    from jobs import conductor

    conductor.expire_leases()
    assert {row[1:3] for row in tried(job)} == {(1, "lost")}
    drive(job)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert {row[1:3] for row in tried(job)} == {(1, "lost"), (2, "succeeded")}
    assert not any("-filter_complex" in row.argv for row in Attempt.objects.filter(job=job, epoch=2))


def test_one_rung_that_an_operator_requeues_runs_alone(planned):
    job = planned()
    optional = job.renditions.get(key="90p")
    optional.spec["encode"]["video"]["width"] = 161
    optional.save()
    drive(job)
    optional.refresh_from_db()
    assert optional.state == RenditionState.FAILED
    optional.spec["encode"]["video"]["width"] = 160
    optional.save()
    requeue.requeue(job.id, Wish(renditions=("90p",)), actor="operator")
    assert [one.key for one in [claim(next_step(job, StepKind.RENDITION))]] == ["90p"]


def test_a_rung_that_was_sent_to_another_pool_is_no_partner(planned):
    job = planned()
    Step.objects.filter(job=job, key="160p").update(queue="transcode-highmem")
    claims = claim_together(Step.objects.get(job=job, key="90p"))
    assert [one.key for one in claims] == ["240p", "90p", "audio"]
    # Its own scaler is missing: it is scaled from the source.
    assert attempts.perform_together(claims, grouping.begin) == "done done done"
    argv = Attempt.objects.get(id=claims[1].attempt_id).argv
    assert argv[argv.index("-filter_complex") + 1].startswith("[0:0]split=2[s0][s1];")


def test_what_was_tried_before_is_nobodys_partner_and_takes_none(planned):
    job = planned()
    Step.objects.filter(job=job, key="160p").update(attempts=1, epoch=1)
    tried_before, first = (Step.objects.get(job=job, key=key) for key in ("160p", "240p"))
    assert [one.key for one in claim_together(tried_before)] == ["160p"]
    Step.objects.filter(id=tried_before.id).update(state=StepState.READY, hints=1)
    assert [one.key for one in claim_together(first)] == ["240p", "90p", "audio"]
