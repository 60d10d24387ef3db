from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpegdash.parser import MPEGDASHParser

from adapters.packaging.dash import Representation, manifest
from adapters.packaging.fragments import Fragment, FragmentIndex
from adapters.packaging.timeline import BitRate
from adapters.packaging.tracks import AudioTrack, SegmentFiles, SingleFile, TextTrack, VideoTrack

NS = "{urn:mpeg:dash:schema:mpd:2011}"


def index(*fragments: tuple[int, int], timescale: int = 1000, start: int = 0) -> FragmentIndex:
    """From pairs of size and duration; init to byte 800, sidx to byte 1000."""
    offset, laid_out = 1000, []
    for size_bytes, duration in fragments:
        laid_out.append(Fragment(offset, size_bytes, duration, 40))
        offset += size_bytes
    return FragmentIndex(800, timescale, tuple(laid_out), sidx_offset=800, sidx_bytes=200, start=start)


HIGH = VideoTrack(
    uri="",
    index=index((500_000, 2000), (300_000, 2000), (100_000, 1280)),
    codec="avc1.64001f",
    width=1280,
    height=720,
    frame_rate=Fraction(30000, 1001),
)
LOW = replace(
    HIGH,
    index=index((50_000, 2000), (60_000, 2000), (20_000, 1280)),
    codec="avc1.640015",
    width=426,
    height=240,
)
SOUND = AudioTrack(
    uri="",
    index=index((32_000, 95_232), (32_000, 96_256), (21_000, 63_488), timescale=48_000),
    codec="mp4a.40.2",
    name="English",
    channels=2,
    language="en",
    sample_rate_hz=48_000,
)


def single(*tracks: VideoTrack | AudioTrack) -> list[Representation]:
    return [
        Representation(f"r{number}", track, SingleFile(f"../../r{number}/1/r{number}.mp4"))
        for number, track in enumerate(tracks)
    ]


def in_segments(*tracks: VideoTrack | AudioTrack) -> list[Representation]:
    return [
        Representation(f"r{number}", track, SegmentFiles(f"r{number}/"))
        for number, track in enumerate(tracks)
    ]


def sets(text: str) -> list[Any]:
    return MPEGDASHParser.parse(text).periods[0].adaptation_sets


def test_single_files_are_the_on_demand_profile():
    # Bandwidths: the fullest run of segments, 800,000 B in 4 s, 110,000 B in 4 s, 64,000 B in 3.989 s: the
    # last segments of 1.3 s are shorter than half the target.
    assert manifest(single(HIGH, LOW, SOUND), [], Fraction(4)) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" '
        'type="static" mediaPresentationDuration="PT5.312S" minBufferTime="PT4S">\n'
        '  <Period id="0" start="PT0S">\n'
        '    <AdaptationSet id="0" contentType="video" mimeType="video/mp4" maxWidth="1280" maxHeight="720" '
        'subsegmentAlignment="true" subsegmentStartsWithSAP="1">\n'
        '      <Representation id="r0" bandwidth="1600000" codecs="avc1.64001f" width="1280" height="720" '
        'sar="1:1" frameRate="30000/1001">\n'
        "        <BaseURL>../../r0/1/r0.mp4</BaseURL>\n"
        '        <SegmentBase timescale="1000" indexRange="800-999" indexRangeExact="true">\n'
        '          <Initialization range="0-799" />\n'
        "        </SegmentBase>\n"
        "      </Representation>\n"
        '      <Representation id="r1" bandwidth="220000" codecs="avc1.640015" width="426" height="240" '
        'sar="1:1" frameRate="30000/1001">\n'
        "        <BaseURL>../../r1/1/r1.mp4</BaseURL>\n"
        '        <SegmentBase timescale="1000" indexRange="800-999" indexRangeExact="true">\n'
        '          <Initialization range="0-799" />\n'
        "        </SegmentBase>\n"
        "      </Representation>\n"
        "    </AdaptationSet>\n"
        '    <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" lang="en" '
        'subsegmentAlignment="true" subsegmentStartsWithSAP="1">\n'
        '      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />\n'
        '      <Representation id="r2" bandwidth="128343" codecs="mp4a.40.2" audioSamplingRate="48000">\n'
        '        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2" />\n'
        "        <BaseURL>../../r2/1/r2.mp4</BaseURL>\n"
        '        <SegmentBase timescale="48000" indexRange="800-999" indexRangeExact="true">\n'
        '          <Initialization range="0-799" />\n'
        "        </SegmentBase>\n"
        "      </Representation>\n"
        "    </AdaptationSet>\n"
        "  </Period>\n"
        "</MPD>\n"
    )


def test_segments_are_listed_with_their_times():
    long = index((1, 2000), (1, 2000), (1, 2000), (1, 2000), (1, 500), start=40)
    text = manifest(in_segments(replace(HIGH, index=long)), [], Fraction(2))
    assert 'profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static"' in text
    assert 'segmentAlignment="true" startWithSAP="1"' in text
    assert (
        '        <SegmentTemplate timescale="1000" initialization="r0/init.mp4" media="r0/$Number%05d$.m4s" '
        'startNumber="1">\n'
        "          <SegmentTimeline>\n"
        '            <S t="40" d="2000" r="3" />\n'
        '            <S d="500" />\n'
        "          </SegmentTimeline>\n"
        "        </SegmentTemplate>\n"
    ) in text


def test_what_needs_another_decoder_is_another_set():
    hevc = replace(LOW, codec="hvc1.1.6.L60.90")
    hdr = replace(HIGH, codec="hvc1.2.4.L120.90", video_range="PQ")
    hlg = replace(hdr, video_range="HLG")
    dolby = replace(SOUND, codec="ec-3", channels=6)
    french = replace(SOUND, name="Français", language="fr")
    surround = replace(SOUND, channels=8)
    text = manifest(single(HIGH, SOUND, hevc, LOW, hdr, hlg, dolby, french, surround), [], Fraction(4))
    assert [[one.id for one in members.representations] for members in sets(text)] == [
        ["r0", "r3"],
        ["r1"],
        ["r2"],
        ["r4"],
        ["r5"],
        ["r6"],
        ["r7"],
        ["r8"],
    ]
    roles = [members.roles[0].value for members in sets(text) if members.content_type == "audio"]
    assert roles == ["main", "alternate", "alternate", "alternate"]
    assert "<Label>Français</Label>" in text
    properties = [line.strip() for line in text.splitlines() if "TransferCharacteristics" in line]
    scheme = 'schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics"'
    assert properties == [
        f'<EssentialProperty {scheme} value="16" />',
        f'<SupplementalProperty {scheme} value="18" />',
    ]
    channels = [line.rpartition('value="')[2] for line in text.splitlines() if "ChannelConfiguration" in line]
    assert channels == ['2" />', '6" />', '2" />', '12" />']


def test_a_rung_off_the_grid_says_that_it_cannot_be_switched_at_every_segment():
    copy = replace(LOW, index=index((50_000, 1500), (60_000, 2500), (20_000, 1280)))
    assert "Alignment" not in manifest(single(HIGH, copy), [], Fraction(4))
    assert "segmentAlignment" in manifest(in_segments(HIGH, copy), [], Fraction(4)), "4 s hold either"


def test_fragments_of_which_some_start_without_a_key_frame_are_no_access_points():
    fragments = (HIGH.index.fragments[0], replace(HIGH.index.fragments[1], key_frame_bytes=0))
    torn = replace(HIGH, index=replace(HIGH.index, fragments=fragments))
    assert "SAP" not in manifest(single(torn), [], Fraction(4))


def test_an_anamorphic_picture_is_told_in_its_own_pixels():
    text = manifest(
        single(replace(HIGH, width=1024, height=576, sample_aspect_ratio=Fraction(64, 45))), [], Fraction(4)
    )
    assert 'width="720" height="576" sar="64:45"' in text
    assert 'maxWidth="1024"' in text


def test_subtitles_are_a_file_of_their_own():
    rate = BitRate(Fraction(900), Fraction(100))
    german = TextTrack("", "de.vtt", rate, "Deutsch", "de")
    text = manifest(single(HIGH), [german, replace(german, is_forced=True, language=None)], Fraction(4))
    assert text.endswith(
        '    <AdaptationSet id="1" contentType="text" mimeType="text/vtt" lang="de">\n'
        "      <Label>Deutsch</Label>\n"
        '      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="subtitle" />\n'
        '      <Representation id="text-1" bandwidth="100">\n'
        "        <BaseURL>de.vtt</BaseURL>\n"
        "      </Representation>\n"
        "    </AdaptationSet>\n"
        '    <AdaptationSet id="2" contentType="text" mimeType="text/vtt">\n'
        "      <Label>Deutsch</Label>\n"
        '      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="forced-subtitle" />\n'
        '      <Representation id="text-2" bandwidth="100">\n'
        "        <BaseURL>de.vtt</BaseURL>\n"
        "      </Representation>\n"
        "    </AdaptationSet>\n"
        "  </Period>\n"
        "</MPD>\n"
    )


@pytest.mark.parametrize(
    ("representations", "reason"),
    [
        ([], "needs representations"),
        ([*single(HIGH), *in_segments(LOW)], "needs representations"),
        (single(replace(HIGH, index=replace(HIGH.index, sidx_bytes=0))), "where its sidx lies"),
        ([Representation("a", HIGH, SingleFile("a b.mp4"))], "cannot stand in a manifest"),
        ([Representation("a", HIGH, SegmentFiles('"/'))], "cannot stand in a manifest"),
    ],
)
def test_a_manifest_that_no_player_could_follow_is_not_written(representations, reason):
    with pytest.raises(ValueError, match=reason):
        manifest(representations, [], Fraction(4))


def test_a_name_for_a_menu_cannot_break_the_xml():
    french = replace(SOUND, name='<"&>', language="fr")
    text = manifest(single(SOUND, french), [], Fraction(4))
    assert '<Label>&lt;"&amp;&gt;</Label>' in text


def bandwidth_and_buffer(text: str) -> tuple[int, Fraction]:
    parsed = MPEGDASHParser.parse(text)
    bandwidth = parsed.periods[0].adaptation_sets[0].representations[0].bandwidth
    return bandwidth, Fraction(parsed.min_buffer_time[2:-1])


def test_short_segments_count_where_a_player_may_start_with_them():
    """They last 1.999 s, no half of the target duration, so no peak knows them: 32 bits have to come in 3.501 s."""
    track = replace(HIGH, index=index((1, 1), (3, 1998), (1, 3500)))
    assert bandwidth_and_buffer(manifest(single(track), [], Fraction(1))) == (10, Fraction(7, 2))


@settings(derandomize=True, deadline=None)
@example(fragments=[(1, 1), (3, 1998), (1, 3500)], segment=Fraction(1))
@given(
    fragments=st.lists(st.tuples(st.integers(1, 10**7), st.integers(1, 10_000)), min_size=1, max_size=30),
    segment=st.fractions(min_value=1, max_value=10, max_denominator=1001),
)
def test_who_fills_the_buffer_and_gets_the_bandwidth_never_waits(fragments, segment):
    """@bandwidth and @minBufferTime, 5.3.5.2: from whichever segment a player starts, the rest is there in time."""
    from adapters.packaging.timeline import segments_of

    track = replace(HIGH, index=index(*fragments))
    bandwidth, buffer = bandwidth_and_buffer(manifest(single(track), [], segment))
    segments = segments_of(track.index, segment)
    for first in range(len(segments)):
        needed, played = 0, Fraction(0)
        for one in segments[first:]:
            needed += 8 * one.size_bytes
            # The buffer is written to the microsecond.
            assert needed <= bandwidth * (buffer + played + Fraction(1, 10**6))
            played += one.seconds
