import hashlib
import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.ffmpeg.command import AudioEncode, Container, Encode, VideoEncode, build_argv
from adapters.ffmpeg.encoders import AUDIO_ENCODERS, VIDEO_ENCODERS
from adapters.ffmpeg.inputs import input_arguments
from adapters.ffmpeg.probe import run_probe
from adapters.ffmpeg.stderr import decode_errors
from adapters.ffmpeg.supervisor import Limits, run
from adapters.ffmpeg.verify import verify_output
from tests.ffmpeg.boxes import box_of

FFMPEG, SOURCE, TARGET = Path("/opt/ffmpeg"), Path("/job/in/0.bin"), Path("/job/out/720p.mp4")
VIDEO = VideoEncode(
    stream_index=0,
    encoder="libx264",
    width=1280,
    height=720,
    frame_rate=None,
    gop_frames=50,
    crf=23.0,
    bitrate_kbps=None,
    maxrate_kbps=3000,
    bufsize_kbps=6000,
    speed="veryfast",
    codec_profile="high",
    level="4.0",
    pixel_format="yuv420p",
    tune=None,
)
AUDIO = AudioEncode(stream_index=1, encoder="aac", bitrate_kbps=128, channels=2, sample_rate_hz=48000)
CMAF_VIDEO = Encode(VIDEO, None, "cmaf", None, 5.28)
CMAF_AUDIO = Encode(None, AUDIO, "cmaf", Fraction(2), 5.312)
MP4 = Encode(VIDEO, AUDIO, "mp4", None, 5.312)

HEAD = (
    "/opt/ffmpeg -nostdin -hide_banner -nostats -loglevel level+warning -y -progress pipe:1 -stats_period 0.5"
    " -max_alloc 1073741824 -protocol_whitelist file -format_whitelist LIST -max_pixels 67108864"
    " -i file:/job/in/0.bin"
)
GOLDEN = {
    "cmaf_video": (
        CMAF_VIDEO,
        f"{HEAD} -map 0:0 -filter:v scale=1280:720:flags=bicubic,setsar=1"
        " -c:v libx264 -preset veryfast -profile:v high -level:v 4.0 -pix_fmt yuv420p -crf 23"
        " -maxrate:v 3000k -bufsize:v 6000k -g 50 -keyint_min 50 -sc_threshold 0 -flags:v +cgop"
        " -an -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +frag_keyframe+delay_moov+global_sidx+default_base_moof -brand cmfc"
        " -f mp4 file:/job/out/720p.mp4",
    ),
    "cmaf_audio": (
        CMAF_AUDIO,
        f"{HEAD} -vn -map 0:1 -filter:a aresample=async=1:first_pts=0 -c:a aac -b:a 128k -ac:a 2 -ar:a 48000"
        " -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +frag_keyframe+delay_moov+global_sidx+default_base_moof -brand cmfc -frag_duration 2000000"
        " -f mp4 file:/job/out/720p.mp4",
    ),
    "mp4": (
        MP4,
        f"{HEAD} -map 0:0 -filter:v scale=1280:720:flags=bicubic,setsar=1"
        " -c:v libx264 -preset veryfast -profile:v high -level:v 4.0 -pix_fmt yuv420p -crf 23"
        " -maxrate:v 3000k -bufsize:v 6000k -g 50 -keyint_min 50 -sc_threshold 0 -flags:v +cgop"
        " -map 0:1 -filter:a aresample=async=1:first_pts=0 -c:a aac -b:a 128k -ac:a 2 -ar:a 48000"
        " -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +faststart -f mp4 file:/job/out/720p.mp4",
    ),
    "full_range_that_does_not_say_what_it_means": (
        replace(CMAF_VIDEO, video=replace(VIDEO, color_space="bt709", full_range=True)),
        f"{HEAD} -map 0:0 -filter:v scale=1280:720:flags=bicubic:in_color_matrix=bt709:out_color_matrix=bt709"
        ":out_range=limited,setsar=1,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"
        " -c:v libx264 -preset veryfast -profile:v high -level:v 4.0 -pix_fmt yuv420p -crf 23"
        " -maxrate:v 3000k -bufsize:v 6000k -g 50 -keyint_min 50 -sc_threshold 0 -flags:v +cgop"
        " -an -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +frag_keyframe+delay_moov+global_sidx+default_base_moof -brand cmfc"
        " -f mp4 file:/job/out/720p.mp4",
    ),
    "hdr_at_a_forced_rate": (
        replace(CMAF_VIDEO, video=replace(VIDEO, frame_rate=Fraction(30000, 1001), tone_map=True)),
        f"{HEAD} -map 0:0 -filter:v fps=30000/1001:start_time=0,scale=1280:720:flags=bicubic,setsar=1,"
        "zscale=pin=2020:min=2020_ncl:t=linear:npl=100,format=gbrpf32le,zscale=p=709,"
        "tonemap=tonemap=hable:desat=0,zscale=t=709:m=709:r=limited,format=yuv420p"
        " -c:v libx264 -preset veryfast -profile:v high -level:v 4.0 -pix_fmt yuv420p -crf 23"
        " -maxrate:v 3000k -bufsize:v 6000k -g 50 -keyint_min 50 -sc_threshold 0 -flags:v +cgop"
        " -an -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +frag_keyframe+delay_moov+global_sidx+default_base_moof -brand cmfc"
        " -f mp4 file:/job/out/720p.mp4",
    ),
    "bare_bitrate": (
        replace(
            CMAF_VIDEO,
            video=VideoEncode(
                stream_index=2, encoder="libx264", width=640, height=360, frame_rate=None, gop_frames=48,
                crf=None, bitrate_kbps=800, maxrate_kbps=None, bufsize_kbps=None, speed=None,
                codec_profile=None, level=None, pixel_format=None, tune="film",
            ),
        ),
        f"{HEAD} -map 0:2 -filter:v scale=640:360:flags=bicubic,setsar=1"
        " -c:v libx264 -tune film -b:v 800k -g 48 -keyint_min 48 -sc_threshold 0 -flags:v +cgop"
        " -an -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +frag_keyframe+delay_moov+global_sidx+default_base_moof -brand cmfc"
        " -f mp4 file:/job/out/720p.mp4",
    ),
    "late_sound_that_ffmpeg_would_move": (
        replace(CMAF_AUDIO, delay_seconds=3.0000004),
        HEAD.replace(" -max_alloc", " -itsoffset 3.000000 -max_alloc")
        + " -vn -map 0:1 -filter:a aresample=async=1:first_pts=0 -c:a aac -b:a 128k -ac:a 2 -ar:a 48000"
        " -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +frag_keyframe+delay_moov+global_sidx+default_base_moof -brand cmfc -frag_duration 2000000"
        " -f mp4 file:/job/out/720p.mp4",
    ),
    "remux": (
        Encode(replace(VIDEO, encoder="copy"), replace(AUDIO, encoder="copy"), "mp4", None, None),
        f"{HEAD} -map 0:0 -c:v copy -map 0:1 -c:a copy"
        " -sn -dn -map_metadata -1 -map_chapters -1 -fflags +bitexact"
        " -movflags +faststart -f mp4 file:/job/out/720p.mp4",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_the_command_line_is_the_golden_one(name: str) -> None:
    encode, golden = GOLDEN[name]
    argv = build_argv(encode, ffmpeg=FFMPEG, source=SOURCE, target=TARGET)
    demuxers = argv[argv.index("-format_whitelist") + 1]
    assert " ".join(argv).replace(demuxers, "LIST") == golden


def test_no_demuxer_that_opens_other_files_is_let_in() -> None:
    arguments = input_arguments(SOURCE)
    allowed = set(arguments[arguments.index("-format_whitelist") + 1].split(","))
    assert not allowed & {
        "hls",
        "dash",
        "concat",
        "image2",
        "image2pipe",
        "sdp",
        "vobsub",
        "imf",
        "tty",
        "lavfi",
    }


@pytest.mark.parametrize("name", GOLDEN)
def test_an_encode_survives_its_way_through_json(name: str) -> None:
    encode, _ = GOLDEN[name]
    assert Encode.from_json(json.loads(json.dumps(encode.to_json()))) == encode


def test_fractions_are_exact_in_json() -> None:
    encode = replace(CMAF_VIDEO, video=replace(VIDEO, frame_rate=Fraction(24000, 1001)))
    document = encode.to_json()
    assert isinstance(document["video"], dict)
    assert document["video"]["frame_rate"] == "24000/1001"


def test_a_plan_stored_before_delays_were_known_has_none() -> None:
    document = CMAF_AUDIO.to_json()
    del document["delay_seconds"]
    assert Encode.from_json(document) == CMAF_AUDIO


def test_an_encode_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a video or an audio stream"):
        Encode(None, None, "mp4", None, None)


def test_an_unknown_container_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown container 'avi'"):
        Encode.from_json({**CMAF_AUDIO.to_json(), "container": "avi"})


def test_the_registries_name_what_a_ladder_may_ask_for() -> None:
    assert VIDEO_ENCODERS == (
        "libx264", "libx265", "libsvtav1", "libvpx-vp9", "h264_nvenc", "hevc_nvenc", "av1_nvenc",
        "h264_qsv", "hevc_qsv", "av1_qsv", "h264_vaapi", "hevc_vaapi", "av1_vaapi", "copy",
    )  # fmt: skip
    assert AUDIO_ENCODERS == ("aac", "libopus", "ac3", "eac3", "flac", "copy")


class Studio:
    """Encodes for real and checks the result against the plan."""

    def __init__(self, ffmpeg: Path, ffprobe: Path, folder: Path) -> None:
        self.ffmpeg, self.ffprobe, self.folder = ffmpeg, ffprobe, folder

    def encode(self, encode: Encode, source: Path) -> Path:
        target = self.folder / f"{len(list(self.folder.iterdir()))}.mp4"
        stderr = self.folder / "stderr.log"
        completed = run(
            build_argv(encode, ffmpeg=self.ffmpeg, source=source, target=target),
            workspace=self.folder,
            box=box_of(self.folder),
            stderr_file=stderr,
            limits=Limits(120, 120, None),
            on_progress=lambda progress: None,
            stop_reason=lambda: None,
        )
        assert completed.exit_code == 0, stderr.read_text()
        probe, _ = run_probe(self.ffprobe, target)
        errors = decode_errors(stderr.read_text(), encode.streams)
        assert verify_output(encode, probe, decode_errors=errors) is None
        return target

    def log(self, *arguments: str) -> str:
        """What FFmpeg itself says when run with these arguments."""
        stderr = self.folder / "log"
        completed = run(
            (str(self.ffmpeg), "-hide_banner", "-y", *arguments),
            workspace=self.folder,
            box=box_of(self.folder),
            stderr_file=stderr,
            limits=Limits(60, 60, None),
            on_progress=lambda progress: None,
            stop_reason=lambda: None,
        )
        assert completed.exit_code == 0, stderr.read_text()
        return stderr.read_text()


@pytest.fixture
def studio(ffmpeg: Path, ffprobe: Path, tmp_path: Path) -> Studio:
    return Studio(ffmpeg, ffprobe, tmp_path)


SMALL = replace(VIDEO, width=320, height=180, speed="ultrafast", level=None, codec_profile=None)


def test_a_cmaf_rendition_has_a_key_frame_on_the_grid_and_nowhere_else(studio: Studio, clip: Path) -> None:
    encode = replace(CMAF_VIDEO, video=replace(SMALL, gop_frames=25))
    target = studio.encode(encode, clip)
    log = studio.log("-i", str(target), "-vf", "select='eq(pict_type,I)',showinfo", "-f", "null", "-")
    times = [float(time) for time in re.findall(r"pts_time:([\d.]+)", log)]
    assert times == [0, 1, 2, 3, 4, 5]


def test_the_index_stands_in_front_and_every_gop_is_a_fragment(studio: Studio, clip: Path) -> None:
    data = studio.encode(replace(CMAF_VIDEO, video=replace(SMALL, gop_frames=25)), clip).read_bytes()
    assert data.index(b"moov") < data.index(b"sidx") < data.index(b"moof")
    assert data.count(b"moof") == 6


def test_the_same_source_and_build_give_the_same_bytes(studio: Studio, clip: Path) -> None:
    for encode in (replace(CMAF_VIDEO, video=SMALL), CMAF_AUDIO, replace(MP4, video=SMALL)):
        hashes = {hashlib.sha256(studio.encode(encode, clip).read_bytes()).hexdigest() for _ in range(2)}
        assert len(hashes) == 1


def test_a_remux_keeps_the_streams_as_they_are(studio: Studio, ffprobe: Path, clip: Path) -> None:
    encode = Encode(replace(VIDEO, encoder="copy"), replace(AUDIO, encoder="copy"), "mp4", None, 5.312)
    before, after = run_probe(ffprobe, clip)[0], run_probe(ffprobe, studio.encode(encode, clip))[0]
    assert (after.video[0].width, after.audio[0].channels) == (1280, 6)
    assert after.video[0].frames == before.video[0].frames


@pytest.mark.parametrize("container", ["cmaf", "mp4"])
def test_aac_of_a_transport_stream_can_be_copied(
    container: Container, studio: Studio, ffprobe: Path, clip: Path
) -> None:
    stream = studio.folder / "clip.ts"
    studio.log("-i", str(clip), "-c", "copy", str(stream))
    audio = AudioEncode(1, "copy", None, None, None, has_adts=True)
    encode = Encode(None, audio, container, Fraction(2), 5.312)
    assert run_probe(ffprobe, studio.encode(encode, stream))[0].audio[0].codec == "aac"


def test_audio_that_starts_late_stays_in_time_with_the_picture(studio: Studio, tmp_path: Path) -> None:
    late = tmp_path / "late.mov"
    studio.log(
        "-f", "lavfi", "-i", "color=size=64x36:rate=25:duration=3",
        "-itsoffset", "1", "-f", "lavfi", "-i", "sine=frequency=440:duration=2",
        "-c:v", "libx264", "-c:a", "pcm_s16le", str(late),
    )  # fmt: skip
    audio = studio.encode(replace(CMAF_AUDIO, duration_seconds=3.0), late)
    # Browsers skip an empty edit, so the silence must be in the samples.
    log = studio.log(
        "-ignore_editlist", "1", "-i", str(audio), "-af", "silencedetect=d=0.5", "-f", "null", "-"
    )
    (silence,) = re.findall(r"silence_end: ([\d.]+)", log)
    assert float(silence) == pytest.approx(1.0, abs=0.05)


def test_a_vertical_hdr_phone_clip_becomes_upright_sdr_at_a_constant_rate(
    studio: Studio, ffprobe: Path, shared_media: Path
) -> None:
    video = replace(SMALL, width=180, height=320, frame_rate=Fraction(30), tone_map=True)
    encode = Encode(video, None, "cmaf", None, 2.548)
    target = studio.encode(encode, shared_media / "phone_vertical_hlg10_rot90_vfr.mp4")
    (stream,) = run_probe(ffprobe, target)[0].video
    assert (stream.display_width, stream.display_height, stream.rotation) == (180, 320, 0)
    assert (stream.pixel_format, stream.color_transfer, stream.color_primaries) == (
        "yuv420p",
        "bt709",
        "bt709",
    )
    assert not stream.is_variable_rate
