from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ffmpeg.progress import Progress, ProgressReader

BLOCK = b"""frame=132
fps=61.25
stream_0_0_q=28.0
bitrate= 900.4kbits/s
total_size=592032
out_time_us=5240000
out_time_ms=5240000
out_time=00:00:05.240000
dup_frames=0
drop_frames=0
speed=2.43x
progress=continue
"""
READ = Progress(frame=132, fps=61.25, out_seconds=5.24, speed=2.43, size_bytes=592032, ended=False)


def test_a_block_becomes_one_progress() -> None:
    assert list(ProgressReader().feed(BLOCK)) == [READ]


@settings(derandomize=True, database=None, deadline=None)
@given(st.lists(st.integers(0, 2 * len(BLOCK)), max_size=30))
def test_the_pipe_may_cut_anywhere(cuts: list[int]) -> None:
    reader, stream = ProgressReader(), BLOCK * 2
    found: list[Progress] = []
    edges = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(edges):
        found += reader.feed(stream[start:end])
    assert found == [READ, READ]


def test_what_ffmpeg_does_not_know_is_none() -> None:
    block = b"total_size=N/A\nout_time_us=N/A\nout_time=N/A\nspeed=N/A\nprogress=end\n"
    assert list(ProgressReader().feed(block)) == [Progress(None, None, None, None, None, ended=True)]


def test_values_do_not_leak_into_the_next_block() -> None:
    found = list(ProgressReader().feed(b"frame=7\nprogress=continue\nprogress=end\n"))
    assert [progress.frame for progress in found] == [7, None]


def test_the_negative_position_of_encoder_delay_counts_as_zero() -> None:
    (progress,) = ProgressReader().feed(b"out_time_us=-21333\nprogress=continue\n")
    assert progress.out_seconds == 0.0


def test_a_line_without_end_takes_no_memory_and_spoils_only_itself() -> None:
    reader = ProgressReader()
    for _ in range(1000):
        assert list(reader.feed(b"frame=" + b"9" * 10_000)) == []
    assert len(reader._rest) <= 1024
    assert list(reader.feed(b"\n" + BLOCK)) == [READ]


@settings(derandomize=True, database=None, deadline=None)
@given(st.binary(max_size=400))
def test_hostile_bytes_never_raise_and_never_give_nonsense(data: bytes) -> None:
    for progress in ProgressReader().feed(data + b"\nspeed=nan\nfps=1e999\nframe=-3\nprogress=end\n"):
        assert progress.frame is None or progress.frame >= 0
        assert progress.speed is None or progress.speed == progress.speed
