import json
import subprocess
from dataclasses import replace
from fractions import Fraction

import pytest

from adapters.ffmpeg.command import AudioEncode, Encode, VideoEncode
from adapters.ffmpeg.probe import parse_probe
from jobs.faults import SPECS
from jobs.planner.ladder import Plan, PlanFailed, RenditionPlan, resolve
from jobs.planner.presets import SHIPPED
from jobs.planner.specs import AudioRung, Ladder, Rung

_LADDERS = {preset.name: preset.ladder for preset in SHIPPED}
HLS_1080P, HLS_720P, MP4_720P = (_LADDERS[name] for name in ("hls-1080p", "hls-720p", "mp4-720p"))


def sizes(plan: Plan) -> list[tuple[str, int, int]]:
    return [
        (one.key, one.encode.video.width, one.encode.video.height)
        for one in plan.renditions
        if one.encode.video is not None
    ]


def failure(ladder, probe) -> PlanFailed:
    with pytest.raises(PlanFailed) as caught:
        resolve(ladder, probe)
    assert caught.value.code in SPECS
    assert caught.value.message.endswith(".")
    return caught.value


def test_a_whole_plan_is_as_expected(source, picture, sound):
    ladder = Ladder("hls", (Rung("360p", height=360, maxrate_kbps=800),), AudioRung())
    rate = Fraction(24000, 1001)
    video = picture(frame_rate=rate, average_frame_rate=rate, duration_seconds=59.9)
    assert resolve(ladder, source((video,), (sound(sample_rate_hz=44100, index=2),))) == Plan(
        packaging="hls",
        segment_seconds=Fraction(1001, 250),
        gop_seconds=Fraction(1001, 500),
        frame_rate=rate,
        duration_seconds=60.0,
        renditions=(
            RenditionPlan(
                key="360p",
                kind="video",
                required=True,
                encode=Encode(
                    video=VideoEncode(
                        stream_index=0,
                        encoder="libx264",
                        width=640,
                        height=360,
                        frame_rate=None,
                        gop_frames=48,
                        crf=23,
                        bitrate_kbps=None,
                        maxrate_kbps=800,
                        bufsize_kbps=1600,
                        speed="veryfast",
                        codec_profile="high",
                        level=None,
                        pixel_format="yuv420p",
                        tune=None,
                        tone_map=False,
                    ),
                    audio=None,
                    container="cmaf",
                    fragment_seconds=Fraction(1001, 500),
                    duration_seconds=59.9,
                ),
                file_name="360p.mp4",
            ),
            RenditionPlan(
                key="audio",
                kind="audio",
                required=True,
                encode=Encode(
                    video=None,
                    audio=AudioEncode(2, "aac", bitrate_kbps=128, channels=2, sample_rate_hz=44100),
                    container="cmaf",
                    fragment_seconds=Fraction(1001, 500),
                    duration_seconds=60.0,
                ),
                file_name="audio.mp4",
            ),
        ),
        notes=(),
    )


def test_a_plan_survives_json(source, picture, sound):
    for ladder in (HLS_1080P, MP4_720P):
        for probe in (source((picture(),), (sound(),)), source((), (sound(),))):
            plan = resolve(ladder, probe)
            assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_the_presets_plan_every_rung_of_a_full_hd_source(source, picture):
    assert sizes(resolve(HLS_1080P, source((picture(),)))) == [
        ("1080p", 1920, 1080),
        ("720p", 1280, 720),
        ("480p", 854, 480),
        ("360p", 640, 360),
        ("240p", 426, 240),
    ]


def test_mp4_muxes_the_audio_into_one_file_for_each_rung(source, picture, sound):
    (rendition,) = resolve(MP4_720P, source((picture(),), (sound(),))).renditions
    assert (rendition.key, rendition.kind, rendition.file_name) == ("720p", "muxed", "720p.mp4")
    assert rendition.encode.container == "mp4"
    assert rendition.encode.fragment_seconds is None
    assert rendition.encode.video is not None
    assert rendition.encode.audio == AudioEncode(1, "aac", 128, 2, 48000)


# --- sizes ---


def test_a_source_is_never_enlarged(source, picture):
    plan = resolve(HLS_1080P, source((picture(width=640, height=272),)))
    assert sizes(plan) == [("240p", 564, 240)]
    assert plan.notes[-1] == (
        "Left out, since the source has 640x272 and is never enlarged: '1080p', '720p', '480p', '360p'."
    )


def test_a_source_below_every_rung_keeps_its_own_size_in_the_lowest_one(source, picture):
    plan = resolve(HLS_720P, source((picture(width=161, height=121),)))
    assert sizes(plan) == [("240p", 160, 120)]
    assert plan.renditions[0].encode.video.maxrate_kbps == 400
    assert any("'240p' has the source's own size, 160x120" in note for note in plan.notes)


def test_a_source_a_few_lines_short_of_a_rung_fills_it(source, picture):
    plan = resolve(HLS_1080P, source((picture(width=853, height=479),)))
    assert sizes(plan)[0] == ("480p", 852, 478)
    assert any("Rung '480p' has the source's own size" in note for note in plan.notes)


def test_odd_sources_come_out_even(source, picture):
    for key, width, height in sizes(resolve(HLS_1080P, source((picture(width=1917, height=1081),)))):
        assert (width % 2, height % 2) == (0, 0), key


def test_an_anamorphic_source_comes_out_with_square_pixels_and_its_aspect_ratio(source, picture):
    video = picture(width=720, height=576, sample_aspect_ratio=Fraction(64, 45))
    assert sizes(resolve(HLS_1080P, source((video,)))) == [
        ("480p", 854, 480),
        ("360p", 640, 360),
        ("240p", 426, 240),
    ]


def test_the_height_of_a_rung_is_the_short_side_of_an_upright_clip(source, picture):
    for video in (picture(rotation=90), picture(rotation=270), picture(width=1080, height=1920)):
        assert sizes(resolve(HLS_720P, source((video,))))[0] == ("720p", 720, 1280)


def test_the_width_of_a_rung_is_the_long_side(source, picture):
    ladder = Ladder("mp4", (Rung("wide", width=1280),), None)
    assert sizes(resolve(ladder, source((picture(),)))) == [("wide", 1280, 720)]
    assert sizes(resolve(ladder, source((picture(rotation=90),)))) == [("wide", 720, 1280)]


def test_a_rung_with_both_sides_holds_the_picture_without_distorting_it(source, picture):
    ladder = Ladder("mp4", (Rung("box", width=1280, height=720),), None)
    assert sizes(resolve(ladder, source((picture(width=1920, height=800),)))) == [("box", 1280, 534)]
    assert sizes(resolve(ladder, source((picture(width=1440, height=1080),)))) == [("box", 960, 720)]


def test_a_very_wide_source_stays_within_what_can_be_encoded(source, picture):
    (_, width, height) = sizes(resolve(HLS_720P, source((picture(width=20_000, height=500),))))[0]
    assert (width, height) == (8192, 204)


# --- time ---


def test_a_variable_rate_is_made_constant_and_noted(source, picture):
    video = picture(frame_rate=Fraction(30000, 1001), average_frame_rate=Fraction(51600, 1841))
    plan = resolve(HLS_720P, source((video,)))
    assert {one.encode.video.frame_rate for one in plan.renditions} == {Fraction(30000, 1001)}
    assert {one.encode.video.gop_frames for one in plan.renditions} == {60}
    assert any("frame rate varies" in note for note in plan.notes)


def test_a_picture_that_starts_late_is_filled_up_from_the_start(source, picture, sound):
    plan = resolve(HLS_720P, source((picture(start_seconds=3.0),), (sound(),)))
    assert plan.renditions[0].encode.video.frame_rate == 25
    assert any("starts late" in note for note in plan.notes)
    by_a_frame = source((picture(start_seconds=1.44),), (sound(start_seconds=1.4),))
    assert resolve(HLS_720P, by_a_frame).renditions[0].encode.video.frame_rate is None


def test_all_rungs_share_one_grid(source, picture, sound):
    plan = resolve(HLS_1080P, source((picture(),), (sound(),)))
    assert {one.encode.fragment_seconds for one in plan.renditions} == {plan.gop_seconds}
    assert (plan.segment_seconds / plan.gop_seconds).denominator == 1
    assert plan.gop_seconds == plan.renditions[0].encode.video.gop_frames / plan.frame_rate


def test_a_rendition_is_as_long_as_its_own_streams(source, picture, sound):
    probe = source((picture(duration_seconds=10.0),), (sound(duration_seconds=60.0),))
    assert [one.encode.duration_seconds for one in resolve(HLS_720P, probe).renditions][-2:] == [10.0, 60.0]
    assert resolve(MP4_720P, probe).renditions[0].encode.duration_seconds == 60.0


def test_a_late_stream_counts_from_the_start_of_the_file(source, picture, sound):
    """MPEG-TS starts at 1.4 s by habit; Matroska's durations contain the delay already."""
    late = sound(start_seconds=4.4, duration_seconds=40.0)
    probe = source((picture(start_seconds=1.4, duration_seconds=40.0),), (late,))
    assert [one.encode.duration_seconds for one in resolve(HLS_720P, probe).renditions][-2:] == [40.0, 43.0]
    matroska = source((picture(),), (sound(start_seconds=4.4),))
    assert resolve(HLS_720P, matroska).renditions[-1].encode.duration_seconds == 60.0


def delays(plan: Plan) -> dict[str, float]:
    return {one.kind: one.encode.delay_seconds for one in plan.renditions if one.key in ("720p", "audio")}


def test_a_delay_that_ffmpeg_would_forget_is_put_back(source, picture, sound):
    """Alone, a stream of MPEG-TS comes at 0; one of MP4 or Matroska keeps its place by itself."""
    streams = (picture(start_seconds=1.4),), (sound(start_seconds=4.4),)
    assert delays(resolve(HLS_720P, source(*streams, format_name="mpegts"))) == {"video": 0.0, "audio": 3.0}
    assert delays(resolve(HLS_720P, source(*streams))) == {"video": 0.0, "audio": 0.0}
    # In one file, the first of the two is in its place, and so is the other.
    assert delays(resolve(MP4_720P, source(*streams, format_name="mpegts"))) == {"muxed": 0.0}
    late = (picture(start_seconds=4.4),), (sound(start_seconds=1.4),)
    assert delays(resolve(HLS_720P, source(*late, format_name="mpegts"))) == {"video": 3.0, "audio": 0.0}


def test_a_delay_of_a_frame_that_is_not_filled_up_is_left_alone(source, picture, sound):
    streams = (picture(start_seconds=1.421),), (sound(start_seconds=1.4),)
    assert delays(resolve(HLS_720P, source(*streams, format_name="mpegts"))) == {"video": 0.0, "audio": 0.0}


def test_streams_that_do_not_tell_when_they_start_delay_nobody(source, picture, sound):
    """A recording's clock may stand at 50,000 s: 0 instead of unknown would be hours of silence."""
    nothing_found = sound(index=2, start_seconds=None, is_default=False)
    streams = (picture(start_seconds=50_000.0),), (sound(start_seconds=50_000.0), nothing_found)
    assert delays(resolve(HLS_720P, source(*streams, format_name="mpegts"))) == {"video": 0.0, "audio": 0.0}
    cover = picture(index=3, is_attached_picture=True)
    radio = source((cover,), (sound(start_seconds=50.0),), format_name="ogg")
    assert delays(resolve(HLS_720P, radio)) == {"audio": 0.0}
    # Longer than the whole file lasts: another clock.
    jumped = (picture(start_seconds=1.4),), (sound(start_seconds=95_443.7),)
    assert delays(resolve(HLS_720P, source(*jumped, format_name="mpegts"))) == {"video": 0.0, "audio": 0.0}


def test_a_stream_of_unknown_length_is_expected_to_last_as_long_as_the_file(source, picture, sound):
    probe = source((picture(duration_seconds=None),), (sound(duration_seconds=9.0),))
    assert resolve(MP4_720P, probe).renditions[0].encode.duration_seconds == 60.0


# --- pixels ---


@pytest.mark.parametrize("transfer", ["arib-std-b67", "smpte2084"])
def test_hdr_becomes_sdr(transfer, source, picture):
    video = picture(color_transfer=transfer, pixel_format="yuv420p10le")
    plan = resolve(HLS_720P, source((video,)))
    assert all(one.encode.video.tone_map for one in plan.renditions)
    assert {one.encode.video.pixel_format for one in plan.renditions} == {"yuv420p"}
    assert any("HDR" in note for note in plan.notes)


def test_more_than_8_bits_or_420_is_reduced_and_noted(source, picture):
    plan = resolve(HLS_720P, source((picture(pixel_format="yuv444p"),)))
    assert not any(one.encode.video.tone_map for one in plan.renditions)
    assert any("yuv444p" in note for note in plan.notes)


# --- streams ---


def test_the_default_stream_is_the_film(source, picture):
    small = picture(index=0, width=320, height=180, is_default=False)
    large = picture(index=3, is_default=False)
    main = picture(index=2, width=640, height=360)
    cover = picture(index=1, width=4000, height=4000, is_attached_picture=True)
    plan = resolve(HLS_1080P, source((cover, small, main, large)))
    assert {one.encode.video.stream_index for one in plan.renditions} == {2}
    assert "The source has 3 video streams: stream 2 was taken." in plan.notes
    plan = resolve(HLS_1080P, source((cover, small, large)))
    assert {one.encode.video.stream_index for one in plan.renditions} == {3}


def test_the_default_audio_stream_is_taken(source, sound):
    audio = (sound(index=0, is_default=False), sound(index=1), sound(index=2))
    assert resolve(HLS_720P, source((), audio)).renditions[0].encode.audio.stream_index == 1
    audio = (sound(index=4, is_default=False), sound(index=5, is_default=False))
    assert resolve(HLS_720P, source((), audio)).renditions[0].encode.audio.stream_index == 4


def test_audio_alone_is_one_rendition(source, picture, sound):
    cover = picture(is_attached_picture=True)
    for ladder, name, container in ((HLS_720P, "audio.mp4", "cmaf"), (MP4_720P, "audio.m4a", "mp4")):
        plan = resolve(ladder, source((cover,), (sound(),)))
        (rendition,) = plan.renditions
        assert (rendition.key, rendition.kind, rendition.file_name) == ("audio", "audio", name)
        assert rendition.encode.container == container
        assert (plan.segment_seconds, plan.frame_rate) == (4, None)
        assert plan.notes == ("The source has no video: its audio is all there is.",)


def test_a_silent_film_has_no_audio_rendition(source, picture):
    plan = resolve(HLS_720P, source((picture(),)))
    assert {one.kind for one in plan.renditions} == {"video"}
    assert plan.notes == ("The source has no audio: its video is all there is.",)
    assert resolve(MP4_720P, source((picture(),))).renditions[0].encode.audio is None


def test_a_ladder_without_audio_makes_none(source, picture, sound):
    plan = resolve(replace(HLS_720P, audio=None), source((picture(),), (sound(),)))
    assert {one.kind for one in plan.renditions} == {"video"}
    assert plan.notes == ()


def test_a_source_without_the_wanted_streams_fails_with_its_reason(source, picture, sound):
    assert failure(HLS_720P, source()).message == "The source has no video or audio stream that can be read."
    only_video, only_audio = replace(HLS_720P, audio=None), replace(HLS_720P, rungs=())
    assert "no video stream" in failure(only_video, source((), (sound(),))).message
    assert "no audio stream" in failure(only_audio, source((picture(),))).message
    assert "no video" in failure(only_video, source((picture(width=0),))).message
    assert "no audio" in failure(only_audio, source((), (sound(channels=0),))).message
    image = source((picture(codec="png"),), format_name="png_pipe")
    assert failure(HLS_720P, image).message == "The source is a still image, not a video."


# --- audio ---


def test_audio_is_never_widened(source, sound):
    plan = resolve(HLS_720P, source((), (sound(channels=1),)))
    assert plan.renditions[0].encode.audio.channels == 1
    assert "'audio' has 1 of 2 channels: the source has 1." in plan.notes
    surround = replace(HLS_720P, audio=AudioRung())
    assert resolve(surround, source((), (sound(channels=6),))).renditions[0].encode.audio == AudioEncode(
        1, "aac", bitrate_kbps=384, channels=6, sample_rate_hz=48000
    )


def test_an_unusual_sample_rate_becomes_48_khz(source, sound):
    plan = resolve(HLS_720P, source((), (sound(sample_rate_hz=96000),)))
    assert plan.renditions[0].encode.audio.sample_rate_hz == 48000
    assert any("96000 Hz" in note for note in plan.notes)


# --- copies ---

COPY = Ladder("mp4", (Rung("same", encoder="copy"),), AudioRung(encoder="copy"))


def test_a_copy_takes_the_streams_as_they_are(source, picture, sound):
    hdr = picture(codec="hevc", rotation=90, color_transfer="smpte2084", pixel_format="yuv420p10le")
    (rendition,) = (plan := resolve(COPY, source((hdr,), (sound(codec="ac3"),)))).renditions
    video, audio = rendition.encode.video, rendition.encode.audio
    assert (video.encoder, video.width, video.height, video.tone_map) == ("copy", 1080, 1920, False)
    assert audio == AudioEncode(1, "copy", None, None, None)
    assert plan.notes == ()


@pytest.mark.parametrize(("format_name", "codec"), [("mpegts", "aac"), ("mpegts", "ac3"), ("flv", "aac")])
def test_only_aac_of_a_transport_stream_loses_its_headers(format_name, codec, source, picture, sound):
    probe = source((picture(),), (sound(codec=codec),), format_name=format_name)
    (rendition,) = resolve(COPY, probe).renditions
    assert rendition.encode.audio.has_adts is ((format_name, codec) == ("mpegts", "aac"))


def test_a_copied_rung_beside_encoded_ones_is_noted(source, picture):
    ladder = Ladder("hls", (*COPY.rungs, Rung("240p", height=240)), None)
    plan = resolve(ladder, source((picture(),)))
    assert sizes(plan) == [("same", 1920, 1080), ("240p", 426, 240)]
    assert any("'same' is a copy" in note for note in plan.notes)


def test_a_copy_that_mp4_cannot_hold_is_refused(source, picture, sound):
    refused = failure(COPY, source((picture(codec="vp8"),)))
    assert refused.code == "container_refused"
    assert refused.message.startswith("The source's video is vp8, which 'same' cannot copy into MP4.")
    assert "pcm_s16le" in failure(COPY, source((), (sound(codec="pcm_s16le"),))).message


# --- real files ---


def plan_of(ladder: Ladder, ffprobe, file) -> Plan:
    argv = [ffprobe, "-v", "error", "-show_format", "-show_streams", "-of", "json", file]
    return resolve(
        ladder, parse_probe(json.loads(subprocess.run(argv, capture_output=True, check=True).stdout))
    )


def test_the_clip_has_a_ladder_of_its_own_size_and_below(ffprobe, clip):
    plan = plan_of(HLS_1080P, ffprobe, clip)
    assert [one.key for one in plan.renditions] == ["720p", "480p", "360p", "240p", "audio"]
    assert (plan.frame_rate, plan.gop_seconds, plan.duration_seconds) == (25, 2, 5.312)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bbb_odd_853x479.mp4", [("480p", 852, 478), ("360p", 640, 360), ("240p", 426, 240)]),
        ("nasa_6streams.mp4", [("240p", 426, 240)]),
        ("srt_ac3.mkv", [("720p", 1080, 720), ("480p", 720, 480), ("360p", 540, 360), ("240p", 360, 240)]),
        ("bear.mp3", []),
        ("bbb_2ch_44kHz.wav", []),
    ],
)
def test_real_files_have_the_ladder_one_would_expect(name, expected, ffprobe, shared_media):
    assert sizes(plan_of(HLS_1080P, ffprobe, shared_media / name)) == expected


def test_a_rotated_phone_clip_keeps_its_display_orientation(ffprobe, shared_media):
    plan = plan_of(HLS_720P, ffprobe, shared_media / "phone_vertical_hlg10_rot90_vfr.mp4")
    assert sizes(plan) == [("720p", 720, 1280), ("480p", 480, 854), ("360p", 360, 640), ("240p", 240, 426)]
    assert plan.frame_rate == Fraction(30000, 1001)
    assert all(one.encode.video.tone_map for one in plan.renditions if one.encode.video)


def test_a_photo_is_no_video(ffprobe, shared_media):
    with pytest.raises(PlanFailed, match="still image"):
        plan_of(HLS_720P, ffprobe, shared_media / "london.jpg")
