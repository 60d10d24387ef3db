"""Where an output is written: our own folder, our own names, and the caps."""

from pathlib import Path

from adapters.ffmpeg.commandline.options.muxers import BY_EXTENSION
from adapters.ffmpeg.commandline.tree import Output
from adapters.ffmpeg.commandline.values.kind import names
from adapters.ffmpeg.commandline.values.numbers import seconds
from adapters.ffmpeg.inputs import MAX_PIXELS

_LIST_EXTENSIONS = {
    "csv": "csv",
    "ext": "csv",
    "flat": "txt",
    "ffconcat": "ffconcat",
    "m3u8": "m3u8",
    "hls": "m3u8",
}
_SOUND = names("mp3 adts wav w64 aiff flac oga opus ac3 eac3 amr caf mp2 s16le ipod srt webvtt ass")


def output_arguments(
    output: Output, *, folder: Path, scratch: Path, caps: tuple[float, int]
) -> tuple[tuple[str, ...], Path | None]:
    """What ends an output's options: caps, format and file; and the file to open first, if anything is kept.

    `caps` are seconds and bytes. FFmpeg's `-fs` counts one file, and nothing where a format opens its own.
    """
    limits = (*_duration(output, caps[0]), "-fs", str(caps[1]), *_pixels(output))
    if output.shape == "none":
        return (*limits, "-f", "null", "-"), None
    match output.shape:
        case "playlist" if output.muxer == "hls":
            own, entry = _hls(output, folder)
        case "playlist":
            own, entry = _dash(folder)
        case "segments":
            own, entry = _segments(output, folder)
        case "sequence":
            own, entry = (), folder / f"%06d.{output.extension}"
        case "image":
            own, entry = _image(output), folder / f"output.{output.extension}"
        case _:
            own, entry = (), folder / f"output.{output.extension}"
    return (*limits, *own, "-f", output.muxer, f"file:{entry}"), _first(output, entry)


def _first(output: Output, entry: Path) -> Path:
    """The entry for whoever looks at the result."""
    if output.muxer == "hls" and output.get("var_stream_map") is not None:
        has_master = any(name == "master_pl_name" for name, _ in output.labels)
        return entry.with_name("master.m3u8") if has_master else entry
    return entry


def _duration(output: Output, cap: float) -> tuple[str, ...]:
    """`-t`, or `-to` with its own zero, whichever the command said, within the cap."""
    own, until, start = output.get("t"), output.get("to"), output.get("ss")
    if own is not None and isinstance(own.value, str):
        return ("-t", own.value if seconds(own.value) <= cap else f"{cap:g}")
    if until is not None and isinstance(until.value, str):
        begin = seconds(start.value) if start is not None and isinstance(start.value, str) else 0.0
        return ("-to", until.value if seconds(until.value) - begin <= cap else f"{begin + cap:g}")
    return ("-t", f"{cap:g}")


def _pixels(output: Output) -> tuple[str, ...]:
    """The bound of the encoder's picture, where one is encoded."""
    copies = any(
        setting.name == "c" and setting.value == "copy"
        and (setting.specifier is None or setting.specifier.media in ("v", "V"))
        for setting in output.settings
    )  # fmt: skip
    if (
        copies
        or output.muxer in _SOUND
        or output.get("vn") is not None
        or output.get("max_pixels") is not None
    ):
        return ()
    return ("-max_pixels:v", str(MAX_PIXELS))


def _image(output: Output) -> tuple[str, ...]:
    """One picture: the first, unless the command says that each one replaces the last."""
    if output.get("update") is not None:
        return ()
    return ("-update", "1") if output.get("frames") is not None else ("-frames:v", "1", "-update", "1")


def _hls(output: Output, folder: Path) -> tuple[tuple[str, ...], Path]:
    variants = output.get("var_stream_map") is not None
    kind, flags = output.get("hls_segment_type"), output.get("hls_flags")
    is_fragmented = kind is not None and kind.value == "fmp4"
    is_single = flags is not None and isinstance(flags.value, str) and "single_file" in flags.value
    stem = "stream_%v" if variants else "segment"
    number = "" if is_single else "_%05d"
    extension = "m4s" if is_fragmented else "ts"
    own: tuple[str, ...] = ("-hls_segment_filename", f"file:{folder}/{stem}{number}.{extension}")
    if is_fragmented:
        own = (*own, "-hls_fmp4_init_filename", f"init{'_%v' if variants else ''}.mp4")
    if any(name == "master_pl_name" for name, _ in output.labels):
        own = (*own, "-master_pl_name", "master.m3u8")
    return own, folder / ("stream_%v.m3u8" if variants else "playlist.m3u8")


def _dash(folder: Path) -> tuple[tuple[str, ...], Path]:
    names = (
        "-init_seg_name", "init_$RepresentationID$.$ext$",
        "-media_seg_name", "segment_$RepresentationID$_$Number%05d$.$ext$",
    )  # fmt: skip
    return names, folder / "manifest.mpd"


def _segments(output: Output, folder: Path) -> tuple[tuple[str, ...], Path]:
    own: tuple[str, ...] = ()
    if output.get("segment_format") is None:
        own = ("-segment_format", BY_EXTENSION[output.extension].name)
    if any(name == "segment_list" for name, _ in output.labels):
        label = dict(output.labels)["segment_list"]
        kind = output.get("segment_list_type")
        extension = label.rpartition(".")[2] if "." in label else "m3u8"
        if kind is not None and isinstance(kind.value, str):
            extension = _LIST_EXTENSIONS[kind.value]
        extension = extension if extension in _LIST_EXTENSIONS.values() else "m3u8"
        own = (*own, "-segment_list", f"file:{folder}/list.{extension}")
    return own, folder / f"segment_%05d.{output.extension}"
