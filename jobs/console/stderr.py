"""FFmpeg's stderr on a page: its lines by level. The text quotes hostile files, so nothing in it is trusted."""

import re
from dataclasses import dataclass

# FFmpeg's own mark at the beginning of a line, as `-loglevel level+warning` writes it; a file's tag may say the
# same words further on.
_CONTEXTS = r"(?:\[[^\]\n]* @ 0x[0-9a-f]+\] )*"
_LEVEL = re.compile(
    rf"^(?:{_CONTEXTS}\[(?P<level>panic|fatal|error|warning)\] |x264 \[(?P<own>error|warning)\]: )"
)
# What a terminal would act on, and what turns the direction of reading, is shown instead of obeyed.
_SHOWN = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: 0x2421}
_SHOWN_DIRECTION = {code: f"<U+{code:04X}>" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_TABLE: dict[int, int | str] = {**_SHOWN, **_SHOWN_DIRECTION}
# A page holds so much of it; a longer one is shown from both ends. The download is always whole.
END_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """`level` is `error`, `warning` or nothing."""

    number: int
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """`left_out_bytes` were cut from the middle; `first_error` is that line's number, 0 without one."""

    lines: tuple[Line, ...]
    left_out_bytes: int
    errors: int
    warnings: int
    first_error: int


def show(content: bytes) -> Shown:
    """The text as lines, cut in the middle where it is very long."""
    left_out = max(len(content) - 2 * END_BYTES, 0)
    if left_out:
        marker = f"\n\n... {left_out:,} bytes are left out here ...\n\n".encode()
        content = content[:END_BYTES] + marker + content[-END_BYTES:]
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n")
    lines = tuple(
        Line(number, _level(line), line.translate(_TABLE))
        for number, line in enumerate(text.split("\n") if text else [], start=1)
    )
    errors = [line.number for line in lines if line.level == "error"]
    return Shown(
        lines,
        left_out,
        len(errors),
        sum(line.level == "warning" for line in lines),
        errors[0] if errors else 0,
    )


def _level(line: str) -> str:
    match = _LEVEL.match(line)
    if match is None:
        return ""
    return "warning" if "warning" in (match["level"], match["own"]) else "error"
