from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.packaging.fragments import Fragment, FragmentIndex
from adapters.packaging.hls import (
    AudioTrack,
    Variant,
    key_frame_playlist,
    master_playlist,
    media_playlist,
    text_playlist,
)
from adapters.packaging.timeline import BitRate
from adapters.packaging.tracks import SegmentFiles, TextTrack, video_range


def index(*fragments: tuple[int, int], timescale: int = 1000) -> FragmentIndex:
    """From pairs of size and duration; the media starts at byte 1000."""
    offset, laid_out = 1000, []
    for size_bytes, duration in fragments:
        laid_out.append(Fragment(offset, size_bytes, duration))
        offset += size_bytes
    return FragmentIndex(800, timescale, tuple(laid_out))


HIGH = Variant(
    uri="720p.m3u8",
    index=index((500_000, 2000), (300_000, 2000), (100_000, 1280)),
    codec="avc1.64001f",
    width=1280,
    height=720,
    frame_rate=Fraction(25),
)
LOW = Variant(
    uri="240p.m3u8",
    index=index((50_000, 2000), (60_000, 2000), (20_000, 1280)),
    codec="avc1.640015",
    width=426,
    height=240,
    frame_rate=Fraction(30000, 1001),
)
AUDIO = AudioTrack(
    uri="audio.m3u8",
    index=index((32_000, 1984), (32_000, 2005), (21_000, 1323)),
    codec="mp4a.40.2",
    name="English",
    channels=2,
    language="en",
)


def test_a_media_playlist_addresses_segments_of_whole_fragments_by_byte_range():
    assert media_playlist(HIGH.index, "../720p/3/720p.mp4", Fraction(4)) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="../720p/3/720p.mp4",BYTERANGE="800@0"\n'
        "#EXTINF:4.000000,\n"
        "#EXT-X-BYTERANGE:800000@1000\n"
        "../720p/3/720p.mp4\n"
        "#EXTINF:1.280000,\n"
        "#EXT-X-BYTERANGE:100000@801000\n"
        "../720p/3/720p.mp4\n"
        "#EXT-X-ENDLIST\n"
    )


def test_a_master_playlist_tells_peak_and_average_with_the_audio_in_them():
    # Peaks: 500,000 and 60,000 B in 2 s are 2,000,000 and 240,000 bit/s; audio 32,000 B in 1.984 s 129,032.3.
    # Averages: 900,000 and 130,000 B in 5.28 s; audio 85,000 B in 5.312 s = 128,012.05.
    assert master_playlist([HIGH, LOW], [AUDIO], Fraction(2)) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",'
        'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=2129033,AVERAGE-BANDWIDTH=1491649,CODECS="avc1.64001f,mp4a.40.2",'
        'RESOLUTION=1280x720,FRAME-RATE=25.000,VIDEO-RANGE=SDR,AUDIO="audio"\n'
        "720p.m3u8\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=369033,AVERAGE-BANDWIDTH=324982,CODECS="avc1.640015,mp4a.40.2",'
        'RESOLUTION=426x240,FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="audio"\n'
        "240p.m3u8\n"
    )


def test_a_silent_film_has_no_audio_group():
    assert master_playlist([replace(LOW, frame_rate=None)], [], Fraction(2)).splitlines()[3:] == [
        '#EXT-X-STREAM-INF:BANDWIDTH=240000,AVERAGE-BANDWIDTH=196970,CODECS="avc1.640015",RESOLUTION=426x240,'
        "VIDEO-RANGE=SDR",
        "240p.m3u8",
    ]


def test_audio_alone_is_a_variant_of_its_own():
    assert master_playlist([], [AUDIO], Fraction(2)).splitlines()[3:] == [
        '#EXT-X-STREAM-INF:BANDWIDTH=129033,AVERAGE-BANDWIDTH=128013,CODECS="mp4a.40.2"',
        "audio.m3u8",
    ]


def test_sound_alone_offers_its_languages_in_one_variant():
    french = replace(AUDIO, uri="fr.m3u8", name="Français", language="fr")
    text = master_playlist([], [AUDIO, french], Fraction(2))
    assert [line.partition("NAME=")[2] for line in media_lines(text)] == [
        '"English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"',
        '"Français",LANGUAGE="fr",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="fr.m3u8"',
    ]
    assert text.splitlines()[-2:] == [
        '#EXT-X-STREAM-INF:BANDWIDTH=129033,AVERAGE-BANDWIDTH=128013,CODECS="mp4a.40.2",AUDIO="audio"',
        "audio.m3u8",
    ]


FRENCH = replace(AUDIO, uri="fr.m3u8", name="Français", language="fr", channels=6)
COMMENTARY = replace(AUDIO, uri="commentary.m3u8", channels=None)
DOLBY = replace(
    AUDIO, uri="dolby.m3u8", codec="ec-3", channels=6, index=index((96_000, 2000), (96_000, 2000))
)


def media_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#EXT-X-MEDIA:")]


def stream_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#EXT-X-STREAM-INF:")]


def test_a_player_chooses_among_languages_and_a_viewer_among_all():
    """Names differ; AUTOSELECT only where the language does (section "Rendition Groups")."""
    assert media_lines(master_playlist([HIGH], [AUDIO, FRENCH, COMMENTARY], Fraction(2))) == [
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",'
        'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Français",LANGUAGE="fr",'
        'DEFAULT=NO,AUTOSELECT=YES,CHANNELS="6",URI="fr.m3u8"',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English 2",LANGUAGE="en",'
        'DEFAULT=NO,AUTOSELECT=NO,URI="commentary.m3u8"',
    ]


def test_each_variant_is_listed_with_the_audio_of_each_codec():
    """384,000 bit/s of E-AC-3 count where they are heard, and not beside AAC."""
    text = master_playlist([HIGH, LOW], [AUDIO, DOLBY], Fraction(2))
    assert stream_lines(text) == [
        f'#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS="{video},{audio}",'
        f'RESOLUTION={size},FRAME-RATE={rate},VIDEO-RANGE=SDR,AUDIO="audio-{audio}"'
        for peak, average, video, audio, size, rate in (
            (2129033, 1491649, "avc1.64001f", "mp4a.40.2", "1280x720", "25.000"),
            (369033, 324982, "avc1.640015", "mp4a.40.2", "426x240", "29.970"),
            (2384000, 1747637, "avc1.64001f", "ec-3", "1280x720", "25.000"),
            (624000, 580970, "avc1.640015", "ec-3", "426x240", "29.970"),
        )
    ]
    assert [line.partition('NAME="')[2].partition('"')[0] for line in media_lines(text)] == [
        "English",
        "English",
    ]
    assert all("DEFAULT=YES" in line for line in media_lines(text))


def test_hdr_is_told_from_sdr():
    text = master_playlist([replace(HIGH, video_range="PQ"), LOW], [], Fraction(2))
    assert [line.rpartition("=")[2] for line in stream_lines(text)] == ["PQ", "SDR"]
    assert [video_range(one) for one in ("smpte2084", "arib-std-b67", "bt709", None)] == [
        "PQ",
        "HLG",
        "SDR",
        "SDR",
    ]


# --- I-frame playlists ---

SCRUBBED = FragmentIndex(
    800,
    1000,
    (
        Fragment(1000, 500_000, 2000, 40_000),
        Fragment(501_000, 300_000, 2000, 30_000),
        Fragment(801_000, 9, 80, 9),
    ),
)


def test_an_i_frame_playlist_addresses_the_key_frame_of_every_fragment():
    assert key_frame_playlist(SCRUBBED, "../720p/3/720p.mp4", Fraction(4)) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:2\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-I-FRAMES-ONLY\n"
        '#EXT-X-MAP:URI="../720p/3/720p.mp4",BYTERANGE="800@0"\n'
        "#EXTINF:2.000000,\n"
        "#EXT-X-BYTERANGE:40000@1000\n"
        "../720p/3/720p.mp4\n"
        "#EXTINF:2.000000,\n"
        "#EXT-X-BYTERANGE:30000@501000\n"
        "../720p/3/720p.mp4\n"
        "#EXTINF:0.080000,\n"
        "#EXT-X-BYTERANGE:9@801000\n"
        "../720p/3/720p.mp4\n"
        "#EXT-X-ENDLIST\n"
    )


def test_key_frames_are_ranges_of_the_segments_that_the_file_was_cut_into():
    text = key_frame_playlist(SCRUBBED, SegmentFiles("720p/"), Fraction(4))
    assert [line for line in text.splitlines() if "BYTERANGE" in line or line.startswith("720p/")] == [
        "#EXT-X-BYTERANGE:40000@0",
        "720p/00001.m4s",
        "#EXT-X-BYTERANGE:30000@500000",
        "720p/00001.m4s",
        "#EXT-X-BYTERANGE:9@0",
        "720p/00002.m4s",
    ]
    assert '#EXT-X-MAP:URI="720p/init.mp4"\n' in text


def test_a_master_playlist_tells_what_scrubbing_costs():
    """Key frames of 40,000 and 30,000 B, each for 2 s; the run of the last two lasts 2.08 s."""
    variant = replace(HIGH, index=SCRUBBED, key_frames_uri="720p-i.m3u8")
    text = master_playlist([variant, LOW], [AUDIO], Fraction(4))
    assert text.splitlines()[-1] == (
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=160000,AVERAGE-BANDWIDTH=137273,CODECS="avc1.64001f",'
        'RESOLUTION=1280x720,VIDEO-RANGE=SDR,URI="720p-i.m3u8"'
    )


def test_without_key_frames_in_the_index_there_is_no_i_frame_playlist():
    with pytest.raises(ValueError, match="does not tell"):
        key_frame_playlist(HIGH.index, "a.mp4", Fraction(4))


# --- files cut into segments, subtitles ---


def test_a_media_playlist_names_the_files_that_were_cut():
    assert media_playlist(HIGH.index, SegmentFiles("720p/"), Fraction(4)).splitlines()[5:] == [
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="720p/init.mp4"',
        "#EXTINF:4.000000,",
        "720p/00001.m4s",
        "#EXTINF:1.280000,",
        "720p/00002.m4s",
        "#EXT-X-ENDLIST",
    ]


def test_subtitles_are_a_group_beside_the_audio():
    german = TextTrack("de.m3u8", "de.vtt", BitRate(Fraction(900), Fraction(100)), "Deutsch", "de")
    signs = replace(german, uri="signs.m3u8", is_forced=True)
    again = replace(german, uri="full.m3u8")
    text = master_playlist([LOW], [AUDIO], Fraction(2), [german, signs, again])
    assert media_lines(text)[1:] == [
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Deutsch",LANGUAGE="de",'
        'DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="de.m3u8"',
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Deutsch 2",LANGUAGE="de",'
        'DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="signs.m3u8"',
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Deutsch 3",LANGUAGE="de",'
        'DEFAULT=NO,AUTOSELECT=NO,FORCED=NO,URI="full.m3u8"',
    ]
    (stream,) = stream_lines(text)
    assert stream.endswith('AUDIO="audio",SUBTITLES="subtitles"')
    assert "BANDWIDTH=369933,AVERAGE-BANDWIDTH=325082," in stream


def test_a_subtitle_playlist_lists_files_with_their_seconds():
    assert text_playlist([("de/00001.vtt", Fraction(4)), ("de/00002.vtt", Fraction(32, 25))]) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXTINF:4.000000,\n"
        "de/00001.vtt\n"
        "#EXTINF:1.280000,\n"
        "de/00002.vtt\n"
        "#EXT-X-ENDLIST\n"
    )


def test_an_empty_master_playlist_cannot_be_written():
    with pytest.raises(ValueError, match="needs a variant"):
        master_playlist([], [], Fraction(2))


def test_the_peak_is_that_of_runs_of_about_the_target_duration():
    """A last segment of 0.2 s may be as dense as it likes: a player never waits for it alone."""
    dense_end = index((250_000, 2000), (250_000, 2000), (100_000, 200))
    text = master_playlist([replace(LOW, index=dense_end)], [], Fraction(2))
    assert f"BANDWIDTH={-(-8 * 350_000 * 10 // 22)}," in text


def test_a_clip_shorter_than_any_run_has_its_average_as_peak():
    text = master_playlist([replace(LOW, index=index((10_000, 100)))], [], Fraction(4))
    assert "BANDWIDTH=800000,AVERAGE-BANDWIDTH=800000," in text


def test_a_file_of_no_duration_does_not_divide_by_zero():
    text = master_playlist([replace(LOW, index=index((10_000, 0)))], [], Fraction(4))
    assert "BANDWIDTH=0," in text


def test_the_target_duration_rounds_to_the_nearest_second():
    assert "#EXT-X-TARGETDURATION:4\n" in media_playlist(index((1, 4499)), "a.mp4", Fraction(4))
    assert "#EXT-X-TARGETDURATION:5\n" in media_playlist(index((1, 4500)), "a.mp4", Fraction(4))
    assert "#EXT-X-TARGETDURATION:1\n" in media_playlist(index((1, 300)), "a.mp4", Fraction(4))


def test_audio_segments_stay_beside_those_of_the_video_for_hours():
    """Audio fragments of 94 frames of 1024 samples last 2.0053 s: the drift must not add up."""
    audio = index(*[(1, 94 * 1024)] * 3600, timescale=48000)
    lines = media_playlist(audio, "a.mp4", Fraction(4)).splitlines()
    position = 0.0
    for line in lines:
        if line.startswith("#EXTINF:"):
            assert abs(position - round(position / 4) * 4) <= 2.006 / 2
            position += float(line[8:-1])


@pytest.mark.parametrize("uri", ["", "a\nb.mp4", 'a".mp4', "#a.mp4", "a\r.mp4", "a\u2028.mp4"])
def test_a_name_that_would_break_the_playlist_is_refused(uri):
    with pytest.raises(ValueError, match="cannot stand in a playlist"):
        media_playlist(HIGH.index, uri, Fraction(4))


@settings(derandomize=True, deadline=None)
@given(
    fragments=st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 30_000)), min_size=1, max_size=40),
    segment=st.fractions(min_value=1, max_value=30, max_denominator=1001),
)
def test_segments_are_the_file_cut_into_pieces(fragments, segment):
    whole = index(*fragments)
    lines = media_playlist(whole, "a.mp4", segment).splitlines()
    target = int(lines[2].partition(":")[2])
    ranges = [line.partition(":")[2].split("@") for line in lines if line.startswith("#EXT-X-BYTERANGE:")]
    offset = 1000
    for size_bytes, start in ranges:
        assert int(start) == offset
        offset += int(size_bytes)
    assert offset == 1000 + sum(size for size, _ in fragments)
    seconds = [float(line[8:-1]) for line in lines if line.startswith("#EXTINF:")]
    assert sum(seconds) * 1000 == pytest.approx(sum(duration for _, duration in fragments), abs=0.1)
    assert all(int(one + 0.5) <= target for one in seconds)


def test_sound_alone_has_its_words_too():
    """A master of sound lists subtitles as one of pictures does, whether or not there are languages to choose."""
    words = TextTrack(
        "de.m3u8", "de.vtt", BitRate(Fraction(1000), Fraction(500)), "Deutsch", "de", is_forced=True
    )
    bare, whole = (
        master_playlist([], [AUDIO], Fraction(2)),
        master_playlist([], [AUDIO], Fraction(2), [words]),
    )
    assert media_lines(whole) == [
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Deutsch",LANGUAGE="de",'
        'DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="de.m3u8"'
    ]
    (line,), (former,) = stream_lines(whole), stream_lines(bare)
    assert line.endswith(',SUBTITLES="subtitles"')
    rates = [int(one.partition("BANDWIDTH=")[2].partition(",")[0]) for one in (line, former)]
    assert rates[0] == rates[1] + 1000
    french = replace(AUDIO, language="fr", name="Français")
    lines = stream_lines(master_playlist([], [AUDIO, french], Fraction(2), [words]))
    assert all('AUDIO="audio",SUBTITLES="subtitles"' in one for one in lines)


def test_a_master_with_sound_and_words_whole():
    rate = BitRate(Fraction(1000), Fraction(500))
    english = TextTrack("subtitles-eng.m3u8", "eng.vtt", rate, "English", "en")
    forced = replace(english, uri="subtitles-3.m3u8", is_forced=True)
    second = replace(english, uri="subtitles-4.m3u8", language=None)
    assert master_playlist([HIGH], [AUDIO], Fraction(2), [english, forced, second]) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,'
        'CHANNELS="2",URI="audio.m3u8"\n'
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,'
        'FORCED=NO,URI="subtitles-eng.m3u8"\n'
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English 2",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,'
        'FORCED=YES,URI="subtitles-3.m3u8"\n'
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English 3",DEFAULT=NO,AUTOSELECT=YES,'
        'FORCED=NO,URI="subtitles-4.m3u8"\n'
        # 500,000 B in 2 s, 32,000 B in 1.984 s and 1,000; 900,000 B in 5.28 s, 85,000 B in 5.312 s and 500.
        '#EXT-X-STREAM-INF:BANDWIDTH=2130033,AVERAGE-BANDWIDTH=1492149,CODECS="avc1.64001f,mp4a.40.2",'
        'RESOLUTION=1280x720,FRAME-RATE=25.000,VIDEO-RANGE=SDR,AUDIO="audio",SUBTITLES="subtitles"\n'
        "720p.m3u8\n"
    )
