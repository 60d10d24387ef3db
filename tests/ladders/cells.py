"""One preset on one film, as a job of the real service; and everything that can be said against what it has made."""

import itertools
import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from jobs.models import Job, Output, Rendition
from jobs.planner.specs import Ladder
from jobs.states import JobState
from tests.factories import drive, make_job, s3_client, upload
from tests.ladders import manifests, sounds, tone_mapping
from tests.ladders.cast import Film
from tests.ladders.pictures import Picture, box_of, combing, compare, decode, numbers_at
from tests.ladders.sources import BITS

# What the sound of a film may be late by, in windows of 20 ms: the search's own grain.
_MOST_LAG = 1
_LEAST_CORRELATION = 0.85
_MOST_COMBING = 0.8
_SIZE_SLACK = 2
_HLS_SECONDS = 60
_TAGGED = ("color_space", "color_range", "color_transfer", "color_primaries")


@dataclass(frozen=True, slots=True)
class Tools:
    ffmpeg: Path
    other: Path
    """Another build of FFmpeg, which decodes the references."""
    ffprobe: Path


@dataclass(frozen=True, slots=True)
class Made:
    """A job that has ended, with its files as they lie in the storage."""

    job: Job
    folder: Path

    @property
    def fault(self) -> str:
        return f"{self.job.fault_code} ({self.job.fault_bucket}): {self.job.fault_message}"

    @property
    def manifests(self) -> Path | None:
        return None if self.job.manifest is None else (self.folder / self.job.manifest.path).parent


def make(account: Any, ladder: Ladder, source: Path, folder: Path) -> Made:
    """Submit, work it off, fetch all that is committed."""
    job = drive(make_job(account, upload(account, source, source.name), ladder), limit=80)
    for output in Output.objects.filter(job=job, state="committed"):
        target = folder / output.path
        target.parent.mkdir(parents=True, exist_ok=True)
        s3_client().download_file("outputs", output.url.removeprefix("s3://outputs/"), str(target))
    return Made(job, folder)


def told(made: Made, tools: Tools) -> str:
    """The whole outcome as text: how it ended, what each file is, and every manifest."""
    if made.job.state not in (JobState.SUCCEEDED, JobState.PARTIAL):
        return f"{made.job.state}: {made.fault}\n"
    lines = [str(made.job.state)]
    for output in Output.objects.filter(job=made.job, kind="rendition", state="committed").order_by("path"):
        lines.append(output.path)
        if Path(output.path).suffix in (".mp4", ".m4a", ".webm"):
            lines += [
                f"  {_facts(stream)}" for stream in _streams(tools, made.folder / output.path, count=True)
            ]
    if made.manifests is not None:
        for file in sorted(made.manifests.iterdir()):
            lines += ["", f"-- {file.name}", manifests.masked(file.read_text()).rstrip()]
    return "\n".join(lines) + "\n"


def check(made: Made, film: Film | None, source: Path, tools: Tools) -> None:
    """Every claim that a player relies on. Raises AssertionError for the first that does not hold."""
    assert made.job.state == JobState.SUCCEEDED, made.fault
    if made.manifests is not None:
        manifests.check(made.manifests, tools.ffprobe)
        check_playback(made, tools)
    pictures = None
    for rendition in Rendition.objects.filter(job=made.job, kind__in=("video", "audio", "muxed")):
        output = Output.objects.get(rendition=rendition, kind="rendition", state="committed")
        file = made.folder / output.path
        if film is not None and rendition.kind != "audio":
            pictures = pictures or reference(film, source, tools)
            check_picture(film, pictures, rendition, file, tools)
        if rendition.kind != "video" and rendition.spec["encode"]["audio"] is not None:
            check_sound(rendition, file, source, tools)


def reference(film: Film, source: Path, tools: Tools) -> list[Picture]:
    options = ("-noautorotate", "-apply_cropping", "codec")
    box = box_of(film.width, film.height)
    pictures = decode(tools.other, source, film.filters, stream=film.stream, box=box, options=options)
    start = pictures[0].seconds if film.start is None else film.start
    return [Picture(one.seconds - start, one.rgb) for one in pictures]


def check_picture(film: Film, wanted: list[Picture], rendition: Rendition, file: Path, tools: Tools) -> None:
    encode = rendition.spec["encode"]["video"]
    (stream,) = (one for one in _streams(tools, file) if one["codec_type"] == "video")
    is_copy = encode["encoder"] == "copy"
    box = _box(stream, film)
    shown = decode(tools.ffmpeg, file, _as_players_read(stream), box=box)
    keeps_hdr = encode["hdr"] is not None or (is_copy and film.hdr)
    mapped = (lambda rgb: tone_mapping.to_sdr(rgb, film.hdr)) if film.hdr and not keeps_hdr else None
    slack = Fraction(0) if is_copy else film.slack_seconds
    if film.has_fields and is_copy:
        return
    if is_copy and (film.start is not None or shown[0].seconds):
        # A copy of a late picture is as late, by an edit list: told from its own first picture.
        shown = [Picture(one.seconds - shown[0].seconds + wanted[0].seconds, one.rgb) for one in shown]
    if is_copy:
        # It keeps what an edit list cuts off at the end, up to the next packet.
        end = wanted[-1].seconds + Fraction(1, 1000)
        shown = [one for one in shown if one.seconds <= end] if len(shown) <= len(wanted) + 2 else shown
    likeness = compare(shown, wanted, slack=slack, mapped=mapped)
    name = f"{rendition.key} {likeness}"
    assert likeness.is_good(has_fields=film.has_fields), name
    if film.is_stamped:
        mask = ~1 if film.has_fields else ~0
        for picture in shown:
            due = {wanted[one].number(box, BITS) & mask for one in numbers_at(wanted, picture.seconds, slack)}
            assert picture.number(box, BITS) & mask in due, (name, float(picture.seconds), due)
    if film.has_fields:
        assert combing(tools.ffmpeg, file) < _MOST_COMBING, name
    if not is_copy:
        assert shown[0].seconds == 0
        # Never further apart than at its rate, or where the source has a hole.
        assert _longest(shown) <= max(1 / film.rate, _longest(wanted)) + Fraction(2, 1000), name


def _longest(pictures: list[Picture]) -> Fraction:
    steps = (two.seconds - one.seconds for one, two in itertools.pairwise(pictures))
    return max(steps, default=Fraction(0))


def _box(stream: dict[str, Any], film: Film) -> tuple[int, int]:
    """The film's, if the stream has its shape up to the pixels of even sides; else its own, which will not fit."""
    width, height = Fraction(stream["width"]), Fraction(stream["height"])
    pixels = stream.get("sample_aspect_ratio", "1:1").replace(":", "/")
    width *= Fraction(pixels) if not pixels.startswith("0") else 1
    turned = [one.get("rotation", 0) for one in stream.get("side_data_list", [])]
    if any(angle % 180 for angle in turned):
        width, height = height, width
    shape, wanted = width / height, Fraction(film.width, film.height)
    slack = _SIZE_SLACK * (1 / width + 1 / height)
    return box_of(film.width, film.height) if abs(shape / wanted - 1) <= slack else box_of(width, height)


def _as_players_read(stream: dict[str, Any]) -> str:
    """What says nothing of its colours is read by its height, as Chromium does; FFmpeg takes all for BT.601."""
    if stream.get("color_space", "unknown") not in ("unknown", "gbr"):
        return ""
    if stream.get("color_space") == "gbr":
        return ""
    return f"scale=in_color_matrix={'bt709' if stream['height'] >= 720 else 'smpte170m'}"


def check_sound(rendition: Rendition, file: Path, source: Path, tools: Tools) -> None:
    """It is the stream that was planned, in its place."""
    index = rendition.spec["encode"]["audio"]["stream_index"]
    document = json.loads(_ffprobe(tools, source, "-show_streams", "-show_format"))
    begins = float(document["format"].get("start_time", 0))
    (planned,) = (one for one in document["streams"] if one["index"] == index)
    wanted = sounds.envelope(
        tools.other, source, str(index), float(planned.get("start_time", begins)) - begins
    )
    (found,) = (one for one in _streams(tools, file) if one["codec_type"] == "audio")
    # ffprobe counts what an Opus decoder needs to the start of a WebM file; what is copied into MP4 may be late.
    begins = 0.0 if file.suffix == ".webm" else max(0.0, float(found.get("start_time", 0)))
    heard = sounds.envelope(tools.ffmpeg, file, "a:0", begins)
    # To a loudness that is asked for, next to nothing is raised too.
    is_raised = rendition.spec["encode"]["audio"]["loudness_lufs"] is not None
    assert is_raised or sounds.is_silent(heard) == sounds.is_silent(wanted), rendition.key
    assert abs(len(heard) - len(wanted)) <= 6, (rendition.key, len(heard), len(wanted))
    if sounds.is_silent(wanted):
        return
    late, likeness = sounds.lag(heard, wanted)
    if _is_even(wanted):
        # A tone has no shape to lay beside another: its height tells one language from the other.
        tones = sounds.hertz(tools.ffmpeg, file, "a:0"), sounds.hertz(tools.other, source, str(index))
        assert abs(tones[0] - tones[1]) <= 0.05 * tones[1], (rendition.key, tones)
    else:
        assert abs(late) <= _MOST_LAG and likeness >= _LEAST_CORRELATION, (rendition.key, late, likeness)


def _is_even(loudness: Sequence[float]) -> bool:
    inside = loudness[5:-5]
    return len(inside) > 40 and max(inside) - min(inside) < 0.1 * max(inside)


def check_playback(made: Made, tools: Tools) -> None:
    """FFmpeg decodes every variant and every sound through the manifests, to the frames that are in the files."""
    folder = made.manifests
    assert folder is not None
    renditions = Rendition.objects.filter(job=made.job, kind__in=("video", "audio"))
    files = Output.objects.filter(rendition__in=renditions, kind="rendition", state="committed")
    hashes = sorted(_hashes(tools, *(made.folder / one.path for one in files)))
    if (folder / "master.m3u8").exists():
        assert sorted(set(_hashes(tools, folder / "master.m3u8"))) == sorted(set(hashes))
    if (folder / "manifest.mpd").exists() and made.job.plan["segments"] == "single_file":
        assert sorted(set(_hashes(tools, folder / "manifest.mpd"))) == sorted(set(hashes))


def _hashes(tools: Tools, *files: Path) -> list[str]:
    """Of the decoded frames of each stream of picture or sound."""
    found = []
    for file in files:
        argv = [str(tools.ffmpeg), "-nostdin", "-v", "error", "-i", str(file), "-map", "0:v?", "-map", "0:a?"]
        # FFmpeg's DASH demuxer takes no WebVTT unasked; and nothing is to be repeated or left out for a rate's sake.
        argv[1:1] = ["-allowed_extensions", "ALL"] if file.suffix == ".mpd" else []
        argv += ["-fps_mode", "passthrough"]
        done = subprocess.run(
            [*argv, "-f", "streamhash", "-hash", "md5", "-"],
            capture_output=True,
            text=True,
            timeout=_HLS_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        found += re.findall(r"MD5=(\w+)", done.stdout)
    return found


def _streams(tools: Tools, file: Path, *, count: bool = False) -> list[dict[str, Any]]:
    document = _ffprobe(tools, file, "-show_streams", *(["-count_packets"] if count else []))
    found: list[dict[str, Any]] = json.loads(document)["streams"]
    return found


def _ffprobe(tools: Tools, file: Path, *arguments: str) -> bytes:
    argv = [str(tools.ffprobe), "-v", "error", *arguments, "-of", "json", str(file)]
    return subprocess.run(argv, capture_output=True, timeout=60, check=True).stdout


def _facts(stream: dict[str, Any]) -> str:
    """What a file says of a stream, but for what depends on its bytes."""
    words = [stream["codec_name"], stream.get("profile", "-")]
    if stream["codec_type"] == "video":
        words.append(f"{stream['width']}x{stream['height']}")
        words += [
            stream.get("sample_aspect_ratio", "1:1"),
            stream.get("pix_fmt", "-"),
            stream["r_frame_rate"],
        ]
        words += ["/".join(stream.get(name, "-") for name in _TAGGED)]
    else:
        words += [f"{stream['channels']} channels", f"{stream['sample_rate']} Hz"]
        words += [stream.get("tags", {}).get("language", "-")]
    return ", ".join(
        [*words, f"{stream['nb_read_packets']} packets", f"start {stream.get('start_time', '-')}"]
    )
