"""Black, frozen and silent parts: the whole command, and what FFmpeg says of them."""

from pathlib import Path

from adapters.ffmpeg.detections import DETECTIONS, MOST_FOUND, Detection, build_detect_argv, read_detections
from adapters.ffmpeg.inputs import DEMUXERS

PICTURE, SOUND = Path("/job/0.bin"), Path("/job/1.bin")
SAFE = f"-max_alloc 1073741824 -protocol_whitelist file -format_whitelist {DEMUXERS} -max_pixels 67108864 "


def command(*wanted, picture: Path | None = PICTURE, sound: Path | None = SOUND) -> str | None:
    argv = build_detect_argv(wanted, ffmpeg=Path("/ffmpeg"), picture=picture, sound=sound)
    if argv is None:
        return None
    text = " ".join(argv)
    assert text.count(SAFE) == argv.count("-i"), "every file is a stranger's"
    return text.replace(SAFE, "").partition("-stats_period 0.5 ")[2]


def test_the_whole_command_is_as_somebody_has_read_it():
    assert command(*DETECTIONS) == (
        "-loglevel level+info -i file:/job/0.bin -i file:/job/1.bin"
        " -map 0:v:0 -filter:v blackdetect=d=1:pic_th=0.98:pix_th=0.1,freezedetect=n=-60dB:d=2"
        " -map 1:a:0 -filter:a silencedetect=n=-60dB:d=2 -sn -dn -f null -"
    )


def test_one_file_with_both_is_opened_once_and_what_is_not_there_is_not_looked_at():
    one = command(*DETECTIONS, sound=PICTURE) or ""
    assert one.count("-i ") == 1
    assert "-map 0:a:0" in one
    assert "-filter:v" not in (command("silence", picture=None) or "")
    assert command("silence", sound=None) is None
    assert command("black", "freeze", picture=None) is None


SAID = """\
  title           : [Parsed_blackdetect_0 @ 0x1] [info] black_start:1 black_end:2 black_duration:1
[Parsed_blackdetect_0 @ 0x7fc2e8001e80] [info] black_start:0 black_end:2 black_duration:2
[Parsed_freezedetect_1 @ 0x7fc2e80022c0] [info] lavfi.freezedetect.freeze_start: 0
[Parsed_freezedetect_1 @ 0x7fc2e80022c0] [info] lavfi.freezedetect.freeze_duration: 2
[Parsed_freezedetect_1 @ 0x7fc2e80022c0] [info] lavfi.freezedetect.freeze_end: 2
[Parsed_silencedetect_0 @ 0x7fc2ec001c00] [info] silence_start: -0.021542
[Parsed_silencedetect_0 @ 0x7fc2ec001c00] [info] silence_end: 5.015193 | silence_duration: 2.993651
[Parsed_silencedetect_0 @ 0x7fc2ec001c00] [info] silence_end: 9 | silence_duration: 2.993651
[Parsed_silencedetect_0 @ 0x7fc2ec001c00] [info] silence_start: nan
[Parsed_freezedetect_1 @ 0x7fc2e80022c0] [info] lavfi.freezedetect.freeze_start: 6
"""


def test_what_ffmpeg_says_is_read_and_what_a_title_says_is_not():
    assert read_detections(SAID, 10.0) == (
        Detection("black", 0.0, 2.0),
        Detection("silence", 0.0, 5.015),
        Detection("freeze", 6.0, 10.0),
    )


def test_a_film_of_nothing_but_faults_is_told_of_up_to_a_bound():
    line = "[Parsed_blackdetect_0 @ 0x7f] [info] black_start:{} black_end:{} black_duration:1\n"
    said = "".join(line.format(2 * number, 2 * number + 1) for number in range(1000))
    found = read_detections(said, 2000.0)
    assert len(found) == MOST_FOUND
    assert found[-1] == Detection("black", 198.0, 199.0)
