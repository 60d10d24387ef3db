"""When a picture is seen and a sound is heard: flashes and beeps of known times, encoded, packaged and read back."""

import re
import struct
import subprocess
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode, build_argv
from adapters.ffmpeg.probe import run_probe
from adapters.packaging.boxes import child
from adapters.packaging.fragments import codec_string, read_index
from adapters.packaging.hls import AudioTrack, Variant, master_playlist, media_playlist
from jobs.planner.ladder import resolve
from jobs.planner.specs import AudioRung, Ladder, Rung

VIDEO = VideoEncode(
    stream_index=0, encoder="libx264", width=160, height=90, frame_rate=None, gop_frames=50, crf=23,
    bitrate_kbps=None, maxrate_kbps=None, bufsize_kbps=None, speed="veryfast", codec_profile="high",
    level=None, pixel_format="yuv420p", tune=None,
)  # fmt: skip
PICTURE = Encode(VIDEO, None, "cmaf", Fraction(2), 4.0)
SOUND = Encode(None, AudioEncode(1, "aac", 96, 2, 48000), "cmaf", Fraction(2), 4.0)
LADDER = Ladder("hls", (Rung("90p", height=90),), AudioRung())


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    binary: Path

    def __call__(self, *arguments: str | Path) -> str:
        argv = [self.binary, "-nostdin", "-hide_banner", "-v", "error", "-y", *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout

    def flashes(self, manifest: Path) -> list[float]:
        """The times of white pictures."""
        show = "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-"
        return self._loud(manifest, "-map", "0:v:0", "-vf", show, threshold=150)

    def beeps(self, manifest: Path) -> list[float]:
        """The times at which sound sets in, to a millisecond."""
        show = "asetnsamples=48,astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.Peak_level:file=-"
        return self._loud(manifest, "-map", "0:a:0", "-af", show, threshold=-12)

    def _loud(self, manifest: Path, *arguments: str, threshold: float) -> list[float]:
        log = self("-copyts", "-i", manifest, *arguments, "-f", "null", "-")
        found = re.findall(r"pts_time:(\S+)\s+\S+=(\S+)", log)
        assert found
        values = [(float(time), float(value) > threshold) for time, value in found]
        before = [False, *(is_on for _, is_on in values)]
        return [time for (time, is_on), was_on in zip(values, before, strict=False) if is_on and not was_on]


@pytest.fixture(params=["first build", "second build"])
def build(request: pytest.FixtureRequest, ffmpeg: Path, ffmpeg_other: Path) -> Ffmpeg:
    return Ffmpeg(ffmpeg if request.param == "first build" else ffmpeg_other)


@pytest.fixture(scope="session")
def readers(ffmpeg: Path, ffmpeg_other: Path) -> list[Ffmpeg]:
    return [Ffmpeg(ffmpeg), Ffmpeg(ffmpeg_other)]


def flashes_and_beeps(ffmpeg: Ffmpeg, target: Path, *, picture_at: str = "0", sound_at: str = "0") -> Path:
    """A flash and a beep at every full second of each stream, for 4 s; each stream may start later."""
    ffmpeg(
        "-itsoffset", picture_at, "-f", "lavfi", "-i",
        r"color=black:size=160x90:rate=25:duration=4,drawbox=c=white:t=fill:enable='lt(mod(t+0.0001\,1)\,0.04)'",
        "-itsoffset", sound_at, "-f", "lavfi", "-i",
        r"aevalsrc='if(lt(mod(t\,1)\,0.04)\,sin(2*PI*1000*t)\,0)':s=48000:d=4",
        "-c:v", "mpeg2video", "-b:v", "2M", "-c:a", "mp2", "-b:a", "256k", target,
    )  # fmt: skip
    return target


def encode(build: Ffmpeg, wish: Encode, source: Path, target: Path) -> Path:
    argv = build_argv(wish, ffmpeg=build.binary, source=source, target=target)
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    return target


def publish(picture: Path, sound: Path) -> Path:
    """The manifest of two files in one folder."""
    segment = Fraction(2)
    for file in (picture, sound):
        playlist = media_playlist(read_index(file), file.name, segment)
        file.with_suffix(".m3u8").write_text(playlist)
    variant = Variant("video.m3u8", read_index(picture), codec_string(picture), 160, 90, Fraction(25))
    track = AudioTrack("audio.m3u8", read_index(sound), codec_string(sound), "Audio", 2, None)
    manifest = picture.with_name("master.m3u8")
    manifest.write_text(master_playlist([variant], [track], segment))
    return manifest


def edits(file: Path) -> list[tuple[int, int]]:
    """Duration and media time of each entry of the first track's edit list (ISO/IEC 14496-12, 8.6.6)."""
    data = file.read_bytes()
    box = child(data, "moov", "trak", "edts", "elst")
    form = ">qqi" if box[0] else ">iii"
    return [(duration, time) for duration, time, _ in struct.iter_unpack(form, box[8:])]


def test_pictures_and_sounds_stay_together_from_zero_on_whatever_reads_them(
    build: Ffmpeg, readers: list[Ffmpeg], ffprobe: Path, tmp_path: Path
) -> None:
    source = flashes_and_beeps(build, tmp_path / "source.mkv")
    picture = encode(build, PICTURE, source, tmp_path / "video.mp4")
    sound = encode(build, SOUND, source, tmp_path / "audio.mp4")
    manifest = publish(picture, sound)
    for reader in readers:
        assert reader.flashes(manifest) == pytest.approx([0, 1, 2, 3], abs=0.001)
        assert reader.beeps(manifest) == pytest.approx([0, 1, 2, 3], abs=0.005)
    assert run_probe(ffprobe, picture)[0].video[0].start_seconds == 0
    assert run_probe(ffprobe, sound)[0].audio[0].start_seconds == 0


def test_both_builds_write_the_reordering_and_the_priming_into_an_edit_list(
    build: Ffmpeg, tmp_path: Path
) -> None:
    """Two frames of 512 ticks, and the encoder's 1024 samples: without it FFmpeg shows the picture late."""
    source = flashes_and_beeps(build, tmp_path / "source.mkv")
    for wish in (PICTURE, SOUND):
        target = encode(build, wish, source, tmp_path / "out.mp4")
        assert edits(target) == [(0, 1024)]
        data = target.read_bytes()
        assert data[8:12] == b"cmfc"
        assert data.index(b"moov") < data.index(b"sidx") < data.index(b"moof")


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
@pytest.mark.parametrize(("picture_at", "sound_at"), [("0", "3"), ("3", "0")])
def test_a_stream_that_starts_three_seconds_late_keeps_its_place(
    picture_at: str, sound_at: str, suffix: str, build: Ffmpeg, ffprobe: Path, tmp_path: Path
) -> None:
    source = flashes_and_beeps(build, tmp_path / f"source.{suffix}", picture_at=picture_at, sound_at=sound_at)
    plan = resolve(LADDER, run_probe(ffprobe, source)[0])
    files = {
        one.kind: encode(build, one.encode, source, tmp_path / f"{one.kind}.mp4") for one in plan.renditions
    }
    manifest = publish(files["video"], files["audio"])
    late, on_time = [3, 4, 5, 6], [0, 1, 2, 3]
    if picture_at == "0":
        assert build.flashes(manifest) == pytest.approx(on_time, abs=0.001)
        assert build.beeps(manifest) == pytest.approx(late, abs=0.04)
    else:
        # The first picture, a white one, stands until the film moves.
        assert build.flashes(manifest) == pytest.approx([0, 4, 5, 6], abs=0.041)
        assert build.beeps(manifest) == pytest.approx(on_time, abs=0.04)
    lengths = [run_probe(ffprobe, file)[0].duration_seconds for file in files.values()]
    assert sorted(round(length or 0) for length in lengths) == [4, 7]
    for one in plan.renditions:
        assert one.encode.duration_seconds == pytest.approx(
            run_probe(ffprobe, files[one.kind])[0].duration_seconds, abs=0.2
        )
    if suffix == "mkv":
        assert {one.encode.delay_seconds for one in plan.renditions} == {0.0}


def test_the_sound_of_a_muxed_file_keeps_its_place_too(build: Ffmpeg, ffprobe: Path, tmp_path: Path) -> None:
    source = flashes_and_beeps(build, tmp_path / "source.ts", sound_at="3")
    (rendition,) = resolve(replace(LADDER, packaging="mp4"), run_probe(ffprobe, source)[0]).renditions
    target = encode(build, rendition.encode, source, tmp_path / "out.mp4")
    assert rendition.encode.delay_seconds == 0
    assert build.flashes(target) == pytest.approx([0, 1, 2, 3], abs=0.001)
    assert build.beeps(target) == pytest.approx([3, 4, 5, 6], abs=0.04)
