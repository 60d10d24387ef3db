"""The films that every preset has to come to terms with, and what a person sees and hears in each of them."""

from dataclasses import dataclass, replace
from fractions import Fraction

from jobs.planner.presets import SHIPPED
from jobs.planner.specs import COPY, NO_PACKAGING, AudioRung, Ladder, Rung

# Both packagings, a rung of the source's own size where that is small, every language and all words.
SHORT = Ladder(
    packaging="hls+dash",
    rungs=(
        Rung("240p", height=240, crf=23, speed="ultrafast"),
        Rung("144p", height=144, crf=23, speed="ultrafast"),
    ),
    audio=AudioRung(bitrate_kbps=96, channels=2),
    audio_languages="all",
    subtitles="all",
)
PRESETS = {
    **{preset.name: preset.ladder for preset in SHIPPED if preset.ladder.packaging != NO_PACKAGING},
    "group": replace(SHORT, strategy="group", cascade_min_ssim=0.98),
}
"""The shipped ones that make something of films, and one FFmpeg for several renditions."""

UPRIGHT = ""
_709 = "scale=in_color_matrix=bt709:in_range=limited"
_601 = "scale=in_color_matrix=smpte170m:in_range=limited"


@dataclass(frozen=True, slots=True)
class Film:
    """What a player shows of a source, as a person has found out.

    `width` and `height` in square pixels; `filters` bring a decoded picture there, without FFmpeg's own turning and
    cropping. `slack_seconds`: pictures at uneven times may come so much beside them once their rate is constant.
    """

    width: int
    height: int
    filters: str = _709
    stream: str = "v:0"
    rate: Fraction = Fraction(25)
    slack_seconds: Fraction = Fraction(0)
    is_stamped: bool = False
    has_fields: bool = False
    hdr: str = ""
    sound: str = "a:0"
    """Empty: it is silent."""
    start: Fraction | None = None
    """Of the film on the clock of the file; where nothing is said, with the first picture."""


def _made(width: int = 480, height: int = 270, *, silent: bool = True, **rest: object) -> Film:
    return Film(width, height, is_stamped=True, sound="" if silent else "a:0", **rest)  # type: ignore[arg-type]


FILMS: dict[str, Film | None] = {
    # Real ones; None: nothing to see.
    "bbb_1080p24_10s.mp4": Film(1920, 1080, rate=Fraction(24)),
    "bbb_720p25_5s.mp4": Film(1280, 720),
    "bbb_odd_853x479.mp4": Film(853, 479, _601, rate=Fraction(24)),
    "bikes_640x272_10s.mp4": Film(640, 272, _601, sound=""),
    "nasa_6streams.mp4": Film(480, 270, stream="3", rate=Fraction(30000, 1001)),
    "phone_vertical_hlg10_rot90_vfr.mp4": Film(
        1080,
        1920,
        "transpose=clock,scale=in_color_matrix=bt2020",
        rate=Fraction(30000, 1001),
        slack_seconds=Fraction(1, 60),
        hdr="HLG",
    ),
    "srt_ac3.mkv": Film(1080, 720, rate=Fraction(60), slack_seconds=Fraction(1, 60)),
    "bbb_2ch_44kHz.wav": None,
    "bear.mp3": None,
    # Made ones.
    "anamorphic": _made(1024, 576, filters="scale=1024:576:in_color_matrix=bt709,setsar=1", silent=False),
    "turned_anamorphic": _made(
        320, 480, filters="transpose=clock,scale=320:480:in_color_matrix=bt709,setsar=1"
    ),
    "upside_down": _made(filters=f"transpose=clock,transpose=clock,{_709}"),
    "mirrored": _made(filters=f"hflip,{_709}"),
    "interlaced": _made(
        480,
        272,
        filters=f"separatefields,select='not(mod(n\\,2))',{_709}",
        silent=False,
        has_fields=True,
        start=Fraction("1.458667"),
        slack_seconds=Fraction(1, 50),
    ),
    "pq": _made(filters="scale=in_color_matrix=bt2020", hdr="PQ"),
    "full_range": _made(filters="scale=in_color_matrix=bt709:in_range=full"),
    "rgb": _made(1280, 720, filters="format=gbrp"),
    "unsaid": _made(1280, 720),
    "edited": _made(silent=False),
    "late_sound": _made(silent=False),
    "late_picture": _made(silent=False, start=Fraction(0)),
    "uneven": _made(rate=Fraction(30), slack_seconds=Fraction(1, 60)),
    "odd": _made(427, 241),
    "cropped": _made(480, 360, filters=f"crop=480:360:80:0,{_709}"),
    "with_cover": _made(stream="v:0"),
    "two_films": _made(stream="v:1"),
    "languages": replace(_made(silent=False), sound="a:1"),
    "surround": _made(silent=False),
}
# What no ladder can be made of, whatever the preset: the fault's code and the sentence that the customer reads.
REFUSED: dict[str, tuple[str, str]] = {
    "bbb_truncated_nomoov.mp4": (
        "source_unreadable",
        "The source is damaged, cut off, or not a media file.",
    ),
    "bbb_truncated_faststart.mp4": (
        "source_truncated",
        "The source ends before its announced duration: it was cut off.",
    ),
    "four_pages.pdf": ("no_usable_stream", "The source is a PDF document, not a video."),
    "london.jpg": ("no_usable_stream", "The source is a still image, not a video."),
}
# A few seconds of the long ones are enough, by stream copy: seconds.
CUT: dict[str, float] = {"bbb_1080p24_10s.mp4": 3, "bikes_640x272_10s.mp4": 3, "nasa_6streams.mp4": 4}


def refusal_of(name: str, ladder: Ladder) -> tuple[str, str] | None:
    """What a customer is told instead of getting a ladder of this film; None: there will be one."""
    if name in REFUSED:
        return REFUSED[name]
    film = FILMS[name]
    if not ladder.rungs and film is not None and not film.sound:
        return "no_usable_stream", "The source has no audio stream that can be read."
    if name == "cropped" and any(rung.encoder == COPY for rung in ladder.rungs):
        return (
            "container_refused",
            "The source's container shows 480x360 of a larger picture, which 'copy' cannot carry over by a copy; "
            "name an encoder.",
        )
    if name == "bbb_2ch_44kHz.wav" and ladder.audio is not None and ladder.audio.encoder == COPY:
        return (
            "container_refused",
            "The source's audio is pcm_s16le, which 'audio' cannot copy into MP4. "
            "Copied are aac, ac3, eac3, flac, mp3, opus; name an encoder for the rest.",
        )
    return None
