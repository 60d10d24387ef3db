from fractions import Fraction

import pytest

from jobs.planner.gop import nominal_rate, segment_gops


@pytest.mark.parametrize("rate", ["25", "24000/1001", "30000/1001", "2997/100", "17/2", "1/10", "120"])
def test_a_constant_rate_is_kept_exactly(rate, picture):
    assert nominal_rate(picture(frame_rate=Fraction(rate), average_frame_rate=Fraction(rate))) == Fraction(
        rate
    )


@pytest.mark.parametrize(
    ("nominal", "average", "expected"),
    [
        ("30000/1001", "51600/1841", "30000/1001"),  # a phone, 28.03
        ("60", "7", "10"),
        ("90000", "2402/100", "24"),
        ("60", "24.4", "25"),
        ("120", "59.5", "60000/1001"),
        ("60", "1000", "60"),  # Matroska's milliseconds where the average should be
        ("1000", "1000", "30"),
        ("240", "240", "120"),
        ("1000", None, "30"),
        (None, "24", "24"),
        (None, None, "30"),
    ],
)
def test_any_other_rate_becomes_a_standard_one_that_drops_no_frames(nominal, average, expected, picture):
    nominal, average = (rate and Fraction(rate) for rate in (nominal, average))
    assert nominal_rate(picture(frame_rate=nominal, average_frame_rate=average)) == Fraction(expected)


def test_a_segment_is_a_whole_number_of_gops():
    assert segment_gops(Fraction(4), Fraction(1001, 500)) == 2
    assert segment_gops(Fraction(4), Fraction(10)) == 1
