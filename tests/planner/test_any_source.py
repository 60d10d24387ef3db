"""Whatever ffprobe may say and a customer may wish: a valid plan, or a failure that has a name."""

import json
from fractions import Fraction

from hypothesis import event, given, settings
from hypothesis import strategies as st

from adapters.ffmpeg.probe import Probe, parse_probe
from jobs.faults import SPECS
from jobs.planner.ladder import Plan, PlanFailed, resolve
from jobs.planner.specs import COPY, PIXEL_FORMATS, SPEEDS, AudioRung, Ladder, Rung, problems

side = st.sampled_from([0, 1, 2, 3, 180, 239, 241, 719, 720, 1079, 1080, 1920, 30_000]) | st.integers(
    0, 10_000
)
rate = st.sampled_from(
    ["0/0", "25/1", "30000/1001", "1000/1", "90000/1", "1/100", "51600/1841", "240/1", "119/7", "x", None]
)
starts = st.sampled_from(["0", "0.04", "1.4", "4.4", "50000", "-1", "N/A", "nan", None])
seconds = st.sampled_from(["0", "0.04", "5.28", "36000", "N/A", "-1", "nan", None])
codec = st.sampled_from(["h264", "h264", "hevc", "vp8", "aac", "ac3", "pcm_s16le", None])
flags = st.fixed_dictionaries({"default": st.integers(0, 1), "attached_pic": st.integers(0, 1)})

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
        "pix_fmt": st.sampled_from(["yuv420p", "yuv444p", "yuv420p10le", "gbrp", None]),
        "color_transfer": st.sampled_from(["bt709", "smpte2084", "arib-std-b67", None]),
        "disposition": flags,
        "side_data_list": st.sampled_from([[], [{"rotation": -90}], [{"rotation": 180}], [{"rotation": 33}]]),
    }
)
audio = st.fixed_dictionaries(
    {
        "codec_type": st.just("audio"),
        "codec_name": codec,
        "sample_rate": st.sampled_from(["48000", "44100", "96000", "7350", "0", "x"]),
        "channels": st.sampled_from([0, 1, 2, 6, 8, 24]),
        "duration": seconds,
        "start_time": starts,
        "disposition": flags,
    }
)
other = st.fixed_dictionaries({"codec_type": st.sampled_from(["subtitle", "data", "attachment", None])})


@st.composite
def probes(draw: st.DrawFn) -> Probe:
    streams = draw(st.lists(video | audio | other, min_size=1, max_size=6))
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
        "crf": st.floats(1, 51),
        "maxrate_kbps": st.integers(16, 200_000),
        "speed": st.sampled_from(SPEEDS),
        "required": st.booleans(),
    },
)
encoded = st.builds(lambda name, size, rest: Rung(name, *size, **rest), name, sizes, rest)
copied = st.builds(Rung, name=name, encoder=st.just(COPY))
rungs = st.lists(encoded | encoded | copied, max_size=5, unique_by=lambda rung: rung.name).map(tuple)
sounds = st.builds(
    AudioRung,
    channels=st.none() | st.integers(1, 8),
    sample_rate_hz=st.sampled_from([None, 8000, 44100, 48000]),
) | st.builds(AudioRung, encoder=st.just(COPY))
ladders = st.builds(
    Ladder,
    packaging=st.sampled_from(["hls", "mp4"]),
    rungs=rungs,
    audio=st.none() | sounds,
    gop_seconds=st.sampled_from([0.5, 1.0, 2.0]),
    segment_seconds=st.sampled_from([2.0, 4.0, 6.0]),
).filter(lambda ladder: not problems(ladder))


@settings(derandomize=True, deadline=None, max_examples=200)
@given(ladder=ladders, probe=probes())
def test_any_source_gives_a_valid_plan_or_a_known_failure(ladder, probe):
    try:
        plan = resolve(ladder, probe)
    except PlanFailed as error:
        event(error.code)
        assert error.code in SPECS
        return
    event("planned")
    check(plan, ladder, probe)


def check(plan: Plan, ladder: Ladder, probe: Probe) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert plan.renditions
    keys = [one.key for one in plan.renditions]
    assert len(set(keys)) == len({one.file_name for one in plan.renditions}) == len(keys)
    assert (plan.segment_seconds / plan.gop_seconds).denominator == 1
    assert all(note.endswith(".") for note in plan.notes)
    pictures = {stream.index: stream for stream in probe.video}
    for rendition in plan.renditions:
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
            assert sound.bitrate_kbps and sound.channels and sound.sample_rate_hz
        assert (rendition.kind == "video") == (ladder.packaging == "hls" and sound is None)
        picture = rendition.encode.video
        if picture is None or picture.encoder == COPY:
            continue
        stream = pictures[picture.stream_index]
        assert plan.frame_rate is not None
        assert plan.gop_seconds == picture.gop_frames / plan.frame_rate
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
