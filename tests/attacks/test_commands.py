"""Commands that read, write or connect, and what FFmpeg could still be made to do where the parser has let one pass."""

import subprocess
from pathlib import Path

import pytest

from adapters.ffmpeg import process
from adapters.ffmpeg.commandline import CommandRefused, parse
from audit.recorder import read_stderr
from jobs import submission
from jobs.api.requests import JobRequest
from jobs.models import Account, Attempt, Job, Output
from jobs.states import JobState, StepKind
from tests.attacks.constructs import CONSTRUCTS, Places, inner
from tests.attacks.honeypots import HoneyFile, HoneyServer
from tests.commandline.hostile import HOSTILE
from tests.factories import drive, stored, upload

by_construct = pytest.mark.parametrize(
    "construct", [each for each in CONSTRUCTS if each.own_name is None], ids=lambda construct: construct.name
)


def post(account, **request: object) -> Job:
    """A job by the API's own checks."""
    checked = JobRequest(data=request, context={"account": account})
    assert checked.is_valid(), checked.errors
    return submission.submit(account, checked.validated_data, actor="test")


@pytest.fixture
def aimed(tmp_path: Path, honey: HoneyFile, bare: HoneyFile, server: HoneyServer) -> Places:
    assert (honey.was_opened, bare.was_opened) == (False, False)
    return Places(tmp_path, honey.path, bare.path, server.url, 9)


@pytest.fixture
def whitelists_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No box: what the command line says has to do."""
    monkeypatch.setattr(process, "chosen", lambda: "none")


@pytest.mark.parametrize("kind", ["filters that read", "filters that write or connect", "options that read"])
def test_a_hostile_command_is_refused_at_the_door_where_it_aims(
    kind: str, honey: HoneyFile, server: HoneyServer
) -> None:
    """The same commands as in the golden list of refusals, with honeypots for targets."""
    for command in HOSTILE[kind]:
        aimed = command.replace("/etc/passwd", str(honey.path)).replace("evil.example", server.url[7:])
        with pytest.raises(CommandRefused):
            parse(aimed)
    assert not honey.was_opened
    assert server.connections == 0


@pytest.mark.django_db
@pytest.mark.parametrize("kind", HOSTILE)
def test_the_api_takes_no_hostile_command_and_says_where_it_is_wrong(kind: str) -> None:
    account = Account(slug="acme", name="Acme")
    for command in HOSTILE[kind]:
        checked = JobRequest(data={"command": command}, context={"account": account})
        assert not checked.is_valid(), command
        assert "/command" in str(checked.errors) or "command" in checked.errors, command


def test_the_filter_that_draws_subtitles_follows_a_playlist_if_it_is_let(
    aimed: Places, honey: HoneyFile, ffmpeg: Path, tmp_path: Path
) -> None:
    """Why no file of a customer's is ever given to it."""
    hostile = tmp_path / "captions.m3u8"
    hostile.write_text(inner(aimed))
    draw = ("-f", "lavfi", "-i", "color=d=0.1:s=64x36", "-vf", f"subtitles={hostile}", "-f", "null", "-")
    subprocess.run([ffmpeg, "-v", "quiet", *draw], check=False)
    assert honey.was_opened


@by_construct
@pytest.mark.parametrize("role", ["subtitles", "member of a list"])
@pytest.mark.usefixtures("whitelists_alone")
@pytest.mark.django_db(transaction=True)
def test_a_hostile_file_in_another_role_of_a_command_reaches_nothing(
    role: str, construct, acme, clip: Path, aimed: Places, honey: HoneyFile, bare, server
) -> None:
    """The filters that draw subtitles and the lists of the concat demuxer open files without our whitelists."""
    if role == "subtitles":
        hostile = upload(acme, construct.content(aimed, "1.bin").encode(), "captions.srt")
        command = f"ffmpeg -i {upload(acme, clip)} -vf subtitles={{{{in_2}}}} -t 0.2 out.mp4"
        inputs = [upload(acme, clip), hostile]
    else:
        hostile = upload(acme, construct.content(aimed, "1.bin").encode(), "second.mp4")
        command = "ffmpeg -f concat -safe 0 -i list.txt -c copy out.mp4"
        inputs = [upload(acme, clip), hostile]
    checked = JobRequest(data={"command": command, "inputs": inputs}, context={"account": acme})
    assert checked.is_valid(), checked.errors
    job = drive(submission.submit(acme, checked.validated_data, actor="test"))
    assert (honey.was_opened, bare.was_opened, server.connections) == (False, False, 0)
    assert (job.state, job.fault_bucket) == (JobState.FAILED, "failed_input")
    assert stored(acme) == {}
    said = "".join(read_stderr(one.stderr).decode() for one in job.attempts.all() if one.stderr)
    assert "secret:" not in said + job.fault_detail + job.fault_message


# --- what stands in the output folder afterwards ---
PLANTS = {
    "a link": 'ln -sf "$SECRET" "$1"',
    "a hard link": 'ln -f "$SECRET" "$1"',
    "a pipe": 'rm -f "$1"; mkfifo "$1"',
    "one more file that is a link": 'ln -s "$SECRET" "$(dirname "$1")/more.mp4"',
}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.django_db(transaction=True)
def test_what_a_hostile_program_plants_among_the_outputs_is_not_stored(
    plant: str, acme, clip: Path, tmp_path: Path, honey: HoneyFile, settings, monkeypatch
) -> None:
    """FFmpeg taken over, and out of its box: it ends well, and leaves what should not be opened."""
    real = settings.FFMPEG_BINARY
    taken = tmp_path / "ffmpeg"
    taken.write_text(
        f'#!/bin/sh\nSECRET="{honey.path}"\n{real} "$@" || exit\n'
        f'for last in "$@"; do :; done\nset -- "${{last#file:}}"\n[ -e "$1" ] || exit 0\n{PLANTS[plant]}\nexit 0\n'
    )
    taken.chmod(0o755)
    job = post(acme, command=f"ffmpeg -i {upload(acme, clip)} -t 0.2 -c copy out.mp4")
    drive(job, until=StepKind.RENDITION)
    settings.FFMPEG_BINARY = taken
    monkeypatch.setattr(process, "chosen", lambda: "none")
    assert not honey.was_opened
    drive(job)
    assert not honey.was_opened
    found = Attempt.objects.filter(job=job, rendition__isnull=False).values_list("fault_code", flat=True)
    assert set(found) == {"output_refused"}
    assert stored(acme) == {}
    assert not Output.objects.filter(job=job, state="committed").exists()
