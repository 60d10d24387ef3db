"""Reads a finished ladder as a player would: the manifest, each playlist it names, every segment of those."""

import json
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin

import requests

READ_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Played:
    """One playlist, read to its end: what it promises, and how much media came. `fault` is ffprobe's complaint."""

    url: str
    promised_seconds: float
    read_seconds: float
    fault: str = ""


def playlists(manifest: str, url: str) -> list[str]:
    """The URLs of the playlists in a multivariant playlist (RFC 8216 §4.3.4): audio groups, then variants."""
    lines = [line.strip() for line in manifest.splitlines()]
    media = [found.group(1) for line in lines if (found := re.match(r'#EXT-X-MEDIA:.*\bURI="([^"]+)"', line))]
    variants = [uri for tag, uri in pairwise(lines) if tag.startswith("#EXT-X-STREAM-INF:")]
    return [urljoin(url, uri) for uri in dict.fromkeys([*media, *variants])]


def play(manifest_url: str, ffprobe: Path) -> list[Played]:
    """Read every playlist of the manifest with ffprobe. Raises `requests.RequestException`."""
    with requests.Session() as session:
        session.trust_env = False  # loopback: no proxy, no .netrc
        answer = session.get(manifest_url, timeout=30)
        answer.raise_for_status()
    return [_play_one(url, ffprobe) for url in playlists(answer.text, manifest_url)]


def _play_one(url: str, ffprobe: Path) -> Played:
    # Every packet is asked for: FFmpeg skips a segment that it cannot fetch, and ends well.
    shown = ("-show_entries", "format=duration:packet=stream_index,duration_time", "-of", "json=c=1")
    try:
        done = subprocess.run(
            [ffprobe, "-v", "error", *shown, url],
            capture_output=True,
            text=True,
            timeout=READ_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Played(url, 0.0, 0.0, f"not read within {READ_SECONDS} s")
    if done.returncode != 0 or done.stderr.strip():
        return Played(url, 0.0, 0.0, done.stderr.strip() or f"ffprobe ended with {done.returncode}")
    document = json.loads(done.stdout)
    lengths: defaultdict[int, float] = defaultdict(float)
    for packet in document["packets"]:
        lengths[packet["stream_index"]] += float(packet.get("duration_time", 0.0))
    promised_seconds = float(document["format"].get("duration", 0.0))
    return Played(url, promised_seconds, min(lengths.values(), default=0.0))
