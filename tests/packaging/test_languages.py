import pytest

from adapters.packaging.languages import name_of, tag_of


@pytest.mark.parametrize(
    ("written", "tag", "name"),
    [
        ("eng", "en", "English"),
        ("ger", "de", "Deutsch"),
        ("deu", "de", "Deutsch"),
        ("fr", "fr", "Français"),
        ("PT-BR", "pt-BR", "Português (pt-BR)"),
        ("zh_Hant", "zh-Hant", "中文 (zh-Hant)"),
        ("qaa", "qaa", "qaa"),
        ("und", None, None),
        ("", None, None),
        (None, None, None),
        ('en"\n#EXT', None, None),
        ("русский", None, None),
    ],
)
def test_a_containers_language_becomes_a_tag_and_a_name(written, tag, name):
    assert tag_of(written) == tag
    assert name_of(tag) == name
