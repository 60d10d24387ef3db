import json
import math
from dataclasses import replace
from typing import Any, cast

import pytest

from adapters.ffmpeg.extras import ExtraKind
from jobs.planner.presets import SHIPPED
from jobs.planner.problems import problems
from jobs.planner.specs import MAX_RUNGS, AudioRung, Extra, Ladder, Rung

RUNG = Rung("720p", height=720)
LADDER = Ladder("hls", (Rung("1080p", height=1080), RUNG), AudioRung())


def found(ladder: Ladder) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in problems(ladder)]


def test_a_short_ladder_is_a_good_ladder():
    assert found(LADDER) == []
    assert found(replace(LADDER, packaging="mp4", audio=None)) == []
    assert found(replace(LADDER, rungs=())) == []


def test_a_ladder_survives_json():
    ladder = replace(LADDER, rungs=(Rung("best", width=1280, crf=21.5, required=False),), audio=None)
    for one in (LADDER, ladder):
        assert Ladder.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_a_ladder_may_be_spelled_with_its_defaults_left_out():
    document = {"packaging": "mp4", "rungs": [{"name": "a", "height": 240}]}
    assert Ladder.from_json(document) == Ladder("mp4", (Rung("a", height=240),), None)


@pytest.mark.parametrize(
    "document",
    [{}, {"packaging": "hls"}, {"packaging": "hls", "rungs": [{"name": "a", "hieght": 240}]}],
)
def test_a_ladder_with_missing_or_unknown_fields_is_no_ladder(document):
    with pytest.raises((KeyError, TypeError)):
        Ladder.from_json(document)


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"name": ""}, "name", "malformed"),
        ({"name": "720p\n"}, "name", "malformed"),
        ({"name": "../etc"}, "name", "malformed"),
        ({"name": "-x"}, "name", "malformed"),
        ({"name": "a" * 33}, "name", "malformed"),
        ({"name": "master"}, "name", "reserved"),
        ({"name": "1080p"}, "name", "duplicate"),
        ({"name": "audio"}, "name", "duplicate"),
        ({"height": None}, "height", "required"),
        ({"height": 0}, "height", "out_of_range"),
        ({"height": -720}, "height", "out_of_range"),
        ({"height": 8194}, "height", "out_of_range"),
        ({"height": 721}, "height", "odd"),
        ({"width": 1281}, "width", "odd"),
        ({"encoder": "libx266"}, "encoder", "unknown"),
        ({"speed": "placebo"}, "speed", "unknown"),
        ({"codec_profile": "high422"}, "codec_profile", "unknown"),
        ({"level": "9.9"}, "level", "unknown"),
        ({"pixel_format": "rgb24"}, "pixel_format", "unknown"),
        ({"tune": "psnr"}, "tune", "unknown"),
        ({"crf": 0}, "crf", "out_of_range"),
        ({"crf": 52}, "crf", "out_of_range"),
        ({"crf": math.nan}, "crf", "out_of_range"),
        ({"bitrate_kbps": 0}, "bitrate_kbps", "out_of_range"),
        ({"maxrate_kbps": 10**9}, "maxrate_kbps", "out_of_range"),
        ({"crf": 23, "bitrate_kbps": 2000}, "crf", "conflict"),
        ({"bitrate_kbps": 2000, "maxrate_kbps": 1000}, "maxrate_kbps", "conflict"),
        ({"bufsize_kbps": 1000}, "bufsize_kbps", "conflict"),
        ({"encoder": "copy"}, "height", "conflict"),
        ({"encoder": "copy", "height": None, "fallback": "libx264"}, "fallback", "conflict"),
        ({"source_size": True}, "height", "conflict"),
        ({"max_frame_rate": 0}, "max_frame_rate", "out_of_range"),
        ({"passes": 3}, "passes", "out_of_range"),
        ({"passes": 0}, "passes", "out_of_range"),
        ({"passes": 2}, "passes", "conflict"),
        ({"passes": 2, "bitrate_kbps": 900}, None, None),
        ({"passes": 2, "bitrate_kbps": 900, "encoder": "libsvtav1"}, "passes", "conflict"),
        ({"passes": 2, "bitrate_kbps": 900, "encoder": "hevc_nvenc"}, None, None),
        ({"hdr": "maybe"}, "hdr", "unknown"),
        ({"hdr": "keep"}, None, None),
        ({"hdr": "keep", "codec_profile": "high"}, "hdr", "conflict"),
        ({"hdr": "keep", "pixel_format": "yuv420p"}, "hdr", "conflict"),
        ({"codec_profile": "high", "pixel_format": "yuv420p10le"}, "pixel_format", "conflict"),
        ({"pool": "spot"}, "pool", "unknown"),
        ({"encoder": "h264_nvenc", "pool": "cpu"}, "pool", "conflict"),
        ({"encoder": "h264_nvenc", "pool": "gpu", "speed": "p5"}, None, None),
        ({"encoder": "libvpx-vp9", "speed": "fast"}, "speed", "unknown"),
        ({"encoder": "libvpx-vp9", "crf": 60, "speed": "5", "level": "4.1"}, None, None),
        ({"encoder": "libsvtav1", "level": "4.0"}, "level", "unknown"),
        ({"encoder": "libx265", "codec_profile": "main10", "hdr": "keep", "crf": 24}, None, None),
        ({"encoder": "h264_nvenc", "fallback": "libx264"}, None, None),
        ({"encoder": "av1_qsv", "crf": 30, "fallback": "libsvtav1", "fallback_crf": 35}, None, None),
        ({"encoder": "h264_vaapi", "bitrate_kbps": 900, "passes": 2, "fallback": "libx264"}, None, None),
        ({"encoder": "h264_vaapi", "speed": "fast"}, "speed", "unknown"),
        ({"encoder": "h264_nvenc", "crf": 30, "fallback": "libx264"}, "fallback_crf", "required"),
        ({"encoder": "h264_nvenc", "fallback": "libx265"}, "fallback", "unknown"),
        ({"encoder": "h264_nvenc", "fallback": "h264_qsv"}, "fallback", "unknown"),
        ({"encoder": "h264_nvenc", "fallback": "copy"}, "fallback", "unknown"),
        ({"encoder": "libx264", "fallback": "libx264"}, "fallback", "conflict"),
        ({"encoder": "h264_nvenc", "fallback_crf": 23}, "fallback_crf", "conflict"),
        (
            {"encoder": "h264_nvenc", "fallback": "libx264", "fallback_crf": 99},
            "fallback_crf",
            "out_of_range",
        ),
        (
            {"encoder": "h264_nvenc", "fallback": "libx264", "fallback_speed": "p4"},
            "fallback_speed",
            "unknown",
        ),
        (
            {"encoder": "h264_nvenc", "bitrate_kbps": 900, "fallback": "libx264", "fallback_crf": 20},
            "fallback_crf",
            "conflict",
        ),
    ],
)
def test_a_nonsense_rung_is_named_by_its_field(changes, pointer, code):
    ladder = replace(LADDER, rungs=(LADDER.rungs[0], replace(RUNG, **changes)))
    if pointer is None:
        assert found(ladder) == []
    else:
        assert (f"/rungs/1/{pointer}", code) in found(ladder)


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"name": "Audio"}, "name", "malformed"),
        ({"name": "720p"}, "name", "duplicate"),
        ({"encoder": "mp3"}, "encoder", "unknown"),
        ({"bitrate_kbps": 1}, "bitrate_kbps", "out_of_range"),
        ({"channels": 0}, "channels", "out_of_range"),
        ({"sample_rate_hz": 44000}, "sample_rate_hz", "unknown"),
        ({"encoder": "copy", "channels": 2}, "channels", "conflict"),
        ({"encoder": "libopus", "sample_rate_hz": 44100}, "sample_rate_hz", "unknown"),
        ({"encoder": "ac3", "channels": 8}, "channels", "out_of_range"),
        ({"encoder": "flac", "bitrate_kbps": 256}, "bitrate_kbps", "conflict"),
        ({"loudness_lufs": 3}, "loudness_lufs", "out_of_range"),
    ],
)
def test_nonsense_audio_is_named_by_its_field(changes, pointer, code):
    assert (f"/audio/{pointer}", code) in found(replace(LADDER, audio=replace(AudioRung(), **changes)))


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"packaging": "vhs"}, "/packaging", "unknown"),
        ({"packaging": "mp4", "segments": "separate"}, "/segments", "conflict"),
        ({"packaging": "mp4", "publish": "progressive"}, "/publish", "conflict"),
        ({"segments": "many"}, "/segments", "unknown"),
        ({"publish": "never"}, "/publish", "unknown"),
        ({"packaging": "mp4", "audio_languages": "all"}, "/audio_languages", "conflict"),
        ({"passthrough": "always"}, "/passthrough", "unknown"),
        ({"strategy": "chunks"}, "/strategy", "unknown"),
        ({"cascade_min_ssim": 0.98}, "/cascade_min_ssim", "conflict"),
        ({"strategy": "group", "cascade_min_ssim": 1.5}, "/cascade_min_ssim", "out_of_range"),
        ({"audio_languages": "eng"}, "/audio_languages", "unknown"),
        ({"packaging": "webm", "rungs": ()}, "/audio/encoder", "conflict"),
        ({"packaging": "webm", "audio": None, "rungs": (RUNG,)}, "/rungs/0/encoder", "conflict"),
        ({"extras": (Extra("720p", "poster"),)}, None, "duplicate"),
        ({"extras": (Extra("a", cast("ExtraKind", "film")),)}, "/extras/0/kind", "unknown"),
        ({"extras": (Extra("a", "media_info", height=90),)}, "/extras/0/height", "conflict"),
        ({"subtitles": cast("Any", "some")}, "/subtitles", "unknown"),
        ({"extras": (Extra("a", "poster", format="gif"),)}, "/extras/0/format", "unknown"),
        ({"extras": (Extra("a", "poster", at_seconds=-1),)}, "/extras/0/at_seconds", "out_of_range"),
        ({"extras": (Extra("a", "sprite_sheet", height=1080),)}, "/extras/0/height", "out_of_range"),
        ({"extras": (Extra("a", "poster"),) * 11}, None, "too_many"),
        ({"rungs": (), "audio": None}, "/rungs", "empty"),
        ({"packaging": "none"}, "/packaging", "conflict"),
        ({"packaging": "none", "rungs": (), "audio": None}, "/extras", "empty"),
        ({"extras": (Extra("a", "page_preview", pages="4-2"),)}, "/extras/0/pages", "malformed"),
        ({"extras": (Extra("a", "page_preview", pages="0"),)}, "/extras/0/pages", "malformed"),
        ({"extras": (Extra("a", "page_preview", pages="1-101"),)}, "/extras/0/pages", "malformed"),
        ({"extras": (Extra("a", "page_preview", pages="1," * 300 + "1"),)}, "/extras/0/pages", "malformed"),
        ({"extras": (Extra("a", "page_preview", pages="first"),)}, "/extras/0/pages", "malformed"),
        ({"extras": (Extra("a", "poster", pages="1"),)}, "/extras/0/pages", "conflict"),
        ({"extras": (Extra("a", "image_thumbnail", at_seconds=1),)}, "/extras/0/at_seconds", "conflict"),
        ({"extras": (Extra("a", "image_thumbnail", format="gif"),)}, "/extras/0/format", "unknown"),
        ({"extras": (Extra("a", "page_preview", height=9000),)}, "/extras/0/height", "out_of_range"),
        ({"rungs": tuple(Rung(f"r{n}", height=240) for n in range(MAX_RUNGS + 1))}, "/rungs", "too_many"),
        ({"segment_seconds": 5.0}, "/segment_seconds", "not_a_multiple"),
        ({"segment_seconds": 0}, "/segment_seconds", "out_of_range"),
        ({"segment_seconds": math.inf}, "/segment_seconds", "out_of_range"),
        ({"gop_seconds": math.nan}, "/gop_seconds", "out_of_range"),
        ({"gop_seconds": 0}, "/gop_seconds", "out_of_range"),
    ],
)
def test_a_nonsense_ladder_is_named_by_its_field(changes, pointer, code):
    seen = found(replace(LADDER, **changes))
    if pointer is None:
        assert code in {one for _, one in seen}
    else:
        assert seen == [(pointer, code)]


def test_multiples_are_those_of_the_numbers_as_written():
    assert found(replace(LADDER, segment_seconds=1.2, gop_seconds=0.4)) == []


def test_every_problem_is_told_at_once():
    rungs = (Rung("A"), Rung("b", height=3, speed="warp"))
    assert found(replace(LADDER, rungs=rungs, segment_seconds=99)) == [
        ("/segment_seconds", "out_of_range"),
        ("/rungs/0/name", "malformed"),
        ("/rungs/0/height", "required"),
        ("/rungs/1/height", "out_of_range"),
        ("/rungs/1/height", "odd"),
        ("/rungs/1/speed", "unknown"),
    ]


def test_a_problem_tells_its_author_what_would_do():
    (problem,) = problems(replace(LADDER, rungs=(replace(RUNG, tune="psnr"),)))
    assert problem.detail == "'psnr' is not one of: film, animation, grain, fastdecode, zerolatency."


def test_the_shipped_presets_are_good_ladders_of_their_names():
    heights = {
        preset.name: (preset.ladder.packaging, [rung.height for rung in preset.ladder.rungs])
        for preset in SHIPPED
    }
    assert heights == {
        "hls-1080p": ("hls", [1080, 720, 480, 360, 240]),
        "hls-720p": ("hls", [720, 480, 360, 240]),
        "mp4-720p": ("mp4", [720]),
        "hls-2160p-hevc": ("hls", [2160, 1440, 1080, 720, 480, 360]),
        "hls-av1": ("hls", [1080, 720, 480, 360]),
        "web-1080p-720p-preview": ("mp4", [1080, 720]),
        "mp4": ("mp4", [1080]),
        "webm": ("webm", [1080]),
        "hevc": ("mp4", [1080]),
        "audio-only": ("mp4", []),
        "archive-normalise": ("mp4", [None]),
        "passthrough": ("mp4", [None]),
        "image-thumbnails": ("none", []),
        "document-previews": ("none", []),
    }
    for preset in SHIPPED:
        assert found(preset.ladder) == []
        assert Ladder.from_json(json.loads(json.dumps(preset.ladder.to_json()))) == preset.ladder
