"""From an Encode to FFmpeg's whole command line: pure, so that a golden test can compare all of it."""

from pathlib import Path

from adapters.ffmpeg.encode import HDR_TRANSFERS, AudioEncode, Container, Encode, VideoEncode
from adapters.ffmpeg.encoders import Gpu, audio_encoder, video_encoder
from adapters.ffmpeg.inputs import input_arguments

__all__ = ["AudioEncode", "Container", "Encode", "VideoEncode", "build_argv", "build_passes"]

HEAD = (
    "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+warning", "-y",
    "-progress", "pipe:1", "-stats_period", "0.5",
)  # fmt: skip
# BT.2100 gives HLG and PQ the primaries of BT.2020; said aloud because files often leave them out,
# and zscale refuses to guess. Scaled before, because the chain works on 32-bit floats.
TONE_MAP = (
    "zscale=pin=2020:min=2020_ncl:t=linear:npl=100,format=gbrpf32le,zscale=p=709,"
    "tonemap=tonemap=hable:desat=0,zscale=t=709:m=709:r=limited"
)
# Starts every rendition at 0 with silence where the audio begins late, and fills holes: an empty edit could
# carry the delay, but browsers skip it (Chromium does), so a late track would run ahead of the picture.
_AUDIO_FILTER = "aresample=async=1:first_pts=0"
# A picture for each frame, not for each field: the rate stays as it is, and so does the grid.
DEINTERLACE = "bwdif=mode=send_frame:parity=auto:deint=all"
# The true peak that EBU R128 asks for (https://tech.ebu.ch/publications/r128), and loudnorm's range for films.
# It works dynamically, in one pass: to measure first would decode everything twice, for a gain that only music
# with a wide range shows. It puts out 192 kHz: every encode has a sample rate of its own.
_LOUDNESS = "loudnorm=I={lufs:g}:TP=-1:LRA=15"
# The index in front, decode times from 0; reordering and AAC priming in an edit list, so that the first picture
# and the first sound are presented at exactly 0. Not `+cmaf`: FFmpeg 8 then writes negative composition offsets
# without an edit list, equal by the standard and in Chromium, but FFmpeg and the players built on it show such
# a picture late by the reordering (80 ms at 25 fps) while the sound is not; FFmpeg 9 does so too without
# `delay_moov`. These flags give the same boxes with both.
_CMAF_OPTIONS = ("-movflags", "+frag_keyframe+delay_moov+global_sidx+default_base_moof", "-brand", "cmfc")


def build_argv(
    encode: Encode, *, ffmpeg: Path, source: Path, target: Path, gpu: Gpu | None = None
) -> tuple[str, ...]:
    """The command that makes `target` from `source`, both local files; `gpu` is for an encoder that needs one.

    The same source, build and number of CPUs give the same bytes, as long as no cap binds: x264 and SVT-AV1 share a
    tight budget among pictures as their threads happen to run. Raises KeyError for an unknown encoder,
    ValueError where one command is not enough.
    """
    commands = build_passes(encode, ffmpeg=ffmpeg, source=source, target=target, gpu=gpu)
    if len(commands) > 1:
        raise ValueError("an encode of two passes has two commands")
    return commands[0]


def build_passes(
    encode: Encode, *, ffmpeg: Path, source: Path, target: Path, gpu: Gpu | None = None
) -> tuple[tuple[str, ...], ...]:
    """The commands that make `target`, one after the other: one, or two where the encoder has two passes.

    The first of two leaves its statistics beside the target, under its name with ".pass" and more behind it.
    Raises KeyError for an unknown encoder.
    """
    video = encode.video
    in_pass = video_encoder(video.encoder).in_pass if video and video.passes == 2 else None
    head = head_arguments(encode, ffmpeg, source, gpu or Gpu())
    picture = _video_arguments(video) if video else ("-vn",)
    rest = rest_arguments(encode, target)
    if in_pass is None:
        return ((*head, *picture, *rest),)
    statistics = target.with_name(f"{target.name}.pass")
    nothing = ("-an", "-sn", "-dn", "-f", "null", "-")
    return (
        (*head, *in_pass(picture, 1, statistics), *nothing),
        (*head, *in_pass(picture, 2, statistics), *rest),
    )


def head_arguments(encode: Encode, ffmpeg: Path, source: Path, gpu: Gpu | None = None) -> tuple[str, ...]:
    """Everything up to the source."""
    delay = ("-itsoffset", f"{encode.delay_seconds:.6f}") if encode.delay_seconds else ()
    hardware = video_encoder(encode.video.encoder).hardware if encode.video else None
    if hardware is None or gpu is None:
        return (str(ffmpeg), *HEAD, *delay, *input_arguments(source))
    decoding = hardware.decode(gpu.node) if gpu.decodes else ()
    opened = hardware.before_input(gpu.node)
    return (str(ffmpeg), *HEAD, *opened, *delay, *input_arguments(source, options=decoding))


def rest_arguments(encode: Encode, target: Path) -> tuple[str, ...]:
    """Everything of one output that stands behind its picture: sound, container, file."""
    return (
        *(_audio_arguments(encode.audio) if encode.audio else ("-an",)),
        "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1",
        *_container_arguments(encode),
        f"file:{target}",
    )  # fmt: skip


def _video_arguments(settings: VideoEncode) -> tuple[str, ...]:
    encoder = video_encoder(settings.encoder)
    filters = ("-filter:v", _video_filter(settings)) if encoder.filters else ()
    return ("-map", f"0:{settings.stream_index}", *filters, *encoder.arguments(settings))


def _video_filter(settings: VideoEncode) -> str:
    """FFmpeg itself turns rotated pictures upright before the first filter."""
    chain = [*filters_before(settings), scale_filter(settings), *filters_after(settings)]
    hardware = video_encoder(settings.encoder).hardware
    if hardware is not None and hardware.upload:
        chain.append(hardware.upload[settings.pixel_format or "yuv420p"])
    return ",".join(chain)


def filters_before(settings: VideoEncode) -> tuple[str, ...]:
    """What makes whole pictures at the right times, in the source's size."""
    chain = []
    if settings.deinterlace:
        chain.append(DEINTERLACE)
    if settings.frame_rate is not None:
        rate = settings.frame_rate
        chain.append(f"fps={rate.numerator}/{rate.denominator}:start_time=0")
    return tuple(chain)


def scale_filter(settings: VideoEncode) -> str:
    scaler = f"scale={settings.width}:{settings.height}:flags=bicubic"
    if settings.color_space is not None:
        # Both ends, or the scaler takes what says nothing for BT.601 and converts it.
        scaler += f":in_color_matrix={settings.color_space}:out_color_matrix={settings.color_space}"
    return f"{scaler}:out_range=limited" if settings.full_range else scaler


def filters_after(settings: VideoEncode) -> tuple[str, ...]:
    """What makes a scaled picture the rendition's own: square pixels, its colours."""
    chain = ["setsar=1"]
    if settings.color_space is not None:
        name = settings.color_space
        chain.append(f"setparams=color_primaries={name}:color_trc={name}:colorspace={name}")
    if settings.tone_map:
        chain.append(TONE_MAP)
        chain.append(f"format={settings.pixel_format or 'yuv420p'}")
    if settings.hdr is not None:
        transfer = HDR_TRANSFERS[settings.hdr]
        chain.append(
            f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=limited"
        )
    return tuple(chain)


def _audio_arguments(settings: AudioEncode) -> tuple[str, ...]:
    encoder = audio_encoder(settings.encoder)
    filters = ("-filter:a", _audio_filter(settings)) if encoder.filters else ()
    language = ("-metadata:s:a:0", f"language={settings.language}") if settings.language else ()
    return ("-map", f"0:{settings.stream_index}", *filters, *encoder.arguments(settings), *language)


def _audio_filter(settings: AudioEncode) -> str:
    chain = [_AUDIO_FILTER]
    if settings.loudness_lufs is not None:
        if settings.channels is not None:
            # What is measured must be what is heard: mixed down first.
            chain.append(f"aformat=channel_layouts={settings.channels}c")
        chain.append(_LOUDNESS.format(lufs=settings.loudness_lufs))
    return ",".join(chain)


def _container_arguments(encode: Encode) -> tuple[str, ...]:
    reproducible = ("-fflags", "+bitexact")
    if encode.container == "mp4":
        return (*reproducible, "-movflags", "+faststart", "-f", "mp4")
    if encode.container == "webm":
        return (*reproducible, "-cues_to_front", "1", "-f", "webm")
    fragments: tuple[str, ...] = ()
    if encode.video is None and encode.fragment_seconds is not None:
        fragments = ("-frag_duration", str(round(encode.fragment_seconds * 1_000_000)))
    return (*reproducible, *_CMAF_OPTIONS, *fragments, "-f", "mp4")
