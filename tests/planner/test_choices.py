"""Three plain choices make a ladder, each a good one."""

from itertools import product

import pytest

from jobs.planner.choices import from_choices
from jobs.planner.ladder import resolve
from jobs.planner.problems import problems

FILES = {
    "mp4": ("mp4", "libx264", "aac"),
    "webm": ("webm", "libvpx-vp9", "libopus"),
    "hevc": ("mp4", "libx265", "aac"),
}


@pytest.mark.parametrize(("resolution", "format"), [*product(["1080p", "720p", "480p", "360p"], FILES)])
@pytest.mark.parametrize("include_audio", [True, False])
def test_each_choice_is_one_file(resolution, format, include_audio, source, picture, sound):
    ladder = from_choices(resolution, format, include_audio=include_audio)
    assert problems(ladder) == ()
    (one,) = resolve(ladder, source((picture(),), (sound(),))).renditions
    suffix, video, audio = FILES[format]
    assert one.file_name == f"{resolution}.{suffix}"
    assert one.encode.video.height == int(resolution[:-1])
    assert one.encode.video.encoder == video
    assert (one.encode.audio.encoder if one.encode.audio else None) == (audio if include_audio else None)


def test_an_unknown_choice_is_no_ladder():
    with pytest.raises(KeyError):
        from_choices("4k", "mp4")
