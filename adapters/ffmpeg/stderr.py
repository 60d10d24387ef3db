"""From the way FFmpeg ended to a diagnosis: our own stop, then the signal, then its words, then its number.

Words come before numbers because FFmpeg 5 exits 1 for nearly everything, and 8 and later exit AVERROR & 0xff,
where 255 is both "not permitted" and "interrupted". Words count only behind FFmpeg's own `[error]`, `[fatal]`
or `[panic]` mark at the start of a line: file names and tags are the customer's text, and a title can read
"[fatal] No space left on device". The command line must ask for `-loglevel level+warning`.
"""

import re
import signal as signals
from collections.abc import Container
from dataclasses import dataclass

from adapters.ffmpeg.limits import StopReason

_MAX_DETAIL = 500
_CONTEXTS = r"(?:\[[^\]\n]* @ 0x[0-9a-f]+\] )*"
# x264 writes a few lines by itself, in its own form, before FFmpeg has given it a logger.
_ERROR_LINE = re.compile(rf"^(?:{_CONTEXTS}\[(?:error|fatal|panic)\] |x264 \[error\]: )(.+)$", re.MULTILINE)
_DAMAGE_LINE = re.compile(
    rf"^{_CONTEXTS}\[(?:warning|error)\] .*"
    r"(?:corrupt decoded frame|partial file|Error while decoding|Decoding error"
    r"|Error submitting packet to decoder).*$",
    re.MULTILINE,
)
# Whose line it is: FFmpeg 7 and later by the context, before by the words.
_STREAM = re.compile(r"\[[av]ist#\d+:(\d+)/|stream #\d+:(\d+)|in stream (\d+)$")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A cause, by code, and the one line that says it best, at most 500 characters."""

    code: str
    detail: str


# The first row that matches any error line decides, so the specific stands above the general: the line that
# FFmpeg ends with is often a consequence ("Error while opening encoder") or vague ("Invalid argument").
_TEXTS: tuple[tuple[str, str], ...] = (
    ("sandbox_unavailable", r"^launcher: sandbox: "),
    ("binary_missing", r"^launcher: "),
    # 10 and, in newer drivers, 21 is how NVENC says that its sessions or the GPU's memory are used up.
    (
        "gpu_session_limit",
        r"OpenEncodeSessionEx failed: (out of memory \(10\)|incompatible client key \(21\))",
    ),
    ("gpu_session_limit", r" failed -> CUDA_ERROR_OUT_OF_MEMORY"),
    ("gpu_missing", r"Cannot load lib(cuda|nvcuvid|nvidia-encode)|OpenEncodeSessionEx failed"),
    ("gpu_missing", r" failed -> CUDA_ERROR_|Driver does not support the required nvenc API version"),
    ("gpu_missing", r"No (NVENC )?capable devices found|Device creation failed|No VA display found"),
    ("gpu_missing", r"No device available for decoder|Failed to initialise VAAPI connection"),
    ("gpu_missing", r"Error (creating|initializing) (a|an internal) MFX session"),
    # The GPU is there, and cannot do what was asked for.
    ("gpu_missing", r"No usable encoding (profile|entrypoint) found|Driver does not support .* RC mode"),
    (
        "gpu_missing",
        r"Selected ratecontrol mode is unsupported|Current (profile|pixel format) is unsupported",
    ),
    ("gpu_missing", r"^(InitializeEncoder|CreateInputBuffer|EncodePicture) failed"),
    ("gpu_missing", r"^Error (initializing the encoder|querying encoder params|during encoding)\b"),
    ("gpu_missing", r"^Failed to (create encode pipeline|end picture encode|sync to picture completion)"),
    ("encoder_missing", r"^Unknown encoder '|^Error selecting an encoder"),
    ("option_missing", r"^Unrecognized option '"),
    ("filter_missing", r"^No such filter: '"),
    ("font_missing", r"Cannot find a valid font"),
    ("picture_size_refused", r"exceeds specified max pixel count|image parameters invalid"),
    ("picture_size_refused", r"Picture size \d+x\d+ is invalid"),
    ("format_refused", r"^(Format|Codec \(\S*\)) not on whitelist"),
    ("codec_unsupported", r"no decoder found for|^Decoder \(codec .*\) not found"),
    ("stream_missing", r"matches no streams"),
    ("size_invalid", r"(width|height) not divisible by|Invalid too big or non positive size"),
    ("option_invalid", r"^Value \S+ for parameter '.*' out of range|^Error setting (option|preset)"),
    ("option_invalid", r"^Missing argument for option|^Error applying encoder options"),
    ("option_invalid", r"^Unknown pixel format|^ratecontrol_init: "),
    ("filter_invalid", r"^Error parsing (a filter|filterchain)|^No option name near|^Mismatched '\['"),
    ("filter_invalid", r"^Filter .* unconnected|does not exist in any defined filter graph"),
    ("filter_invalid", r"^Filtergraph '|^Error initializing filter"),
    (
        "container_refused",
        r"^Could not write header|^Could not find tag for codec|^Only .* are supported for ",
    ),
    ("container_refused", r"suitable output format|^Error initializing the muxer"),
    ("container_refused", r"^Unable to choose an output format|^Requested output format"),
    ("container_refused", r"not supported by the bitstream filter|^Malformed AAC bitstream detected"),
    ("disk_full", r"No space left on device|Disk quota exceeded"),
    ("output_too_large", r"File too large"),
    ("out_of_memory", r"Cannot allocate memory|Out of memory|malloc of size \d+ failed"),
    ("out_of_memory", r"get_buffer\(\) failed|^Error allocating the decoder context"),
    ("process_limit", r"Resource temporarily unavailable|Too many open files|No file descriptors available"),
    ("host_unknown", r"Name or service not known|Name does not resolve"),
    ("network_error", r"Server returned 5XX|(Connection|Operation) timed out|Connection (refused|reset)"),
    # Exit code 255 means this too, and not only a caught signal.
    ("ffmpeg_failed", r"error code: -1 \(Operation not permitted\)"),
    ("workspace_unusable", r"No such file or directory|Permission denied|Read-only file system"),
    ("io_error", r"Input/output error|I/O error|Stale file handle"),
    ("source_unreadable", r"moov atom not found|Invalid data found|error while decoding"),
    ("encoder_missing", r"not supported in this build configuration"),
    ("encoder_failed", r"Error while opening encoder|Error encoding a frame"),
)
_ROWS = tuple((code, re.compile(pattern)) for code, pattern in _TEXTS)

# Builds that load VA-API's libraries by themselves end like this where there are none.
_NO_LIBRARY = re.compile(r"^implib-gen: (libva\S*: failed to load library .+)$", re.MULTILINE)

_SIGNALS: dict[int, str] = {
    signals.SIGKILL: "ffmpeg_killed",
    signals.SIGTERM: "ffmpeg_killed",
    signals.SIGINT: "ffmpeg_killed",
    signals.SIGHUP: "ffmpeg_killed",
    signals.SIGXCPU: "timed_out",
    signals.SIGXFSZ: "output_too_large",
}

# 256 - errno, and FFmpeg's own: 183 AVERROR_INVALIDDATA, 187 AVERROR_EXTERNAL, 8 AVERROR_*_NOT_FOUND,
# 69 more than two thirds of the frames failed to decode, 127 from the launcher.
_EXIT_CODES = {
    0: "invalid_output",
    8: "encoder_missing",
    69: "source_unreadable",
    127: "binary_missing",
    145: "network_error",
    146: "network_error",
    183: "source_unreadable",
    187: "encoder_failed",
    222: "option_invalid",
    224: "io_error",
    228: "disk_full",
    229: "output_too_large",
    232: "process_limit",
    234: "option_invalid",
    243: "workspace_unusable",
    244: "out_of_memory",
    245: "process_limit",
    251: "io_error",
    254: "workspace_unusable",
    255: "ffmpeg_killed",
}

CODES = frozenset({code for code, _ in _TEXTS} | {*_SIGNALS.values(), *_EXIT_CODES.values(), *StopReason}) | {
    "ffmpeg_crashed",
    "ffmpeg_failed",
}
"""Every code that `diagnose` can give."""


def diagnose(
    *,
    stop_reason: StopReason | None,
    signal: int | None,
    exit_code: int | None,
    stderr: str,
    stop_detail: str = "",
) -> Diagnosis:
    """Why the process ended badly. Exit code 0 reads "invalid_output": who asks had a reason to doubt it.

    `stop_detail` is the supervisor's own sentence, better evidence of its stop than what FFmpeg said meanwhile.
    """
    lines = [match[1] for match in _ERROR_LINE.finditer(stderr)]
    first = lines[0] if lines else ""
    if stop_reason is not None:
        return _diagnosis(stop_reason.value, stop_detail or first)
    if signal == signals.SIGABRT and (absent := _NO_LIBRARY.search(stderr)):
        return _diagnosis("gpu_missing", absent[1])
    if signal is not None:
        return _diagnosis(_SIGNALS.get(signal, "ffmpeg_crashed"), f"signal {signal}")
    if exit_code != 0:
        for code, pattern in _ROWS:
            for line in lines:
                if pattern.search(line):
                    return _diagnosis(code, line)
    code = _EXIT_CODES.get(exit_code if exit_code is not None else 1, "ffmpeg_failed")
    return _diagnosis(code, first or f"exit code {exit_code}")


def decode_errors(stderr: str, streams: Container[int]) -> int:
    """How many lines tell of damaged or missing input that FFmpeg got over, in these streams or in none by name.

    FFmpeg ends with 0 on a truncated or corrupt source. Threads may cut into each other's lines, so take
    the number as a measure, not as a count of frames.
    """
    return sum(_is_of(line[0], streams) for line in _DAMAGE_LINE.finditer(stderr))


def _is_of(line: str, streams: Container[int]) -> bool:
    named = _STREAM.search(line)
    return named is None or int(named[named.lastindex or 1]) in streams


def _diagnosis(code: str, detail: str) -> Diagnosis:
    return Diagnosis(code, detail.strip()[:_MAX_DETAIL])
