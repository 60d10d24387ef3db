import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ffmpeg.commandline import CommandRefused
from adapters.ffmpeg.commandline.tokens import enumerate_arguments, split


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab \t\\'\"=[];,:%{}@#~*?()$-", max_size=40))
def test_text_is_split_as_shlex_does_or_refused(text: str) -> None:
    try:
        tokens = split(text)
    except CommandRefused:
        return
    assert [token.text for token in tokens] == shlex.split(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20), max_size=8))
def test_quoted_words_come_back_with_their_places(words: list[str]) -> None:
    text = shlex.join(words)
    tokens = split(text)
    assert [token.text for token in tokens] == words
    assert [text[token.start : token.end] for token in tokens] == [shlex.quote(word) for word in words]
    assert [token.index for token in tokens] == list(range(len(words)))


def test_lines_that_end_with_a_backslash_are_one_line() -> None:
    text = 'ffmpeg -i a \\\n  -vf "scale=1:2,\n  fps=3" \\\r\n out.mp4\n'
    assert [t.text for t in split(text)] == ["ffmpeg", "-i", "a", "-vf", "scale=1:2,\n  fps=3", "out.mp4"]


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/a.mp4?sig=1&exp=2",
        "-filter_complex [0:v]scale=1:2[a];[a]fps=3[b]",
        "-af adelay=1500|1500",
        "-map 0:a?",
        "-vf setpts=0.5*PTS",
        "-metadata 'title=a; b | c > d && e'",
        "-metadata title='$(not run)'",
    ],
)
def test_signs_of_urls_graphs_and_quoted_text_are_no_shell_syntax(text: str) -> None:
    assert [token.text for token in split(text)] == shlex.split(text)


def test_two_ampersands_separate_only_when_they_stand_alone() -> None:
    assert [t.is_separator for t in split("a && b '&&'")] == [False, True, False, False]


def test_list_of_arguments_is_taken_as_it_stands() -> None:
    (token,) = enumerate_arguments(["$(x); `y` | 'z'"])
    assert (token.text, token.pointer, token.start, token.end) == ("$(x); `y` | 'z'", "/arguments/0", 0, 15)


def test_splitting_the_largest_text_takes_no_quadratic_time() -> None:
    for text in ("\n" * 32_000, "'" * 32_000, "\\" * 32_000, "a " * 1_999, '"' + "`" * 30_000):
        try:
            split(text)
        except CommandRefused as refused:
            assert len(refused.refusals) == 1
