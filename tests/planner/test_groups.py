"""Which rungs share a process, and which of them a scaler."""

import re
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ffmpeg.group import Member, build_group, shared
from adapters.ffmpeg.probe import Probe
from jobs.planner.groups import Machine, estimate_bytes, ssim_of_step
from jobs.planner.ladder import PlanFailed, resolve
from jobs.planner.plan import Plan
from jobs.planner.presets import AAC, h264
from jobs.planner.problems import problems
from jobs.planner.sizes import Size
from jobs.planner.specs import Ladder, Rung
from tests.planner.conftest import PICTURE, SOUND

FIVE = tuple(h264(height, 400) for height in (1080, 720, 480, 360, 240))
LADDER = Ladder("hls", FIVE, AAC, strategy="group")
ROOMY = Machine(8 * 1024**3, 2)
GIB = 1024**3


@pytest.fixture
def film(source, picture, sound):
    return source((picture(),), (sound(),))


def groups_of(plan: Plan) -> list[str | None]:
    return [one.group for one in plan.renditions]


def test_the_pictures_of_a_ladder_and_its_sound_are_made_together(film):
    plan = resolve(LADDER, film, machine=ROOMY)
    assert groups_of(plan) == ["1080p"] * 6
    assert plan.notes[-1] == (
        "Made together, by one process that decodes the source once: "
        "'1080p', '720p', '480p', '360p', '240p', 'audio'."
    )
    assert [one.scaled_from for one in plan.renditions] == [None] * 6


def test_separate_is_what_it_was(film):
    assert groups_of(resolve(replace(LADDER, strategy="separate"), film)) == [None] * 6


def test_a_worker_with_less_memory_gets_smaller_groups(film):
    def with_room_for(mebibytes: int) -> list[str | None]:
        return groups_of(resolve(LADDER, film, machine=Machine(mebibytes * 1024**2, 2)))[:5]

    assert with_room_for(1024) == ["1080p"] * 5
    assert with_room_for(700) == ["1080p", "1080p", "480p", "480p", "480p"]
    assert with_room_for(64) == [None] * 5


def test_sound_comes_with_the_first_pictures_of_its_pool_that_share_a_process(film):
    def groups(*rungs: Rung) -> list[str | None]:
        return groups_of(resolve(replace(LADDER, rungs=rungs), film, machine=ROOMY))

    high, low = Rung("a", height=720), Rung("b", height=480)
    assert groups(high) == [None, None], "one picture is no group, and one with its sound is none either"
    assert groups(high, low) == ["a", "a", "a"]
    elsewhere = [replace(one, pool="highmem") for one in (high, low)]
    assert groups(*elsewhere) == ["a", "a", None]
    slow = [replace(one, name=f"{one.name}-slow", max_frame_rate=12.5) for one in (high, low)]
    assert groups(*elsewhere, *slow) == ["a", "a", "a-slow", "a-slow", "a-slow"]


def test_more_cores_hold_more_pictures(film):
    renditions = resolve(LADDER, film).renditions
    small, large = (estimate_bytes(renditions, Size(1920, 1080), Machine(GIB, cores)) for cores in (2, 32))
    assert large > 2 * small


def test_what_differs_before_the_scaler_is_another_group(source, picture):
    rungs = (
        Rung("a", height=720),
        Rung("b", height=480, max_frame_rate=12.5),
        Rung("c", height=360),
        Rung("d", height=240, max_frame_rate=12.5),
        Rung("e", height=144, pool="highmem"),
        Rung("f", height=120, passes=2, bitrate_kbps=200),
    )
    plan = resolve(Ladder("mp4", rungs, None, strategy="group"), source((picture(),)))
    assert groups_of(plan) == ["a", "b", "a", "b", None, None]


def test_a_rung_is_scaled_from_the_one_above_where_the_bound_allows_it(film):
    def above(bound: float) -> list[str | None]:
        plan = resolve(replace(LADDER, cascade_min_ssim=bound), film)
        return [one.scaled_from for one in plan.renditions[:5]]

    assert above(0.98) == [None, "1080p", "720p", "480p", "360p"]
    # 480p to 360p is a step of a third: white noise falls to 0.986, so it skips a rung.
    assert above(0.99) == [None, "1080p", "720p", "720p", "360p"]
    assert above(0.997) == [None, None, "1080p", "720p", "480p"]
    assert above(1) == [None] * 5


def test_two_rungs_of_one_size_share_the_scaler_whatever_the_bound(source, picture):
    rungs = (Rung("a", height=480), Rung("b", height=480, crf=30))
    ladder = Ladder("mp4", rungs, None, strategy="group", cascade_min_ssim=1)
    assert resolve(ladder, source((picture(),))).renditions[1].scaled_from == "a"


def test_a_picture_of_another_depth_is_not_scaled_from(source, picture):
    rungs = (Rung("a", height=720, encoder="libx265", pixel_format="yuv420p10le"), Rung("b", height=360))
    ladder = Ladder("hls", rungs, None, strategy="group", cascade_min_ssim=0)
    plan = resolve(ladder, source((picture(),)))
    assert [(one.group, one.scaled_from) for one in plan.renditions] == [("a", None), ("a", None)]


def test_a_rung_that_keeps_its_hdr_is_a_process_of_its_own(source, picture):
    # FFmpeg gives what the film says of its HDR to the first output of a graph alone.
    rungs = (
        Rung("a", height=720, encoder="libx265", hdr="keep"),
        Rung("b", height=360),
        Rung("c", height=240),
    )
    hlg = picture(color_transfer="arib-std-b67", pixel_format="yuv420p10le")
    plan = resolve(Ladder("hls", rungs, None, strategy="group"), source((hlg,)))
    assert groups_of(plan) == [None, "b", "b"]


heights = st.lists(st.sampled_from([1080, 720, 480, 360, 240, 144]), min_size=3, unique=True)


def rungs_of(chosen: list[int]) -> st.SearchStrategy[tuple[Rung, ...]]:
    copy = st.just(Rung("copy", encoder="copy"))
    return st.tuples(*(copy if height == 144 else encoded(height) for height in chosen))


def encoded(height: int) -> st.SearchStrategy[Rung]:
    """Most of them can share a process."""
    return st.builds(
        Rung,
        name=st.just(f"{height}p"),
        height=st.just(height),
        bitrate_kbps=st.just(900),
        encoder=st.sampled_from(["libx264"] * 5 + ["libx265", "libsvtav1", "h264_nvenc"]),
        max_frame_rate=st.sampled_from([None] * 7 + [24.0]),
        pool=st.sampled_from([None] * 7 + ["highmem"]),
        hdr=st.sampled_from(["tone_map"] * 7 + ["keep"]),
        passes=st.sampled_from([1] * 7 + [2]),
    )


grouped = st.builds(
    Ladder,
    packaging=st.sampled_from(["hls", "mp4"]),
    rungs=heights.flatmap(rungs_of),
    audio=st.sampled_from([None, AAC]),
    strategy=st.just("group"),
).filter(lambda ladder: not problems(ladder))
pictures_of_any_kind = st.builds(
    replace,
    st.just(PICTURE),
    width=st.sampled_from([1920, 1920, 853]),
    height=st.sampled_from([1080, 1080, 479]),
    rotation=st.sampled_from([0, 90]),
    field_order=st.sampled_from(["progressive", "tt"]),
    color_transfer=st.sampled_from(["bt709", "arib-std-b67"]),
)


def test_any_ladder_gives_groups_that_hold_each_rung_once(source):
    sizes = set()

    @settings(derandomize=True, deadline=None, max_examples=200)
    @given(
        ladder=grouped,
        picture=pictures_of_any_kind,
        machine=st.none() | st.builds(Machine, st.integers(0, 2 * GIB), st.integers(1, 64)),
        bound=st.none() | st.floats(0, 1),
    )
    def any_ladder(ladder, picture, machine, bound):
        plan = check_groups(ladder, source((picture,), (SOUND,)), machine, bound)
        sizes.update(Counter(one for one in groups_of(plan) if one).values() if plan else ())

    any_ladder()
    assert sizes >= {2, 3, 4}, "what was drawn has groups to look at"


def check_groups(ladder: Ladder, probe: Probe, machine: Machine | None, bound: float | None) -> Plan | None:
    try:
        apart = resolve(replace(ladder, strategy="separate"), probe)
    except PlanFailed:
        return None
    plan = resolve(replace(ladder, cascade_min_ssim=bound), probe, machine=machine)
    # The same renditions in the same order, but for the company they keep.
    assert [replace(one, group=None, scaled_from=None) for one in plan.renditions] == list(apart.renditions)
    by_key = {one.key: one for one in plan.renditions}
    for name in {one.group for one in plan.renditions} - {None}:
        members = [one for one in plan.renditions if one.group == name]
        assert len(members) > 1
        assert members[0].key == name
        pictures = [one for one in members if one.encode.video]
        assert len(pictures) > 1
        assert len({shared(one.encode) for one in pictures}) == 1
        assert len({(one.encode.delay_seconds, one.pool) for one in members}) == 1
        keys = [one.key for one in members]
        at = [None if one.scaled_from is None else keys.index(one.scaled_from) for one in members]
        argv = build_group(
            [
                Member(one.encode, Path(f"/t/{one.key}"), above)
                for one, above in zip(members, at, strict=True)
            ],
            ffmpeg=Path("/f"),
            source=Path("/s"),
            cpus=4,
        )
        assert [word for word in argv if word.startswith("file:/t/")] == [f"file:/t/{key}" for key in keys]
        video = members[0].encode.video
        if machine and video:
            size = max(
                Size(one.display_width, one.display_height)
                for one in probe.video
                if one.index == video.stream_index
            )
            assert estimate_bytes(members, size, machine) <= machine.memory_bytes
    for one in plan.renditions:
        above = by_key.get(one.scaled_from or "")
        assert one.scaled_from is None or (above is not None and above.group == one.group)
    return plan


def measured(ffmpeg: Path, source: list[str], sizes: list[tuple[int, int]]) -> float:
    """SSIM of a picture that was scaled to each size in turn beside the same scaled to the last at once."""
    cascade = ",".join(f"scale={width}:{height}:flags=bicubic" for width, height in sizes)
    width, height = sizes[-1]
    graph = f"[0:v]split[a][b];[a]{cascade}[x];[b]scale={width}:{height}:flags=bicubic[y];[x][y]ssim[z]"
    said = subprocess.run(
        [ffmpeg, "-nostdin", "-hide_banner", "-nostats", *source, "-frames:v", "6", "-an",
         "-filter_complex", graph, "-map", "[z]", "-f", "null", "-"],
        capture_output=True, check=True, text=True,
    ).stderr  # fmt: skip
    found = re.search(r"All:([0-9.]+)", said)
    assert found, said
    return float(found[1])


@pytest.mark.parametrize(
    "size", [(1184, 666), (1066, 600), (960, 540), (854, 480), (800, 450), (720, 404), (640, 360)]
)
def test_the_table_promises_no_more_than_white_noise_keeps(size, ffmpeg, film):
    above = resolve(Ladder("mp4", (Rung("a", height=720),), None), film).renditions[0].encode.video
    assert above is not None
    below = replace(above, width=size[0], height=size[1])
    promised = ssim_of_step(above, below)
    noise = [
        "-f",
        "lavfi",
        "-i",
        "color=gray:s=1920x1080:r=25,noise=alls=60:allf=t:all_seed=7,format=yuv420p",
    ]
    seen = measured(ffmpeg, noise, [(1280, 720), size])
    assert promised <= seen <= promised + 0.01


def test_film_loses_less_than_noise_down_a_whole_ladder(ffmpeg, shared_media):
    film = ["-i", str(shared_media / "bbb_1080p24_10s.mp4")]
    steps = [(1280, 720), (854, 480), (640, 360), (426, 240)]
    assert all(measured(ffmpeg, film, steps[:count]) >= 0.998 for count in (2, 3, 4))
