"""What the box costs: the same process with and without it, in turns, by the way that the workers start theirs."""

import tempfile
from pathlib import Path

from adapters.ffmpeg.inputs import input_arguments
from adapters.ffmpeg.sandbox import layers
from adapters.ffmpeg.supervisor import Box, Completed, Limits, supervise
from config.embedded import media
from tests.bench.bed import Argv, Bed
from tests.bench.results import Goal, Row
from tests.bench.sources import short_clip

_LIMITS = Limits(wall_seconds=600, stall_seconds=600, output_bytes=None)
_START_GOAL = Goal("difference", at_most=50)
_CPU_GOAL = Goal("ratio", at_most=1.03)
# In CPU seconds an encode repeats within some per cent; two threads, so that their number does not vary.
_ENCODE = (
    "-t",
    "10",
    "-map",
    "0:v:0",
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-threads",
    "2",
    "-f",
    "null",
    "-",
)


def measure(bed: Bed, *, starts: int, encodes: int) -> list[Row]:
    """The bed's stack stands idle meanwhile."""
    clip = short_clip()
    probe = ("-v", "error", "-show_format", "-show_streams", "-of", "json", *input_arguments(clip))
    encode = ("-nostdin", "-v", "error", *input_arguments(clip, options=("-stream_loop", "-1")), *_ENCODE)
    try:
        layer = layers.chosen()
        return [
            _starts("ffmpeg -version", (str(media.ffmpeg()), "-version"), clip, starts),
            _starts("ffprobe of a clip", (str(media.ffprobe()), *probe), clip, starts),
            _encodes(f"encode of 10 s, CPU ({layer})", (str(media.ffmpeg()), *encode), clip, encodes),
        ]
    finally:
        layers.wish(layers.AUTO)


def _starts(title: str, argv: Argv, clip: Path, pairs: int) -> Row:
    boxed, bare = _pairs(argv, clip, pairs)
    walls = ([1000 * one.wall_seconds for one in each] for each in (boxed, bare))
    return Row(
        "sandbox",
        f"{title}, in its box",
        "ms",
        next(walls),
        "without",
        next(walls),
        "difference",
        _START_GOAL,
    )


def _encodes(title: str, argv: Argv, clip: Path, pairs: int) -> Row:
    boxed, bare = _pairs(argv, clip, pairs)
    cpu = ([one.cpu_seconds for one in each] for each in (boxed, bare))
    return Row("sandbox", title, "s", next(cpu), "without a box", next(cpu), "ratio", _CPU_GOAL)


def _pairs(argv: Argv, clip: Path, pairs: int) -> tuple[list[Completed], list[Completed]]:
    """With the box and without it, in turns; the first turn, which starts the launcher, is thrown away."""
    boxed: list[Completed] = []
    bare: list[Completed] = []
    for turn in range(pairs + 1):
        for wish, completed in ((layers.AUTO, boxed), (layers.NONE, bare)):
            layers.wish(wish)
            one = _run(argv, clip)
            if turn:
                completed.append(one)
    return boxed, bare


def _run(argv: Argv, clip: Path) -> Completed:
    with tempfile.TemporaryDirectory() as folder:
        stderr = Path(folder, "stderr")
        completed = supervise(
            argv,
            workspace=Path(folder),
            box=Box(readable=(clip,)),
            stderr_file=stderr,
            limits=_LIMITS,
            on_output=lambda data: True,
            stop_reason=lambda: None,
        )
        assert completed.exit_code == 0, stderr.read_text()
    return completed
