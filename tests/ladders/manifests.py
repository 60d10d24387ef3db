"""A job's manifests as text that can be compared, and what is masked there checked by itself.

Where the fragments of a file lie is read anew, by its boxes and by ffprobe's packets; the index that the product
keeps is not asked.
"""

import itertools
import json
import math
import re
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import m3u8
from mpegdash.parser import MPEGDASHParser

_MASKS = (
    (re.compile(r"BANDWIDTH=\d+"), "BANDWIDTH=*"),
    (re.compile(r'BYTERANGE(:|=")\d+@\d+'), r"BYTERANGE\1*"),
    (re.compile(r'(bandwidth|indexRange|range)="[\d-]+"'), r'\1="*"'),
)


def masked(text: str) -> str:
    """With what depends on the encoded bytes made equal: rates and places."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


@dataclass(frozen=True, slots=True)
class Packet:
    position: int
    size_bytes: int
    seconds: Fraction
    is_key: bool


def packets(ffprobe: Path, file: Path) -> list[Packet]:
    """All of a file with one stream, in the order of their bytes."""
    argv = [str(ffprobe), "-v", "error", "-show_packets", "-show_streams", "-of", "json", str(file)]
    document = json.loads(subprocess.run(argv, capture_output=True, timeout=60, check=True).stdout)
    base = Fraction(document["streams"][0]["time_base"])
    found = [
        Packet(
            int(one["pos"]),
            int(one["size"]),
            int(one.get("duration", 0)) * base,
            one["flags"].startswith("K"),
        )
        for one in document["packets"]
    ]
    return sorted(found, key=lambda one: one.position)


def boxes(file: Path) -> list[tuple[str, int, int]]:
    """Kind, offset and size of each box of a file (ISO/IEC 14496-12, 4.2)."""
    found, position, size = [], 0, file.stat().st_size
    with file.open("rb") as stream:
        while position < size:
            stream.seek(position)
            length, kind = struct.unpack(">I4s", stream.read(8))
            if length == 1:
                (length,) = struct.unpack(">Q", stream.read(8))
            found.append((kind.decode("ascii"), position, length))
            position += length
    return found


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment as a playlist tells it."""

    file: Path
    offset: int
    size_bytes: int
    seconds: Fraction


def check(folder: Path, ffprobe: Path) -> None:
    """Every manifest in a folder, of whatever kind it has. Raises AssertionError."""
    if (folder / "master.m3u8").exists():
        check_hls(folder, ffprobe)
    if (folder / "manifest.mpd").exists():
        check_dash(folder)


def check_hls(folder: Path, ffprobe: Path) -> None:
    """m3u8's reading of it; byte ranges that adjoin and cover their files; rates from the bytes and durations."""
    master = m3u8.loads((folder / "master.m3u8").read_text())
    assert master.is_variant
    assert master.is_independent_segments
    sounds: dict[str, list[tuple[Fraction, Fraction]]] = {}
    words = [(Fraction(0), Fraction(0))]
    for one in master.media:
        rates = rates_of(pieces(folder / one.uri))
        if one.type == "AUDIO":
            check_playlist(folder / one.uri, ffprobe, has_pictures=False)
            sounds.setdefault(one.group_id, []).append(rates)
        else:
            words.append(rates)
    assert master.playlists
    for one in master.playlists:
        info = one.stream_info
        check_playlist(folder / one.uri, ffprobe, has_pictures=info.resolution is not None)
        rates = rates_of(pieces(folder / one.uri))
        beside = (
            sounds.get(info.audio, [(Fraction(0), Fraction(0))]) if info.resolution else [(Fraction(0),) * 2]
        )
        for told, position in ((info.bandwidth, 0), (info.average_bandwidth, 1)):
            wanted = (
                rates[position]
                + max(rate[position] for rate in beside)
                + max(rate[position] for rate in words)
            )
            assert abs(told - wanted) <= 1 + wanted / 100_000, (one.uri, told, float(wanted))
    for one in master.iframe_playlists:
        scrub = m3u8.loads((folder / one.uri).read_text())
        assert scrub.is_i_frames_only
        check_key_frames(folder / one.uri, ffprobe)
        told, wanted = one.iframe_stream_info.bandwidth, rates_of(pieces(folder / one.uri))[0]
        assert abs(told - wanted) <= 1 + wanted / 100_000, (one.uri, told, float(wanted))


def pieces(playlist: Path) -> list[Piece]:
    read = m3u8.loads(playlist.read_text())
    found = []
    for segment in read.segments:
        file = (playlist.parent / segment.uri).resolve()
        size, _, offset = (segment.byterange or f"{file.stat().st_size}@0").partition("@")
        found.append(Piece(file, int(offset), int(size), Fraction(str(segment.duration))))
    return found


def rates_of(found: Sequence[Piece]) -> tuple[Fraction, Fraction]:
    """Peak and average in bits per second, by "Playlist Definitions" of draft-pantos-hls-rfc8216bis."""
    target = max(1, math.floor(max(one.seconds for one in found) + Fraction(1, 2)))
    runs: list[Fraction] = []
    for first in range(len(found)):
        for last in range(first, len(found)):
            run = found[first : last + 1]
            seconds = sum((one.seconds for one in run), Fraction(0))
            if Fraction(target, 2) <= seconds <= Fraction(3 * target, 2):
                runs.append(8 * sum(one.size_bytes for one in run) / seconds)
    seconds = sum((one.seconds for one in found), Fraction(0))
    average = 8 * sum(one.size_bytes for one in found) / seconds
    return max([*runs, average]), average


def check_playlist(playlist: Path, ffprobe: Path, *, has_pictures: bool) -> None:
    read, found = m3u8.loads(playlist.read_text()), pieces(playlist)
    assert read.is_endlist
    assert read.target_duration >= max(math.floor(one.seconds + Fraction(1, 2)) for one in found)
    (start,) = read.segment_map
    initialization = (playlist.parent / start.uri).resolve()
    if start.byterange is None:
        assert [kind for kind, _, _ in boxes(initialization)] == ["ftyp", "moov"]
        for one in found:
            assert [kind for kind, _, _ in boxes(one.file)][-1] == "mdat"
        return
    kinds = boxes(initialization)
    (moov,) = (offset + size for kind, offset, size in kinds if kind == "moov")
    assert start.byterange == f"{moov}@0"
    heads = [offset for kind, offset, _ in kinds if kind == "moof"]
    end = max(offset + size for kind, offset, size in kinds if kind == "mdat")
    assert {one.file for one in found} == {initialization}
    assert found[0].offset == heads[0]
    for one, two in itertools.pairwise(found):
        assert one.offset + one.size_bytes == two.offset
        assert two.offset in heads
    assert found[-1].offset + found[-1].size_bytes == end
    inside = packets(ffprobe, initialization)
    for one in found:
        mine = [packet for packet in inside if one.offset <= packet.position < one.offset + one.size_bytes]
        assert mine[0].is_key or not has_pictures
        length = sum((packet.seconds for packet in mine), Fraction(0))
        # What the encoder needs to begin is in the first packet, and the last may be shorter than it says.
        slack = 2 * mine[0].seconds if not has_pictures else Fraction(1, 1000)
        if has_pictures and one is found[-1]:
            slack += mine[0].seconds  # nor does a picture before a hole
        assert abs(length - one.seconds) <= slack, (playlist.name, float(length), float(one.seconds))


def check_key_frames(playlist: Path, ffprobe: Path) -> None:
    """Each entry is a fragment's head with its first picture, and no more."""
    for one in pieces(playlist):
        if one.file.suffix != ".mp4":
            continue
        after = [packet for packet in packets(ffprobe, one.file) if packet.position >= one.offset]
        assert after[0].is_key
        assert after[0].position + after[0].size_bytes == one.offset + one.size_bytes


def check_dash(folder: Path) -> None:
    """mpegdash's reading of it; the initialization ends with the moov, the index is the sidx."""
    (period,) = MPEGDASHParser.parse((folder / "manifest.mpd").read_text()).periods
    assert period.adaptation_sets
    for one in _representations(period):
        if not one.base_urls or not one.segment_bases:
            continue
        file, base = (folder / one.base_urls[0].base_url_value).resolve(), one.segment_bases[0]
        kinds = {kind: (offset, offset + size - 1) for kind, offset, size in boxes(file)[:4]}
        assert base.initializations[0].range == f"0-{kinds['moov'][1]}"
        assert base.index_range == "{}-{}".format(*kinds["sidx"])
        media = sum(size for kind, _, size in boxes(file) if kind in ("moof", "mdat"))
        assert one.bandwidth * 1.0 >= 0.99 * 8 * media / _seconds(folder)


def _representations(period: Any) -> Iterator[Any]:
    for one in period.adaptation_sets:
        yield from one.representations


def _seconds(folder: Path) -> float:
    text = (folder / "manifest.mpd").read_text()
    (seconds,) = re.findall(r'mediaPresentationDuration="PT([\d.]+)S"', text)
    return float(seconds)
