import hashlib
from fractions import Fraction

import pytest

from adapters.packaging.cut import cut, pieces
from adapters.packaging.fragments import IndexUnreadable, read_index


def test_the_pieces_are_the_file_without_its_indexes(encoded, tmp_path):
    index, data = read_index(encoded.high), encoded.high.read_bytes()
    made = list(cut(encoded.high, pieces(index, Fraction(4)), tmp_path))
    assert [one.name for one in made] == ["init.mp4", "00001.m4s", "00002.m4s"]
    media = b"".join(one.file.read_bytes() for one in made[1:])
    last = index.fragments[-1]
    assert media == data[index.fragments[0].offset : last.offset + last.size_bytes]
    assert made[0].file.read_bytes() == data[: index.init_bytes]
    for one in made:
        content = one.file.read_bytes()
        assert (one.size_bytes, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_one_piece_at_a_time_is_on_the_disk(encoded, tmp_path):
    for one in cut(encoded.audio, pieces(read_index(encoded.audio), Fraction(2)), tmp_path):
        assert list(tmp_path.iterdir()) == [one.file]
        one.file.unlink()


def test_cutting_stops_when_it_is_told(encoded, tmp_path):
    answers = iter([True, True, False])
    index = read_index(encoded.high)
    assert len(list(cut(encoded.high, pieces(index, Fraction(2)), tmp_path, lambda: next(answers)))) == 2


def test_a_file_that_is_shorter_than_its_index_is_refused(encoded, tmp_path):
    short = tmp_path / "short.mp4"
    short.write_bytes(encoded.high.read_bytes()[:-1000])
    with pytest.raises(IndexUnreadable, match="bytes before its index does"):
        list(cut(short, pieces(read_index(encoded.high), Fraction(4)), tmp_path))
