"""What a GPU can do, proven: one picture by the very command that a rung would get, in its box.

A build lists encoders for which there may be no driver, no device, or one that lacks the codec.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.ffmpeg.command import HEAD, build_argv
from adapters.ffmpeg.encode import Encode, VideoEncode
from adapters.ffmpeg.encoders import GPU_ENCODERS, Gpu, Hardware, video_encoder
from adapters.ffmpeg.gpu_sessions import Session
from adapters.ffmpeg.inputs import input_arguments
from adapters.ffmpeg.sandbox.box import render_nodes
from adapters.ffmpeg.supervisor import Box, Limits
from adapters.ffmpeg.trial import problem_of

# Above what any of these encoders calls too small.
_WIDTH, _HEIGHT = 640, 360
# A driver that hangs costs so much for each encoder, and so much altogether.
_LIMITS = Limits(wall_seconds=15, stall_seconds=15, output_bytes=1 << 22)
_ALTOGETHER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of trying one encoder."""

    encoder: str
    problem: str | None
    """Why it does not encode here, in a line; None: it does."""
    node: str = ""
    """The render node of the GPU that did it."""
    decodes: bool = False
    """The GPU has decoded what it had encoded."""


def prove_all(ffmpeg: Path, session: Session, *, decoding: bool) -> tuple[Proof, ...]:
    """A proof of every GPU encoder; within a minute and a quarter, whatever the driver does.

    One after the other: they would take each other's sessions. `decoding` tries the decoders too. Raises
    SandboxMissing.
    """
    deadline = time.monotonic() + _ALTOGETHER_SECONDS
    proofs = []
    for name in GPU_ENCODERS:
        if time.monotonic() > deadline:
            proofs.append(Proof(name, f"not tried: the others took more than {_ALTOGETHER_SECONDS:g} s"))
        else:
            proofs.append(prove(ffmpeg, name, session, decoding=decoding))
    return tuple(proofs)


def prove(ffmpeg: Path, name: str, session: Session, *, decoding: bool) -> Proof:
    """Encode one picture on the first GPU that can. Call it from a thread that outlives it. Raises SandboxMissing."""
    hardware = video_encoder(name).hardware
    if hardware is None:
        raise ValueError(f"{name} needs no GPU")
    nodes = [str(node) for node in render_nodes()] if hardware.has_nodes else []
    problem: str | None = None
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.y4m"), Path(folder, "out", "proof.mp4")
        source.write_bytes(_picture())
        target.parent.mkdir()
        for node in nodes or [Gpu().node]:
            argv = build_argv(_encode(name), ffmpeg=ffmpeg, source=source, target=target, gpu=Gpu(node))
            found = _run(argv, Path(folder), (source,), session)
            if found is None and not target.is_file():
                found = "ended well, and wrote nothing"
            if found is None:
                decodes = decoding and _decodes(ffmpeg, hardware, node, target, session)
                return Proof(name, None, node if hardware.has_nodes else "", decodes)
            problem = problem or found
    return Proof(name, problem)


def _decodes(ffmpeg: Path, hardware: Hardware, node: str, encoded: Path, session: Session) -> bool:
    """Whether its pictures really lie on the GPU: FFmpeg would decode on the CPU without a word."""
    on_gpu = (*hardware.decode(node), "-hwaccel_output_format", hardware.decoded_format)
    argv = (
        *(str(ffmpeg), *HEAD, *input_arguments(encoded, options=on_gpu)),
        *("-filter:v", "hwdownload,format=nv12", "-frames:v", "1", "-f", "null", "-"),
    )
    return _run(argv, encoded.parent.parent, (encoded,), session) is None


def _run(argv: tuple[str, ...], folder: Path, readable: Sequence[Path], session: Session) -> str | None:
    box = Box(readable=tuple(readable), writable=(folder / "out",), devices=session.devices)
    return problem_of(argv, folder=folder, box=box, limits=_LIMITS)


def _encode(name: str) -> Encode:
    encoder = video_encoder(name)
    picture = VideoEncode(
        stream_index=0, encoder=name, width=_WIDTH, height=_HEIGHT, frame_rate=None, gop_frames=50,
        crf=encoder.default_crf, bitrate_kbps=None, maxrate_kbps=None, bufsize_kbps=None,
        speed=encoder.default_speed, codec_profile=encoder.default_codec_profile, level=None,
        pixel_format="yuv420p", tune=None,
    )  # fmt: skip
    return Encode(picture, None, "mp4", None, None)


def _picture() -> bytes:
    """Grey, as YUV4MPEG2 (https://wiki.multimedia.cx/index.php/YUV4MPEG2): a header, and its samples plainly."""
    header = f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F25:1 Ip A1:1 C420mpeg2\nFRAME\n".encode()
    return header + bytes([128]) * (_WIDTH * _HEIGHT * 3 // 2)
