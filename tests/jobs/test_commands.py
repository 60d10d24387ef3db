"""A customer's own command, from the request to the files: accepted, run in its box, stored under their names."""

import json

import pytest

from jobs import submission
from jobs.api.requests import JobRequest
from jobs.models import Attempt, Job, Output, Rendition
from jobs.states import JobState, StepKind
from tests.factories import drive, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)


def post(account, **request) -> Job:
    """A job by the API's own checks."""
    checked = JobRequest(data=request, context={"account": account})
    assert checked.is_valid(), checked.errors
    return submission.submit(account, checked.validated_data, actor="test")


def files(account, job: Job) -> set[str]:
    return {name.removeprefix(f"{job.id}/command/1/") for name in stored(account)}


def test_a_command_makes_files_under_the_names_that_it_gives_them(acme, short_clip):
    url = upload(acme, short_clip)
    job = drive(
        post(acme, command=f"ffmpeg -ss 1 -i {url} -frames:v 1 poster.jpg -t 1 -vn -c:a aac sound.m4a")
    )
    assert job.state == JobState.SUCCEEDED
    assert files(acme, job) == {"poster.jpg", "sound.m4a"}
    outputs = {output.path.rpartition("/")[2]: output for output in Output.objects.filter(job=job)}
    assert outputs["poster.jpg"].content_type == "image/jpeg"
    assert outputs["sound.m4a"].duration_seconds == pytest.approx(1, abs=0.1)


def test_the_same_as_json_with_named_inputs_and_outputs(acme, short_clip):
    job = drive(
        post(
            acme,
            inputs={"in_1": upload(acme, short_clip)},
            outputs={"out_1": "clip.mp4"},
            arguments=["-i", "{{in_1}}", "-t", "1", "-c", "copy", "{{out_1}}"],
        )
    )
    assert job.state == JobState.SUCCEEDED
    assert files(acme, job) == {"clip.mp4"}


def test_every_path_in_what_ran_is_one_of_ours(acme, short_clip, settings):
    url = upload(acme, short_clip, name="evil name.mp4".replace(" ", "_"))
    job = drive(
        post(
            acme,
            command=f"ffmpeg -i {url} -t 0.5 -c:v libx264 -preset ultrafast 'my film.mp4'".replace(
                "my film", "film"
            ),
        )
    )
    attempt = Attempt.objects.get(job=job, rendition__isnull=False)
    assert job.state == JobState.SUCCEEDED
    work = str(settings.WORK_DIR)
    paths = [word for word in attempt.argv[1:] if "/" in word]
    assert paths and all(word.startswith(f"file:{work}/attempts/{attempt.step_id}/1/") for word in paths)
    assert "evil" not in json.dumps(attempt.argv) and "film.mp4" not in json.dumps(attempt.argv)


def test_clips_are_stitched_by_the_concat_demuxer_with_the_jobs_own_inputs(acme, clip):
    urls = [upload(acme, clip, name=f"{part}.mp4") for part in "ab"]
    job = drive(post(acme, inputs=urls, command="ffmpeg -f concat -safe 0 -i list.txt -c copy both.mp4"))
    assert job.state == JobState.SUCCEEDED
    [output] = Output.objects.filter(job=job)
    assert output.duration_seconds == pytest.approx(2 * 5.28, abs=0.2)


def test_two_passes_are_one_rendition_with_both_commands_in_its_evidence(acme, short_clip):
    url = upload(acme, short_clip)
    first = f"ffmpeg -y -t 1 -i {url} -c:v libx264 -b:v 200k -preset ultrafast -pass 1 -an -f null /dev/null"
    second = f"ffmpeg -t 1 -i {url} -c:v libx264 -b:v 200k -preset ultrafast -pass 2 -c:a aac out.mp4"
    job = drive(post(acme, command=f"{first} && {second}"))
    assert job.state == JobState.SUCCEEDED
    attempt = Attempt.objects.get(job=job, rendition__isnull=False)
    assert attempt.argv.count("&&") == 1
    assert attempt.argv[attempt.argv.index("-pass") + 1] == "1"


def test_a_ladder_of_playlists_keeps_its_files_together(acme, short_clip):
    command = (
        f"ffmpeg -t 2 -i {upload(acme, short_clip)} -c:v libx264 -preset ultrafast -g 25 -c:a aac -f hls -hls_time 1"
        " -hls_playlist_type vod stream.m3u8"
    )
    job = drive(post(acme, command=command))
    assert job.state == JobState.SUCCEEDED
    assert files(acme, job) == {"0/stream.m3u8", "0/segment_00000.ts", "0/segment_00001.ts"}


def test_pictures_of_a_sequence_are_named_as_the_command_says(acme, clip):
    job = drive(
        post(acme, command=f"ffmpeg -t 3 -i {upload(acme, clip)} -vf fps=1,scale=160:-2 frame_%03d.png")
    )
    assert job.state == JobState.SUCCEEDED
    assert files(acme, job) == {f"0/frame_{number:03d}.png" for number in (1, 2, 3)}


def test_a_filter_that_ffmpeg_refuses_is_the_customers_to_mend(acme, short_clip):
    job = drive(post(acme, command=f"ffmpeg -i {upload(acme, short_clip)} -vf crop=4000:4000 out.mp4"))
    assert (job.state, job.fault_bucket) == (JobState.FAILED, "configuration")


def test_a_missing_second_input_names_which(acme, short_clip):
    source, missing = upload(acme, short_clip), f"s3://sources/{acme.slug}/logo.png"
    command = f"ffmpeg -i {source} -i {missing} -filter_complex overlay out.mp4"
    job = drive(post(acme, command=command))
    assert (job.state, job.fault_code) == (JobState.FAILED, "object_not_found")


def test_another_tenants_file_is_refused_at_the_door(acme):
    checked = JobRequest(
        data={"command": "ffmpeg -i s3://sources/somebody-else/secret.mp4 out.mp4"}, context={"account": acme}
    )
    assert not checked.is_valid()
    assert "/command" in checked.errors


def test_a_command_that_fails_by_our_fault_is_a_dead_letter_that_runs_again(acme, short_clip, settings):
    job = post(acme, command=f"ffmpeg -i {upload(acme, short_clip)} -t 0.2 -c copy out.mp4")
    drive(job, until=StepKind.RENDITION)
    binary = settings.FFMPEG_BINARY
    settings.FFMPEG_BINARY = settings.BASE_DIR / "manage.py"
    drive(job)
    assert Job.objects.get(id=job.id).state == JobState.DEAD_LETTER
    settings.FFMPEG_BINARY = binary
    from jobs import requeue

    requeue.requeue(job.id, requeue.Wish(), actor="test")
    assert drive(job).state == JobState.SUCCEEDED
    assert Rendition.objects.get(job=job).state == "succeeded"
