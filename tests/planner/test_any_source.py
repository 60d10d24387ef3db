"""Whatever ffprobe may say and a customer may wish: a valid plan, or a failure that has a name."""

import json
from fractions import Fraction
from pathlib import Path

from hypothesis import event, given, settings
from hypothesis import strategies as st

from adapters.ffmpeg.command import build_passes
from adapters.ffmpeg.encoders import VIDEO_ENCODERS, video_encoder
from adapters.ffmpeg.extras import ExtraEncode, build_extra_argv
from adapters.ffmpeg.group import Member, build_group
from adapters.ffmpeg.probe import Probe, parse_probe
from jobs.faults import SPECS
from jobs.planner.groups import Machine
from jobs.planner.ladder import Plan, PlanFailed, resolve
from jobs.planner.plan import ExtraPlan, RenditionPlan, SubtitlesPlan
from jobs.planner.problems import problems
from jobs.planner.specs import (
    COPY,
    EXTRA_KINDS,
    HDR,
    LANGUAGES,
    PASSTHROUGH,
    PIXEL_FORMATS,
    PUBLISH,
    SEGMENTS,
    STRATEGIES,
    SUBTITLES,
    AudioRung,
    Extra,
    Ladder,
    Rung,
)

side = st.sampled_from([0, 1, 2, 3, 180, 239, 241, 719, 720, 1079, 1080, 1920, 30_000]) | st.integers(
    0, 10_000
)
rate = st.sampled_from(
    ["0/0", "25/1", "30000/1001", "1000/1", "90000/1", "1/100", "51600/1841", "240/1", "119/7", "x", None]
)
starts = st.sampled_from(["0", "0.04", "1.4", "4.4", "50000", "-1", "N/A", "nan", None])
seconds = st.sampled_from(["0", "0.04", "5.28", "36000", "N/A", "-1", "nan", None])
codec = st.sampled_from(["h264", "h264", "hevc", "vp8", "vp9", "aac", "ac3", "opus", "pcm_s16le", None])
flags = st.fixed_dictionaries({"default": st.integers(0, 1), "attached_pic": st.integers(0, 1)})

crop = st.fixed_dictionaries(
    {
        "side_data_type": st.just("Frame Cropping"),
        "crop_left": st.sampled_from([0, 1, 80, 10**7]),
        "crop_top": st.sampled_from([0, 3, "x"]),
    }
)
video = st.fixed_dictionaries(
    {
        "codec_type": st.just("video"),
        "codec_name": codec,
        "width": side,
        "height": side,
        "sample_aspect_ratio": st.sampled_from(["1:1", "64:45", "1280:1281", "0:1", "1:100", "100:1", None]),
        "r_frame_rate": rate,
        "avg_frame_rate": rate,
        "nb_frames": st.sampled_from(["1", "100", "N/A"]),
        "duration": seconds,
        "start_time": starts,
        "field_order": st.sampled_from(["progressive", "tt", None]),
        "bit_rate": st.sampled_from(["1000000", "N/A"]),
        "profile": st.sampled_from(["High", "Main", "LC", None]),
        "pix_fmt": st.sampled_from(["yuv420p", "yuv444p", "yuv420p10le", "gbrp", None]),
        "color_transfer": st.sampled_from(["bt709", "smpte2084", "arib-std-b67", None]),
        "disposition": flags,
        "color_space": st.sampled_from(["bt709", "gbr", None]),
        "color_primaries": st.sampled_from(["bt709", "bt2020", None]),
        "color_range": st.sampled_from(["tv", "pc", None]),
        "side_data_list": st.lists(
            st.sampled_from([{"rotation": -90}, {"rotation": 180}, {"rotation": 33}]) | crop, max_size=2
        ),
    }
)
audio = st.fixed_dictionaries(
    {
        "codec_type": st.just("audio"),
        "codec_name": codec,
        "sample_rate": st.sampled_from(["48000", "44100", "96000", "7350", "0", "x"]),
        "tags": st.fixed_dictionaries({"language": st.sampled_from(["eng", "deu", "und", "e!", None])}),
        "bit_rate": st.sampled_from(["96000", "N/A"]),
        "profile": st.sampled_from(["LC", "HE-AAC", None]),
        "channels": st.sampled_from([0, 1, 2, 6, 8, 24]),
        "duration": seconds,
        "start_time": starts,
        "disposition": flags,
    }
)
other = st.fixed_dictionaries(
    {
        "codec_type": st.sampled_from(["subtitle", "subtitle", "data", "attachment", None]),
        "codec_name": st.sampled_from(["subrip", "mov_text", "hdmv_pgs_subtitle", None]),
        "index": st.sampled_from([0, 2, 3, 9, "x"]),
        "tags": st.fixed_dictionaries({"language": st.sampled_from(["eng", "deu", "und", "e!", None])}),
    }
)


@st.composite
def probes(draw: st.DrawFn) -> Probe:
    # Most begin with what can be planned at all.
    streams = [draw(video | video | audio | other), *draw(st.lists(video | audio | other, max_size=5))]
    for position, stream in enumerate(streams):
        stream["index"] = str(position)
    name = draw(st.sampled_from(["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "png_pipe", "image2", "mpegts"]))
    return parse_probe({"format": {"format_name": name, "duration": draw(seconds)}, "streams": streams})


even = st.integers(8, 2200).map(lambda half: 2 * half)
name = st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True)
sizes = st.tuples(even, st.none() | even) | st.tuples(st.none(), even)
rest = st.fixed_dictionaries(
    {},
    optional={
        "encoder": st.sampled_from(VIDEO_ENCODERS),
        "crf": st.floats(1, 51),
        "maxrate_kbps": st.integers(16, 200_000),
        "required": st.booleans(),
        "max_frame_rate": st.floats(1, 120).map(lambda rate: round(rate, 3)),
        "hdr": st.sampled_from(HDR),
        "pixel_format": st.sampled_from([None, *PIXEL_FORMATS]),
        "pool": st.sampled_from([None, "cpu", "gpu", "highmem"]),
        "passes": st.sampled_from([1, 1, 2]),
        "bitrate_kbps": st.sampled_from([None, None, 1000]),
        "fallback": st.sampled_from([None, None, "libx264", "libx265", "libsvtav1"]),
        "fallback_crf": st.sampled_from([None, 30.0]),
    },
)
encoded = st.builds(lambda name, size, rest: Rung(name, *size, **rest), name, sizes, rest)
unscaled = st.builds(Rung, name=name, source_size=st.just(True), encoder=st.sampled_from(VIDEO_ENCODERS))
copied = st.builds(Rung, name=name, encoder=st.just(COPY))
some = st.lists(
    encoded | encoded | copied | unscaled, min_size=1, max_size=5, unique_by=lambda rung: rung.name
)
rungs = some.map(tuple) | some.map(tuple) | st.just(())
sounds = st.builds(
    AudioRung,
    name=st.sampled_from(["audio", "a" * 32]),
    encoder=st.sampled_from(["aac", "libopus", "flac", "ac3"]),
    channels=st.none() | st.integers(1, 8),
    sample_rate_hz=st.sampled_from([None, 8000, 44100, 48000]),
    loudness_lufs=st.sampled_from([None, -23.0]),
) | st.builds(AudioRung, encoder=st.just(COPY))
extras = st.lists(
    st.builds(
        Extra,
        name=name,
        kind=st.sampled_from(EXTRA_KINDS),
        at_seconds=st.none() | st.floats(0, 10**7),
        duration_seconds=st.none() | st.floats(0.1, 60),
        interval_seconds=st.none() | st.floats(0.1, 3600),
        height=st.none() | st.integers(16, 480),
    ),
    max_size=3,
    unique_by=lambda extra: extra.name,
).map(tuple)
ladders = st.builds(
    Ladder,
    packaging=st.sampled_from(["hls", "dash", "hls+dash", "mp4", "webm"]),
    rungs=rungs,
    audio=st.none() | sounds,
    gop_seconds=st.sampled_from([0.5, 1.0, 2.0]),
    segment_seconds=st.sampled_from([2.0, 4.0, 6.0]),
    passthrough=st.sampled_from(PASSTHROUGH),
    audio_languages=st.sampled_from(LANGUAGES),
    extras=extras,
    subtitles=st.sampled_from(SUBTITLES),
    segments=st.sampled_from(SEGMENTS),
    publish=st.sampled_from(PUBLISH),
    strategy=st.sampled_from(STRATEGIES),
    cascade_min_ssim=st.sampled_from([None, None, 0.95, 1]),
).filter(lambda ladder: not problems(ladder))


# A worker of 512 MB holds few rungs of a large picture, one of 64 GB all of them.
machines = st.none() | st.builds(
    Machine, memory_bytes=st.sampled_from([1 << 29, 1 << 31, 1 << 36]), cores=st.sampled_from([1, 8])
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(ladder=ladders, probe=probes(), machine=machines)
def test_any_source_gives_a_valid_plan_or_a_known_failure(ladder, probe, machine):
    try:
        plan = resolve(ladder, probe, machine=machine)
    except PlanFailed as error:
        event(error.code)
        assert error.code in SPECS
        return
    event("planned")
    check(plan, ladder, probe)


def check(plan: Plan, ladder: Ladder, probe: Probe) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert plan.renditions
    everything: list[RenditionPlan | ExtraPlan | SubtitlesPlan] = [
        *plan.renditions,
        *plan.extras,
        *plan.subtitles,
    ]
    keys = [one.key for one in everything]
    files = {one.file_name for one in everything}
    assert len(set(keys)) == len(files) == len(keys)
    assert all(len(key) <= 64 for key in keys)
    assert (plan.segment_seconds / plan.gop_seconds).denominator == 1
    caps = [rung.max_frame_rate for rung in ladder.rungs if rung.max_frame_rate]
    assert plan.gop_seconds <= max(4, 4 / Fraction(min(caps, default=1)), 1 / (plan.frame_rate or 1))
    assert all(note.endswith(".") for note in plan.notes)
    check_extras(plan, probe)
    check_groups(plan, ladder)
    pictures = {stream.index: stream for stream in probe.video}
    for rendition in plan.renditions:
        for argv in build_passes(rendition.encode, ffmpeg=Path("/f"), source=Path("/s"), target=Path("/t")):
            assert all(argv)
            assert not any("None" in token for token in argv)
        wish = next((rung for rung in ladder.rungs if rung.name == rendition.key), ladder.audio)
        assert wish is not None
        assert rendition.required == wish.required
        duration = rendition.encode.duration_seconds
        assert duration is None or duration > 0
        delay = rendition.encode.delay_seconds
        assert 0 <= delay < (probe.duration_seconds or float("inf"))
        assert delay == 0 or probe.format_name == "mpegts"
        sound = rendition.encode.audio
        if sound is not None and sound.encoder != COPY:
            assert sound.channels and sound.sample_rate_hz
            assert (sound.bitrate_kbps is None) == (sound.encoder == "flac")
        assert (rendition.kind == "video") == (ladder.has_segments and sound is None)
        if sound is not None and sound.encoder == COPY:
            assert ladder.passthrough == "auto" or (ladder.audio and ladder.audio.encoder == COPY)
        picture = rendition.encode.video
        if picture is not None and picture.encoder == COPY:
            # A copy is asked for, or what its rung asks for: upright, whole and at no other rate.
            stream = pictures[picture.stream_index]
            assert wish.encoder == COPY or (ladder.passthrough == "auto" and not ladder.has_segments)
            assert wish.encoder == COPY or not (stream.rotation or stream.is_cropped or stream.has_full_range)
        if picture is None or picture.encoder == COPY:
            continue
        assert isinstance(wish, Rung)
        stream = pictures[picture.stream_index]
        assert plan.frame_rate is not None
        # What nobody has counted is brought to its rate; HDR says what it means, and everything else is told.
        assert picture.frame_rate is not None or stream.frames is not None
        assert not (picture.color_space and (picture.tone_map or picture.hdr))
        assert picture.color_space or picture.tone_map or picture.hdr or not stream.is_rgb
        assert picture.full_range or picture.tone_map or not stream.has_full_range
        assert plan.gop_seconds == picture.gop_frames / (picture.frame_rate or plan.frame_rate)
        assert (picture.frame_rate or plan.frame_rate) <= (wish.max_frame_rate or 120) * 1.001
        assert not (picture.tone_map and picture.hdr)
        assert picture.hdr is None or picture.pixel_format == "yuv420p10le"
        assert picture.codec_profile in video_encoder(picture.encoder).codec_profiles
        assert plan.frame_rate <= 120
        assert picture.pixel_format in PIXEL_FORMATS
        assert picture.width % 2 == picture.height % 2 == 0
        # A single row or column cannot be made even without a second one.
        assert 2 <= picture.width <= max(2, min(stream.display_width, 8192))
        assert 2 <= picture.height <= max(2, min(stream.display_height, 8192))
        # The picture's shape, up to the pixel that evenness takes on each side.
        shape = Fraction(stream.display_width, stream.display_height)
        low = Fraction(max(picture.width - 2, 0), picture.height + 2)
        high = Fraction(picture.width + 2, max(picture.height - 2, 1))
        assert low <= shape <= high or 2 in (picture.width, picture.height)


def check_groups(plan: Plan, ladder: Ladder) -> None:
    """Who is made together can be: one command for each group, which scales from what comes before."""
    names = {one.group for one in plan.renditions if one.group is not None}
    assert not names or ladder.strategy == "group"
    for name in names:
        together = [one for one in plan.renditions if one.group == name]
        assert len(together) > 1
        assert together[0].key == name
        keys = [one.key for one in together]
        members = [
            Member(one.encode, Path(f"/{one.key}"), keys.index(one.scaled_from) if one.scaled_from else None)
            for one in together
        ]
        argv = build_group(members, ffmpeg=Path("/f"), source=Path("/s"), cpus=4)
        assert [one for one in argv if one.startswith("file:/") and one != "file:/s"] == [
            f"file:/{key}" for key in keys
        ]
    assert all(one.group for one in plan.renditions if one.scaled_from)


def check_extras(plan: Plan, probe: Probe) -> None:
    for extra in plan.extras:
        encode = extra.encode
        if not isinstance(encode, ExtraEncode):
            assert encode is None, "no film becomes a page"
            continue
        argv = build_extra_argv(encode, ffmpeg=Path("/f"), source=Path("/s"), target=Path("/t"))
        assert all(argv)
        assert encode.width * encode.columns <= 65_535
        assert 1 <= encode.columns * encode.rows <= 100
        assert encode.duration_seconds is None or encode.duration_seconds > 0
        assert encode.at_seconds >= 0
