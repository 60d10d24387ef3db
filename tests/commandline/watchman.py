"""An argument list looked at from outside, without the parser: is every path in it ours?

Knows FFmpeg's command line in its own, cruder way. What it does not know it reports, so a new type of value has
to be explained here a second time.
"""

import re
from pathlib import Path

_BARE = frozenset(
    {
        "nostdin", "hide_banner", "nostats", "y", "vn", "an", "sn", "dn", "shortest", "copyts", "start_at_zero",
        "accurate_seek", "noaccurate_seek", "seek_timestamp", "autorotate", "noautorotate", "autoscale",
        "noautoscale", "apad", "bitexact", "fix_sub_duration", "display_hflip", "display_vflip",
    }
)  # fmt: skip
# Options whose value may hold a slash or a colon, and what it may then look like.
_TIME = r"-?[0-9:.]+(s|ms|us)?"
_RATIO = r"[0-9.]+[:/][0-9.]+"
_EXPLAINED = {
    "ss": _TIME, "t": _TIME, "to": _TIME, "sseof": _TIME, "itsoffset": _TIME, "segment_time": _TIME,
    "r": _RATIO, "framerate": _RATIO, "aspect": _RATIO, "b": _RATIO, "crf": _RATIO, "enc_time_base": _RATIO,
    "map": r"-?\d+(:[a-zA-Z0-9_:#]+)?\??",
    "map_metadata": r"-?\d+(:[a-z0-9:]+)?",
    "progress": r"pipe:1",
    "force_key_frames": r"expr:[-+*/0-9a-zA-Z_.,() ]+|[0-9:.,]+",
    "var_stream_map": r"([vas]:\d+|[a-z]+:[A-Za-z0-9_-]+|[, ])+",
    "x264-params": r"[a-z0-9_-]+=[A-Za-z0-9.,()=/-]*(:[a-z0-9_-]+=[A-Za-z0-9.,()=/-]*)*",
    "x265-params": r"[a-z0-9_-]+=[A-Za-z0-9.,()=/-]*(:[a-z0-9_-]+=[A-Za-z0-9.,()=/-]*)*",
    "svtav1-params": r"[a-z0-9-]+=[A-Za-z0-9.,]*(:[a-z0-9-]+=[A-Za-z0-9.,]*)*",
    "adaptation_sets": r"[a-z0-9=, ]+",
    "timestamp": r"[0-9T: .Z-]+",
    "timecode": r"[0-9:;.]+",
}  # fmt: skip
_FREE = {"metadata"}  # text, and nothing else: FFmpeg writes it into the file
_GRAPHS = {"filter", "filter_complex"}
_PATH_OPTIONS = {
    ("drawtext", "fontfile"),
    ("subtitles", "filename"),
    ("ass", "filename"),
    ("lut3d", "file"),
    ("lut1d", "file"),
}
_OUR_ASSET = r"/(in/\d+\.bin|out/scratch/[a-z]+_\d+\.[a-z0-9]+)"
_OUR_INPUT = r"(in/\d+\.bin|out/scratch/list_\d+_\d+\.ffconcat)"
_EVIL_FILTERS = re.compile(
    r"a?movie|a?sendcmd|a?zmq|(a?)metadata|cellauto|life|flite|removelogo|(find|cover)_rect|fieldhint|nnedi|arnndn"
    r"|sofalizer|vidstab\w+|sr|ladspa|lv2|frei0r\w*|libvmaf|vmafmotion|xpsnr|signature|program_opencl|dnn_\w+|whisper"
)
_EVIL_KEYS = re.compile(
    r".*(textfile|psfile|stats_file|dumpfile|axisfile|fontsdir|debug_kdtree|plot|model|/).*|filename|file|f"
)
_INNOCENT_F = {"tremolo", "vibrato", "deesser", "showvolume"}
_INNOCENT_OPTIONS = {"hls_segment_filename", "hls_fmp4_init_filename"}
_EVIL_OPTIONS = re.compile(
    r".*(script|attach|vstats|report|_file|print_graphs|tee|hw_device|key_info|http|listen|/).*|[vafs]?pre|method"
)


def suspicious(argv: tuple[str, ...], job: Path, ffmpeg: Path) -> list[str]:
    """What an argument list holds that is neither ours nor explained; empty if all is well."""
    found: list[str] = []
    if argv[0] != str(ffmpeg):
        found.append(f"another program: {argv[0]}")
    words = list(argv[1:])
    is_graph_input = False
    inputs = outputs = 0
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word == "-":
            outputs += 1
            if word != "-" and not re.fullmatch(
                re.escape(f"file:{job}/out/") + r"(\d+|scratch)/[A-Za-z0-9_%.]+", word
            ):
                found.append(f"output {word}")
            continue
        name = word[1:].partition(":")[0]
        if _EVIL_OPTIONS.fullmatch(name) and name not in _INNOCENT_OPTIONS:
            found.append(f"option {word}")
        if name in _BARE:
            continue
        if not words:
            found.append(f"no value for {word}")
            break
        value = words.pop(0)
        if name == "i":
            inputs += 1
            if is_graph_input:
                found += _graph(value, job)
            elif not re.fullmatch(re.escape(f"file:{job}/") + _OUR_INPUT, value):
                found.append(f"input {value}")
            is_graph_input = False
        elif name in _GRAPHS:
            found += _graph(value, job)
        elif name == "f":
            is_graph_input = value == "lavfi"
            if value in ("tee", "fifo", "hls_", "rtp", "rtsp", "sdp", "x11grab", "image2pipe", "tty"):
                found.append(f"format {value}")
        elif name in _FREE or value in _ours(job):
            pass
        elif name in ("hls_segment_filename", "segment_list"):
            if not value.startswith(f"file:{job}/out/"):
                found.append(f"{word} {value}")
        elif name == "passlogfile":
            if value != f"{job}/out/scratch/pass":
                found.append(f"{word} {value}")
        else:
            if name == "x265-params":
                value = value.replace(f":stats={job}/out/scratch/x265.log", "")
            known = _EXPLAINED.get(name)
            if ("/" in value or ":" in value or "\\" in value) and not (known and re.fullmatch(known, value)):
                found.append(f"value {word} {value}")
            if any(character < " " for character in value):
                found.append(f"control character in {word}")
    if not inputs or not outputs:
        found.append("no input or no output")
    return found


def _ours(job: Path) -> set[str]:
    return {"init_$RepresentationID$.$ext$", "segment_$RepresentationID$_$Number%05d$.$ext$"}


def _graph(text: str, job: Path) -> list[str]:
    """Splits on what no backslash protects; our own graphs quote with nothing else."""
    found = []
    for filter_ in _split(re.sub(r"^sws_flags=[a-z_+]+;", "", text), ",;"):
        bare = re.sub(r"^(\[[^\]]*\])+|(?<!\\)(\[[^\]]*\])+$", "", filter_)
        name, _, arguments = bare.partition("=")
        if not re.fullmatch(r"[a-z0-9_]+", name) or _EVIL_FILTERS.fullmatch(name):
            found.append(f"filter {name}")
        for option in _split(_unescape(arguments), ":") if arguments else ():
            key, equals, value = option.partition("=")
            value = _unescape(value)
            if not equals or not re.fullmatch(r"[A-Za-z0-9_-]+", key):
                found.append(f"nameless option of {name}: {option}")
            elif (name, key) in _PATH_OPTIONS:
                if not re.fullmatch(re.escape(str(job)) + _OUR_ASSET, value):
                    found.append(f"path {name} {key}={value}")
            elif _EVIL_KEYS.fullmatch(key) and not (key == "f" and name in _INNOCENT_F):
                found.append(f"key {name} {key}")
            elif key not in ("text",) and re.search(r"[a-z]{2,}:/|^/|\.\./|^~|\x00", value):
                found.append(f"path-like {name} {key}={value}")
    return found


def _split(text: str, signs: str) -> list[str]:
    parts, current, position = [], "", 0
    while position < len(text):
        if text[position] == "\\":
            current += text[position : position + 2]
            position += 2
        elif text[position] in signs:
            parts.append(current)
            current = ""
            position += 1
        else:
            current += text[position]
            position += 1
    return [*parts, current]


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
