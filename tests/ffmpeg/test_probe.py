import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ffmpeg.probe import AudioStream, Probe, ProbeFailed, VideoStream, parse_probe, run_probe


def video_stream(**fields: object) -> VideoStream:
    """A 1920x1080 stream of 25 fps with some fields changed."""
    plain = {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080}
    rates = {"r_frame_rate": "25/1", "avg_frame_rate": "25/1"}
    (stream,) = parse_probe({"streams": [plain | rates | fields]}).video
    return stream


def test_a_clip_is_read_whole(ffprobe: Path, clip: Path) -> None:
    probe, document = run_probe(ffprobe, clip)
    assert probe == Probe(
        format_name="mov,mp4,m4a,3gp,3g2,mj2",
        duration_seconds=5.312,
        size_bytes=1055736,
        bit_rate_kbps=1589.963,
        video=(
            VideoStream(
                index=0,
                codec="h264",
                codec_profile="Main",
                width=1280,
                height=720,
                sample_aspect_ratio=Fraction(1),
                rotation=0,
                frame_rate=Fraction(25),
                average_frame_rate=Fraction(25),
                duration_seconds=5.28,
                frames=132,
                pixel_format="yuv420p",
                color_transfer=None,
                color_primaries=None,
                color_space=None,
                color_range=None,
                field_order="progressive",
                is_attached_picture=False,
                is_default=True,
                start_seconds=0.0,
                level=31,
                bit_rate_kbps=1205.959,
            ),
        ),
        audio=(
            AudioStream(
                index=1,
                codec="aac",
                sample_rate_hz=48000,
                channels=6,
                channel_layout="5.1",
                language=None,
                is_default=True,
                duration_seconds=5.312,
                start_seconds=0.0,
                codec_profile="LC",
                bit_rate_kbps=384.828,
            ),
        ),
        other=(),
    )
    assert json.loads(json.dumps(document)) == document
    assert len(document["streams"]) == 2


def test_a_rotated_phone_clip_keeps_its_display_orientation(ffprobe: Path, shared_media: Path) -> None:
    (stream,) = run_probe(ffprobe, shared_media / "phone_vertical_hlg10_rot90_vfr.mp4")[0].video
    assert (stream.width, stream.height, stream.rotation) == (1920, 1080, 90)
    assert (stream.display_width, stream.display_height) == (1080, 1920)
    assert stream.is_variable_rate
    assert stream.color_transfer == "arib-std-b67"
    assert stream.pixel_format == "yuv420p10le"


def test_streams_keep_their_absolute_index(ffprobe: Path, shared_media: Path) -> None:
    probe, _ = run_probe(ffprobe, shared_media / "nasa_6streams.mp4")
    assert [stream.index for stream in probe.video] == [0, 3]
    assert [stream.index for stream in probe.audio] == [1, 4]
    assert probe.other == ("subtitle", "subtitle")
    assert not probe.video[1].is_variable_rate


def test_a_cover_picture_is_no_film(ffprobe: Path, shared_media: Path) -> None:
    probe, _ = run_probe(ffprobe, shared_media / "bear.mp3")
    assert [stream.is_attached_picture for stream in probe.video] == [True]
    assert [stream.codec for stream in probe.audio] == ["mp3"]


def test_matroska_durations_come_from_the_tags(ffprobe: Path, shared_media: Path) -> None:
    probe, _ = run_probe(ffprobe, shared_media / "srt_ac3.mkv")
    assert probe.duration_seconds == 1.234
    assert probe.video[0].duration_seconds == 0.968


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.mp4", b""),
        ("page.mp4", b"<!doctype html><html><body>404</body></html>" * 50),
        ("noise.mp4", bytes(range(256)) * 64),
    ],
)
def test_what_is_no_media_is_an_unreadable_source(
    name: str, content: bytes, ffprobe: Path, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(ProbeFailed) as failed:
        run_probe(ffprobe, file)
    assert failed.value.diagnosis.code == "source_unreadable"


def test_a_source_without_its_index_is_unreadable(ffprobe: Path, clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut.mp4"
    file.write_bytes(clip.read_bytes()[:4096] + bytes(100))
    with pytest.raises(ProbeFailed) as failed:
        run_probe(ffprobe, file)
    assert failed.value.diagnosis.code == "source_unreadable"


def test_a_missing_file_is_our_own_fault(ffprobe: Path, tmp_path: Path) -> None:
    with pytest.raises(ProbeFailed) as failed:
        run_probe(ffprobe, tmp_path / "gone.mp4")
    assert failed.value.diagnosis.code == "workspace_unusable"


def test_a_playlist_cannot_make_ffprobe_open_another_file(ffprobe: Path, clip: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "list.m3u8"
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:6", "#EXTINF:5.3,", clip.name, "#EXT-X-ENDLIST")
    playlist.write_text("\n".join(lines))
    (tmp_path / clip.name).write_bytes(clip.read_bytes())
    with pytest.raises(ProbeFailed) as failed:
        run_probe(ffprobe, playlist)
    assert failed.value.diagnosis.code == "format_refused"


def test_a_colon_in_a_name_is_no_protocol(ffprobe: Path, clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "http:film%03d.mp4"
    file.write_bytes(clip.read_bytes())
    assert run_probe(ffprobe, file)[0].video


def test_a_probe_that_takes_too_long_is_stopped(tmp_path: Path, clip: Path) -> None:
    slow = tmp_path / "ffprobe"
    slow.write_text("#!/bin/sh\nwhile true; do :; done\n")
    slow.chmod(0o755)
    with pytest.raises(ProbeFailed) as failed:
        run_probe(slow, clip, timeout_seconds=0.3)
    assert failed.value.diagnosis.code == "timed_out"


def test_a_probe_that_talks_without_end_is_stopped(tmp_path: Path, clip: Path) -> None:
    endless = tmp_path / "ffprobe"
    endless.write_text("#!/bin/sh\nwhile true; do echo without end; done\n")
    endless.chmod(0o755)
    with pytest.raises(ProbeFailed) as failed:
        run_probe(endless, clip)
    assert failed.value.diagnosis.code == "output_too_large"


def test_pixels_that_are_not_square_widen_the_picture() -> None:
    stream = video_stream(width=720, height=576, sample_aspect_ratio="64:45")
    assert (stream.display_width, stream.display_height) == (1024, 576)


def test_a_turned_picture_with_wide_pixels_grows_in_height() -> None:
    matrix = [{"side_data_type": "Display Matrix", "rotation": 90}]
    stream = video_stream(width=720, height=576, sample_aspect_ratio="64:45", side_data_list=matrix)
    assert stream.rotation == 270
    assert (stream.display_width, stream.display_height) == (576, 1024)


@pytest.mark.parametrize(
    ("angle", "rotation"), [(-90, 90), (90, 270), (180, 180), (-180, 180), (0, 0), (-45, 0), (89.5, 270)]
)
def test_only_quarter_turns_turn_the_picture(angle: float, rotation: int) -> None:
    assert video_stream(side_data_list=[{"rotation": angle}]).rotation == rotation


def test_what_the_container_crops_is_not_in_the_picture() -> None:
    crop = {
        "side_data_type": "Frame Cropping",
        "crop_left": 80,
        "crop_right": 40,
        "crop_top": 4,
        "crop_bottom": 2,
    }
    stream = video_stream(width=640, height=480, side_data_list=[{"rotation": -90}, crop])
    assert (stream.width, stream.height, stream.is_cropped) == (520, 474, True)
    assert (stream.display_width, stream.display_height) == (474, 520)
    assert not video_stream(width=640, height=480).is_cropped
    absurd = video_stream(
        width=640, height=480, side_data_list=[crop | {"crop_left": 10**6, "crop_top": "x"}]
    )
    assert (absurd.width, absurd.height) == (0, 478)


@pytest.mark.parametrize(
    ("pixel_format", "color_space", "is_rgb"),
    [("gbrp", None, True), ("yuv444p", "gbr", True), ("bgra", None, True), ("yuv420p", "bt709", False)],
)
def test_rgb_is_known_by_its_format_or_its_matrix(
    pixel_format: str, color_space: str | None, is_rgb: bool
) -> None:
    assert video_stream(pix_fmt=pixel_format, color_space=color_space).is_rgb is is_rgb


def test_the_old_rotate_tag_is_clockwise() -> None:
    assert video_stream(tags={"rotate": "90"}).rotation == 90


@pytest.mark.parametrize(
    ("nominal", "average", "frames", "variable"),
    [
        ("25/1", "25/1", "250", False),
        ("30/1", "30000/1001", "9000", False),
        ("30/1", "29/1", "9000", True),
        ("30/1", "29/1", "30", False),
        ("0/0", "25/1", "250", False),
        ("25/1", "0/0", None, False),
    ],
)
def test_a_variable_rate_is_told_from_an_imprecise_average(
    nominal: str, average: str, frames: str | None, variable: bool
) -> None:
    stream = video_stream(r_frame_rate=nominal, avg_frame_rate=average, nb_frames=frames)
    assert stream.is_variable_rate is variable


def test_odd_values_count_as_absent() -> None:
    probe = parse_probe(
        {
            "format": {"format_name": 5, "duration": "N/A", "size": "-1", "bit_rate": "inf"},
            "streams": [
                {
                    "codec_type": "video",
                    "index": "x",
                    "width": 10**30,
                    "height": True,
                    "sample_aspect_ratio": "0:1",
                    "r_frame_rate": "1/0",
                    "disposition": [],
                    "tags": "no",
                    "side_data_list": {"rotation": 90},
                    "duration": "1e99",
                },
                {"codec_type": "audio", "channels": "many", "tags": {"language": "und", "DURATION": "1:2"}},
                "nonsense",
                {"codec_type": ["data"]},
            ],
        }
    )
    assert (probe.format_name, probe.duration_seconds, probe.size_bytes, probe.bit_rate_kbps) == (
        "",
        *[None] * 3,
    )
    (video,), (audio,) = probe.video, probe.audio
    assert (video.width, video.height, video.frame_rate, video.rotation) == (0, 0, None, 0)
    assert video.duration_seconds is None
    assert (audio.channels, audio.language, audio.duration_seconds) == (0, None, None)
    assert probe.other == ("unknown", "unknown")


NUMBERISH = st.text("0123456789:/-.einfNA", max_size=12)
ODD_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | NUMBERISH
KEYS = st.sampled_from(
    (
        *("streams", "format", "format_name", "size", "bit_rate", "duration", "start_time", "index"),
        *("codec_type", "codec_name", "width", "height", "sample_aspect_ratio", "r_frame_rate"),
        *("avg_frame_rate", "nb_frames", "sample_rate", "channels", "tags", "language", "rotate", "DURATION"),
        *("side_data_list", "rotation", "disposition", "attached_pic", "default"),
    )
)
DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    ODD_VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@settings(derandomize=True, database=None, deadline=None)
@given(st.dictionaries(KEYS, DOCUMENTS), st.dictionaries(KEYS, DOCUMENTS))
def test_no_document_makes_the_parser_raise(document: dict[str, object], stream: dict[str, object]) -> None:
    both = [stream | {"codec_type": "video"}, stream | {"codec_type": "audio"}]
    for probe in (parse_probe(document), parse_probe(document | {"streams": both})):
        for video in probe.video:
            assert video.display_width >= 0
            assert video.display_height >= 0
            assert video.rotation in (0, 90, 180, 270)
            assert video.is_variable_rate in (True, False)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("eng", "eng"), ("ENG", "eng"), ("de", "de"), ("und", None), ("english", None), ("", None), (7, None),
        ('e"\n', None), ("-y", None),
    ],
)  # fmt: skip
def test_a_language_that_is_no_code_is_none(tag: object, language: str | None) -> None:
    probe = parse_probe({"streams": [{"codec_type": "audio", "tags": {"language": tag}}]})
    assert probe.audio[0].language == language


@pytest.mark.parametrize(
    ("order", "is_interlaced"),
    [
        ("tt", True),
        ("bb", True),
        ("tb", True),
        ("bt", True),
        ("progressive", False),
        (None, False),
        ([], False),
    ],
)
def test_the_order_of_fields_tells_what_is_interlaced(order: object, is_interlaced: bool) -> None:
    probe = parse_probe({"streams": [{"codec_type": "video", "field_order": order}]})
    assert probe.video[0].is_interlaced is is_interlaced


def test_a_bit_rate_may_stand_in_a_tag_of_matroska() -> None:
    probe = parse_probe({"streams": [{"codec_type": "video", "tags": {"BPS": "2500000"}}]})
    assert probe.video[0].bit_rate_kbps == 2500
