"""Fields, HDR, encoders' own defaults, containers and languages."""

from fractions import Fraction

import pytest

from jobs.planner.ladder import PlanFailed, resolve
from jobs.planner.problems import problems
from jobs.planner.specs import AudioRung, Ladder, Rung


def only(plan):
    (rendition,) = plan.renditions
    return rendition


def test_an_interlaced_source_is_made_whole_before_anything_else(source, picture):
    plan = resolve(Ladder("mp4", (Rung("a", height=480),), None), source((picture(field_order="tt"),)))
    assert only(plan).encode.video.deinterlace
    assert plan.notes == (
        "The source is interlaced: the renditions have whole pictures, one for each two fields.",
    )


UNSAID = {"color_space": None, "color_primaries": None, "color_transfer": None}


@pytest.mark.parametrize(
    ("changes", "color_space"),
    [
        ({}, None),
        (UNSAID, "bt709"),
        (UNSAID | {"width": 1280, "height": 544}, "bt709"),
        (UNSAID | {"width": 720, "height": 576, "sample_aspect_ratio": Fraction(64, 45)}, "smpte170m"),
        (UNSAID | {"width": 576, "height": 1024}, "smpte170m"),
        (UNSAID | {"color_primaries": "bt2020"}, None),
        (UNSAID | {"color_transfer": "smpte2084"}, None),
        ({"pixel_format": "gbrp", "color_space": "gbr", "width": 320, "height": 240}, "bt709"),
    ],
)
def test_what_says_nothing_of_its_colours_is_taken_for_what_its_size_means(
    changes, color_space, source, picture
):
    plan = resolve(Ladder("hls", (Rung("144p", height=144),), None), source((picture(**changes),)))
    assert only(plan).encode.video.color_space == color_space
    assert any("what its colours mean" in note for note in plan.notes) == (
        color_space is not None and "pixel_format" not in changes
    )


@pytest.mark.parametrize(
    ("changes", "is_squeezed"),
    [
        ({}, False),
        ({"color_range": "pc"}, True),
        ({"pixel_format": "yuvj420p"}, True),
        ({"color_range": "pc", "color_transfer": "smpte2084"}, False),  # tone mapping does it
    ],
)
def test_the_full_range_becomes_the_limited_one(changes, is_squeezed, source, picture):
    plan = resolve(Ladder("hls", (Rung("144p", height=144),), None), source((picture(**changes),)))
    assert only(plan).encode.video.full_range == is_squeezed


@pytest.mark.parametrize(("transfer", "name"), [("arib-std-b67", "HLG"), ("smpte2084", "PQ")])
def test_hdr_is_kept_by_the_rungs_that_say_so_and_by_no_other(transfer, name, source, picture):
    keep = Rung("keep", height=1080, encoder="libx265", hdr="keep")
    ladder = Ladder("hls", (keep, Rung("sdr", height=720)), None)
    assert problems(ladder) == ()
    plan = resolve(ladder, source((picture(color_transfer=transfer, pixel_format="yuv420p10le"),)))
    kept, mapped = (one.encode.video for one in plan.renditions)
    assert (kept.hdr, kept.tone_map, kept.pixel_format, kept.codec_profile) == (
        name,
        False,
        "yuv420p10le",
        "main10",
    )
    assert (mapped.hdr, mapped.tone_map, mapped.pixel_format, mapped.codec_profile) == (
        None,
        True,
        "yuv420p",
        "high",
    )
    assert plan.notes == (
        f"The source is HDR ({name}): all renditions but those that keep it are SDR, 8 bits, 4:2:0.",
        f"The source is HDR ({name}), and so is: 'keep'.",
    )


def test_a_rung_that_would_keep_hdr_makes_8_bits_of_an_sdr_source(source, picture):
    keep = Rung("keep", height=1080, encoder="libx265", hdr="keep")
    video = only(resolve(Ladder("mp4", (keep,), None), source((picture(),)))).encode.video
    assert (video.hdr, video.pixel_format, video.codec_profile) == (None, "yuv420p", "main")


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ("libx264", (23, "veryfast", "high")),
        ("libx265", (26, "veryfast", "main")),
        ("libsvtav1", (32, "8", "main")),
        ("libvpx-vp9", (32, "5", "0")),
        ("h264_nvenc", (26, "p4", "high")),
        ("hevc_nvenc", (28, "p4", "main")),
    ],
)
def test_each_encoder_has_its_own_defaults(encoder, expected, source, picture):
    ladder = Ladder("hls", (Rung("a", height=720, encoder=encoder),), None)
    video = only(resolve(ladder, source((picture(),)))).encode.video
    assert (video.crf, video.speed, video.codec_profile) == expected


def test_ten_bits_may_be_asked_for(source, picture):
    rung = Rung("a", height=720, encoder="libx265", codec_profile="main10")
    video = only(resolve(Ladder("mp4", (rung,), None), source((picture(),)))).encode.video
    assert video.pixel_format == "yuv420p10le"


def test_the_sources_own_size_may_be_asked_for(source, picture):
    plan = resolve(
        Ladder("mp4", (Rung("a", source_size=True),), None), source((picture(width=3841, height=2161),))
    )
    assert (only(plan).encode.video.width, only(plan).encode.video.height) == (3840, 2160)
    assert plan.notes == ()


def test_webm_is_one_file_with_both_streams(source, picture, sound):
    ladder = Ladder("webm", (Rung("a", height=720, encoder="libvpx-vp9"),), AudioRung(encoder="libopus"))
    assert problems(ladder) == ()
    one = only(resolve(ladder, source((picture(),), (sound(sample_rate_hz=44100),))))
    assert (one.kind, one.file_name, one.encode.container) == ("muxed", "a.webm", "webm")
    assert (one.encode.audio.encoder, one.encode.audio.sample_rate_hz, one.encode.audio.bitrate_kbps) == (
        "libopus", 48000, 96,
    )  # fmt: skip


def test_a_pool_is_handed_on(source, picture):
    ladder = Ladder("mp4", (Rung("a", height=720, pool="highmem"),), None)
    assert only(resolve(ladder, source((picture(),)))).pool == "highmem"


# --- languages ---


def film(source, picture, sound):
    audio = (
        sound(index=1, language="eng"),
        sound(index=2, language="deu", is_default=False),
        sound(index=3, language="eng", is_default=False),
        sound(index=4, language=None, is_default=False),
    )
    return source((picture(),), audio)


def test_every_language_is_a_rendition_if_asked_for(source, picture, sound):
    ladder = Ladder("hls", (Rung("a", height=720),), AudioRung(), audio_languages="all")
    plan = resolve(ladder, film(source, picture, sound))
    sounds = [
        (one.key, one.encode.audio.stream_index, one.encode.audio.language) for one in plan.renditions[1:]
    ]
    assert sounds == [("audio", 1, "eng"), ("audio-deu", 2, "deu"), ("audio-3", 4, None)]
    assert plan.notes == ("The source has 4 audio streams: taken for their languages were 1, 2, 4.",)


def test_only_the_default_language_is_taken_otherwise(source, picture, sound):
    plan = resolve(Ladder("hls", (Rung("a", height=720),), AudioRung()), film(source, picture, sound))
    assert [one.encode.audio.stream_index for one in plan.renditions[1:]] == [1]


def test_a_language_cannot_take_a_rungs_name(source, picture, sound):
    ladder = Ladder("hls", (Rung("audio-deu", height=720),), AudioRung(), audio_languages="all")
    keys = [one.key for one in resolve(ladder, film(source, picture, sound)).renditions]
    assert keys == ["audio-deu", "audio", "audio-2", "audio-3"]


def test_no_more_languages_than_a_menu_holds_are_taken(source, sound):
    codes = [f"a{chr(97 + one // 26)}{chr(97 + one % 26)}" for one in range(40)]
    audio = tuple(sound(index=one, language=code, is_default=one == 30) for one, code in enumerate(codes))
    ladder = Ladder("hls", (), AudioRung(name="a" * 32), audio_languages="all")
    plan = resolve(ladder, source((), audio))
    assert len(plan.renditions) == len({one.key for one in plan.renditions}) == 16
    assert plan.renditions[0].encode.audio.stream_index == 30
    assert all(len(one.key) <= 32 for one in plan.renditions)


def test_a_hevc_copy_has_the_tag_that_apple_asks_for(source, picture):
    ladder = Ladder("mp4", (Rung("a", encoder="copy"),), None)
    assert only(resolve(ladder, source((picture(codec="hevc"),)))).encode.video.codec_tag == "hvc1"
    assert only(resolve(ladder, source((picture(),)))).encode.video.codec_tag is None


def test_webm_copies_only_what_webm_holds(source, picture):
    ladder = Ladder("webm", (Rung("a", encoder="copy"),), None)
    assert only(resolve(ladder, source((picture(codec="vp8"),)))).encode.container == "webm"
    with pytest.raises(PlanFailed, match="cannot copy into WebM"):
        resolve(ladder, source((picture(),)))
