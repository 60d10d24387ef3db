"""A browser's own opinion: the manifests play in headless Chromium to their last frame."""

from pathlib import Path

import pytest

from tests.browser.chromium import MARKS, Browser

pytestmark = [*MARKS]


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path / "profile")


def test_chromium_plays_the_master_playlist_to_its_end(published, browser):
    result = browser.play(published.folder, "hls=master.m3u8")
    assert "error" not in result, result
    assert result["seconds"] == pytest.approx(5.3, abs=0.1)
    assert result["audio"] > 50_000
    assert set(result["sizes"]) <= {"640x360", "426x240"}


def test_chromium_plays_the_mpd_changing_the_rung_at_every_segment(published, browser):
    result = browser.play(published.folder, "dash=manifest.mpd")
    assert "error" not in result, result
    assert result["seconds"] == pytest.approx(5.3, abs=0.05)
    # One range: no gap where a rung ends and the other goes on. At its start the priming of the sound is cut.
    [(start, end)] = result["buffered"]
    assert (start, end) == (pytest.approx(0, abs=0.001), pytest.approx(5.3, abs=0.05))
    assert result["frames"] == 132
    assert result["sizes"] == ["426x240", "640x360"]
    assert result["audio"] > 50_000
