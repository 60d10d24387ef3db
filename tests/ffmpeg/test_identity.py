import hashlib
from pathlib import Path

import pytest

from adapters.ffmpeg.identity import Identity, NotFFmpeg, identify


def test_two_builds_have_two_identities(ffmpeg: Path, ffmpeg_other: Path) -> None:
    first, second = identify(ffmpeg), identify(ffmpeg_other)
    assert first.sha256 == hashlib.sha256(ffmpeg.read_bytes()).hexdigest()
    assert first.sha256 != second.sha256
    assert first.revision == f"ffmpeg-9.0.2-{first.sha256[:8]}"
    assert second.revision.startswith("ffmpeg-8.1.2-")
    assert first.libraries["libavcodec"].startswith("63.")
    assert "--enable-libx264" in first.configuration


def test_the_container_digest_is_part_of_the_identity(ffmpeg: Path) -> None:
    assert identify(ffmpeg, "sha256:abc").container_digest == "sha256:abc"
    assert identify(ffmpeg) != identify(ffmpeg, "sha256:abc")


def test_an_unchanged_binary_is_hashed_once_and_a_replaced_one_again(tmp_path: Path) -> None:
    binary = tmp_path / "ffmpeg"
    binary.write_text("#!/bin/sh\necho ffmpeg version 1.2\n")
    binary.chmod(0o755)
    first = identify(binary)
    assert identify(binary) is first
    binary.write_text("#!/bin/sh\necho ffmpeg version 1.2.3\n")
    assert identify(binary).version == "1.2.3"


@pytest.mark.parametrize("body", ["exit 1", "echo hello"])
def test_something_else_is_not_ffmpeg(body: str, tmp_path: Path) -> None:
    binary = tmp_path / "ffmpeg"
    binary.write_text(f"#!/bin/sh\n{body}\n")
    binary.chmod(0o755)
    with pytest.raises(NotFFmpeg):
        identify(binary)


def test_a_missing_binary_is_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        identify(tmp_path / "ffmpeg")


@pytest.mark.parametrize(
    ("version", "revision"),
    [
        ("n9.0.2-17-g2a571b6068-20260930", "ffmpeg-9.0.2-12345678"),
        ("5.1.9-0+deb12u1", "ffmpeg-5.1.9-12345678"),
        ("N-118920-g1a2b3c/x", "ffmpeg-N-118920-g1a2b3c-x-12345678"),
    ],
)
def test_the_revision_is_short_and_safe_in_a_url(version: str, revision: str) -> None:
    assert Identity("12345678" + 56 * "0", version, "", {}, None).revision == revision
