from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.packaging import webvtt
from adapters.packaging.webvtt import Cue, SubtitlesUnreadable, parse, segments

TEXT = """\ufeffWEBVTT - signs\r
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\r
\r
STYLE\r
::cue { color: yellow }\r
\r
NOTE made by hand\r
\r
first\r
00:01.000 --> 00:03.500 line:0\r
Good <i>morning</i>.\r
\r
00:00:03.900 --> 00:00:04.200\r
Two\r
lines.\r
\r
1:00:00.000 --> 01:00:01.000\r
"""

HEAD = "WEBVTT - signs\n\nSTYLE\n::cue { color: yellow }"
FIRST = "first\n00:01.000 --> 00:03.500 line:0\nGood <i>morning</i>."
SECOND = "00:00:03.900 --> 00:00:04.200\nTwo\nlines."


def test_a_file_is_read_with_its_styles_and_without_its_notes():
    read = parse(TEXT.replace("1:00:00.000 -->", "01:00:00.000 -->"))
    assert read.head == HEAD
    assert read.cues == (
        Cue(1000, 3500, FIRST),
        Cue(3900, 4200, SECOND),
        Cue(3_600_000, 3_601_000, "01:00:00.000 --> 01:00:01.000"),
    )
    assert parse(read.text) == read


def test_a_cue_across_a_boundary_stands_in_both_segments():
    read = parse(TEXT.partition("1:00:00")[0])
    assert segments(read, [Fraction(2), Fraction(2), Fraction(32, 25)]) == [
        f"{HEAD}\n\n{FIRST}\n",
        f"{HEAD}\n\n{FIRST}\n\n{SECOND}\n",
        f"{HEAD}\n\n{SECOND}\n",
    ]


def test_a_segment_without_words_is_a_file_nevertheless():
    assert segments(parse("WEBVTT"), [Fraction(4)]) == ["WEBVTT\n"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: a WebVTT file begins"),
        ("1\n00:00:01,000 --> 00:00:02,000\nSubRip", "line 1: a WebVTT file begins"),
        ("WEBVTTX", "line 1"),
        ("WEBVTT\n\n00:01.000 --> 00:02,000\nx", "line 3: not a timing line"),
        ("WEBVTT\n\n00:61.000 --> 01:02.000\nx", "line 3: not a timing line"),
        ("WEBVTT\n\n00:02.000 --> 00:02.000\nx", "line 3: the cue ends before it starts"),
        ("WEBVTT\n\nwords", "line 3: this is no cue"),
    ],
)
def test_what_is_no_webvtt_is_refused_by_its_line(text, reason):
    with pytest.raises(SubtitlesUnreadable, match=reason):
        parse(text)


def test_a_text_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(webvtt, "MAX_CHARACTERS", 10)
    with pytest.raises(SubtitlesUnreadable, match="more than 10 characters"):
        parse("WEBVTT\n\n\n\n\n")


MESSY = """WEBVTT

00:04.000 --> 00:04.500
Third

00:01.000 --> 00:02.000 line:0
First, with an --> arrow

and a line after an empty one

00:03.000 --> 00:03.000
No time

00:03.000 --> 00:03.500

00:05.000 --> 00:09.000
Cut off
by the end

00:06.000 --> 00:07.000
Behind the end

01:00:00.000 --> 01:00:01.000
An hour later
"""


def test_what_ffmpeg_hands_on_is_mended():
    mended = webvtt.mend(MESSY, 6.0)
    assert mended.text == (
        "WEBVTT\n\n"
        "00:00:01.000 --> 00:00:02.000\nFirst, with an --&gt; arrow\nand a line after an empty one\n\n"
        "00:00:04.000 --> 00:00:04.500\nThird\n\n"
        "00:00:05.000 --> 00:00:06.000\nCut off\nby the end\n"
    )
    assert parse(mended.text) == mended


def test_where_the_end_is_not_known_nothing_is_cut_off():
    assert [cue.end for cue in webvtt.mend(MESSY, None).cues] == [2000, 4500, 9000, 7000, 3_601_000]


@pytest.mark.parametrize("text", ["", "1\n00:00:01,000 --> 00:00:02,000\nSubRip"])
def test_what_is_no_webvtt_is_not_mended(text):
    with pytest.raises(SubtitlesUnreadable, match="line 1"):
        webvtt.mend(text, None)


@given(
    st.text(alphabet="WEBVT\n\r\0:.0123 ->aNOTESYL\ufeff\u2028<&", max_size=200),
    st.none() | st.floats(0, 100),
)
def test_whatever_is_mended_is_webvtt_in_order(text, seconds):
    mended = webvtt.mend(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}", seconds)
    assert parse(mended.text) == mended
    assert [cue.start for cue in mended.cues] == sorted(cue.start for cue in mended.cues)
    assert all(
        cue.start < cue.end <= (1000 * seconds if seconds is not None else cue.end) for cue in mended.cues
    )
